//! The job that steps are called in.

use std::sync::{Arc, Weak};

use opentelemetry::Context;
use parking_lot::Mutex;

use super::frame::{OpenStep, Unended};

/// A job as its steps know it, through the context: its name, and those of them that are still open.
#[derive(Debug, Clone)]
pub(crate) struct JobSteps(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    job: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Running {
        held: Vec<Weak<OpenStep>>,
        /// Those that nobody holds any more, though not all of their rows have come.
        left: Vec<Unended>,
    },
    Ended {
        has_failed: bool,
    },
}

impl JobSteps {
    pub fn new(job: &'static str) -> Self {
        let state = State::Running {
            held: Vec::new(),
            left: Vec::new(),
        };
        Self(Arc::new(Inner {
            job,
            state: Mutex::new(state),
        }))
    }

    /// The id of the job that a context is in.
    pub(super) fn job_of(context: &Context) -> Option<&'static str> {
        context.get::<Self>().map(|steps| steps.0.job)
    }

    /// Remembers a step that ends later than its function.
    pub(super) fn hold(&self, step: &Arc<OpenStep>) {
        if let State::Running { held, .. } = &mut *self.0.state.lock() {
            if held.len() == held.capacity() {
                held.retain(|step| step.strong_count() > 0);
            }
            held.push(Arc::downgrade(step));
        }
    }

    /// Takes a step of which nobody reads any more. Whether it was cut off, or more of it was not needed, is known when the job has ended.
    pub(super) fn leave(&self, step: Unended) {
        let mut state = self.0.state.lock();
        match &mut *state {
            State::Running { left, .. } => left.push(step),
            State::Ended { has_failed } => {
                let has_failed = *has_failed;
                drop(state);
                step.end(has_failed);
            }
        }
    }

    /// Ends every step that is still open: no step outlives its job, though after a failure the engine may hold on to plans for a moment. Later calls do
    /// nothing.
    pub fn end(&self, has_failed: bool) {
        let mut state = self.0.state.lock();
        let State::Running { held, left } = &mut *state else {
            return;
        };
        let (held, left) = (std::mem::take(held), std::mem::take(left));
        *state = State::Ended { has_failed };
        drop(state);
        for step in held.iter().filter_map(Weak::upgrade) {
            step.end(has_failed);
        }
        left.into_iter().for_each(|step| step.end(has_failed));
    }
}
