struct LoadError;

#[samara::step(err = Display)]
fn load() -> Result<(), LoadError> {
    Err(LoadError)
}

fn main() {}
