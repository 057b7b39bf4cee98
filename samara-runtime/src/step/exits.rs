//! The ways out of a step whose body is no closure, since its function is told its caller's place.

use std::ops::ControlFlow;
use std::task::Poll;

use super::outcome::Failure;
use super::site::Step;

/// A step whose body may be left by `?`, for a function that returns `R`.
#[derive(Debug)]
pub struct Exits<'a, R> {
    step: &'a Step,
    failure: Failure<R>,
}

impl<'a, R> Exits<'a, R> {
    /// The ways out of a step, seen as `failure` sees them.
    #[inline]
    pub fn new(step: &'a Step, failure: Failure<R>) -> Self {
        Self { step, failure }
    }

    /// Says what the function returns, where its return type does not.
    #[inline]
    pub fn returned(&self, _outcome: &R) {}
}

/// What `?` is written behind, in a function that returns `R`: if it leaves the function, the step is shown the error.
#[diagnostic::on_unimplemented(
    message = "`?` on `{Self}` cannot be used in a function that returns `{R}`",
    label = "not in a function that returns `{R}`"
)]
pub trait Exit<R>: Sized {
    /// What `?` is left to do: the error is that of the function.
    type Exited;

    /// Shows the step an error.
    fn samara_exit(self, exits: &Exits<'_, R>) -> Self::Exited;
}

impl<T, E, U, F: From<E>> Exit<Result<U, F>> for Result<T, E> {
    type Exited = Result<T, F>;

    #[inline]
    fn samara_exit(self, exits: &Exits<'_, Result<U, F>>) -> Result<T, F> {
        match self {
            Ok(value) => Ok(value),
            Err(error) => {
                let failed = Err(F::from(error));
                exits.step.observe(&failed, &exits.failure);
                failed.map(|_: U| unreachable!("an error is given back as it is"))
            }
        }
    }
}

/// What tells the step nothing.
macro_rules! silent {
    ($(<$($parameter:ident),*> $operand:ty, $returned:ty;)*) => {$(
        impl<$($parameter),*> Exit<$returned> for $operand {
            type Exited = Self;

            #[inline]
            fn samara_exit(self, _exits: &Exits<'_, $returned>) -> Self {
                self
            }
        }
    )*};
}

silent! {
    <T, R> Option<T>, R;
    <B, C, R> ControlFlow<B, C>, R;
    <T, R> Poll<T>, R;
    <T, E, R> Result<T, E>, Poll<R>;
}
