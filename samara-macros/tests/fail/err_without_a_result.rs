#[samara::step(err = Debug)]
fn load() -> u64 {
    1
}

fn main() {}
