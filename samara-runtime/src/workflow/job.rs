//! A job of a run: its function between its hooks.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Instant;

use opentelemetry::{Context, KeyValue};

use super::JobFn;
use super::hook::{Hooks, Moment};
use super::span::{JobSpan, fail_span, open_span};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::panicked;
use crate::step::JobSteps;
use crate::telemetry::{meters, names, point};

#[derive(Debug)]
pub(super) struct Job {
    pub id: &'static str,
    pub run: JobFn,
    pub hooks: Hooks,
}

impl Job {
    pub fn run(&self, session: &Session) -> Result<()> {
        interrupt::check()?;
        let began = Instant::now();
        let name = KeyValue::new(names::JOB_NAME, self.id);
        let context = open_span(&Context::current(), names::job_span(self.id), name.clone())
            .with_value(JobSteps::new(self.id));
        let span = JobSpan(context.clone());
        let outcome = {
            let _current = context.attach();
            self.run_between_hooks(session, &span)
        };
        let failure = failure(&outcome);
        if let Some((kind, message)) = &failure {
            fail_span(&span.0, kind, message);
        }
        if let Some(meters) = meters() {
            let attributes = point(name, failure.map(|(kind, _)| kind));
            meters
                .job_duration
                .record(began.elapsed(), &attributes, &span.0);
        }
        drop(span);
        let outcome = outcome.unwrap_or_else(|panic| resume_unwind(panic));
        outcome.map_err(|source| match source {
            interrupted @ Error::Interrupted { .. } => interrupted,
            source => Error::Job {
                job: self.id.to_owned(),
                source: Box::new(source),
            },
        })
    }

    fn run_between_hooks(&self, session: &Session, span: &JobSpan) -> thread::Result<Result<()>> {
        self.hooks.send(Moment::Start);
        let work = || {
            interrupt::check()?;
            (self.run)(session)
        };
        let outcome = catch_unwind(AssertUnwindSafe(work));
        span.end_open_steps(!matches!(outcome, Ok(Ok(()))));
        self.hooks.send(match outcome {
            Ok(Ok(())) => Moment::Success,
            Ok(Err(Error::Interrupted { .. })) => Moment::Interruption,
            _ => Moment::Error,
        });
        outcome
    }
}

/// The class of a job's failure, and what it says, if it is one.
fn failure(outcome: &thread::Result<Result<()>>) -> Option<(&'static str, String)> {
    match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some((error.kind(), error.to_string())),
        Err(payload) => {
            let message = panicked::message(&**payload).to_owned();
            Some((names::ERROR_TYPE_PANIC, message))
        }
    }
}
