#![deny(warnings)]

use std::future::{Future, Ready, ready};
use std::num::ParseIntError;
use std::pin::Pin;

use futures::FutureExt as _;
use futures::future::{BoxFuture, LocalBoxFuture};
use samara::entry::block_on;

async fn work(n: u64) -> u64 {
    n
}

#[samara::step(attributes(n))]
fn called(n: u64) -> impl Future<Output = u64> {
    work(n)
}

#[samara::step]
fn sent(n: u64) -> impl Future<Output = u64> + Send + Sync + Unpin + 'static {
    ready(n)
}

#[samara::step]
fn borrowing<'a>(text: &'a str, other: &str) -> impl Future<Output = usize> + use<'a> {
    assert_eq!(other, "b");
    async { text.len() }
}

#[samara::step]
fn borrowing_mutably(n: &mut u64) -> impl Future<Output = u64> {
    async {
        *n += 1;
        *n
    }
}

#[samara::step]
fn boxed(text: &str) -> BoxFuture<'_, Result<u64, ParseIntError>> {
    match text {
        "" => Box::pin(async { Ok(0) }),
        text => Box::pin(async move { Ok(text.parse()?) }),
    }
}

#[samara::step]
fn boxed_locally<'a, T: Clone + 'a>(value: &'a T) -> LocalBoxFuture<'a, T> {
    let value = async move { value.clone() };
    value.boxed_local()
}

#[samara::step(err = Debug)]
fn told_as_asked(text: String) -> impl Future<Output = Result<u64, ParseIntError>> {
    async move {
        let n: u64 = text.parse()?;
        Ok(n)
    }
}

#[samara::step(err = Display)]
fn in_a_result(n: u64) -> Result<impl Future<Output = u64>, String> {
    if n == 0 {
        return Err("zero".to_owned());
    }
    Ok(work(n))
}

#[samara::step(err = Display)]
fn boxed_in_a_result<'a>(n: u64) -> Result<BoxFuture<'a, u64>, String> {
    let n = n.checked_sub(1).ok_or("zero")?;
    Ok(Box::pin(work(n)))
}

#[samara::step]
fn in_an_option(n: Option<u64>) -> Option<impl Future<Output = u64> + Send> {
    Some(work(n?))
}

#[samara::step]
fn into_a_future(n: u64) -> impl IntoFuture<Output = u64> {
    work(n)
}

#[samara::step]
fn converting<'a>(
    text: &'a str,
) -> Result<impl Future<Output = Result<u64, Box<dyn std::error::Error>>> + 'a, ParseIntError> {
    let n: u64 = text.parse()?;
    Ok(async move { Ok(text.parse::<u64>()? + n) })
}

#[samara::step]
fn converting_in_an_option(
    text: &str,
) -> Option<impl Future<Output = Result<u64, Box<dyn std::error::Error>>>> {
    Some(async { Ok(text.parse()?) })
}

// Of these the type is named, or another trait is promised: they stay what they are.

#[samara::step]
fn named(n: u64) -> Ready<u64> {
    ready(n)
}

#[samara::step]
fn into_a_named_future(
    n: u64,
) -> impl IntoFuture<Output = u64, IntoFuture = BoxFuture<'static, u64>> {
    work(n).boxed()
}

#[samara::step]
fn given<F: Future<Output = u64>>(future: F) -> F {
    future
}

#[samara::step]
fn shared(n: u64) -> impl Future<Output = u64> + Clone {
    work(n).boxed().shared()
}

#[samara::step]
fn named_in_a_box(n: u64) -> Pin<Box<Ready<u64>>> {
    Box::pin(ready(n))
}

#[samara::step]
fn borrowed<'a, 'b>(
    future: &'a mut (dyn Future<Output = u64> + Unpin + 'b),
) -> &'a mut (dyn Future<Output = u64> + Unpin + 'b) {
    future
}

#[samara::step]
fn in_a_box(n: u64) -> Pin<Box<impl Future<Output = u64>>> {
    Box::pin(work(n))
}

#[samara::step]
fn in_a_tuple(n: u64) -> (impl Future<Output = u64>, BoxFuture<'static, u64>) {
    (work(n), Box::pin(work(n)))
}

trait Load {
    type Future: Future<Output = u64>;

    fn load(&self) -> Self::Future;

    fn count(&self) -> impl Future<Output = u64> + Send;

    #[samara::step]
    fn count_twice(&self) -> impl Future<Output = u64> {
        async { self.count().await + self.count().await }
    }
}

struct Loader(u64);

impl Load for Loader {
    type Future = BoxFuture<'static, u64>;

    #[samara::step]
    fn load(&self) -> Self::Future {
        Box::pin(work(self.0))
    }

    #[samara::step]
    fn count(&self) -> impl Future<Output = u64> + Send {
        work(self.0)
    }
}

fn sent_and_safe<T: Send + Sync + std::panic::UnwindSafe + 'static>(value: T) -> T {
    value
}

fn main() {
    assert_eq!(block_on(called(1)), 1);
    assert_eq!(block_on(sent_and_safe(sent(1))), 1);
    assert_eq!(block_on(borrowing("ab", &"b".to_owned())), 2);
    assert_eq!(block_on(borrowing_mutably(&mut 1)), 2);
    assert_eq!(block_on(boxed("")), Ok(0));
    assert_eq!(block_on(boxed("1")), Ok(1));
    assert_eq!(block_on(boxed_locally(&"a")), "a");
    assert!(block_on(told_as_asked("x".to_owned())).is_err());
    assert!(in_a_result(0).is_err());
    assert_eq!(block_on(in_a_result(1).unwrap()), 1);
    assert_eq!(block_on(boxed_in_a_result(1).unwrap()), 0);
    assert!(in_an_option(None).is_none());
    assert_eq!(block_on(in_an_option(Some(1)).unwrap()), 1);
    assert_eq!(block_on(into_a_future(1).into_future()), 1);
    assert_eq!(block_on(converting("1").unwrap()).unwrap(), 2);
    assert_eq!(block_on(converting_in_an_option("1").unwrap()).unwrap(), 1);
    assert_eq!(block_on(into_a_named_future(1).into_future()), 1);
    assert_eq!(block_on(named(1)), 1);
    assert_eq!(block_on(given(work(1))), 1);
    assert_eq!(block_on(shared(1).clone()), 1);
    assert_eq!(block_on(named_in_a_box(1)), 1);
    assert_eq!(block_on(borrowed(&mut ready(1))), 1);
    assert_eq!(block_on(in_a_box(1)), 1);
    let (one, other) = in_a_tuple(1);
    assert_eq!(block_on(one) + block_on(other), 2);
    assert_eq!(block_on(Loader(1).load()), 1);
    assert_eq!(block_on(Loader(1).count_twice()), 2);
}
