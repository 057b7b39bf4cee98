//! A step as it stands in the source, and one call of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;

use opentelemetry::{ContextGuard, KeyValue};

use super::attributes::Attributes;
use super::drive::Started;
use super::location::Location;
use super::open::Open;
use super::outcome::Failure;
use crate::panicked;
use crate::telemetry::{instruments, names};

/// A step as it stands in the source: its names, and what all of its calls have in common.
#[derive(Debug)]
pub struct Site {
    name: &'static str,
    kind: &'static str,
    location: Location,
    fixed: OnceLock<Fixed>,
}

/// The attributes that every call has, made once.
#[derive(Debug)]
struct Fixed {
    span: [KeyValue; 5],
    point: [KeyValue; 2],
}

impl Site {
    /// A step of the given name and kind (`extract`, `transform`, `load`, or one's own).
    pub const fn new(name: &'static str, kind: &'static str, location: Location) -> Self {
        Self {
            name,
            kind,
            location,
            fixed: OnceLock::new(),
        }
    }

    /// Opens the step for a function that returns: its span is the current one until the [`Step`] is concluded.
    #[inline]
    pub fn enter(&'static self) -> Step {
        match instruments() {
            None => Step {
                open: None,
                _attached: None,
            },
            Some(instruments) => Step::entered(Box::new(Open::new(self, instruments))),
        }
    }

    /// Opens the step for a future, in which its span is the current one while it is polled.
    #[inline]
    pub fn start(&'static self) -> Started {
        Started(instruments().map(|instruments| Box::new(Open::new(self, instruments))))
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn span_attributes(&self) -> &[KeyValue; 5] {
        &self.fixed().span
    }

    pub(super) fn point_attributes(&self) -> &[KeyValue; 2] {
        &self.fixed().point
    }

    fn fixed(&self) -> &Fixed {
        self.fixed.get_or_init(|| {
            let name = KeyValue::new(names::STEP_NAME, self.name);
            let kind = KeyValue::new(names::STEP_KIND, self.kind);
            let function = std::sync::Arc::<str>::from(self.location.function());
            Fixed {
                point: [name.clone(), kind.clone()],
                span: [
                    name,
                    kind,
                    KeyValue::new(names::CODE_FUNCTION_NAME, function),
                    KeyValue::new(names::CODE_FILE_PATH, self.location.file()),
                    KeyValue::new(names::CODE_LINE_NUMBER, i64::from(self.location.line())),
                ],
            }
        })
    }
}

/// One call of a step, open until it is [concluded](crate::conclude!). One that is dropped before that has panicked, or was left by another way.
#[must_use = "a step that is not concluded ends at once"]
#[derive(Debug)]
pub struct Step {
    // In a box, so that a step that nobody wants to hear of is no more than a few words to move.
    open: Option<Box<Open>>,
    _attached: Option<ContextGuard>,
}

impl Step {
    fn entered(open: Box<Open>) -> Self {
        let attached = open.context().clone().attach();
        Self {
            open: Some(open),
            _attached: Some(attached),
        }
    }

    /// A step whose future has ended.
    pub(super) fn driven(open: Option<Box<Open>>) -> Self {
        Self {
            open,
            _attached: None,
        }
    }

    /// Gives the span attributes. The closure runs only if the span records.
    #[inline]
    pub fn describe(&self, describe: impl FnOnce(&mut Attributes)) {
        if let Some(open) = &self.open {
            open.describe(describe);
        }
    }

    /// Calls the body of the step, which may return early, and may return what it borrows from its arguments. A panic in it ends the step as an
    /// error, and goes on.
    #[inline]
    pub fn call<T>(self, body: impl FnOnce() -> T) -> (Self, T) {
        if self.open.is_none() {
            return (self, body());
        }
        // The panic goes on, so nobody sees what it left half done.
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(outcome) => (self, outcome),
            Err(payload) => self.panicked(payload),
        }
    }

    /// Ends the step with what its function returned, seen as `failure` sees it.
    #[inline]
    pub fn conclude<T>(self, outcome: &T, failure: Failure<T>) {
        if self.open.is_none() {
            // Neither open nor attached: nothing is left to drop.
            std::mem::forget(self);
        } else {
            self.conclude_open(outcome, failure);
        }
    }

    #[inline(never)]
    fn conclude_open<T>(mut self, outcome: &T, failure: Failure<T>) {
        if let Some(open) = self.open.take() {
            match (failure.error_type)(outcome) {
                None => open.end(None),
                Some(names::ERROR_TYPE_CANCELLED) => open.cancelled(),
                Some(error_type) => {
                    open.fail(error_type, || (failure.message)(outcome));
                    open.end(Some(error_type));
                }
            }
        }
    }

    /// Ends the step as one that panicked, and lets the panic go on.
    #[cold]
    pub(super) fn panicked(mut self, payload: Box<dyn Any + Send>) -> ! {
        if let Some(open) = self.open.take() {
            open.panicked(panicked::message(&*payload));
        }
        drop(self);
        resume_unwind(payload)
    }

    /// Looks at an error that leaves the function.
    #[inline]
    pub(super) fn observe<T>(&self, part: &T, failure: &Failure<T>) {
        if let Some(open) = &self.open {
            open.observe(part, failure);
        }
    }

    /// Ends the step with what was observed in it.
    pub(super) fn end_as_observed(self) {
        if let Some(open) = self.take() {
            open.end_as_observed();
        }
    }

    /// Gives up the open step, whose span is no longer the current one.
    pub(super) fn take(mut self) -> Option<Box<Open>> {
        self.open.take()
    }
}

impl Drop for Step {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.left();
        }
    }
}
