//! Steps: what `#[samara::step]` expands into.
//!
//! A [`Site`] is a step as it stands in the source; [`Site::enter`] opens a [`Step`], one run of it, with its span. A step that returns a
//! [`DataFrame`](crate::DataFrame) hands its open span to the frame, which closes it when the rows have streamed through: its work happens
//! then, not in the function. Every other step ends when its function returns.
//!
//! # Examples
//!
//! ```
//! #[samara::step(id = "double", kind = "transform")]
//! fn double(n: u64) -> samara::Result<u64> {
//!     Ok(2 * n)
//! }
//! assert_eq!(double(21)?, 42);
//! # Ok::<(), samara::Error>(())
//! ```

mod conclude;

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime};

use datafusion::common::DataFusionError;
use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, ContextGuard, KeyValue, global};
use parking_lot::Mutex;

use crate::telemetry::names;

pub use conclude::*;

/// Where a step stands in the source, for the `code.*` attributes of its span.
#[derive(Debug, Clone, Copy)]
pub struct Location {
    function: &'static str,
    file: &'static str,
    line: u32,
}

impl Location {
    /// A function's full path, its file and its line.
    pub const fn new(function: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            function,
            file,
            line,
        }
    }
}

/// A step as it stands in the source.
#[derive(Debug)]
pub struct Site {
    name: &'static str,
    kind: &'static str,
    location: Location,
}

impl Site {
    /// A step of the given name and kind (`extract`, `transform`, `load`, or one's own).
    pub const fn new(name: &'static str, kind: &'static str, location: Location) -> Self {
        Self {
            name,
            kind,
            location,
        }
    }

    /// Opens the step: starts its span, and makes it the current one until the [`Step`] is concluded or dropped.
    pub fn enter(&'static self) -> Step {
        let parent = Context::current();
        let span = global::tracer(names::SCOPE)
            .span_builder(self.name)
            .with_kind(SpanKind::Internal)
            .with_attributes([
                KeyValue::new(names::STEP_NAME, self.name),
                KeyValue::new(names::STEP_KIND, self.kind),
                KeyValue::new(names::CODE_FUNCTION_NAME, self.location.function),
                KeyValue::new(names::CODE_FILE_PATH, self.location.file),
                KeyValue::new(names::CODE_LINE_NUMBER, i64::from(self.location.line)),
            ])
            .start_with_context(&global::tracer(names::SCOPE), &parent);
        let reports = parent.get::<Reports>().cloned();
        let open = Arc::new(OpenStep {
            site: self,
            context: parent.with_span(span),
            started: Instant::now(),
            progress: Mutex::default(),
            reports: reports.clone(),
        });
        if let Some(reports) = reports {
            reports.0.lock().open.push(Arc::downgrade(&open));
        }
        let attached = open.context.with_value(Current(Arc::clone(&open)));
        Step {
            open,
            _attached: attached.attach(),
        }
    }
}

/// One run of a step, open until it is concluded.
#[must_use = "a step that is dropped at once measures nothing"]
pub struct Step {
    open: Arc<OpenStep>,
    _attached: ContextGuard,
}

impl Drop for Step {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.open.fail("panic", "the step panicked");
        }
    }
}

/// The step that this thread is in.
pub(crate) fn current() -> Option<Arc<OpenStep>> {
    Context::current()
        .get::<Current>()
        .map(|current| Arc::clone(&current.0))
}

struct Current(Arc<OpenStep>);

/// A step whose span is open. It ends when the last owner lets go: the function, the frame, the plans made from it.
#[derive(Debug)]
pub(crate) struct OpenStep {
    site: &'static Site,
    context: Context,
    started: Instant,
    progress: Mutex<Progress>,
    reports: Option<Reports>,
}

#[derive(Debug, Default)]
struct Progress {
    measured: Measured,
    ended: Option<(Instant, SystemTime)>,
    error: Option<&'static str>,
    is_over: bool,
}

/// What went through a step.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Measured {
    pub input_rows: Option<u64>,
    pub output_rows: Option<u64>,
    pub output_batches: Option<u64>,
    pub input_bytes: Option<u64>,
    pub output_bytes: Option<u64>,
    pub busy: Option<Duration>,
    pub destination: Option<String>,
}

