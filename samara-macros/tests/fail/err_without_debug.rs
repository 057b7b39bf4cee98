struct LoadError;

#[samara::step(err = Debug)]
async fn load() -> Result<(), LoadError> {
    Err(LoadError)
}

fn main() {}
