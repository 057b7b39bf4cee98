//! How a step ends: by what its function returned.
//!
//! The type of an outcome is known only where the macro stands, so the choice is made there, by method resolution: of the traits below
//! the most special one that the outcome's type has is found first.

use std::fmt::Display;
use std::marker::PhantomData;

use super::Step;
use crate::error::Error;

/// Ends a step with what its function returned: an `Err` marks its span, a `DataFrame` takes it along. Written by `#[samara::step]`.
#[macro_export]
macro_rules! conclude {
    ($step:expr, $outcome:expr) => {{
        #[allow(unused_imports)]
        use $crate::step::{
            ConcludesFrame as _, ConcludesResult as _, ConcludesSamaraResult as _,
            ConcludesValue as _,
        };
        let (step, outcome) = ($step, $outcome);
        let how = (&&&&$crate::step::Probe::of(&outcome)).how();
        how.conclude(step, outcome)
    }};
}

/// Finds by the type of a step's outcome how to conclude it: the most special of the `Concludes…` traits that the type has.
pub struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    /// A probe of the outcome's type.
    pub fn of(_outcome: &T) -> Self {
        Self(PhantomData)
    }
}

/// A `samara::Result<DataFrame>`: the frame takes the open span along.
pub trait ConcludesFrame {
    /// How to conclude it.
    fn how(&self) -> Frame {
        Frame
    }
}
impl ConcludesFrame for &&&Probe<Result<crate::DataFrame, Error>> {}

/// A `samara::Result<T>`: an error names its kind.
pub trait ConcludesSamaraResult {
    /// How to conclude it.
    fn how(&self) -> SamaraResult {
        SamaraResult
    }
}
impl<T> ConcludesSamaraResult for &&Probe<Result<T, Error>> {}

/// Any other `Result` whose error can be shown.
pub trait ConcludesResult {
    /// How to conclude it.
    fn how(&self) -> AnyResult {
        AnyResult
    }
}
impl<T, E: Display> ConcludesResult for &Probe<Result<T, E>> {}

/// Anything else: the step ends when the function returns.
pub trait ConcludesValue {
    /// How to conclude it.
    fn how(&self) -> Value {
        Value
    }
}
impl<T> ConcludesValue for Probe<T> {}

/// See [`ConcludesFrame`].
pub struct Frame;
impl Frame {
    /// Hands the step to the frame, or marks it as failed.
    pub fn conclude(
        self,
        step: Step,
        outcome: Result<crate::DataFrame, Error>,
    ) -> Result<crate::DataFrame, Error> {
        match outcome {
            Ok(frame) => Ok(frame.leaving(&step.open)),
            Err(error) => SamaraResult.conclude(step, Err(error)),
        }
    }
}

/// See [`ConcludesSamaraResult`].
pub struct SamaraResult;
impl SamaraResult {
    /// Marks the step as failed if it did; a failure of an earlier step, met while its rows streamed, is that step's.
    pub fn conclude<T>(self, step: Step, outcome: Result<T, Error>) -> Result<T, Error> {
        match outcome {
            Err(Error::Step { .. }) | Ok(_) => {}
            Err(ref error) => step.open.fail(error.kind(), &error.to_string()),
        }
        outcome
    }
}

/// See [`ConcludesResult`].
pub struct AnyResult;
impl AnyResult {
    /// Marks the step as failed if it did.
    pub fn conclude<T, E: Display>(self, step: Step, outcome: Result<T, E>) -> Result<T, E> {
        if let Err(error) = &outcome {
            step.open
                .fail(std::any::type_name::<E>(), &error.to_string());
        }
        outcome
    }
}

/// See [`ConcludesValue`].
pub struct Value;
impl Value {
    /// Ends the step.
    pub fn conclude<T>(self, step: Step, outcome: T) -> T {
        drop(step);
        outcome
    }
}
