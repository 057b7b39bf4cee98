#[samara::step]
async fn load() -> Result<(), String> {
    Ok(());
}

fn main() {}
