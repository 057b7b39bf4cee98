use std::future::Future;
use std::pin::Pin;

#[samara::step]
fn load() -> Pin<Box<dyn Future<Output = u64>>> {
    Box::pin(async move { "one" })
}

fn main() {}
