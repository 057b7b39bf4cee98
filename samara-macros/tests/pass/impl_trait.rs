#![deny(warnings)]

use std::fmt::{Debug, Display};
use std::future::Future;
use std::num::ParseIntError;

use samara::entry::block_on;

#[samara::step(attributes(text = %text))]
fn argument(text: impl Display) -> String {
    text.to_string()
}

#[samara::step]
fn returned(n: u64) -> impl Iterator<Item = u64> + Clone {
    0..n
}

#[samara::step]
fn borrowing(texts: &[String]) -> impl Iterator<Item = &str> {
    texts.iter().map(String::as_str)
}

#[samara::step]
fn in_a_result(n: &str) -> Result<impl Iterator<Item = u64>, ParseIntError> {
    let n = n.parse()?;
    if n == 0 {
        return Ok(0..1);
    }
    Ok(0..n)
}

#[samara::step]
fn in_a_tuple() -> (impl Debug, Option<impl Display>) {
    (1, Some(2))
}

#[samara::step]
fn in_a_box() -> Box<dyn Iterator<Item = impl Display>> {
    Box::new([1, 2].into_iter())
}

#[samara::step]
fn in_a_boxed_slice() -> Box<[impl Display]> {
    Box::new([1, 2])
}

#[samara::step]
fn a_closure(by: u64) -> impl Fn(u64) -> u64 {
    move |n| n * by
}

#[samara::step]
fn a_boxed_closure(by: u64) -> Box<dyn Fn(u64) -> u64> {
    Box::new(move |n| n * by)
}

#[samara::step]
fn a_future(n: u64) -> impl Future<Output = u64> {
    std::future::ready(n)
}

#[samara::step]
async fn from_an_async_function(n: u64) -> impl Iterator<Item = u64> {
    0..n
}

#[samara::step]
async fn from_an_async_result(n: &str) -> Result<impl Iterator<Item = u64>, ParseIntError> {
    Ok(0..n.parse()?)
}

trait Rows {
    fn rows(&self) -> impl Iterator<Item = u64>;

    #[samara::step]
    fn doubled(&self) -> impl Iterator<Item = u64> {
        self.rows().map(|row| 2 * row)
    }
}

struct Two;

impl Rows for Two {
    #[samara::step]
    fn rows(&self) -> impl Iterator<Item = u64> {
        [1, 2].into_iter()
    }
}

fn main() {
    assert_eq!(argument(1), "1");
    assert_eq!(returned(3).sum::<u64>(), 3);
    assert_eq!(borrowing(&["a".to_owned()]).collect::<Vec<_>>(), ["a"]);
    assert!(in_a_result("x").is_err());
    assert_eq!(in_a_result("0").unwrap().count(), 1);
    assert_eq!(in_a_result("3").unwrap().count(), 3);
    let (debug, display) = in_a_tuple();
    assert_eq!(format!("{debug:?} {}", display.unwrap()), "1 2");
    assert_eq!(in_a_box().map(|n| n.to_string()).collect::<String>(), "12");
    assert_eq!(
        in_a_boxed_slice()
            .iter()
            .map(|n| n.to_string())
            .collect::<String>(),
        "12"
    );
    assert_eq!(a_closure(2)(3), 6);
    assert_eq!(a_boxed_closure(2)(3), 6);
    assert_eq!(block_on(a_future(1)), 1);
    assert_eq!(block_on(from_an_async_function(3)).count(), 3);
    assert_eq!(block_on(from_an_async_result("3")).unwrap().count(), 3);
    assert_eq!(Two.doubled().sum::<u64>(), 6);
}
