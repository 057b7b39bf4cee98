//! The SDK's providers, one for each signal, as the configuration wants them.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::{BatchLogProcessor, SdkLoggerProvider};
use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, PeriodicReader, SdkMeterProvider, Stream,
    Temporality as SdkTemporality,
};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanLimits};
use thiserror::Error;

use super::SHUTDOWN_LIMIT;
use super::configuration::{
    Chosen, Configuration, Exporter, Histograms, Limit, Limits, Otlp, Temporality,
};
use super::conforming::Conforming;
use super::delivery::{
    CountedLogExporter, CountedMetricExporter, CountedRecords, CountedSpanExporter, CountedSpans,
    Delivery,
};
use super::export::{Client, LONGEST_DELAY, TransportError};
use super::signal::Signal;

/// No request is repeated that began longer ago: by then a server that was started anew is there again.
const RETRY_LIMIT: Duration = Duration::from_secs(30);

/// How exponential histograms are made where they are wanted: OpenTelemetry's defaults.
const EXPONENTIAL: Aggregation = Aggregation::Base2ExponentialHistogram {
    max_size: 160,
    max_scale: 20,
    record_min_max: true,
};

/// Why a signal cannot be sent.
#[derive(Debug, Error)]
pub(super) enum ProviderError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// What makes spans, measurements or log records, and sends them.
#[derive(Debug, Clone)]
pub(super) enum Provider {
    Traces(SdkTracerProvider),
    Metrics(SdkMeterProvider),
    Logs(SdkLoggerProvider),
}

impl Provider {
    pub fn new(
        signal: Signal,
        configuration: &Configuration,
        resource: &Resource,
        delivery: &Arc<Delivery>,
    ) -> Result<Self, ProviderError> {
        let otlp = match configuration.exporter(signal) {
            Exporter::Otlp(otlp) => Some(otlp.as_ref()),
            Exporter::Console(_) | Exporter::None(_) => None,
        };
        Ok(match signal {
            Signal::Traces => Self::Traces(traces(configuration, otlp, resource, delivery)?),
            Signal::Metrics => Self::Metrics(metrics(configuration, otlp, resource, delivery)?),
            Signal::Logs => Self::Logs(logs(configuration, otlp, resource, delivery)?),
        })
    }

    pub fn signal(&self) -> Signal {
        match self {
            Self::Traces(_) => Signal::Traces,
            Self::Metrics(_) => Signal::Metrics,
            Self::Logs(_) => Signal::Logs,
        }
    }

    /// Exports what is left. No flush comes first: it would send every metric twice, and the results, for which the SDK wants one, are ours
    /// already.
    pub fn shutdown(&self) {
        let _ = match self {
            Self::Traces(provider) => provider.shutdown_with_timeout(SHUTDOWN_LIMIT),
            Self::Metrics(provider) => provider.shutdown_with_timeout(SHUTDOWN_LIMIT),
            Self::Logs(provider) => provider.shutdown_with_timeout(SHUTDOWN_LIMIT),
        };
    }
}

fn traces(
    configuration: &Configuration,
    otlp: Option<&Otlp>,
    resource: &Resource,
    delivery: &Arc<Delivery>,
) -> Result<SdkTracerProvider, ProviderError> {
    let builder = SdkTracerProvider::builder()
        .with_sampler(configuration.sampler.value.clone())
        .with_span_limits(span_limits(&configuration.limits))
        .with_resource(resource.clone());
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http();
    let exporter = CountedSpanExporter {
        exporter: configured(exporter, Signal::Traces, otlp, delivery)?.build()?,
        delivery: Arc::clone(delivery),
    };
    let limit = configuration.limits.span_value_length.as_ref();
    let exporter = Conforming {
        exporter,
        value_length: limit.map(|limit| limit.value.0 as usize),
    };
    let batches = BatchSpanProcessor::builder(exporter)
        .with_batch_config(configuration.spans.for_spans())
        .build();
    let spans = CountedSpans::new(batches, Arc::clone(delivery));
    Ok(builder.with_span_processor(spans).build())
}

