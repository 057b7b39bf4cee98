//! What became of the spans, metrics and log records that a run produced: counted by us, since the SDK does not tell.
//!
//! The SDK drops the result of the last export, hides a failure's cause, and forgets what its queue had no room for. So we count
//! what is produced, count what a server has taken, and keep the last cause: the difference is what a warning tells of.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{
    BatchLogProcessor, LogBatch, LogExporter, LogProcessor, SdkLogRecord,
};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use parking_lot::Mutex;

use super::configuration::Exporter;
use super::export::Answer;
use super::signal::Signal;
use crate::client;

/// The attribute of the point that stands for all sets of attributes beyond the SDK's limit.
const OVERFLOW: &str = "otel.metric.overflow";

/// The account of one signal.
#[derive(Debug)]
pub(super) struct Delivery {
    signal: Signal,
    endpoint: String,
    produced: AtomicU64,
    delivered: AtomicU64,
    export: Mutex<Export>,
    /// When the run had ended, which waits from then on.
    ended: OnceLock<Instant>,
    /// Metrics that have more sets of attributes than the SDK keeps apart.
    overflown: Mutex<BTreeSet<String>>,
}

/// The export that goes on, why the last one failed, and what a server has said of one that it took.
#[derive(Debug, Default)]
struct Export {
    rejected: u64,
    cause: Option<String>,
    last_failure: Option<String>,
    remark: Option<String>,
    is_given_up: bool,
}

impl Delivery {
    /// An account without entries.
    pub(super) fn new(signal: Signal, exporter: &Exporter) -> Self {
        let endpoint = match exporter {
            Exporter::Otlp(otlp) => otlp.endpoint.value.shown(),
            Exporter::Console(_) | Exporter::None(_) => "standard output".to_owned(),
        };
        Self {
            signal,
            endpoint,
            produced: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            export: Mutex::default(),
            ended: OnceLock::new(),
            overflown: Mutex::default(),
        }
    }

    /// A request of the export that goes on has been answered, or not. It may yet be repeated.
    pub(super) fn request_ended(&self, answer: &Answer) {
        let mut export = self.export.lock();
        export.cause = answer.complaint();
        if let Some(remark) = answer.remark() {
            export.remark = Some(remark.to_owned());
        }
        export.rejected = match answer {
            Answer::Taken { rejected, .. } => *rejected,
            _ => 0,
        };
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

    /// The run has ended, and waits for what is still to be sent.
    pub(super) fn run_ended(&self) {
        let _ = self.ended.set(Instant::now());
    }

    /// How long the run has been waiting, if it has ended.
    pub(super) fn since_end(&self) -> Option<Duration> {
        self.ended.get().map(Instant::elapsed)
    }

    /// The run does not wait any longer for what is still on its way.
    pub(super) fn given_up(&self, waited: Duration) {
        let mut export = self.export.lock();
        let cause = export.cause.take();
        export.last_failure = Some(cause.unwrap_or_else(|| client::unanswered(waited)));
        export.is_given_up = true;
    }

    /// Nothing more can be sent.
    pub(super) fn cannot_send(&self, cause: String) {
        self.export.lock().cause = Some(cause);
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
        // The last metrics are gathered when all before them have been sent.
        let least = match self.signal {
            Signal::Metrics if export.is_given_up => "at least ",
            _ => "",
        };
        Some(format!(
            "{least}{} to {} ({cause})",
            self.signal.count(lost),
            self.endpoint
        ))
    }

    /// What the server said last of an export that it took, if anything.
    pub(super) fn remark(&self) -> Option<String> {
        let remark = self.export.lock().remark.clone()?;
        Some(format!(
            "{} says of the {} that it took: {remark:?}",
            self.endpoint,
            self.signal.name()
        ))
    }

    /// Of which metrics some measurements have lost their attributes, if of any (OpenTelemetry specification, "Cardinality limits").
    pub(super) fn overflow(&self) -> Option<String> {
        let overflown = self.overflown.lock();
        let names: Vec<&str> = overflown.iter().map(String::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "too many sets of attributes in {}: those beyond the limit are one point, `{OVERFLOW}`",
                names.join(", ")
            )
        })
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

/// Counts the log records that are made, on their way to the SDK's batches.
#[derive(Debug)]
pub(super) struct CountedRecords {
    batches: BatchLogProcessor,
    delivery: Arc<Delivery>,
}

impl CountedRecords {
    pub(super) fn new(batches: BatchLogProcessor, delivery: Arc<Delivery>) -> Self {
        Self { batches, delivery }
    }
}

impl LogProcessor for CountedRecords {
    fn emit(&self, record: &mut SdkLogRecord, scope: &InstrumentationScope) {
        // What is said while the rest is sent comes too late, and is on stderr.
        if self.delivery.since_end().is_none() {
            self.delivery.produced.fetch_add(1, Ordering::Relaxed);
            self.batches.emit(record, scope);
        }
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

/// Counts the log records that a server takes.
#[derive(Debug)]
pub(super) struct CountedLogExporter {
    pub(super) exporter: opentelemetry_otlp::LogExporter,
    pub(super) delivery: Arc<Delivery>,
}

impl LogExporter for CountedLogExporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let count = batch.iter().count() as u64;
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
        let points = points(metrics);
        let count = points.len() as u64;
        let overflown = points.into_iter().filter(|(_, is_overflow)| *is_overflow);
        let overflown = overflown.map(|(metric, _)| metric.to_owned());
        self.delivery.overflown.lock().extend(overflown);
        if self.temporality() == Temporality::Cumulative {
            // Each export says all again, so only the last one can lose anything.
            self.delivery.delivered.store(0, Ordering::Relaxed);
            self.delivery.produced.store(0, Ordering::Relaxed);
        }
        self.delivery.produced.fetch_add(count, Ordering::Relaxed);
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

/// The metric of each data point, and whether the point stands for all beyond the SDK's limit.
fn points(metrics: &ResourceMetrics) -> Vec<(&str, bool)> {
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let points = metrics.flat_map(|metric| {
        let points = match metric.data() {
            AggregatedMetrics::F64(data) => points_of(data),
            AggregatedMetrics::U64(data) => points_of(data),
            AggregatedMetrics::I64(data) => points_of(data),
        };
        points
            .into_iter()
            .map(|is_overflow| (metric.name(), is_overflow))
    });
    points.collect()
}

fn points_of<T>(data: &MetricData<T>) -> Vec<bool> {
    fn each<'a, P: 'a, A: Iterator<Item = &'a KeyValue>>(
        points: impl Iterator<Item = &'a P>,
        attributes: impl Fn(&'a P) -> A,
    ) -> Vec<bool> {
        let is_overflow = |attribute: &KeyValue| attribute.key.as_str() == OVERFLOW;
        points
            .map(|point| attributes(point).any(is_overflow))
            .collect()
    }
    match data {
        MetricData::Gauge(gauge) => each(gauge.data_points(), |point| point.attributes()),
        MetricData::Sum(sum) => each(sum.data_points(), |point| point.attributes()),
        MetricData::Histogram(histogram) => {
            each(histogram.data_points(), |point| point.attributes())
        }
        MetricData::ExponentialHistogram(histogram) => {
            each(histogram.data_points(), |point| point.attributes())
        }
    }
}
