//! What went through a step, and what the steps of a run came to: on their spans, and in the table at the end of the run.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use opentelemetry::metrics::Counter;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};
use parking_lot::Mutex;

use super::open::{Open, mark_failed};
use crate::engine::read::findings::Findings;
use crate::telemetry::{Meters, instruments, names};

/// How many counters tell what went through a step.
pub(super) const COUNTERS: usize = 8;

/// What went through a step.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Measured {
    pub input_rows: Option<u64>,
    pub output_rows: Option<u64>,
    pub output_batches: Option<u64>,
    pub input_bytes: Option<u64>,
    pub output_bytes: Option<u64>,
    pub spilled_bytes: Option<u64>,
    pub busy: Option<Duration>,
    /// What its files hold that a person should know of.
    pub findings: Vec<Arc<Findings>>,
    pub destination: Option<String>,
}

impl Measured {
    /// How many records do not fit, if there are any.
    fn rejected_rows(&self) -> Option<u64> {
        self.found(|findings| findings.rejected.records())
    }

    /// How many records are not clean text, if there are any.
    fn undecodable_rows(&self) -> Option<u64> {
        self.found(|findings| findings.undecodable.records())
    }

    /// How many files have none of the declared columns, if there are any.
    fn unmatched_files(&self) -> Option<u64> {
        self.found(Findings::unmatched_files)
    }

    fn found(&self, count: impl Fn(&Findings) -> u64) -> Option<u64> {
        let sum = self.findings.iter().map(|findings| count(findings)).sum();
        Some(sum).filter(|sum| *sum > 0)
    }

    /// The counters that it adds to, and how much each comes to.
    pub fn counts<'a>(&self, meters: &'a Meters) -> [(&'a Counter<u64>, Option<u64>); COUNTERS] {
        [
            (&meters.step_input_rows, self.input_rows),
            (&meters.step_output_rows, self.output_rows),
            (&meters.step_input_bytes, self.input_bytes),
            (&meters.step_output_bytes, self.output_bytes),
            (&meters.step_spilled_bytes, self.spilled_bytes),
            (&meters.step_rejected_rows, self.rejected_rows()),
            (&meters.step_undecodable_rows, self.undecodable_rows()),
            (&meters.step_unmatched_files, self.unmatched_files()),
        ]
    }

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
            count(names::STEP_SPILLED_BYTES, self.spilled_bytes),
            count(names::STEP_REJECTED_ROWS, self.rejected_rows()),
            count(names::STEP_UNDECODABLE_ROWS, self.undecodable_rows()),
            count(names::STEP_UNMATCHED_FILES, self.unmatched_files()),
            self.busy
                .map(|busy| KeyValue::new(names::STEP_BUSY_TIME, busy.as_secs_f64())),
        ]
        .into_iter()
        .flatten()
    }
}

/// What the work inside a function's step has measured, for the step to report when the function returns.
#[derive(Debug)]
struct Gauge {
    step: &'static str,
    measured: Mutex<Measured>,
    /// Set once something in it has failed without ending it.
    failed: OnceLock<()>,
}

/// The context of a step, with a place for what its work measures.
pub(super) fn measurable(context: Context, step: &'static str) -> Context {
    context.with_value(Gauge {
        step,
        measured: Mutex::default(),
        failed: OnceLock::new(),
    })
}

/// The id of the step that this thread is in.
pub(crate) fn current_step() -> Option<&'static str> {
    Context::map_current(|context| context.get::<Gauge>().map(|gauge| gauge.step))
}

/// Tells the step that this thread is in what its work came to.
pub(crate) fn measure_current(measured: Measured) {
    Context::map_current(|context| {
        if let Some(gauge) = context.get::<Gauge>() {
            *gauge.measured.lock() = measured;
        }
    });
}

/// Marks the step that this thread is in as failed, though it goes on. Only the first failure counts.
pub(crate) fn fail_current(error_type: &'static str, message: &str) {
    Context::map_current(|context| {
        let gauge = context.get::<Gauge>();
        // Without a tracer the span is that of whoever called the step.
        let has_span = instruments().is_some_and(|instruments| instruments.tracer().is_some());
        if has_span && gauge.is_some_and(|gauge| gauge.failed.set(()).is_ok()) {
            mark_failed(&context.span(), error_type, Some(message.to_owned()));
        }
    });
}

/// Reports a step whose function has returned.
pub(super) fn returned(open: &Open, error_type: Option<&'static str>) {
    let gauge = open.context().get::<Gauge>();
    let measured = gauge.map(|gauge| std::mem::take(&mut *gauge.measured.lock()));
    finished(open, measured.unwrap_or_default(), error_type);
}

/// Reports a step that is about to end.
pub(super) fn finished(open: &Open, measured: Measured, error_type: Option<&'static str>) {
    if let Some(span) = open.recording_span() {
        span.set_attributes(measured.attributes());
    }
    open.count(&measured);
    if !measured.findings.is_empty() {
        // What is said now is said inside of the step.
        let _inside = open.context().clone().attach();
        let findings = measured.findings.iter();
        findings.for_each(|findings| findings.tell());
    }
    if let Some(reports) = open.context().get::<Reports>() {
        reports.0.lock().push(StepReport {
            name: open.name(),
            began: open.began(),
            failed: error_type.is_some_and(|class| class != names::ERROR_TYPE_CANCELLED),
            measured,
        });
    }
}

/// The steps of a run that have ended, shared through the context.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Vec<StepReport>>>);

impl Reports {
    /// What the steps so far came to, in the order in which they began.
    pub fn take(&self) -> Vec<StepReport> {
        let mut finished = std::mem::take(&mut *self.0.lock());
        finished.sort_by_key(|report| report.began);
        finished
    }
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct StepReport {
    pub name: &'static str,
    pub began: Instant,
    pub failed: bool,
    pub measured: Measured,
}
