#![deny(warnings)]

use std::num::ParseIntError;

use futures::stream::{self, BoxStream, LocalBoxStream};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use samara::entry::block_on;

#[samara::step(attributes(n))]
fn opaque(n: u64) -> impl Stream<Item = u64> + Send {
    stream::iter(0..n)
}

#[samara::step(err = Debug)]
fn parsed(texts: &[&str]) -> impl Stream<Item = Result<u64, ParseIntError>> {
    stream::iter(texts).then(|text| async move { Ok(text.parse()?) })
}

#[samara::step]
fn boxed(texts: &[String]) -> BoxStream<'_, &str> {
    stream::iter(texts).map(String::as_str).boxed()
}

#[samara::step]
fn boxed_locally(n: u64) -> LocalBoxStream<'static, u64> {
    if n == 0 {
        return Box::pin(stream::empty());
    }
    Box::pin(stream::iter(0..n))
}

#[samara::step]
async fn in_the_future(n: u64) -> Result<BoxStream<'static, u64>, String> {
    Ok(stream::iter(0..n).boxed())
}

#[samara::step]
fn in_a_result(n: &str) -> Result<impl Stream<Item = u64>, ParseIntError> {
    Ok(stream::iter(0..n.parse()?))
}

fn main() {
    assert_eq!(opaque(3).size_hint(), (3, Some(3)));
    assert_eq!(block_on(opaque(3).collect::<Vec<_>>()), [0, 1, 2]);
    assert_eq!(block_on(parsed(&["1"]).try_collect()), Ok(vec![1]));
    assert_eq!(
        block_on(boxed(&["a".to_owned()]).collect::<Vec<_>>()),
        ["a"]
    );
    assert_eq!(block_on(boxed_locally(0).count()), 0);
    assert_eq!(block_on(boxed_locally(2).count()), 2);
    assert_eq!(
        block_on(async { in_the_future(2).await.unwrap().count().await }),
        2
    );
    assert!(in_a_result("x").is_err());
    assert_eq!(block_on(in_a_result("2").unwrap().count()), 2);
}
