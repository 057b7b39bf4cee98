//! How a step ends: by what its function returned.
//!
//! The type of an outcome is known only where the macro stands, so each question about it (when does the step end, is it a failure, of what class,
//! what does it say to a person) is answered there, by method resolution: of the traits that answer a question, the one whose type has the most
//! references is found first, and it asks the most of the outcome's type.

use std::any::type_name;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;

use super::deferred::Deferred;
use super::error_type::ErrorType;
use super::site::Step;
#[cfg(feature = "engine")]
use crate::engine::rehearsal::endured;

/// Ends a step with what its function returned, which is its value: an `Err` marks the span; a future, a stream, a `DataFrame` or a `Load` takes the
/// step along. Written by `#[samara::step]`.
///
/// Brackets say where the function returns `impl Trait`, which may be a future of another type than the function's own: `[impl]`, or `[in impl]` for
/// `Result<impl Trait, E>` and `Option<impl Trait>`. A last argument, `Display` or `Debug`, says how the error is told; without it, by the first of
/// the two that its type has.
#[macro_export]
macro_rules! conclude {
    (@by $step:expr, $value:expr, $opaque:tt, $message:ident, $outcome:ident) => {{
        #[allow(unused_imports)]
        use $crate::step::resolution::*;
        let (step, value) = ($step, $value);
        let probe = $crate::step::Probe::of(&value);
        let ending = $crate::conclude!(@ending $opaque probe);
        let outcome = ending.$outcome();
        ending.end(
            step,
            value,
            $crate::conclude!(@conclusion probe $message),
            $crate::conclude!(@conclusion outcome $message),
        )
    }};
    (@conclusion $probe:ident $message:ident) => {
        $crate::step::Conclusion {
            failure: $crate::conclude!(@failure $probe $message),
            conclude: (&&$probe).conclude(),
        }
    };
    (@failure $probe:ident $message:ident) => {
        $crate::step::Failure {
            error_type: (&&&$probe).error_type(),
            message: (&&$probe).$message(),
        }
    };
    (@exits $step:expr, $returned:ty) => { $crate::conclude!(@exits $step, $returned, message) };
    (@exits $step:expr, $returned:ty, Display) => { $crate::conclude!(@exits $step, $returned, displayed) };
    (@exits $step:expr, $returned:ty, Debug) => { $crate::conclude!(@exits $step, $returned, debugged) };
    (@exits $step:expr, $returned:ty, $message:ident) => {{
        #[allow(unused_imports)]
        use $crate::step::resolution::*;
        let probe = $crate::step::Probe::<$returned>::new();
        $crate::step::Exits::new(&$step, $crate::conclude!(@failure probe $message))
    }};
    (@ending [] $probe:ident) => { (&&$probe).ending() };
    (@ending [in impl] $probe:ident) => { (&&$probe).inner_ending() };
    (@ending [impl] $probe:ident) => { (&&$probe).opaque_ending() };
    ($step:expr, $outcome:expr $(, [$($opaque:tt)+])?) => {
        $crate::conclude!(@by $step, $outcome, [$($($opaque)+)?], message, outcome)
    };
    ($step:expr, $outcome:expr $(, [$($opaque:tt)+])?, Display) => {
        $crate::conclude!(@by $step, $outcome, [$($($opaque)+)?], displayed, fallible_outcome)
    };
    ($step:expr, $outcome:expr $(, [$($opaque:tt)+])?, Debug) => {
        $crate::conclude!(@by $step, $outcome, [$($($opaque)+)?], debugged, fallible_outcome)
    };
}

/// The traits that [`conclude!`](crate::conclude!) asks, without their names.
pub mod resolution {
    pub use super::super::ending::{
        DeferredEnding as _, Ending as _, FrameEnding as _, FutureEnding as _,
        InnerFutureEnding as _, InnerStreamEnding as _, ReturnedEnding as _, StreamEnding as _,
    };
    pub use super::{
        AnyErrorType as _, AnyMessage as _, Concludes as _, ConcludesDeferred as _,
        ConcludesFrame as _, DebugMessage as _, DisplayMessage as _, ErrorMessage as _,
        NamedErrorType as _, NoErrorMessage as _, NoErrorType as _, RuntimeErrorType as _,
    };
}

/// The type of a step's outcome.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<T> Probe<T> {
    /// A probe of a type.
    #[allow(clippy::new_without_default)]
    #[inline]
    pub fn new() -> Self {
        Self(PhantomData)
    }

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
#[derive(Debug)]
pub struct Failure<T> {
    /// The class of the error, if the outcome is one.
    pub error_type: fn(&T) -> Option<&'static str>,
    /// What the error says to a person.
    pub message: fn(&T) -> Option<String>,
}

