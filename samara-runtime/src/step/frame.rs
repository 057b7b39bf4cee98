//! A step whose work is done while its rows stream: held by the frame, and by the plans made from it.

use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use parking_lot::Mutex;

use super::open::Open;
use super::report::{Measured, Reports};

/// A step that ends when the last owner lets go of it: the frame, the plans made from it.
#[derive(Debug)]
pub(crate) struct OpenStep {
    name: &'static str,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Gone once the step has ended.
    open: Option<Open>,
    measured: Measured,
    took: Option<Duration>,
    error_type: Option<&'static str>,
}

impl OpenStep {
    /// Makes an open step one that frame and plans hold, and that ends with its job at the latest.
    pub fn share(open: Open) -> Arc<Self> {
        let reports = open.context().get::<Reports>().cloned();
        let shared = Arc::new(Self {
            name: open.name(),
            state: Mutex::new(State {
                open: Some(open),
                measured: Measured::default(),
                took: None,
                error_type: None,
            }),
        });
        if let Some(reports) = reports {
            reports.hold(&shared);
        }
        shared
    }

    /// The step's id.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Ends the step, with what was measured, as of the last measurement. Later calls do nothing.
    pub fn end(&self) {
        let mut state = self.state.lock();
        let Some(open) = state.open.take() else {
            return;
        };
        let took = state.took.unwrap_or_else(|| open.began().elapsed());
        super::report::finished(&open, std::mem::take(&mut state.measured), state.error_type);
        open.end_after(took, state.error_type);
    }

    /// Takes what one execution measured. A frame that is read twice is executed twice: its rows count once, those of the execution
    /// that got furthest, its work each time.
    pub fn measure(&self, measured: Measured) {
        let mut state = self.state.lock();
        state.took = state.open.as_ref().map(|open| open.began().elapsed());
        let busy = state.measured.busy.unwrap_or_default() + measured.busy.unwrap_or_default();
        if measured.output_rows > state.measured.output_rows {
            state.measured = measured;
        }
        state.measured.busy = Some(busy);
    }

    /// Marks the step as failed. Only the first failure counts.
    pub fn fail(&self, error_type: &'static str, message: &str) {
        let mut state = self.state.lock();
        if state.error_type.is_some() {
            return;
        }
        state.error_type = Some(error_type);
        if let Some(open) = &state.open {
            open.fail(error_type, || Some(message.to_owned()));
        }
    }
}

impl Drop for OpenStep {
    fn drop(&mut self) {
        self.end();
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
