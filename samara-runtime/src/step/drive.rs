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
        Driven::new(future, self.0.take())
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
    pub struct Driven<W> {
        #[pin]
        work: Option<W>,
        open: Option<Box<Open>>,
    }

    impl<W> PinnedDrop for Driven<W> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(open) = this.open.take() {
                let attached = open.context().clone().attach();
                this.work.set(None);
                drop(attached);
                open.abandoned();
            }
        }
    }
}

impl<W> Driven<W> {
    #[inline]
    pub(super) fn new(work: W, open: Option<Box<Open>>) -> Self {
        Self {
            work: Some(work),
            open,
        }
    }

    /// The work, until it has ended.
    pub(super) fn work(&self) -> Option<&W> {
        self.work.as_ref()
    }

    /// The step, if it is open.
    pub(super) fn open(&self) -> Option<&Open> {
        self.open.as_deref()
    }

    /// Polls the work in the step's context, if it has not ended, and drops it there if that was its end. A panic in it ends the step as an error, and
    /// goes on.
    #[inline]
    pub(super) fn poll_work<R>(
        mut self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut W>) -> R,
        is_end: impl FnOnce(&R) -> bool,
    ) -> Option<R> {
        let mut this = self.as_mut().project();
        let work = this.work.as_mut().as_pin_mut()?;
        let attached = (this.open.as_ref()).map(|open| open.context().clone().attach());
        // A panic goes on, so nobody sees what it left half done.
        let polled = match attached {
            None => Ok(poll(work)),
            Some(_) => catch_unwind(AssertUnwindSafe(|| poll(work))),
        };
        if polled.as_ref().map_or(true, is_end) {
            this.work.set(None);
        }
        drop(attached);
        match polled {
            Ok(polled) => Some(polled),
            Err(payload) => self.ended().panicked(payload),
        }
    }

    /// The step, whose work has ended.
    #[inline]
    pub(super) fn ended(self: Pin<&mut Self>) -> Step {
        Step::driven(self.project().open.take())
    }
}

impl<F: Future> Future for Driven<F> {
    type Output = (Step, F::Output);

    #[inline]
    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self
            .as_mut()
            .poll_work(|future| future.poll(task), Poll::is_ready);
        let Some(polled) = polled else {
            panic!("a step was polled after its end");
        };
        let outcome = ready!(polled);
        Poll::Ready((self.ended(), outcome))
    }
}
