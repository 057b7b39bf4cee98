#![deny(warnings)]

#[samara::step]
fn load() {
    "1".parse::<u64>();
}

fn main() {}
