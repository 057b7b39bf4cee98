//! What steps report with: a tracer, a histogram and a counter, made once.

use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Histogram, Meter, MeterProvider as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

use super::names;

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();

/// What steps report with, if telemetry is set up at all. All that a step costs where it is not.
#[inline]
pub(crate) fn instruments() -> Option<&'static Instruments> {
    INSTRUMENTS.get()
}

/// What steps report with. Where a signal goes nowhere, its part is absent.
#[derive(Debug)]
pub(crate) struct Instruments {
    tracer: Option<SdkTracer>,
    step_duration: Option<Histogram<f64>>,
    /// Only an extract has any.
    #[cfg_attr(
        not(feature = "engine"),
        expect(dead_code, reason = "programs without the engine read no files")
    )]
    rejected_rows: Option<Counter<u64>>,
}

impl Instruments {
    pub fn tracer(&self) -> Option<&SdkTracer> {
        self.tracer.as_ref()
    }

    pub fn step_duration(&self) -> Option<&Histogram<f64>> {
        self.step_duration.as_ref()
    }

    #[cfg(feature = "engine")]
    pub fn rejected_rows(&self) -> Option<&Counter<u64>> {
        self.rejected_rows.as_ref()
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
            step_duration: meter.map(|provider| step_duration(&provider.meter_with_scope(scope()))),
            rejected_rows: meter.map(|provider| rejected_rows(&provider.meter_with_scope(scope()))),
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

fn step_duration(meter: &Meter) -> Histogram<f64> {
    meter
        .f64_histogram(names::STEP_DURATION)
        .with_unit("s")
        .with_description("Duration of a step: of its call or, if that gives rows, until the last one has streamed through")
        .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
        .build()
}

fn rejected_rows(meter: &Meter) -> Counter<u64> {
    meter
        .u64_counter(names::STEP_REJECTED_ROWS)
        .with_unit("{row}")
        .with_description(
            "Records of files that do not fit their schema, read with nulls or left out",
        )
        .build()
}
