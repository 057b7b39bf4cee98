#[samara::step]
fn load() -> Result<u64, String> {
    1
}

fn main() {}
