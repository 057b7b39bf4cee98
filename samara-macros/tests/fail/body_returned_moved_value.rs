use std::future::Future;
use std::pin::Pin;

#[samara::step]
fn load(rows: Vec<u64>) -> Pin<Box<dyn Future<Output = Vec<u64>>>> {
    Box::pin(async move {
        drop(rows);
        rows
    })
}

fn main() {}
