//! How a step ends: by what its function returned.
//!
//! The type of an outcome is known only where the macro stands, so each question about it (is it a failure, of what class, what does it say
//! to a person, does it carry on the step) is answered there, by method resolution: of the traits that answer a question, the one whose
//! type has the most references is found first, and it asks the most of the outcome's type.

use std::any::type_name;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use super::error_type::ErrorType;
use super::site::Step;
#[cfg(feature = "engine")]
use crate::engine::rehearsal::endured;

/// Ends a step with what its function returned, which is its value: an `Err` marks the span, a `DataFrame` or a `Load` takes it along. Written by
/// `#[samara::step]`.
///
/// A third argument, `Display` or `Debug`, says how the error is told; without it, by the first of the two that its type has.
#[macro_export]
macro_rules! conclude {
    ($step:expr, $outcome:expr) => {
        $crate::conclude!($step, $outcome, |probe| (&&probe).message())
    };
    ($step:expr, $outcome:expr, Display) => {
        $crate::conclude!($step, $outcome, |probe| $crate::step::displayed(probe))
    };
    ($step:expr, $outcome:expr, Debug) => {
        $crate::conclude!($step, $outcome, |probe| $crate::step::debugged(probe))
    };
    ($step:expr, $outcome:expr, |$probe:ident| $message:expr) => {{
        #[allow(unused_imports)]
        use $crate::step::{
            AnyErrorType as _, AnyMessage as _, Concludes as _, ConcludesFrame as _,
            DebugMessage as _, DisplayMessage as _, NamedErrorType as _, NoErrorType as _,
            RuntimeErrorType as _,
        };
        let (step, outcome) = ($step, $outcome);
        let $probe = $crate::step::Probe::of(&outcome);
        let failure = $crate::step::Failure {
            error_type: (&&&$probe).error_type(),
            message: $message,
        };
        (&$probe).conclude(step, outcome, failure)
    }};
}

/// The type of a step's outcome.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// A probe of the outcome's type.
    #[inline]
    pub fn of(_outcome: &T) -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Probe<T> {}

/// Sees an outcome as a failure.
#[derive(Debug, Clone, Copy)]
pub struct Failure<T> {
    /// The class of the error, if the outcome is one.
    pub error_type: fn(&T) -> Option<&'static str>,
    /// What the error says to a person.
    pub message: fn(&T) -> Option<String>,
}

/// An error of this runtime: a failure of an earlier step, met while its rows streamed, is that step's, and a signal is nobody's. Both cut this step off.
pub trait RuntimeErrorType<T> {
    /// How to tell the class of the error.
    fn error_type(self) -> fn(&T) -> Option<&'static str>;
}

#[cfg(feature = "engine")]
impl<T> RuntimeErrorType<Result<T, crate::Error>> for &&&Probe<Result<T, crate::Error>> {
    #[inline]
    fn error_type(self) -> fn(&Result<T, crate::Error>) -> Option<&'static str> {
        |outcome| match outcome {
            Ok(_) => None,
            Err(crate::Error::Step { .. } | crate::Error::Interrupted { .. }) => {
                Some(crate::telemetry::names::ERROR_TYPE_CANCELLED)
            }
            Err(error) => Some(error.kind()),
        }
    }
}

/// An error that knows its class.
pub trait NamedErrorType<T> {
    /// How to tell the class of the error.
    fn error_type(self) -> fn(&T) -> Option<&'static str>;
}

impl<T, E: ErrorType> NamedErrorType<Result<T, E>> for &&Probe<Result<T, E>> {
    #[inline]
    fn error_type(self) -> fn(&Result<T, E>) -> Option<&'static str> {
        |outcome| outcome.as_ref().err().map(E::error_type)
    }
}

/// Any other error, whose class is its type.
pub trait AnyErrorType<T> {
    /// How to tell the class of the error.
    fn error_type(self) -> fn(&T) -> Option<&'static str>;
}

impl<T, E> AnyErrorType<Result<T, E>> for &Probe<Result<T, E>> {
    #[inline]
    fn error_type(self) -> fn(&Result<T, E>) -> Option<&'static str> {
        |outcome| outcome.as_ref().err().map(|_| type_name::<E>())
    }
}

