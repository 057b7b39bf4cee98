//! What a function returns before its work is done, and what can take its step along without another type.

use std::future::Future;
use std::pin::Pin;

use futures_core::Stream;

use super::follow::Followed;
use super::outcome::Conclusion;
use super::site::Step;

/// A value that stands for work yet to be done, and takes the open step along until it is.
pub trait Deferred: Sized {
    /// What the work comes to.
    type Outcome;
    /// What may be an error, if anything is.
    type Told;

    /// Hands the step over.
    ///
    /// # Errors
    ///
    /// The step and the value, if nothing is yet to be done.
    fn defer(self, step: Step, later: Conclusion<Self::Outcome>) -> Result<Self, (Step, Self)>;
}

/// A failure is the end of the step; what succeeded takes it along.
impl<T: Deferred, E> Deferred for Result<T, E> {
    type Outcome = T::Outcome;
    type Told = Self;

    fn defer(self, step: Step, later: Conclusion<T::Outcome>) -> Result<Self, (Step, Self)> {
        match self {
            Ok(value) => match value.defer(step, later) {
                Ok(value) => Ok(Ok(value)),
                Err((step, value)) => Err((step, Ok(value))),
            },
            failed => Err((step, failed)),
        }
    }
}

impl<T: Deferred> Deferred for Option<T> {
    type Outcome = T::Outcome;
    type Told = T::Told;

    fn defer(self, step: Step, later: Conclusion<T::Outcome>) -> Result<Self, (Step, Self)> {
        match self {
            Some(value) => match value.defer(step, later) {
                Ok(value) => Ok(Some(value)),
                Err((step, value)) => Err((step, Some(value))),
            },
            None => Err((step, None)),
        }
    }
}

#[cfg(feature = "engine")]
impl Deferred for crate::DataFrame {
    type Outcome = ();
    type Told = Self;

    fn defer(self, step: Step, _later: Conclusion<()>) -> Result<Self, (Step, Self)> {
        Ok(self.leaving(step.take().map(|open| super::OpenStep::share(*open))))
    }
}

#[cfg(feature = "engine")]
impl Deferred for crate::Load {
    type Outcome = ();
    type Told = Self;

    fn defer(self, step: Step, _later: Conclusion<()>) -> Result<Self, (Step, Self)> {
        Ok(self.leaving(step.take().map(|open| super::OpenStep::share(*open))))
    }
}

/// Boxed trait objects: another box around them has their type. Without telemetry, they stay as they are.
macro_rules! boxed {
    ($($trait:ident<$outcome:ident> $(+ $auto:ident)*;)*) => {$(
        impl<'a, T: 'a> Deferred for boxed!(@type $trait<$outcome> $(+ $auto)*) {
            type Outcome = T;
            type Told = T;

            fn defer(self, step: Step, later: Conclusion<T>) -> Result<Self, (Step, Self)> {
                Ok(match step.take() {
                    None => self,
                    open => boxed!(@new Followed::new(self, open, later) $(, $auto)*),
                })
            }
        }
    )*};
    (@type $trait:ident<$outcome:ident> + Unpin $(+ $auto:ident)*) => {
        Box<dyn $trait<$outcome = T> + Unpin $(+ $auto)* + 'a>
    };
    (@type $trait:ident<$outcome:ident> $(+ $auto:ident)*) => {
        Pin<Box<dyn $trait<$outcome = T> $(+ $auto)* + 'a>>
    };
    (@new $followed:expr, Unpin $(, $auto:ident)*) => { Box::new($followed) };
    (@new $followed:expr $(, $auto:ident)*) => { Box::pin($followed) };
}

boxed! {
    Future<Output>;
    Future<Output> + Send;
    Future<Output> + Sync;
    Future<Output> + Send + Sync;
    Future<Output> + Unpin;
    Future<Output> + Unpin + Send;
    Future<Output> + Unpin + Sync;
    Future<Output> + Unpin + Send + Sync;
    Stream<Item>;
    Stream<Item> + Send;
    Stream<Item> + Sync;
    Stream<Item> + Send + Sync;
    Stream<Item> + Unpin;
    Stream<Item> + Unpin + Send;
    Stream<Item> + Unpin + Sync;
    Stream<Item> + Unpin + Send + Sync;
}

#[cfg(all(test, feature = "engine"))]
mod tests {
    use crate::{DataFrame, RunSettings, Session};

    #[samara::step]
    fn bare(session: &Session) -> DataFrame {
        session.empty([]).expect("no columns")
    }

    #[samara::step]
    fn with_an_error_of_the_program(session: &Session) -> Result<DataFrame, std::fmt::Error> {
        Ok(session.empty([]).expect("no columns"))
    }

    #[samara::step]
    fn perhaps(session: &Session) -> Option<DataFrame> {
        Some(session.empty([]).expect("no columns"))
    }

    #[samara::step]
    async fn later(session: &Session) -> Result<Option<DataFrame>, String> {
        Ok(Some(session.empty([]).expect("no columns")))
    }

    #[test]
    fn a_frame_takes_its_step_along_whatever_it_is_returned_in() {
        let session = Session::new(&RunSettings::default()).expect("a session");
        let frames = [
            Some(bare(&session)),
            with_an_error_of_the_program(&session).ok(),
            perhaps(&session),
            crate::entry::block_on(later(&session)).ok().flatten(),
        ];
        for frame in frames {
            let frame = frame.expect("a frame");
            let plan = frame.plan.display_indent().to_string();
            assert!(plan.starts_with("Step"), "{plan}");
        }
    }
}
