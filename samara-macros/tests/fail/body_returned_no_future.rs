use std::future::Future;

#[samara::step]
fn load(rows: u64) -> impl Future<Output = u64> {
    rows
}

fn main() {}
