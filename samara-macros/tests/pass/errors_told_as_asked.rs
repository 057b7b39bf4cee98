#![deny(warnings)]

use std::future::Future;

use samara::entry::block_on;

#[derive(Debug, PartialEq)]
struct OnlyDebug;

#[samara::step(err = Display)]
fn displayed() -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[samara::step(err = Debug)]
fn debugged() -> Result<(), OnlyDebug> {
    Err(OnlyDebug)
}

#[samara::step(err = Display)]
fn displayed_if_generic<E: std::fmt::Display>(error: E) -> Result<(), E> {
    Err(error)
}

#[samara::step(err = Debug)]
async fn async_debugged() -> Result<(), OnlyDebug> {
    Err(OnlyDebug)
}

#[samara::step(err = Debug)]
fn debugged_later() -> impl Future<Output = Result<(), OnlyDebug>> {
    async { Err(OnlyDebug) }
}

fn main() {
    assert_eq!(displayed(), Err(std::fmt::Error));
    assert_eq!(debugged(), Err(OnlyDebug));
    assert_eq!(displayed_if_generic(1), Err(1));
    assert_eq!(block_on(async_debugged()), Err(OnlyDebug));
    assert_eq!(block_on(debugged_later()), Err(OnlyDebug));
}
