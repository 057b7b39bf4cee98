#![deny(warnings)]

#[samara::step]
async fn load() -> u64 {
    return 1;
    2
}

fn main() {}
