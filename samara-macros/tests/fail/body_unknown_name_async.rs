#[samara::step]
async fn load() -> u64 {
    row + 1
}

fn main() {}