impl OpenStep {
    /// The step's id.
    pub fn name(&self) -> &'static str {
        self.site.name
    }

    /// Ends the span, with what was measured, at the time of the last measurement. Later calls do nothing.
    fn end(&self) {
        let mut progress = self.progress.lock();
        if std::mem::replace(&mut progress.is_over, true) {
            return;
        }
        let (ended, ended_at) = progress
            .ended
            .unwrap_or_else(|| (Instant::now(), SystemTime::now()));
        let span = self.context.span();
        if span.is_recording() {
            span.set_attributes(progress.measured.attributes());
        }
        span.end_with_timestamp(ended_at);
        record_duration(self.site, ended - self.started, progress.error);
        if let Some(reports) = &self.reports {
            reports.0.lock().finished.push(StepReport {
                name: self.site.name,
                started: self.started,
                failed: progress.error.is_some(),
                measured: std::mem::take(&mut progress.measured),
            });
        }
    }

    /// Takes what one execution measured. A frame that is read twice is executed twice: its rows count once, those of the execution
    /// that got furthest, its work each time.
    pub fn measure(&self, measured: Measured) {
        let mut progress = self.progress.lock();
        progress.ended = Some((Instant::now(), SystemTime::now()));
        let busy = progress.measured.busy.unwrap_or_default() + measured.busy.unwrap_or_default();
        if measured.output_rows > progress.measured.output_rows {
            progress.measured = measured;
        }
        progress.measured.busy = Some(busy);
    }

    /// Marks the step as failed, with an exception event. Only the first failure counts.
    pub fn fail(&self, kind: &'static str, message: &str) {
        let mut progress = self.progress.lock();
        if progress.error.replace(kind).is_some() {
            return;
        }
        let span = self.context.span();
        span.add_event(
            names::EXCEPTION_EVENT,
            vec![
                KeyValue::new(names::EXCEPTION_TYPE, kind),
                KeyValue::new(names::EXCEPTION_MESSAGE, message.to_owned()),
            ],
        );
        span.set_status(Status::error(message.to_owned()));
        span.set_attribute(KeyValue::new(names::ERROR_TYPE, kind));
    }
}

impl Drop for OpenStep {
    fn drop(&mut self) {
        self.end();
    }
}

impl Measured {
    fn attributes(&self) -> impl Iterator<Item = KeyValue> {
        let count = |name: &'static str, n: Option<u64>| {
            n.map(|n| KeyValue::new(name, i64::try_from(n).unwrap_or(i64::MAX)))
        };
        [
            count(names::STEP_INPUT_ROWS, self.input_rows),
            count(names::STEP_OUTPUT_ROWS, self.output_rows),
            count(names::STEP_OUTPUT_BATCHES, self.output_batches),
            count(names::STEP_INPUT_BYTES, self.input_bytes),
            count(names::STEP_OUTPUT_BYTES, self.output_bytes),
            self.busy
                .map(|busy| KeyValue::new(names::STEP_BUSY_TIME, busy.as_secs_f64())),
        ]
        .into_iter()
        .flatten()
    }
}

fn record_duration(site: &Site, duration: Duration, error: Option<&'static str>) {
    static DURATION: OnceLock<Histogram<f64>> = OnceLock::new();
    let histogram = DURATION.get_or_init(|| {
        global::meter(names::SCOPE)
            .f64_histogram(names::STEP_DURATION)
            .with_unit("s")
            .with_description(
                "Time from the call of a step until its last row has streamed through",
            )
            .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
            .build()
    });
    let attributes = [
        KeyValue::new(names::STEP_NAME, site.name),
        KeyValue::new(names::STEP_KIND, site.kind),
    ];
    match error {
        None => histogram.record(duration.as_secs_f64(), &attributes),
        Some(kind) => {
            let [name, step_kind] = attributes;
            histogram.record(
                duration.as_secs_f64(),
                &[name, step_kind, KeyValue::new(names::ERROR_TYPE, kind)],
            );
        }
    }
}

/// The steps of a run, shared through the context.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Steps>>);

#[derive(Debug, Default)]
struct Steps {
    open: Vec<Weak<OpenStep>>,
    finished: Vec<StepReport>,
}

impl Reports {
    /// Ends every step that is still open. After a failure the engine may hold on to plans for a moment, and no step outlives its job.
    pub fn end_open_steps(&self) {
        let open = std::mem::take(&mut self.0.lock().open);
        for step in open.iter().filter_map(Weak::upgrade) {
            step.end();
        }
    }

    /// What the steps so far came to, in the order in which they began.
    pub fn take(&self) -> Vec<StepReport> {
        let mut finished = std::mem::take(&mut self.0.lock().finished);
        finished.sort_by_key(|report| report.started);
        finished
    }
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct StepReport {
    pub name: &'static str,
    pub started: Instant,
    pub failed: bool,
    pub measured: Measured,
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
                datafusion::arrow::error::ArrowError::ExternalError(inner) => {
                    inner.downcast_ref::<DataFusionError>().and_then(Self::find)
                }
                _ => None,
            },
            _ => None,
        }
    }
}
