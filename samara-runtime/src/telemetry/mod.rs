//! Telemetry of a run: traces and metrics by OTLP over HTTP, log events on stderr.
//!
//! [`Telemetry::start`] sets everything up, [`Telemetry::shutdown`] delivers what is left; [`init`] gives both to a program as a guard. In
//! between, any component takes its [`tracer`] and its [`meter`].
//!
//! Telemetry never harms a run: with no endpoint nothing is set up and nothing costs; with a dead, slow or lying server the run goes on,
//! and its end says once what was lost.

mod delivery;
mod guard;
mod http;
mod instruments;
pub mod log;
pub mod names;
mod span_events;
mod trace_context;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::Meter;
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, RetryPolicy, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracerProvider};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::settings::Settings;

use delivery::{CountedMetricExporter, CountedSpanExporter, CountedSpans, Delivery, Signal};
use http::{BlockingClient, Endpoint};

pub use guard::{Guard, init};
pub use instruments::{AlreadyInstalled, Providers};
pub(crate) use instruments::{Instruments, instruments};
#[cfg(feature = "engine")]
pub(crate) use trace_context::headers as trace_headers;

/// The longest that a run waits at its end for its telemetry to be delivered. Longer than one request may take, and with some time left of
/// the five seconds that are promised.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_millis(4_700);

/// No request is repeated that began longer ago: one that ran into its time limit is not, since the run would wait twice.
const RETRY_LIMIT: Duration = Duration::from_secs(3);

/// The telemetry of one run, from [`Telemetry::start`] to [`Telemetry::shutdown`].
///
/// # Examples
/// ```
/// use samara::Settings;
/// use samara::telemetry::Telemetry;
///
/// let telemetry = Telemetry::start(&Settings::default(), "customer-orders", "1.0.0");
/// let _run = telemetry.parent_context().attach();
/// telemetry.shutdown();
/// ```
#[must_use = "telemetry is delivered and ended as soon as this is dropped"]
#[derive(Debug)]
pub struct Telemetry {
    parent: Context,
    pipelines: Mutex<Vec<Pipeline>>,
}

impl Telemetry {
    /// Shows log events on stderr and, for each signal that has an endpoint, installs the global provider that sends it there.
    ///
    /// Nothing here fails: an endpoint or trace parent that cannot be used is a warning. So is a second start in a process, whose
    /// telemetry goes where the first one's goes.
    pub fn start(settings: &Settings, service_name: &str, service_version: &str) -> Self {
        let telemetry = log::shown(settings.log_level, || {
            Self::new(settings, service_name, service_version)
        });
        let providers = telemetry.providers();
        log::install(settings.log_level, providers.tracer.as_ref());
        if (providers.tracer.is_some() || providers.meter.is_some())
            && let Err(error) = providers.install()
        {
            tracing::warn!("{error}");
        }
        telemetry
    }

    fn providers(&self) -> Providers {
        let mut providers = Providers::default();
        for pipeline in self.pipelines.lock().iter() {
            match &pipeline.provider {
                Provider::Traces(provider) => providers.tracer = Some(provider.clone()),
                Provider::Metrics(provider) => providers.meter = Some(provider.clone()),
            }
        }
        providers
    }

    /// As [`Telemetry::start`], with nothing global.
    fn new(settings: &Settings, service_name: &str, service_version: &str) -> Self {
        let endpoints = [
            (Signal::Traces, &settings.otlp_traces_endpoint),
            (Signal::Metrics, &settings.otlp_metrics_endpoint),
        ];
        let endpoints = endpoints
            .into_iter()
            .filter_map(|(signal, url)| Some((signal, usable(signal, url.as_deref()?)?)));
        let endpoints: Vec<_> = endpoints.collect();
        let pipelines = if endpoints.is_empty() {
            Vec::new()
        } else {
            let resource = resource(service_name, service_version);
            endpoints
                .into_iter()
                .filter_map(|(signal, endpoint)| Pipeline::start(signal, &endpoint, &resource))
                .collect()
        };
        Self {
            parent: trace_context::parent_context(settings),
            pipelines: Mutex::new(pipelines),
        }
    }

    /// The context that the run's root span begins in: with the remote parent of the settings, or empty.
    pub fn parent_context(&self) -> Context {
        self.parent.clone()
    }

