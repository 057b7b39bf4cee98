#![deny(warnings)]

#[samara::step]
async fn load(n: u64) {
    let rows = 1;
}

fn main() {}
