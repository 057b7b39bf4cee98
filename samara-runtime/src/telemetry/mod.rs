//! Telemetry of a run: traces, metrics and logs by OTLP, and log events on stderr.
//!
//! [`Telemetry::start`] sets everything up, [`Telemetry::shutdown`] delivers what is left; [`init`] gives both to a program as a guard. In
//! between, any component takes its [`tracer`] and its [`meter`].
//!
//! Telemetry never harms a run: with no endpoint nothing is set up and nothing costs; with a dead, slow or lying server the run goes on,
//! and its end says once what was lost.

mod baggage;
pub mod configuration;
mod conforming;
mod delivery;
pub mod doctor;
mod exemplars;
mod export;
mod guard;
mod instruments;
pub mod log;
pub mod names;
mod provider;
mod resource;
mod signal;
mod trace_context;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::Context;
use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::Meter;
use opentelemetry_sdk::Resource;
use parking_lot::Mutex;
use thiserror::Error;
use uuid::Uuid;

use crate::settings::Settings;
use configuration::{Configuration, Exporter, Ignored, Origin};
use delivery::Delivery;
use log::{Sent, Shown};
use provider::{Provider, ProviderError};

pub use guard::{Guard, init};
pub use instruments::{AlreadyInstalled, Providers};
pub(crate) use instruments::{Instruments, Meters, instruments};
#[cfg(feature = "engine")]
pub(crate) use instruments::{meters, point};
pub use resource::Service;
#[cfg(feature = "engine")]
pub(crate) use resource::host_name;
pub use signal::Signal;
#[cfg(feature = "engine")]
pub(crate) use trace_context::headers as trace_headers;

/// The longest that a run waits at its end for its telemetry to be delivered. Longer than one request may take, and with some time left of
/// the five seconds that are promised.
pub const SHUTDOWN_LIMIT: Duration = Duration::from_millis(4_700);

/// The telemetry of one run, from [`Telemetry::start`] to [`Telemetry::shutdown`].
///
/// # Examples
/// ```
/// use samara::Settings;
/// use samara::telemetry::{Service, Telemetry};
///
/// let telemetry = Telemetry::start(&Settings::default(), Service { name: "customer-orders", version: "1.0.0", ..Service::default() });
/// let _run = telemetry.parent_context().attach();
/// telemetry.shutdown();
/// ```
#[must_use = "telemetry is delivered and ended as soon as this is dropped"]
#[derive(Debug)]
pub struct Telemetry {
    run: String,
    parent: Context,
    #[cfg_attr(
        not(feature = "engine"),
        expect(dead_code, reason = "only runs of workflows tell of it")
    )]
    unsent: Unsent,
    pipelines: Mutex<Vec<Pipeline>>,
}

impl Telemetry {
    /// Shows log events on stderr and, for each signal that goes somewhere, installs the global provider that sends it there.
    ///
    /// Nothing here fails: an endpoint, a variable or a trace parent that cannot be used is a warning. So is a second start in a process, whose
    /// telemetry goes where the first one's goes.
    pub fn start(settings: &Settings, service: Service<'_>) -> Self {
        let configuration = Configuration::of_process(settings);
        let run = Uuid::new_v4().to_string();
        let started = Pipeline::all(&configuration, service, &run);
        let shown = Shown {
            level: settings.log_level,
            format: settings.log_format,
            run: run.clone(),
        };
        install(&shown, &configuration, &started.pipelines);
        Self::new(settings, &configuration, run, started)
    }

    /// As [`Telemetry::start`], with nothing global: says what counts for nothing, now that there is somebody to say it to.
    fn new(
        settings: &Settings,
        configuration: &Configuration,
        run: String,
        started: Started,
    ) -> Self {
        for ignored in &configuration.ignored {
            tracing::warn!("{ignored}");
        }
        for unable in &started.unable {
            tracing::warn!("{unable}");
        }
        trace_context::set_propagators(&configuration.propagators.value);
        let (parent, unusable) = trace_context::parent_context(settings);
        for unusable in &unusable {
            tracing::warn!("{unusable}");
        }
        Self {
            run,
            parent,
            unsent: Unsent::of(configuration),
            pipelines: Mutex::new(started.pipelines),
        }
    }

    /// The id of this run: `service.instance.id` of all that it sends, and in every line of its log.
    pub fn run_id(&self) -> &str {
        &self.run
    }

    /// Whether anything of a signal goes anywhere.
    pub fn sends(&self, signal: Signal) -> bool {
        self.pipelines
            .lock()
            .iter()
            .any(|pipeline| pipeline.provider.signal() == signal)
    }

    /// Why traces go nowhere, if they do.
    #[cfg(feature = "engine")]
    pub(crate) fn unsent_traces(&self) -> Option<&Unsent> {
        (!self.sends(Signal::Traces)).then_some(&self.unsent)
    }