    /// Delivers what is left, waiting [`SHUTDOWN_LIMIT`] at most, and says in one warning what could not be delivered.
    ///
    /// Spans that end later are lost. A second call does nothing, and so does dropping after it.
    pub fn shutdown(&self) {
        let pipelines = std::mem::take(&mut *self.pipelines.lock());
        deliver(&pipelines);
        let losses: Vec<String> = pipelines
            .iter()
            .filter_map(|pipeline| pipeline.delivery.loss())
            .collect();
        if !losses.is_empty() {
            tracing::warn!("telemetry was not delivered: {}", losses.join("; "));
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// The way of one signal from its provider to its endpoint.
#[derive(Debug)]
struct Pipeline {
    provider: Provider,
    delivery: Arc<Delivery>,
}

impl Pipeline {
    fn start(signal: Signal, endpoint: &Endpoint, resource: &Resource) -> Option<Self> {
        let delivery = Arc::new(Delivery::new(signal, endpoint.shown()));
        let provider = match signal {
            Signal::Traces => tracer_provider(endpoint, resource, &delivery).map(Provider::Traces),
            Signal::Metrics => meter_provider(endpoint, resource, &delivery).map(Provider::Metrics),
        };
        provider
            .inspect_err(|error| tracing::warn!("{} are not sent: {error}", signal.name()))
            .ok()
            .map(|provider| Self { provider, delivery })
    }
}

#[derive(Debug, Clone)]
enum Provider {
    Traces(SdkTracerProvider),
    Metrics(SdkMeterProvider),
}

impl Provider {
    /// Exports what is left. No flush comes first: it would send every metric twice, and the results, for which the SDK wants one, are ours
    /// already.
    fn shutdown(&self) {
        let _ = match self {
            Self::Traces(provider) => provider.shutdown_with_timeout(SHUTDOWN_LIMIT),
            Self::Metrics(provider) => provider.shutdown_with_timeout(SHUTDOWN_LIMIT),
        };
    }
}

/// Shuts all down at once, each on a thread of its own: the SDK's time limits do not hold against a server that never answers.
fn deliver(pipelines: &[Pipeline]) {
    let started = Instant::now();
    let (finish, finished) = mpsc::channel();
    for (index, pipeline) in pipelines.iter().enumerate() {
        let (provider, finish) = (pipeline.provider.clone(), finish.clone());
        let thread = thread::Builder::new().name("samara-telemetry".to_owned());
        // Where no thread can be had, nothing is sent, and the account says so.
        let _ = thread.spawn(move || {
            provider.shutdown();
            let _ = finish.send(index);
        });
    }
    drop(finish);
    let mut waiting: Vec<usize> = (0..pipelines.len()).collect();
    while let Ok(index) = finished.recv_timeout(SHUTDOWN_LIMIT.saturating_sub(started.elapsed())) {
        waiting.retain(|waiting| *waiting != index);
    }
    for index in waiting {
        pipelines[index].delivery.given_up(SHUTDOWN_LIMIT);
    }
}

/// The tracer of one of a program's components, for spans of its own.
///
/// # Examples
///
/// ```
/// use samara::opentelemetry::KeyValue;
/// use samara::opentelemetry::trace::{TraceContextExt as _, Tracer as _};
///
/// let tracer = samara::tracer("my_component");
/// let answer = tracer.in_span("my_operation", |context| {
///     context.span().set_attribute(KeyValue::new("rows", 3));
///     42
/// });
/// assert_eq!(answer, 42);
/// ```
pub fn tracer(component: &'static str) -> BoxedTracer {
    global::tracer(component)
}

/// The meter of one of a program's components, for metrics of its own. Make an instrument once, after telemetry is set up, and keep it.
///
/// # Examples
///
/// ```
/// use samara::opentelemetry::KeyValue;
///
/// let meter = samara::meter("my_component");
/// let counter = meter
///     .u64_counter("my.custom.counter")
///     .with_description("Description of what this counts")
///     .with_unit("1")
///     .build();
/// counter.add(1, &[KeyValue::new("attribute_key", "attribute_value")]);
/// ```
pub fn meter(component: &'static str) -> Meter {
    global::meter(component)
}

fn usable(signal: Signal, url: &str) -> Option<Endpoint> {
    let endpoint = Endpoint::parse(url);
    endpoint
        .inspect_err(|error| tracing::warn!("{} are not sent to {url:?}: {error}", signal.name()))
        .ok()
}

/// Who reports: the name and version of the service, a new id for this run, the SDK, and what `OTEL_RESOURCE_ATTRIBUTES` adds.
fn resource(service_name: &str, service_version: &str) -> Resource {
    let run = Uuid::new_v4().to_string();
    let mut resource =
        Resource::builder().with_attribute(KeyValue::new(names::SERVICE_INSTANCE_ID, run));
    if !service_version.is_empty() {
        let version = service_version.to_owned();
        resource = resource.with_attribute(KeyValue::new(names::SERVICE_VERSION, version));
    }
    // What the environment says wins: the SDK has read it into the resource by now.
    if std::env::var_os("OTEL_SERVICE_NAME").is_none_or(|name| name.is_empty()) {
        resource = resource.with_service_name(service_name.to_owned());
    }
    resource.build()
}

fn tracer_provider(
    endpoint: &Endpoint,
    resource: &Resource,
    delivery: &Arc<Delivery>,
) -> Result<SdkTracerProvider, ExporterBuildError> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http();
    let exporter = CountedSpanExporter {
        exporter: configured(exporter, endpoint, delivery).build()?,
        delivery: Arc::clone(delivery),
    };
    let batches = BatchSpanProcessor::builder(exporter).build();
    Ok(SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
        .with_resource(resource.clone())
        .with_span_processor(CountedSpans::new(batches, Arc::clone(delivery)))
        .build())
}

fn meter_provider(
    endpoint: &Endpoint,
    resource: &Resource,
    delivery: &Arc<Delivery>,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let exporter = opentelemetry_otlp::MetricExporter::builder().with_http();
    let exporter = CountedMetricExporter {
        exporter: configured(exporter, endpoint, delivery).build()?,
        delivery: Arc::clone(delivery),
    };
    Ok(SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_periodic_exporter(exporter)
        .build())
}

/// An exporter's builder with all that both signals have in common. Few and quick retries: a run that has ended waits for them.
fn configured<B: WithExportConfig + WithHttpConfig>(
    builder: B,
    endpoint: &Endpoint,
    delivery: &Arc<Delivery>,
) -> B {
    builder
        .with_endpoint(endpoint.url())
        .with_protocol(Protocol::HttpBinary)
        .with_timeout(RETRY_LIMIT)
        .with_retry_policy(RetryPolicy::recommended().with_max_retries(2))
        .with_http_client(BlockingClient::new(Arc::clone(delivery)))
}

#[cfg(test)]
mod tests;
