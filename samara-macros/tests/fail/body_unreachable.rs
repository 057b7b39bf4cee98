#![deny(warnings)]

#[samara::step]
fn load() -> u64 {
    return 1;
    2
}

fn main() {}
