#[samara::step(err = "Debug")]
fn load() -> Result<(), String> {
    Ok(())
}

fn main() {}
