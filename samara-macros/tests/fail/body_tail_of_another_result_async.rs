#[samara::step]
async fn load() -> Result<u64, String> {
    Ok("one")
}

fn main() {}
