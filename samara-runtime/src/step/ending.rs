//! When a step ends: when its function returns, or later, if that returns something whose work is yet to be done.

use std::future::Future;
use std::marker::PhantomData;

use futures_core::Stream;

use super::deferred::Deferred;
use super::follow::Followed;
use super::outcome::{Conclusion, Fallible, Probe};
use super::site::Step;

/// When a step ends, known by the type of what its function returned.
pub trait Ending: Sized {
    /// What the function returned.
    type Value;
    /// What the step comes to, if it ends later.
    type Outcome;
    /// What may be an error, if anything is.
    type Told;
    /// What the step returns.
    type Returned;

    /// A probe of the outcome.
    #[inline]
    fn outcome(&self) -> Probe<Self::Outcome> {
        Probe::new()
    }

    /// A probe of the outcome, where `err` says how an error is told.
    #[inline]
    fn fallible_outcome(&self) -> Probe<Self::Outcome>
    where
        Self::Told: Fallible,
    {
        Probe::new()
    }

    /// Ends the step now, or has the value end it later.
    fn end(
        self,
        step: Step,
        value: Self::Value,
        now: Conclusion<Self::Value>,
        later: Conclusion<Self::Outcome>,
    ) -> Self::Returned;
}

/// The step ends when its function returns.
#[derive(Debug)]
pub struct Returned<T>(PhantomData<fn() -> T>);

/// What the function returns takes the step along, and keeps its type.
#[derive(Debug)]
pub struct InPlace<T>(PhantomData<fn() -> T>);

/// A future or a stream takes the step along, in another type: the function's return type does not name it.
#[derive(Debug)]
pub struct Wrapped<T, O>(PhantomData<fn() -> (T, O)>);

/// As [`Wrapped`], with the future or stream in a `Result` or an `Option`.
#[derive(Debug)]
pub struct WrappedInside<T, O>(PhantomData<fn() -> (T, O)>);

impl<T> Ending for Returned<T> {
    type Value = T;
    type Outcome = ();
    type Told = T;
    type Returned = T;

    #[inline]
    fn end(self, step: Step, value: T, now: Conclusion<T>, _later: Conclusion<()>) -> T {
        now.end(step, value)
    }
}

impl<T: Deferred> Ending for InPlace<T> {
    type Value = T;
    type Outcome = T::Outcome;
    type Told = T::Told;
    type Returned = T;

    fn end(self, step: Step, value: T, now: Conclusion<T>, later: Conclusion<T::Outcome>) -> T {
        match value.defer(step, later) {
            Ok(deferred) => deferred,
            Err((step, value)) => now.end(step, value),
        }
    }
}

impl<T, O> Ending for Wrapped<T, O> {
    type Value = T;
    type Outcome = O;
    type Told = O;
    type Returned = Followed<T, O>;

    fn end(
        self,
        step: Step,
        value: T,
        _now: Conclusion<T>,
        later: Conclusion<O>,
    ) -> Followed<T, O> {
        Followed::new(value, step.take(), later)
    }
}

impl<T, E, O> Ending for WrappedInside<Result<T, E>, O> {
    type Value = Result<T, E>;
    type Outcome = O;
    type Told = Result<T, E>;
    type Returned = Result<Followed<T, O>, E>;

    fn end(
        self,
        step: Step,
        value: Result<T, E>,
        now: Conclusion<Result<T, E>>,
        later: Conclusion<O>,
    ) -> Self::Returned {
        let failed = match value {
            Ok(value) => return Ok(Followed::new(value, step.take(), later)),
            failed => now.end(step, failed),
        };
        failed.map(|_| unreachable!("an error is given back as it is"))
    }
}

impl<T, O> Ending for WrappedInside<Option<T>, O> {
    type Value = Option<T>;
    type Outcome = O;
    type Told = O;
    type Returned = Option<Followed<T, O>>;

