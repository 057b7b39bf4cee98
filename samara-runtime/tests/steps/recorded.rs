//! What the steps of these tests have reported, by way of the SDK's in-memory exporters.

use std::sync::LazyLock;

use opentelemetry::trace::{SpanId, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, Key, KeyValue};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, HistogramDataPoint, MetricData};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use samara::telemetry::{Providers, names};

struct Exporters {
    spans: InMemorySpanExporter,
    traces: SdkTracerProvider,
    metrics: InMemoryMetricExporter,
    meters: SdkMeterProvider,
}

/// Telemetry is set up once a process, so the tests share it; each looks at its own trace and at the points of its own steps.
static EXPORTERS: LazyLock<Exporters> = LazyLock::new(|| {
    let spans = InMemorySpanExporter::default();
    let metrics = InMemoryMetricExporter::default();
    let traces = SdkTracerProvider::builder()
        .with_simple_exporter(spans.clone())
        .build();
    let meters = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(metrics.clone()).build())
        .build();
    let providers = Providers {
        tracer: Some(traces.clone()),
        meter: Some(meters.clone()),
    };
    providers.install().expect("the first in this process");
    Exporters {
        spans,
        traces,
        metrics,
        meters,
    }
});

/// Where the steps' spans go.
pub fn traces() -> &'static SdkTracerProvider {
    &EXPORTERS.traces
}

/// What `action` returns, run in a span of its own, and the trace that it leaves.
pub fn traced<T>(action: impl FnOnce() -> T) -> (T, Trace) {
    LazyLock::force(&EXPORTERS);
    let tracer = samara::tracer("test");
    let (root, outcome) = tracer.in_span("test", |context| {
        (context.span().span_context().clone(), action())
    });
    let spans = EXPORTERS.spans.get_finished_spans().expect("spans");
    let is_of_test = |span: &SpanData| {
        span.span_context.trace_id() == root.trace_id()
            && span.span_context.span_id() != root.span_id()
    };
    let spans = spans.into_iter().filter(is_of_test).collect();
    let root = root.span_id();
    (outcome, Trace { root, spans })
}

/// A test's spans, without the one around them.
pub struct Trace {
    root: SpanId,
    pub spans: Vec<SpanData>,
}

impl Trace {
    /// The one span of that name.
    pub fn span(&self, name: &str) -> &SpanData {
        let mut named = self.spans.iter().filter(|span| span.name == name);
        match (named.next(), named.next()) {
            (Some(span), None) => span,
            (None, _) => panic!("no span `{name}`"),
            (Some(_), Some(_)) => panic!("several spans `{name}`"),
        }
    }

    /// The name of the span's parent; `test` is the span around them all.
    pub fn parent(&self, span: &SpanData) -> &str {
        if span.parent_span_id == self.root {
            return "test";
        }
        let parent = |other: &&SpanData| other.span_context.span_id() == span.parent_span_id;
        let parent = self.spans.iter().find(parent);
        parent.map_or("nothing that was recorded", |parent| &parent.name)
    }
}

/// The text of one of a span's attributes, or nothing.
pub fn attribute(span: &SpanData, key: &str) -> Option<String> {
    text(&span.attributes, key)
}

/// The text of an attribute, or nothing.
pub fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let key = Key::from(key.to_owned());
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    attribute.map(|attribute| attribute.value.to_string())
}

/// The points of a step in the histogram of durations: for each its attributes without the step's name, and its count.
pub fn points(step: &str) -> Vec<(Vec<String>, u64)> {
    EXPORTERS.meters.force_flush().expect("a flush");
    let exported = EXPORTERS.metrics.get_finished_metrics().expect("metrics");
    let last = exported.last().expect("an export");
    let metrics = last.scope_metrics().flat_map(|scope| scope.metrics());
    let mut points = Vec::new();
    for metric in metrics.filter(|metric| metric.name() == names::STEP_DURATION) {
        assert_eq!(metric.unit(), "s");
        let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() else {
            panic!("`{}` is no histogram", metric.name());
        };
        points.extend(
            histogram
                .data_points()
                .filter_map(|point| of_step(point, step)),
        );
    }
    points.sort();
    points
}

fn of_step(point: &HistogramDataPoint<f64>, step: &str) -> Option<(Vec<String>, u64)> {
    assert!(point.bounds().eq(names::DURATION_BOUNDARIES));
    let attributes: Vec<KeyValue> = point.attributes().cloned().collect();
    (text(&attributes, names::STEP_NAME).as_deref() == Some(step)).then(|| {
        let others = attributes
            .iter()
            .filter(|attribute| attribute.key.as_str() != names::STEP_NAME);
        let mut others: Vec<String> = others
            .map(|attribute| format!("{}={}", attribute.key, attribute.value))
            .collect();
        others.sort();
        (others, point.count())
    })
}

/// The kind alone, counted: what a step without errors leaves.
pub fn succeeded(count: u64) -> Vec<(Vec<String>, u64)> {
    vec![(vec!["samara.step.kind=step".to_owned()], count)]
}

/// The kind and a class of errors, counted.
pub fn failed(error_type: &str, count: u64) -> Vec<(Vec<String>, u64)> {
    let error_type = format!("error.type={error_type}");
    vec![(vec![error_type, "samara.step.kind=step".to_owned()], count)]
}

/// Runs `action` in a trace that somebody else began, and has not sampled.
pub fn unsampled<T>(action: impl FnOnce() -> T) -> T {
    use opentelemetry::trace::{SpanContext, TraceFlags, TraceId, TraceState};
    LazyLock::force(&EXPORTERS);
    let parent = SpanContext::new(
        TraceId::from(7_u128),
        SpanId::from(7_u64),
        TraceFlags::NOT_SAMPLED,
        true,
        TraceState::NONE,
    );
    let _attached = Context::new().with_remote_span_context(parent).attach();
    action()
}
