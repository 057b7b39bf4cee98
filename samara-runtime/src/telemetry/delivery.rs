//! What became of the spans and metrics that a run produced: counted by us, since the SDK does not tell.
//!
//! The SDK drops the result of the last export, hides a failure's cause, and forgets what its queue had no room for. So we count
//! what is produced, count what a server has taken, and keep the last cause: the difference is what a warning tells of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use parking_lot::Mutex;
use prost::Message as _;

/// One kind of telemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    /// Its name in a sentence, such as "traces endpoint".
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
        }
    }

    fn count(self, count: u64) -> String {
        let noun = match self {
            Self::Traces => "span",
            Self::Metrics => "metric data point",
        };
        format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
    }

    /// What a server says that it did not take, in the answer of a successful request (OTLP specification, "Partial Success").
    fn partial_success(self, answer: &[u8]) -> Option<(u64, String)> {
        let (rejected, message) = match self {
            Self::Traces => {
                let partial = ExportTraceServiceResponse::decode(answer)
                    .ok()?
                    .partial_success?;
                (partial.rejected_spans, partial.error_message)
            }
            Self::Metrics => {
                let partial = ExportMetricsServiceResponse::decode(answer)
                    .ok()?
                    .partial_success?;
                (partial.rejected_data_points, partial.error_message)
            }
        };
        u64::try_from(rejected)
            .ok()
            .filter(|rejected| *rejected > 0)
            .map(|rejected| (rejected, message))
    }
}

/// The account of one signal.
#[derive(Debug)]
pub(super) struct Delivery {
    signal: Signal,
    endpoint: String,
    produced: AtomicU64,
    delivered: AtomicU64,
    export: Mutex<Export>,
}

/// The export that goes on, and why the last one failed.
#[derive(Debug, Default)]
struct Export {
    rejected: u64,
    cause: Option<String>,
    last_failure: Option<String>,
}

impl Delivery {
    /// An account without entries. The endpoint is as a person may see it.
    pub(super) fn new(signal: Signal, endpoint: String) -> Self {
        Self {
            signal,
            endpoint,
            produced: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            export: Mutex::default(),
        }
    }

    /// A request of the export that goes on has failed. It may yet be repeated.
    pub(super) fn request_failed(&self, cause: String) {
        self.export.lock().cause = Some(cause);
    }

    /// A request of the export that goes on has succeeded, with this answer.
    pub(super) fn request_succeeded(&self, answer: &[u8]) {
        let mut export = self.export.lock();
        export.cause = None;
        if let Some((rejected, message)) = self.signal.partial_success(answer) {
            export.rejected = rejected;
            export.cause = Some(if message.is_empty() {
                "rejected by the server".to_owned()
            } else {
                format!("rejected by the server: {message:?}")
            });
        }
    }

    /// The export of `count` items is over.
    fn export_ended(&self, count: u64, result: &OTelSdkResult) {
        let mut export = self.export.lock();
        let cause = export.cause.take();
        let rejected = std::mem::take(&mut export.rejected).min(count);
        match result {
            Ok(()) => {
                self.delivered
                    .fetch_add(count - rejected, Ordering::Relaxed);
                export.last_failure = cause.or(export.last_failure.take());
            }
            Err(error) => export.last_failure = Some(cause.unwrap_or_else(|| error.to_string())),
        }
    }

    /// The run does not wait any longer for what is still on its way.
    pub(super) fn given_up(&self, waited: Duration) {
        self.export.lock().last_failure =
            Some(format!("no answer within {} s", waited.as_secs_f32()));
    }

    /// What was lost, where and why, if anything was.
    pub(super) fn loss(&self) -> Option<String> {
        let delivered = self.delivered.load(Ordering::Relaxed);
        let lost = self
            .produced
            .load(Ordering::Relaxed)
            .checked_sub(delivered)
            .filter(|lost| *lost > 0)?;
        let export = self.export.lock();
        let cause = export
            .last_failure
            .as_deref()
            .unwrap_or("the queue was full");
        Some(format!(
            "{} to {} ({cause})",
            self.signal.count(lost),
            self.endpoint
        ))
    }
}

/// Counts the spans that end, on their way to the SDK's batches.
#[derive(Debug)]
pub(super) struct CountedSpans {
    batches: BatchSpanProcessor,
    delivery: Arc<Delivery>,
}

impl CountedSpans {
    pub(super) fn new(batches: BatchSpanProcessor, delivery: Arc<Delivery>) -> Self {
        Self { batches, delivery }
    }
}

impl SpanProcessor for CountedSpans {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        self.delivery.produced.fetch_add(1, Ordering::Relaxed);
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// Counts the spans that a server takes.
#[derive(Debug)]
pub(super) struct CountedSpanExporter {
    pub(super) exporter: opentelemetry_otlp::SpanExporter,
    pub(super) delivery: Arc<Delivery>,
}

impl SpanExporter for CountedSpanExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len() as u64;
        let result = self.exporter.export(batch).await;
        self.delivery.export_ended(count, &result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Counts the metric data points that a server takes.
#[derive(Debug)]
pub(super) struct CountedMetricExporter {
    pub(super) exporter: opentelemetry_otlp::MetricExporter,
    pub(super) delivery: Arc<Delivery>,
}

impl PushMetricExporter for CountedMetricExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let count = data_points(metrics);
        // Metrics are cumulative: each export says all again, so only the last one can lose anything.
        self.delivery.delivered.store(0, Ordering::Relaxed);
        self.delivery.produced.store(count, Ordering::Relaxed);
        let result = self.exporter.export(metrics).await;
        self.delivery.export_ended(count, &result);
        result
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}

fn data_points(metrics: &ResourceMetrics) -> u64 {
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let counts = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(data) => data_points_of(data),
        AggregatedMetrics::U64(data) => data_points_of(data),
        AggregatedMetrics::I64(data) => data_points_of(data),
    });
    counts.sum::<usize>() as u64
}

fn data_points_of<T>(data: &MetricData<T>) -> usize {
    match data {
        MetricData::Gauge(gauge) => gauge.data_points().count(),
        MetricData::Sum(sum) => sum.data_points().count(),
        MetricData::Histogram(histogram) => histogram.data_points().count(),
        MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
    }
}
