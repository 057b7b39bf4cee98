#[samara::step]
fn load() -> u64 {
    row + 1
}

fn main() {}
