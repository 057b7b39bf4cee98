#![deny(warnings)]

use samara::entry::block_on;

struct Point {
    x: u8,
    y: u8,
}

#[samara::step(attributes(a, b))]
fn tuple((a, b): (u8, u8)) -> u8 {
    a + b
}

#[samara::step(attributes(x, other = y))]
fn structure(Point { x, y }: Point, _: u8, _unused: u8) -> u8 {
    x + y
}

#[samara::step(attributes(n))]
fn changed(mut n: u8, mut rows: Vec<u8>) -> Vec<u8> {
    n += 1;
    rows.push(n);
    rows
}

#[samara::step]
fn slice([first, rest @ ..]: [u8; 3], &borrowed: &u8) -> usize {
    usize::from(first) + rest.len() + usize::from(borrowed)
}

#[samara::step(attributes(a, b))]
async fn async_tuple((a, b): (u8, u8)) -> u8 {
    a + b
}

#[samara::step(attributes(x))]
async fn async_structure(Point { x, y }: Point, _: u8, _unused: u8) -> u8 {
    x + y
}

#[samara::step(attributes(n, rows = rows.len()))]
async fn async_changed(mut n: u8, mut rows: Vec<u8>) -> Vec<u8> {
    n += 1;
    rows.push(n);
    rows
}

fn main() {
    assert_eq!(tuple((1, 2)), 3);
    assert_eq!(structure(Point { x: 1, y: 2 }, 0, 0), 3);
    assert_eq!(changed(1, vec![]), [2]);
    assert_eq!(slice([1, 2, 3], &4), 7);
    assert_eq!(block_on(async_tuple((1, 2))), 3);
    assert_eq!(block_on(async_structure(Point { x: 1, y: 2 }, 0, 0)), 3);
    assert_eq!(block_on(async_changed(1, vec![])), [2]);
}
