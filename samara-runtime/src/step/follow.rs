//! A future or a stream that a step's function returned: the step goes on until it ends.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::drive::Driven;
use super::open::Open;
use super::outcome::Conclusion;

pin_project! {
    /// A future or a stream with the step that it belongs to: the step's span is the current one whenever it is polled, and when it is dropped.
    ///
    /// A future ends the step with its output; a stream with its end, and an item that is an `Err` marks the step as failed. Dropped before, it ends
    /// the step as cancelled; a panic in it ends the step as an error.
    #[must_use = "futures and streams do nothing unless polled"]
    #[derive(Debug)]
    pub struct Followed<W, O> {
        #[pin]
        driven: Driven<W>,
        conclusion: Conclusion<O>,
    }
}

impl<W, O> Followed<W, O> {
    pub(super) fn new(work: W, open: Option<Box<Open>>, conclusion: Conclusion<O>) -> Self {
        Self {
            driven: Driven::new(work, open),
            conclusion,
        }
    }
}

impl<F: Future> Future for Followed<F, F::Output> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let (step, outcome) = ready!(this.driven.poll(task));
        Poll::Ready(this.conclusion.end(step, outcome))
    }
}

impl<S: Stream> Stream for Followed<S, S::Item> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let is_end = |polled: &Poll<_>| matches!(polled, Poll::Ready(None));
        let driven = this.driven.as_mut();
        let polled = driven.poll_work(|stream| stream.poll_next(task), is_end);
        let item = ready!(polled.unwrap_or(Poll::Ready(None)));
        match (&item, this.driven.open()) {
            (Some(item), Some(open)) => open.observe(item, &this.conclusion.failure),
            (None, Some(_)) => this.driven.ended().end_as_observed(),
            (_, None) => {}
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.driven.work().map_or((0, Some(0)), Stream::size_hint)
    }
}
