//! What the body of a step returns, said where the body has no place for it.

use std::future::Future;

use futures_core::Stream;

/// Never called: stands in the body of an async step, so that the compiler knows what type it returns.
#[cold]
pub fn returns<T>() -> T {
    unreachable!("stands where no program goes")
}

/// What a block gives that stands for a body.
#[inline]
pub fn returned<T>(outcome: T) -> T {
    outcome
}

/// A body that returns a future, which gives a `T`.
#[inline]
pub fn returns_future<T, F: Future<Output = T>, B: FnOnce() -> F>(body: B) -> B {
    body
}

/// A body that returns a future, which gives a `T`, or an error.
#[inline]
pub fn returns_future_or_error<T, F: Future<Output = T>, E, B: FnOnce() -> Result<F, E>>(
    body: B,
) -> B {
    body
}

/// A body that returns a future, which gives a `T`, or nothing.
#[inline]
pub fn returns_future_or_none<T, F: Future<Output = T>, B: FnOnce() -> Option<F>>(body: B) -> B {
    body
}

/// A body that returns a stream, whose items are `T`s.
#[inline]
pub fn returns_stream<T, S: Stream<Item = T>, B: FnOnce() -> S>(body: B) -> B {
    body
}

/// A block that gives a future, which gives a `T`.
#[inline]
pub fn returned_future<T, F: Future<Output = T>>(future: F) -> F {
    future
}

/// A block that gives a future, which gives a `T`, or an error.
#[inline]
#[allow(clippy::missing_errors_doc)]
pub fn returned_future_or_error<T, F: Future<Output = T>, E>(future: Result<F, E>) -> Result<F, E> {
    future
}

/// A block that gives a future, which gives a `T`, or nothing.
#[inline]
pub fn returned_future_or_none<T, F: Future<Output = T>>(future: Option<F>) -> Option<F> {
    future
}

/// A block that gives a stream, whose items are `T`s.
#[inline]
pub fn returned_stream<T, S: Stream<Item = T>>(stream: S) -> S {
    stream
}
