#[samara::step]
fn load() -> Result<(), String> {
    Ok(());
}

fn main() {}
