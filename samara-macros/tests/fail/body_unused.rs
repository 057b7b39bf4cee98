#![deny(warnings)]

#[samara::step]
fn load(n: u64) {
    let rows = 1;
}

fn main() {}
