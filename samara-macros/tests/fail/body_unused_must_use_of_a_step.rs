#![deny(warnings)]

#[must_use]
#[samara::step]
fn load() -> u64 {
    1
}

fn start() {
    load();
}

fn main() {}
