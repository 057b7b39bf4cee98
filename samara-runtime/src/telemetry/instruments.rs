//! What steps and runs report with: a tracer and every metric, made once.

use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{Context, InstrumentationScope, KeyValue, global};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::{exemplars, names};

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();

/// What steps report with, if telemetry is set up at all. All that a step costs where it is not.
#[inline]
pub(crate) fn instruments() -> Option<&'static Instruments> {
    INSTRUMENTS.get()
}

/// Every metric, if metrics go anywhere.
#[cfg(feature = "engine")]
pub(crate) fn meters() -> Option<&'static Meters> {
    instruments().and_then(Instruments::meters)
}

/// The attributes of a point: what it is of, and the class of its failure, if it failed.
#[cfg(feature = "engine")]
pub(crate) fn point(
    what: KeyValue,
    failure: Option<impl Into<opentelemetry::Value>>,
) -> Vec<KeyValue> {
    let error_type = failure.map(|class| KeyValue::new(names::ERROR_TYPE, class));
    [what].into_iter().chain(error_type).collect()
}

/// What steps and runs report with. Where a signal goes nowhere, its part is absent.
#[derive(Debug)]
pub(crate) struct Instruments {
    tracer: Option<SdkTracer>,
    meters: Option<Meters>,
}

impl Instruments {
    pub fn tracer(&self) -> Option<&SdkTracer> {
        self.tracer.as_ref()
    }

    pub fn meters(&self) -> Option<&Meters> {
        self.meters.as_ref()
    }
}

/// Every metric, made once.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "engine"),
    expect(dead_code, reason = "programs without the engine have steps only")
)]
pub(crate) struct Meters {
    pub step_duration: Duration,
    pub step_input_rows: Counter<u64>,
    pub step_output_rows: Counter<u64>,
    pub step_input_bytes: Counter<u64>,
    pub step_output_bytes: Counter<u64>,
    pub step_rejected_rows: Counter<u64>,
    pub step_undecodable_rows: Counter<u64>,
    pub step_unmatched_files: Counter<u64>,
    pub step_spilled_bytes: Counter<u64>,
    pub job_duration: Duration,
    pub run_duration: Duration,
    pub validation_duration: Duration,
    pub run_invocations: Counter<u64>,
    pub run_failures: Counter<u64>,
    pub run_end_time: Gauge<f64>,
    pub hook_requests: Counter<u64>,
    pub alert_notifications: Counter<u64>,
}

impl Meters {
    fn new(meter: &Meter) -> Self {
        let counter = |name: &'static str, unit: &'static str, about: &'static str| {
            meter
                .u64_counter(name)
                .with_unit(unit)
                .with_description(about)
                .build()
        };
        Self {
            step_duration: Duration::new(
                meter,
                names::STEP_DURATION,
                "Duration of a step: of its call or, if that gives rows, until the last one has streamed through",
            ),
            step_input_rows: counter(
                names::STEP_INPUT_ROWS,
                "{row}",
                "Rows that went into a step, over all of its inputs",
            ),
            step_output_rows: counter(
                names::STEP_OUTPUT_ROWS,
                "{row}",
                "Rows that came out of a step",
            ),
            step_input_bytes: counter(names::STEP_INPUT_BYTES, "By", "Bytes that a step read"),
            step_output_bytes: counter(
                names::STEP_OUTPUT_BYTES,
                "By",
                "Bytes that came out of a step: in memory, or written by a load",
            ),
            step_rejected_rows: counter(
                names::STEP_REJECTED_ROWS,
                "{row}",
                "Records of files that do not fit their schema, read with nulls or left out",
            ),
            step_undecodable_rows: counter(
                names::STEP_UNDECODABLE_ROWS,
                "{row}",
                "Records of files with bytes that are not text in their encoding, or with NUL characters",
            ),
            step_unmatched_files: counter(
                names::STEP_UNMATCHED_FILES,
                "{file}",
                "Files that have none of the declared columns, read as null",
            ),
            step_spilled_bytes: counter(
                names::STEP_SPILLED_BYTES,
                "By",
                "Bytes that a step wrote to disk because memory did not hold them",
            ),
            job_duration: Duration::new(
                meter,
                names::JOB_DURATION,
                "Duration of a job, its hooks included",
            ),
            run_duration: Duration::new(
                meter,
                names::RUN_DURATION,
                "Duration of a run, from its start to its end",
            ),
            validation_duration: Duration::new(
                meter,
                names::VALIDATION_DURATION,
                "Duration of a validation: a look at whether a workflow could run",
            ),
            run_invocations: counter(
                names::RUN_INVOCATIONS,
                "1",
                "How often a command was invoked",
            ),
            run_failures: counter(
                names::RUN_FAILURES,
                "{run}",
                "Runs that failed, by the class of the failure",
            ),
            run_end_time: meter
                .f64_gauge(names::RUN_END_TIME)
                .with_unit("s")
                .with_description("When a run ended, in seconds since 1970, by its outcome")
                .build(),
            hook_requests: counter(
                names::HOOK_REQUESTS,
                "{request}",
                "Hooks of jobs that were sent, with their retries, or could not be",
            ),
            alert_notifications: counter(
                names::ALERT_NOTIFICATIONS,
                "{notification}",
                "Alerts that were sent through a channel, or could not be",
            ),
        }
    }
}

