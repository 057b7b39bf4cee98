#![deny(warnings)]

use std::future::Future;
use std::pin::Pin;

use samara::entry::block_on;

#[samara::step(attributes(n))]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[samara::step]
fn is_even(n: u64) -> Result<bool, String> {
    if n == 0 {
        Ok(true)
    } else {
        Ok(!is_even(n - 1)?)
    }
}

#[samara::step]
async fn boxed_at_the_call(n: u64) -> u64 {
    if n == 0 {
        1
    } else {
        n * Box::pin(boxed_at_the_call(n - 1)).await
    }
}

#[samara::step]
fn boxed(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move { if n == 0 { 1 } else { n * boxed(n - 1).await } })
}

fn main() {
    assert_eq!(factorial(4), 24);
    assert_eq!(is_even(3), Ok(false));
    assert_eq!(block_on(boxed_at_the_call(4)), 24);
    assert_eq!(block_on(boxed(4)), 24);
}
