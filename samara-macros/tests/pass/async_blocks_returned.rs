#![deny(warnings)]

use std::future::Future;
use std::num::ParseIntError;
use std::pin::Pin;

use samara::entry::block_on;

#[samara::step(attributes(n))]
fn boxed(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move { std::future::ready(n).await })
}

#[samara::step]
fn opaque(text: &str) -> impl Future<Output = Result<u64, ParseIntError>> {
    async move {
        let n: u64 = text.parse()?;
        Ok(n)
    }
}

#[samara::step]
fn not_moved(text: &str) -> impl Future<Output = usize> {
    async { text.len() }
}

#[samara::step]
fn prepared(text: &str) -> impl Future<Output = usize> + Send + 'static {
    let text = text.to_owned();
    async move { text.len() }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[samara::step]
fn of_an_alias(text: &str) -> BoxFuture<'_, Result<u64, ParseIntError>> {
    Box::pin(async move { Ok(text.parse()?) })
}

#[samara::step]
fn opaque_in_opaque(n: u64) -> impl Future<Output = impl Iterator<Item = u64>> + Send {
    async move { 0..n }
}

#[samara::step]
fn never() -> impl Future<Output = ()> {
    async { panic!("never") }
}

struct Loader(u64);

impl Loader {
    #[samara::step(attributes(rows = self.0))]
    fn load(&self) -> Pin<Box<dyn Future<Output = u64> + '_>> {
        Box::pin(async move { self.0 })
    }
}

fn main() {
    assert_eq!(block_on(boxed(1)), 1);
    assert_eq!(block_on(opaque("1")), Ok(1));
    assert!(block_on(opaque("x")).is_err());
    assert_eq!(block_on(not_moved("ab")), 2);
    assert_eq!(block_on(prepared("ab")), 2);
    assert_eq!(block_on(of_an_alias("1")), Ok(1));
    assert_eq!(block_on(opaque_in_opaque(2)).count(), 2);
    let _: std::mem::ManuallyDrop<_> = std::mem::ManuallyDrop::new(never());
    assert_eq!(block_on(Loader(3).load()), 3);
}
