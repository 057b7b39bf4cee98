#![deny(warnings)]

use std::error::Error;
use std::fmt::Display;

use samara::entry::block_on;

#[samara::step]
fn error(text: &str) -> Result<u64, Box<dyn Error>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    if text == "1" {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(text.parse()?)
}

#[samara::step]
fn object(n: u64) -> Box<dyn Display> {
    if n == 0 {
        return Box::new("none");
    }
    Box::new(n)
}

#[samara::step]
fn matched(n: u64) -> Box<dyn Display> {
    match n {
        0 => Box::new("none"),
        n => Box::new(n),
    }
}

#[samara::step]
fn slice(bytes: &[u8; 3]) -> &[u8] {
    bytes
}

#[samara::step]
fn object_borrowed(n: &u64) -> &dyn Display {
    n
}

#[samara::step]
fn dereferenced(text: &String) -> &str {
    text
}

#[samara::step]
fn shared(text: &mut u64) -> &u64 {
    text
}

#[samara::step]
fn a_literal() -> u8 {
    let n = 200;
    n
}

#[samara::step]
async fn async_error(text: &str) -> Result<u64, Box<dyn Error + Send + Sync>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    if text == "1" {
        return Err(Box::new(std::fmt::Error));
    }
    Ok(text.parse()?)
}

#[samara::step]
async fn async_object(n: u64) -> Box<dyn Display> {
    if n == 0 {
        return Box::new("none");
    }
    Box::new(n)
}

#[samara::step]
async fn async_matched(n: u64) -> Box<dyn Display> {
    match n {
        0 => Box::new("none"),
        n => Box::new(n),
    }
}

#[samara::step]
async fn async_slice(bytes: &[u8; 3]) -> &[u8] {
    bytes
}

#[samara::step]
async fn async_dereferenced(text: &String) -> &str {
    text
}

#[samara::step]
async fn async_collected(n: u64) -> Result<Vec<u64>, String> {
    let rows = (0..n).map(Ok).collect();
    rows
}

#[samara::step]
async fn async_function() -> fn(u8) -> u8 {
    |n| n + 1
}

fn main() {
    assert_eq!(error("").unwrap_err().to_string(), "empty");
    assert!(error("1").is_err());
    assert_eq!(error("2").unwrap(), 2);
    assert_eq!(object(0).to_string() + &object(1).to_string(), "none1");
    assert_eq!(matched(0).to_string() + &matched(1).to_string(), "none1");
    assert_eq!(slice(&[1, 2, 3]), [1, 2, 3]);
    assert_eq!(object_borrowed(&1).to_string(), "1");
    assert_eq!(dereferenced(&"a".to_owned()), "a");
    assert_eq!(shared(&mut 1), &1);
    assert_eq!(a_literal(), 200);
    assert_eq!(block_on(async_error("")).unwrap_err().to_string(), "empty");
    assert!(block_on(async_error("1")).is_err());
    assert_eq!(block_on(async_object(1)).to_string(), "1");
    assert_eq!(block_on(async_matched(1)).to_string(), "1");
    assert_eq!(block_on(async_slice(&[1, 2, 3])), [1, 2, 3]);
    assert_eq!(block_on(async_dereferenced(&"a".to_owned())), "a");
    assert_eq!(block_on(async_collected(2)), Ok(vec![0, 1]));
    assert_eq!(block_on(async_function())(1), 2);
}