/// A histogram of seconds, whose points remember the trace of their last measurement.
#[derive(Debug)]
pub(crate) struct Duration {
    name: &'static str,
    seconds: Histogram<f64>,
}

impl Duration {
    fn new(meter: &Meter, name: &'static str, about: &'static str) -> Self {
        let seconds = meter
            .f64_histogram(name)
            .with_unit("s")
            .with_description(about)
            .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
            .build();
        Self { name, seconds }
    }

    /// Records how long something took that the span of a context stands for.
    pub fn record(&self, took: std::time::Duration, attributes: &[KeyValue], context: &Context) {
        self.seconds.record(took.as_secs_f64(), attributes);
        exemplars::remember(
            self.name,
            attributes,
            took.as_secs_f64(),
            context.span().span_context(),
        );
    }
}

/// The SDK's providers that a program has set up by itself, for steps to report to.
///
/// # Examples
///
/// ```
/// use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
/// use samara::telemetry::Providers;
///
/// #[samara::step]
/// fn load() {}
///
/// let exporter = InMemorySpanExporter::default();
/// let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
/// Providers { tracer: Some(provider), meter: None }.install()?;
/// load();
/// assert_eq!(exporter.get_finished_spans()?[0].name, "load");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Providers {
    /// Where spans go.
    pub tracer: Option<SdkTracerProvider>,
    /// Where durations go.
    pub meter: Option<SdkMeterProvider>,
}

/// Steps report to some providers already, and do so until the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "telemetry is set up already: once a process, by `samara::main`, `samara::init` or `Providers::install`"
)]
pub struct AlreadyInstalled;

impl Providers {
    /// Makes steps report to these providers, and makes them OpenTelemetry's global ones.
    ///
    /// # Errors
    ///
    /// [`AlreadyInstalled`] the second time in a process; nothing changes then.
    pub fn install(self) -> Result<(), AlreadyInstalled> {
        let scope = || InstrumentationScope::builder(names::SCOPE).build();
        let tracer = self.tracer.as_ref();
        let meter = self.meter.as_ref();
        let instruments = Instruments {
            tracer: tracer.map(|provider| provider.tracer_with_scope(scope())),
            meters: meter.map(|provider| Meters::new(&provider.meter_with_scope(scope()))),
        };
        INSTRUMENTS.set(instruments).map_err(|_| AlreadyInstalled)?;
        if let Some(provider) = self.tracer {
            global::set_tracer_provider(provider);
        }
        if let Some(provider) = self.meter {
            global::set_meter_provider(provider);
        }
        Ok(())
    }
}