    /// The context that the run's root span begins in: with the remote parent of the settings, or empty.
    pub fn parent_context(&self) -> Context {
        self.parent.clone()
    }

    /// Delivers what is left, waiting [`SHUTDOWN_LIMIT`] at most, and says in one warning what could not be delivered; in others, what servers
    /// remarked, and which metrics have more sets of attributes than the SDK keeps apart.
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
        for pipeline in &pipelines {
            let said = [pipeline.delivery.remark(), pipeline.delivery.overflow()];
            for said in said.into_iter().flatten() {
                tracing::warn!("{said}");
            }
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.shutdown();
    }
}

/// By what one says where traces go.
const TRACES_ENDPOINTS: [&str; 4] = [
    "--otlp-traces-endpoint",
    "SAMARA_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// Why traces go nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// Nobody has said where they go.
    Unasked,
    /// A variable wants it so.
    Unwanted(String),
    /// They cannot be sent, as a warning has said.
    Unable,
}

impl Unsent {
    fn of(configuration: &Configuration) -> Self {
        let origin = match (
            &configuration.disabled,
            configuration.exporter(Signal::Traces),
        ) {
            (Some(origin), _) | (None, Exporter::None(origin)) => origin,
            (None, Exporter::Otlp(_) | Exporter::Console(_)) => return Self::Unable,
        };
        let asked = |ignored: &Ignored| TRACES_ENDPOINTS.contains(&ignored.name.as_str());
        match origin {
            Origin::Default if configuration.ignored.iter().any(asked) => Self::Unable,
            Origin::Default => Self::Unasked,
            Origin::Given(name) => Self::Unwanted(name.clone()),
        }
    }
}

/// The way of one signal from its provider to its end.
#[derive(Debug, Clone)]
struct Pipeline {
    provider: Provider,
    delivery: Arc<Delivery>,
}

/// The pipelines of a run, and why others are missing.
#[derive(Debug, Default)]
struct Started {
    pipelines: Vec<Pipeline>,
    unable: Vec<Unable>,
}

/// A signal that should be sent cannot be.
#[derive(Debug, Error)]
#[error("{} are not sent: {source}", signal.name())]
struct Unable {
    signal: Signal,
    source: ProviderError,
}

impl Pipeline {
    /// Those of all signals that go somewhere.
    fn all(configuration: &Configuration, service: Service<'_>, run: &str) -> Started {
        let sends = |signal: &Signal| !matches!(configuration.exporter(*signal), Exporter::None(_));
        let signals: Vec<Signal> = Signal::ALL.into_iter().filter(sends).collect();
        let mut started = Started::default();
        if configuration.disabled.is_some() || signals.is_empty() {
            return started;
        }
        let resource = resource::resource(service, run, configuration);
        for signal in signals {
            match Self::start(signal, configuration, &resource) {
                Ok(pipeline) => started.pipelines.push(pipeline),
                Err(source) => started.unable.push(Unable { signal, source }),
            }
        }
        started
    }

    fn start(
        signal: Signal,
        configuration: &Configuration,
        resource: &Resource,
    ) -> Result<Self, ProviderError> {
        let delivery = Arc::new(Delivery::new(signal, configuration.exporter(signal)));
        let provider = Provider::new(signal, configuration, resource, &delivery)?;
        Ok(Self { provider, delivery })
    }
}

/// Makes providers global, and log events go to them and to stderr.
fn install(shown: &Shown, configuration: &Configuration, pipelines: &[Pipeline]) {
    let (mut providers, mut sent) = (Providers::default(), Sent::default());
    for pipeline in pipelines {
        match &pipeline.provider {
            Provider::Traces(provider) => {
                providers.tracer = Some(provider.clone());
                sent.traces = Some(provider);
            }
            Provider::Metrics(provider) => {
                providers.meter = Some(provider.clone());
                exemplars::set_filter(configuration.exemplars.value);
            }
            Provider::Logs(provider) => sent.logs = Some((provider, &configuration.limits)),
        }
    }
    log::install(shown, sent);
    if (providers.tracer.is_some() || providers.meter.is_some())
        && let Err(error) = providers.install()
    {
        tracing::warn!("{error}");
    }
}

/// Shuts all down at once, each on a thread of its own: the SDK's time limits do not hold against a server that never answers.
fn deliver(pipelines: &[Pipeline]) {
    let started = Instant::now();
    let (finish, finished) = mpsc::channel();
    for (index, pipeline) in pipelines.iter().enumerate() {
        pipeline.delivery.run_ended();
        let (provider, finish) = (pipeline.provider.clone(), finish.clone());
        let thread = thread::Builder::new().name("samara-telemetry".to_owned());
        let spawned = thread.spawn(move || {
            provider.shutdown();
            let _ = finish.send(index);
        });
        if let Err(error) = spawned {
            pipeline.delivery.cannot_send(error.to_string());
        }
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

#[cfg(test)]
mod tests;
