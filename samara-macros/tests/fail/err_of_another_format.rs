#[samara::step(err = Foo)]
fn load() -> Result<(), String> {
    Ok(())
}

fn main() {}
