#![deny(warnings)]

use std::future::Future;

use samara::entry::block_on;

const STEP: u8 = 4;

#[samara::step(attributes(step, outcome, attributes))]
fn sync(step: u8, outcome: u8, attributes: u8) -> u8 {
    step + outcome + attributes + STEP
}

#[samara::step(attributes(step, outcome, attributes, constant = STEP))]
async fn in_the_future(step: u8, outcome: u8, attributes: u8) -> u8 {
    step + outcome + attributes + STEP
}

#[samara::step(attributes(probe, failure, here))]
fn names_of_the_runtime(probe: u8, failure: u8, here: u8) -> Result<u8, std::fmt::Error> {
    Ok(probe + failure + here)
}

#[samara::step]
fn a_static() -> u8 {
    static STEP: u8 = 1;
    STEP
}

#[samara::step]
async fn a_constant() -> u8 {
    const STEP: u8 = 1;
    STEP
}

#[samara::step(attributes(step, r#type = STEP))]
fn returned(step: u8) -> impl Future<Output = u8> {
    async move {
        const STEP: u8 = 1;
        step + STEP
    }
}

#[samara::step]
fn step(call: fn(u8) -> u8, conclude: u8) -> u8 {
    #[allow(unused_macros)]
    macro_rules! conclude {
        () => {};
    }
    call(conclude)
}

#[samara::step(attributes(r#type, r#match = ?r#match))]
fn r#fn(r#type: u8, r#match: u8) -> u8 {
    r#type + r#match
}

#[samara::step(attributes(%r#type))]
async fn r#loop(r#type: u8) -> u8 {
    r#type
}

mod shadowed {
    #![allow(non_camel_case_types, dead_code)]

    struct Result;
    struct Option;
    struct Some;
    struct String;
    mod core {}
    mod std {}
    mod samara {}

    #[::samara::step(attributes(n))]
    pub fn sync(n: u8) -> u8 {
        n
    }
}

fn main() {
    assert_eq!(sync(1, 2, 3), 10);
    assert_eq!(block_on(in_the_future(1, 2, 3)), 10);
    assert_eq!(names_of_the_runtime(1, 2, 3), Ok(6));
    assert_eq!(a_static(), 1);
    assert_eq!(block_on(a_constant()), 1);
    assert_eq!(block_on(returned(1)), 2);
    assert_eq!(step(|n| n, 1), 1);
    assert_eq!(r#fn(1, 2), 3);
    assert_eq!(block_on(r#loop(1)), 1);
    assert_eq!(shadowed::sync(1), 1);
}
