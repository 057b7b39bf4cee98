#[samara::step]
const fn load() -> u64 {
    1
}

const ONE: u64 = load();

fn main() {}