impl<T> Clone for Failure<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Failure<T> {}

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
        self.displayed()
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
        self.debugged()
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

/// An error that is told as `err` asks.
pub trait ErrorMessage<T, E> {
    /// The error's `Display`.
    fn displayed(self) -> fn(&Result<T, E>) -> Option<String>
    where
        E: Display;

    /// The error's `Debug`.
    fn debugged(self) -> fn(&Result<T, E>) -> Option<String>
    where
        E: Debug;
}

impl<T, E> ErrorMessage<T, E> for &Probe<Result<T, E>> {
    #[inline]
    fn displayed(self) -> fn(&Result<T, E>) -> Option<String>
    where
        E: Display,
    {
        |outcome| outcome.as_ref().err().map(ToString::to_string)
    }

    #[inline]
    fn debugged(self) -> fn(&Result<T, E>) -> Option<String>
    where
        E: Debug,
    {
        |outcome| outcome.as_ref().err().map(|error| format!("{error:?}"))
    }
}

/// No `Result`: `err` says nothing of it.
pub trait NoErrorMessage<T> {
    /// Tells nothing.
    fn displayed(self) -> fn(&T) -> Option<String>;

    /// Tells nothing.
    fn debugged(self) -> fn(&T) -> Option<String>;
}

impl<T> NoErrorMessage<T> for Probe<T> {
    #[inline]
    fn displayed(self) -> fn(&T) -> Option<String> {
        |_| None
    }

    #[inline]
    fn debugged(self) -> fn(&T) -> Option<String> {
        |_| None
    }
}

/// An outcome that may be an error: what `err = …` takes.
#[diagnostic::on_unimplemented(
    message = "`err` says how an error is told, and `{Self}` is no `Result`",
    label = "not for a function that returns `{Self}`"
)]
pub trait Fallible {}

impl<T, E> Fallible for Result<T, E> {}

/// How a step ends with an outcome.
#[derive(Debug)]
pub struct Conclusion<T> {
    /// The outcome as a failure.
    pub failure: Failure<T>,
    /// Ends the step, or hands it to the outcome.
    pub conclude: fn(Step, T, Failure<T>) -> T,
}

impl<T> Conclusion<T> {
    /// Ends the step with its outcome, and gives the outcome back.
    #[inline]
    pub(super) fn end(&self, step: Step, outcome: T) -> T {
        (self.conclude)(step, outcome, self.failure)
    }
}

/// A frame of the runtime's own result: in a rehearsal, its failure stops nothing.
pub trait ConcludesFrame<T> {
    /// How to end the step.
    fn conclude(self) -> fn(Step, T, Failure<T>) -> T;
}

#[cfg(feature = "engine")]
impl ConcludesFrame<crate::Result<crate::DataFrame>> for &&Probe<crate::Result<crate::DataFrame>> {
    #[inline]
    fn conclude(
        self,
    ) -> fn(
        Step,
        crate::Result<crate::DataFrame>,
        Failure<crate::Result<crate::DataFrame>>,
    ) -> crate::Result<crate::DataFrame> {
        |step, outcome, failure| hand_over(step, endured(outcome), failure)
    }
}

/// A frame or a load, which takes the open step along.
pub trait ConcludesDeferred<T> {
    /// How to end the step.
    fn conclude(self) -> fn(Step, T, Failure<T>) -> T;
}

impl<T: Deferred<Outcome = ()>> ConcludesDeferred<T> for &Probe<T> {
    #[inline]
    fn conclude(self) -> fn(Step, T, Failure<T>) -> T {
        hand_over
    }
}

fn hand_over<T: Deferred<Outcome = ()>>(step: Step, outcome: T, failure: Failure<T>) -> T {
    let nothing = Probe::<()>::new();
    let later = Conclusion {
        failure: Failure {
            error_type: nothing.error_type(),
            message: nothing.message(),
        },
        conclude: nothing.conclude(),
    };
    match outcome.defer(step, later) {
        Ok(deferred) => deferred,
        Err((step, outcome)) => {
            step.conclude(&outcome, failure);
            outcome
        }
    }
}

/// Anything else: the step ends when its function returns.
pub trait Concludes<T> {
    /// How to end the step.
    fn conclude(self) -> fn(Step, T, Failure<T>) -> T;
}

impl<T> Concludes<T> for Probe<T> {
    #[inline]
    fn conclude(self) -> fn(Step, T, Failure<T>) -> T {
        |step, outcome, failure| {
            step.conclude(&outcome, failure);
            outcome
        }
    }
}