    fn end(
        self,
        step: Step,
        value: Option<T>,
        now: Conclusion<Option<T>>,
        later: Conclusion<O>,
    ) -> Self::Returned {
        let Some(value) = value else {
            now.end(step, None);
            return None;
        };
        Some(Followed::new(value, step.take(), later))
    }
}

/// `impl Future`.
pub trait FutureEnding<T, O> {
    /// When the step ends.
    fn opaque_ending(self) -> Wrapped<T, O>;
}

impl<T: Future> FutureEnding<T, T::Output> for &&Probe<T> {
    #[inline]
    fn opaque_ending(self) -> Wrapped<T, T::Output> {
        Wrapped(PhantomData)
    }
}

/// `impl Stream`.
pub trait StreamEnding<T, O> {
    /// When the step ends.
    fn opaque_ending(self) -> Wrapped<T, O>;
}

impl<T: Stream> StreamEnding<T, T::Item> for &Probe<T> {
    #[inline]
    fn opaque_ending(self) -> Wrapped<T, T::Item> {
        Wrapped(PhantomData)
    }
}

/// `Result<impl Future, E>` or `Option<impl Future>`.
pub trait InnerFutureEnding<T, O> {
    /// When the step ends.
    fn inner_ending(self) -> WrappedInside<T, O>;
}

impl<T: Future, E> InnerFutureEnding<Result<T, E>, T::Output> for &&Probe<Result<T, E>> {
    #[inline]
    fn inner_ending(self) -> WrappedInside<Result<T, E>, T::Output> {
        WrappedInside(PhantomData)
    }
}

impl<T: Future> InnerFutureEnding<Option<T>, T::Output> for &&Probe<Option<T>> {
    #[inline]
    fn inner_ending(self) -> WrappedInside<Option<T>, T::Output> {
        WrappedInside(PhantomData)
    }
}

/// `Result<impl Stream, E>` or `Option<impl Stream>`.
pub trait InnerStreamEnding<T, O> {
    /// When the step ends.
    fn inner_ending(self) -> WrappedInside<T, O>;
}

impl<T: Stream, E> InnerStreamEnding<Result<T, E>, T::Item> for &Probe<Result<T, E>> {
    #[inline]
    fn inner_ending(self) -> WrappedInside<Result<T, E>, T::Item> {
        WrappedInside(PhantomData)
    }
}

impl<T: Stream> InnerStreamEnding<Option<T>, T::Item> for &Probe<Option<T>> {
    #[inline]
    fn inner_ending(self) -> WrappedInside<Option<T>, T::Item> {
        WrappedInside(PhantomData)
    }
}

/// What takes the step along and keeps its type.
pub trait DeferredEnding<T> {
    /// When the step ends.
    fn ending(self) -> InPlace<T>;
}

impl<T: Deferred> DeferredEnding<T> for &Probe<T> {
    #[inline]
    fn ending(self) -> InPlace<T> {
        InPlace(PhantomData)
    }
}

/// A frame of the runtime's own result, which [`Conclusion`] hands the step to.
pub trait FrameEnding<T> {
    /// When the step ends.
    fn ending(self) -> Returned<T>;
}

#[cfg(feature = "engine")]
impl FrameEnding<crate::Result<crate::DataFrame>> for &&Probe<crate::Result<crate::DataFrame>> {
    #[inline]
    fn ending(self) -> Returned<crate::Result<crate::DataFrame>> {
        Returned(PhantomData)
    }
}

/// Anything else.
pub trait ReturnedEnding<T>: Sized {
    /// When the step ends.
    fn ending(self) -> Returned<T>;

    /// When the step ends, if `impl Trait` is returned.
    #[inline]
    fn opaque_ending(self) -> Returned<T> {
        self.ending()
    }

    /// When the step ends, if `impl Trait` is returned in something else.
    #[inline]
    fn inner_ending(self) -> Returned<T> {
        self.ending()
    }
}

impl<T> ReturnedEnding<T> for Probe<T> {
    #[inline]
    fn ending(self) -> Returned<T> {
        Returned(PhantomData)
    }
}
