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

/// A body that returns a stream, whose items are `T`s.
#[inline]
pub fn returns_stream<T, S: Stream<Item = T>, B: FnOnce() -> S>(body: B) -> B {
    body
}
