#![deny(warnings)]

#[samara::step]
async fn load() {
    "1".parse::<u64>();
}

fn main() {}
