//! Where the spans and durations of all variants go: to the real SDK, and there to nothing.

use std::time::Duration;

use fastrace::collector::{Config, Reporter, SpanRecord};
use opentelemetry::Context;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{
    Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor,
};
use samara::telemetry::{Providers, names};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::calls::{BY_HAND, ByHand};

/// Takes spans and drops them, instead of queueing them for a thread that exports. What an exporter costs is the same for all variants.
#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _span: &mut Span, _parent: &Context) {}

    fn on_end(&self, span: SpanData) {
        drop(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl PushMetricExporter for Discard {
    async fn export(&self, _metrics: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

impl Reporter for Discard {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        drop(spans);
    }
}

/// Gives steps and the raw calls the same two providers, and fastrace its reporter. Returns the tracer for `tracing-opentelemetry`.
pub fn install() -> SdkTracer {
    let tracer = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_span_processor(Discard)
        .build();
    // A day: nothing is collected while the bench runs.
    let reader = PeriodicReader::builder(Discard).with_interval(Duration::from_secs(86_400));
    let meter = SdkMeterProvider::builder()
        .with_reader(reader.build())
        .build();
    let by_hand = ByHand {
        tracer: tracer.tracer("by hand"),
        duration: meter
            .meter("by hand")
            .f64_histogram("add.duration")
            .with_unit("s")
            .with_boundaries(names::DURATION_BOUNDARIES.to_vec())
            .build(),
    };
    assert!(BY_HAND.set(by_hand).is_ok(), "installed twice");
    let for_tracing = tracer.tracer("tracing");
    let providers = Providers {
        tracer: Some(tracer),
        meter: Some(meter),
    };
    providers.install().expect("nothing is installed yet");
    fastrace::set_reporter(Discard, Config::default());
    for_tracing
}

/// The context of a caller in another process.
pub fn parent(is_sampled: bool) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
        SpanId::from(0x00f0_67aa_0ba9_02b7),
        TraceFlags::default().with_sampled(is_sampled),
        true,
        TraceState::default(),
    ))
}

/// `tracing` with `tracing-opentelemetry`, as its documentation sets it up.
pub fn subscribe(tracer: &SdkTracer) {
    let layer = tracing_opentelemetry::layer().with_tracer(tracer.clone());
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::set_global_default(subscriber).expect("there is no subscriber yet");
}

/// `tracing-opentelemetry` without what can be left out: threads, targets, and times in and out of the span. Of the three `code.*`
/// attributes none can be left out alone.
pub fn lean(tracer: &SdkTracer, run: impl FnOnce()) {
    let layer = tracing_opentelemetry::layer()
        .with_tracer(tracer.clone())
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), run);
}

/// Runs what fastrace traces in a root span of its own.
pub fn in_trace(run: impl FnOnce()) {
    let root = fastrace::Span::root("root", fastrace::collector::SpanContext::random());
    let _local = root.set_local_parent();
    run();
}