fn metrics(
    configuration: &Configuration,
    otlp: Option<&Otlp>,
    resource: &Resource,
    delivery: &Arc<Delivery>,
) -> Result<SdkMeterProvider, ProviderError> {
    let mut builder = SdkMeterProvider::builder().with_resource(resource.clone());
    if configuration.histograms.value == Histograms::Exponential {
        builder = builder.with_view(exponential);
    }
    let (temporality, interval) = (
        temporality(configuration.temporality.value),
        configuration.interval.value.0,
    );
    let exporter = opentelemetry_otlp::MetricExporter::builder()
        .with_http()
        .with_temporality(temporality);
    let exporter = CountedMetricExporter {
        exporter: configured(exporter, Signal::Metrics, otlp, delivery)?.build()?,
        delivery: Arc::clone(delivery),
    };
    Ok(builder
        .with_reader(
            PeriodicReader::builder(exporter)
                .with_interval(interval)
                .build(),
        )
        .build())
}

fn logs(
    configuration: &Configuration,
    otlp: Option<&Otlp>,
    resource: &Resource,
    delivery: &Arc<Delivery>,
) -> Result<SdkLoggerProvider, ProviderError> {
    let builder = SdkLoggerProvider::builder().with_resource(resource.clone());
    let exporter = opentelemetry_otlp::LogExporter::builder().with_http();
    let exporter = CountedLogExporter {
        exporter: configured(exporter, Signal::Logs, otlp, delivery)?.build()?,
        delivery: Arc::clone(delivery),
    };
    let batches = BatchLogProcessor::builder(exporter)
        .with_batch_config(configuration.records.for_records())
        .build();
    Ok(builder
        .with_log_processor(CountedRecords::new(batches, Arc::clone(delivery)))
        .build())
}

/// An exporter's builder with all that the signals have in common. What goes out, how, and whether it may go out once more, is up to our client:
/// it is handed protobuf.
fn configured<B: WithExportConfig + WithHttpConfig>(
    builder: B,
    signal: Signal,
    otlp: Option<&Otlp>,
    delivery: &Arc<Delivery>,
) -> Result<B, TransportError> {
    let builder = builder
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(RETRY_LIMIT)
        .with_retry_policy(
            RetryPolicy::recommended()
                .with_max_retries(usize::MAX)
                .with_max_delay(LONGEST_DELAY),
        );
    let delivery = Arc::clone(delivery);
    // The exporter asks for an address, at which our client does not look. It logs it, secrets and all.
    Ok(match otlp {
        Some(otlp) => builder
            .with_endpoint(otlp.endpoint.value.shown())
            .with_http_client(Client::new(signal, otlp, delivery)?),
        None => builder
            .with_endpoint("http://localhost")
            .with_http_client(Client::of_console(signal, delivery)),
    })
}

fn span_limits(limits: &Limits) -> SpanLimits {
    let default = SpanLimits::default();
    let limit = |limit: &Option<Chosen<Limit>>, default| {
        limit.as_ref().map_or(default, |limit| limit.value.0)
    };
    SpanLimits {
        max_attributes_per_span: limit(&limits.span_attributes, default.max_attributes_per_span),
        max_events_per_span: limit(&limits.span_events, default.max_events_per_span),
        max_links_per_span: limit(&limits.span_links, default.max_links_per_span),
        max_attributes_per_event: limit(&limits.event_attributes, default.max_attributes_per_event),
        max_attributes_per_link: limit(&limits.link_attributes, default.max_attributes_per_link),
    }
}

fn temporality(preference: Temporality) -> SdkTemporality {
    match preference {
        Temporality::Cumulative => SdkTemporality::Cumulative,
        Temporality::Delta => SdkTemporality::Delta,
        Temporality::LowMemory => SdkTemporality::LowMemory,
    }
}

fn exponential(instrument: &Instrument) -> Option<Stream> {
    (instrument.kind() == InstrumentKind::Histogram)
        .then(|| Stream::builder().with_aggregation(EXPONENTIAL).build().ok())
        .flatten()
}
