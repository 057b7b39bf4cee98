//! A step whose work is done while its rows stream: held by the frame, and by the plans made from it.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use parking_lot::Mutex;

use super::job::JobSteps;
use super::open::Open;
use super::report::{Measured, finished};
use crate::telemetry::names;

/// A step that ends when the last owner lets go of it: the frame, the plans made from it.
#[derive(Debug)]
pub(crate) struct OpenStep {
    name: &'static str,
    /// Gone once the step has ended.
    state: Mutex<Option<Unended>>,
}

/// A step that has not ended, and what it has come to so far.
#[derive(Debug)]
pub(super) struct Unended {
    open: Open,
    measured: Measured,
    took: Option<Duration>,
    error_type: Option<&'static str>,
    /// Whether all of its rows have come, as far as the last measurement tells.
    is_complete: bool,
}

impl OpenStep {
    /// Makes an open step one that frame and plans hold, and that ends with its job at the latest.
    pub fn share(open: Open) -> Arc<Self> {
        let job = open.context().get::<JobSteps>().cloned();
        let shared = Arc::new(Self {
            name: open.name(),
            state: Mutex::new(Some(Unended {
                open,
                measured: Measured::default(),
                took: None,
                error_type: None,
                is_complete: false,
            })),
        });
        if let Some(job) = job {
            job.hold(&shared);
        }
        shared
    }

    /// The step's id.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Ends the step with its job, as of the last measurement. Later calls do nothing.
    pub(super) fn end(&self, has_job_failed: bool) {
        let step = self.state.lock().take();
        if let Some(step) = step {
            step.end(has_job_failed);
        }
    }

    /// Takes what one execution measured, and whether it came to the end of its rows. A frame that is read twice is executed twice: its rows count once,
    /// those of the execution that got furthest, its work each time.
    pub fn measure(&self, measured: Measured, is_complete: bool) {
        let mut state = self.state.lock();
        let Some(step) = state.as_mut() else {
            return;
        };
        step.took = Some(step.open.began().elapsed());
        step.is_complete = is_complete;
        let busy = step.measured.busy.unwrap_or_default() + measured.busy.unwrap_or_default();
        if measured.output_rows > step.measured.output_rows {
            step.measured = measured;
        }
        step.measured.busy = Some(busy);
    }

    /// Tells how much has gone through so far, for whoever watches a long run.
    pub fn progressed(&self, measured: &Measured) {
        if let Some(step) = self.state.lock().as_ref() {
            step.open.count(measured);
        }
    }

    /// Marks the step as failed. Only the first failure counts.
    pub fn fail(&self, error_type: &'static str, message: &str) {
        let mut state = self.state.lock();
        let unfailed = state.as_mut().filter(|step| step.error_type.is_none());
        if let Some(step) = unfailed {
            step.error_type = Some(error_type);
            step.open.fail(error_type, || Some(message.to_owned()));
        }
    }
}

impl Unended {
    /// Ends the step, as of the last measurement. One that a failure of its job has cut off is told apart.
    pub fn end(self, has_job_failed: bool) {
        let took = self.took.unwrap_or_else(|| self.open.began().elapsed());
        let is_cut_off = has_job_failed && self.may_be_cut_off();
        if is_cut_off {
            self.open.mark_cancelled();
        }
        let cancelled = is_cut_off.then_some(names::ERROR_TYPE_CANCELLED);
        let error_type = self.error_type.or(cancelled);
        finished(&self.open, self.measured, error_type);
        self.open.end_after(took, error_type);
    }

    fn may_be_cut_off(&self) -> bool {
        !self.is_complete && self.error_type.is_none()
    }
}

impl Drop for OpenStep {
    fn drop(&mut self) {
        let Some(mut step) = self.state.get_mut().take() else {
            return;
        };
        let began = step.open.began();
        step.took.get_or_insert_with(|| began.elapsed());
        match step.open.context().get::<JobSteps>().cloned() {
            Some(job) if step.may_be_cut_off() => job.leave(step),
            _ => step.end(false),
        }
    }
}

/// An error inside the engine, with the step whose rows it stopped.
#[derive(Debug, thiserror::Error)]
#[error("step `{step}`: {message}")]
pub(crate) struct StepFailed {
    pub step: &'static str,
    pub kind: &'static str,
    pub message: String,
}

impl StepFailed {
    /// The step's failure inside an engine error, however deep.
    pub fn find(error: &DataFusionError) -> Option<&Self> {
        match error {
            DataFusionError::External(inner) => inner.downcast_ref::<Self>(),
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::find(inner)
            }
            DataFusionError::Shared(inner) => Self::find(inner),
            DataFusionError::Collection(all) => all.iter().find_map(Self::find),
            DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
                ArrowError::ExternalError(inner) => {
                    inner.downcast_ref::<DataFusionError>().and_then(Self::find)
                }
                _ => None,
            },
            _ => None,
        }
    }
}
