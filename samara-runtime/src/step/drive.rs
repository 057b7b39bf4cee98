//! A step that is a future.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::attributes::Attributes;
use super::open::Open;
use super::site::Step;

/// A step that has begun and waits for its future.
#[must_use = "a step that drives no future ends as cancelled"]
#[derive(Debug)]
pub struct Started(pub(super) Option<Box<Open>>);

impl Started {
    /// Gives the span attributes. The closure runs only if the span records.
    #[inline]
    pub fn describe(&self, describe: impl FnOnce(&mut Attributes)) {
        if let Some(open) = &self.0 {
            open.describe(describe);
        }
    }

    /// Runs a future as the step's work: the step's span is the current one whenever the future is polled, and when it is dropped.
    ///
    /// Dropped before its end, the future ends the step as cancelled; a panic in it ends the step as an error.
    #[inline]
    pub fn drive<F: Future>(mut self, future: F) -> Driven<F> {
        Driven {
            future: Some(future),
            open: self.0.take(),
        }
    }
}

impl Drop for Started {
    /// Its attributes panicked, or its caller gave it up.
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.cancelled();
        }
    }
}

pin_project! {
    /// The future of a step's work. Its output is the step, to be concluded, and what the work came to.
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct Driven<F> {
        #[pin]
        future: Option<F>,
        open: Option<Box<Open>>,
    }

    impl<F> PinnedDrop for Driven<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open.take() {
                let attached = open.context().clone().attach();
                this.future.set(None);
                drop(attached);
                open.cancelled();
            }
        }
    }
}

impl<F: Future> Future for Driven<F> {
    type Output = (Step, F::Output);

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            panic!("a step was polled after its end");
        };
        let Some(open) = this.open else {
            let outcome = ready!(future.poll(task));
            this.future.set(None);
            return Poll::Ready((Step::driven(None), outcome));
        };
        let attached = open.context().clone().attach();
        // A panic goes on, so nobody sees what it left half done.
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(task)));
        let outcome = match polled {
            Ok(polled) => Ok(ready!(polled)),
            Err(payload) => Err(payload),
        };
        this.future.set(None);
        drop(attached);
        let step = Step::driven(this.open.take());
        match outcome {
            Ok(outcome) => Poll::Ready((step, outcome)),
            Err(payload) => step.panicked(payload),
        }
    }
}