/// No `Result`, and so no failure.
pub trait NoErrorType<T> {
    /// Tells of no class.
    fn error_type(self) -> fn(&T) -> Option<&'static str>;
}

impl<T> NoErrorType<T> for Probe<T> {
    #[inline]
    fn error_type(self) -> fn(&T) -> Option<&'static str> {
        |_| None
    }
}

/// An error with a text for a person.
pub trait DisplayMessage<T> {
    /// How to tell of the error.
    fn message(self) -> fn(&T) -> Option<String>;
}

impl<T, E: Display> DisplayMessage<Result<T, E>> for &&Probe<Result<T, E>> {
    #[inline]
    fn message(self) -> fn(&Result<T, E>) -> Option<String> {
        displayed(**self)
    }
}

/// An error with a text for a programmer only.
pub trait DebugMessage<T> {
    /// How to tell of the error.
    fn message(self) -> fn(&T) -> Option<String>;
}

impl<T, E: Debug> DebugMessage<Result<T, E>> for &Probe<Result<T, E>> {
    #[inline]
    fn message(self) -> fn(&Result<T, E>) -> Option<String> {
        debugged(*self)
    }
}

/// An outcome without a text.
pub trait AnyMessage<T> {
    /// Tells nothing.
    fn message(self) -> fn(&T) -> Option<String>;
}

impl<T> AnyMessage<T> for Probe<T> {
    #[inline]
    fn message(self) -> fn(&T) -> Option<String> {
        |_| None
    }
}

/// An outcome that may be an error: what `err = …` takes.
#[diagnostic::on_unimplemented(
    message = "`err` says how an error is told, and `{Self}` is no `Result`",
    label = "not for a function that returns `{Self}`"
)]
pub trait Fallible {
    /// The error that it may be.
    type Error;

    /// The error, if it is one.
    fn error(&self) -> Option<&Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Error = E;

    #[inline]
    fn error(&self) -> Option<&E> {
        self.as_ref().err()
    }
}

/// The error's `Display`, as `err = Display` asks.
#[inline]
pub fn displayed<T: Fallible<Error: Display>>(_probe: Probe<T>) -> fn(&T) -> Option<String> {
    |outcome| outcome.error().map(ToString::to_string)
}

/// The error's `Debug`, as `err = Debug` asks.
#[inline]
pub fn debugged<T: Fallible<Error: Debug>>(_probe: Probe<T>) -> fn(&T) -> Option<String> {
    |outcome| outcome.error().map(|error| format!("{error:?}"))
}

/// A frame or a load, which takes the open step along.
pub trait ConcludesFrame<T> {
    /// Hands the step to the frame, or ends it as failed.
    fn conclude(self, step: Step, outcome: T, failure: Failure<T>) -> T;
}

#[cfg(feature = "engine")]
impl ConcludesFrame<crate::Result<crate::DataFrame>> for &Probe<crate::Result<crate::DataFrame>> {
    fn conclude(
        self,
        step: Step,
        outcome: crate::Result<crate::DataFrame>,
        failure: Failure<crate::Result<crate::DataFrame>>,
    ) -> crate::Result<crate::DataFrame> {
        match endured(outcome) {
            Ok(frame) => Ok(frame.leaving(step.take().map(super::OpenStep::share))),
            failed => {
                step.conclude(&failed, failure);
                failed
            }
        }
    }
}

#[cfg(feature = "engine")]
impl ConcludesFrame<crate::Result<crate::Load>> for &Probe<crate::Result<crate::Load>> {
    fn conclude(
        self,
        step: Step,
        outcome: crate::Result<crate::Load>,
        failure: Failure<crate::Result<crate::Load>>,
    ) -> crate::Result<crate::Load> {
        match outcome {
            Ok(load) => Ok(load.leaving(step.take().map(super::OpenStep::share))),
            failed => {
                step.conclude(&failed, failure);
                failed
            }
        }
    }
}

/// Anything else: the step ends when its function returns.
pub trait Concludes<T> {
    /// Ends the step.
    fn conclude(self, step: Step, outcome: T, failure: Failure<T>) -> T;
}

impl<T> Concludes<T> for Probe<T> {
    #[inline]
    fn conclude(self, step: Step, outcome: T, failure: Failure<T>) -> T {
        step.conclude(&outcome, failure);
        outcome
    }
}
