//! What flags and variables say about telemetry: resolved once, with where each value came from.
//!
//! A flag beats a variable of Samara's, and that beats OpenTelemetry's own (OpenTelemetry specification, "Environment Variable
//! Specification" and "OTLP Exporter Configuration"). An empty variable counts as unset, and an invalid one too, with a warning.

mod batches;
mod otlp;
mod value;
mod variables;

use opentelemetry_sdk::trace::Sampler;

use super::signal::Signal;
use crate::proxy;
use crate::settings::{Environment, Given, Settings};

pub use batches::Batches;
pub use otlp::{Endpoint, Identity, Otlp};
pub(crate) use value::word;
pub use value::{
    Compression, Delay, ExemplarFilter, ExporterKind, Headers, Histograms, Invalid, Limit,
    Milliseconds, Pem, Positive, Propagator, Propagators, Protocol, ResourceAttributes,
    Temporality, Text, Timeout,
};
pub(crate) use variables::Variables;
pub use variables::{Chosen, Ignored, Origin};

use value::{ProxyUrl, Ratio, SamplerKind, Switch};

/// What flags and variables say about telemetry.
///
/// # Examples
/// ```
/// use samara::Settings;
/// use samara::telemetry::configuration::{Configuration, Exporter};
/// use samara::telemetry::Signal;
///
/// let variables = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://collector:4318".into());
/// let configuration = Configuration::resolve(&Settings::default(), &variables);
/// let Exporter::Otlp(otlp) = configuration.exporter(Signal::Logs) else { panic!("an endpoint is given") };
/// assert_eq!(otlp.endpoint.value.shown(), "http://collector:4318/v1/logs");
/// assert_eq!(otlp.endpoint.origin.to_string(), "OTEL_EXPORTER_OTLP_ENDPOINT");
/// ```
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Whether nothing is sent at all, and who says so (`OTEL_SDK_DISABLED`).
    pub disabled: Option<Origin>,
    exporters: [Exporter; 3],
    /// How the service is called, rather than as its workflow is.
    pub service_name: Option<Chosen<Text>>,
    /// Where it runs, as its owners call that (`SAMARA_ENVIRONMENT`).
    pub environment: Option<Chosen<Text>>,
    /// What else is said of it.
    pub resource: Option<Chosen<ResourceAttributes>>,
    /// How spans are gathered into requests.
    pub spans: Batches,
    /// How log records are gathered into requests.
    pub records: Batches,
    /// Which traces are sent.
    pub sampler: Chosen<Sampler>,
    /// What requests hand on, and what of the caller's trace is taken on.
    pub propagators: Chosen<Propagators>,
    /// What each export of a counter says.
    pub temporality: Chosen<Temporality>,
    /// What histograms are made of.
    pub histograms: Chosen<Histograms>,
    /// Which measurements are examples of their metric.
    pub exemplars: Chosen<ExemplarFilter>,
    /// How often a run that goes on says its metrics.
    pub interval: Chosen<Milliseconds>,
    /// The most that a span, and what is on it, may hold.
    pub limits: Limits,
    /// Variables and flags that count for nothing.
    pub ignored: Vec<Ignored>,
}

/// Where a signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exporter {
    /// Nowhere, and who says so.
    None(Origin),
    /// To standard output.
    Console(Origin),
    /// To a server.
    Otlp(Box<Otlp>),
}

/// The most that a span or log record, and what is on it, may hold; none is the SDK's own limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of a span.
    pub span_attributes: Option<Chosen<Limit>>,
    /// Events of a span.
    pub span_events: Option<Chosen<Limit>>,
    /// Links of a span.
    pub span_links: Option<Chosen<Limit>>,
    /// Attributes of an event.
    pub event_attributes: Option<Chosen<Limit>>,
    /// Attributes of a link.
    pub link_attributes: Option<Chosen<Limit>>,
    /// Characters of a text on a span.
    pub span_value_length: Option<Chosen<Limit>>,
    /// Attributes of a log record.
    pub record_attributes: Option<Chosen<Limit>>,
    /// Characters of a text on a log record.
    pub record_value_length: Option<Chosen<Limit>>,
}

impl Configuration {
    /// What the settings and the variables of this process say.
    pub fn of_process(settings: &Settings) -> Self {
        Self::resolve(settings, &|name| std::env::var_os(name))
    }

    /// What settings and variables say.
    pub fn resolve(settings: &Settings, environment: &Environment<'_>) -> Self {
        let mut variables = Variables::new(environment);
        let mut exporters =
            Signal::ALL.map(|signal| exporter(signal, settings.endpoint(signal), &mut variables));
        let (spans, records) = (
            Batches::of_spans(&mut variables),
            Batches::of_records(&mut variables),
        );
        let timeouts = [
            (Signal::Traces, spans.timeout.clone()),
            (
                Signal::Metrics,
                variables.given(&["OTEL_METRIC_EXPORT_TIMEOUT"]),
            ),
            (Signal::Logs, records.timeout.clone()),
        ];
        for (signal, timeout) in timeouts {
            if let (Exporter::Otlp(otlp), Some(timeout)) =
                (&mut exporters[signal as usize], timeout)
            {
                otlp.hurry(&timeout);
            }
        }
        let disabled = variables.given::<Switch>(&["OTEL_SDK_DISABLED"]);
        // They are read where a request goes out, which says nothing of one that it cannot use.
        for name in proxy::VARIABLES {
            variables.given::<ProxyUrl>(&[name]);
        }
        Self {
            disabled: disabled
                .filter(|chosen| chosen.value == Switch::True)
                .map(|chosen| chosen.origin),
            exporters,
            service_name: variables.given(&["OTEL_SERVICE_NAME"]),
            environment: variables.given(&["SAMARA_ENVIRONMENT"]),
            resource: variables.given(&["OTEL_RESOURCE_ATTRIBUTES"]),
            spans,
            records,
            sampler: sampler(&mut variables),
            propagators: variables.chosen(
                &["OTEL_PROPAGATORS"],
                Propagators(vec![Propagator::TraceContext, Propagator::Baggage]),
            ),
            temporality: variables.chosen(
                &["OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"],
                Temporality::Cumulative,
            ),
            histograms: variables.chosen(
                &["OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"],
                Histograms::Explicit,
            ),
            exemplars: variables.chosen(
                &["OTEL_METRICS_EXEMPLAR_FILTER"],
                ExemplarFilter::TraceBased,
            ),
            interval: variables.chosen(
                &["OTEL_METRIC_EXPORT_INTERVAL"],
                Milliseconds(std::time::Duration::from_secs(60)),
            ),
            limits: limits(&mut variables),
            ignored: [settings.ignored.clone(), variables.ignored].concat(),
        }
    }

    /// Where a signal goes.
    pub fn exporter(&self, signal: Signal) -> &Exporter {
        &self.exporters[signal as usize]
    }

    /// Whether requests hand this on, and a caller's is taken on.
    pub fn propagates(&self, propagator: Propagator) -> bool {
        self.propagators.value.0.contains(&propagator)
    }
}

/// A program that nobody has told where to send it sends nothing: a batch job is no service that has a collector beside it.
fn exporter(signal: Signal, setting: Option<&Given>, variables: &mut Variables<'_>) -> Exporter {
    let name = format!("OTEL_{}_EXPORTER", signal.in_variables());
    let kind = variables.given::<ExporterKind>(&[&name]);
    let otlp = Otlp::resolve(signal, setting, variables);
    if setting.is_some_and(|given| otlp.endpoint.origin == Origin::Given(given.origin.to_owned())) {
        return Exporter::Otlp(Box::new(otlp));
    }
    match kind {
        Some(Chosen {
            value: ExporterKind::None,
            origin,
        }) => Exporter::None(origin),
        Some(Chosen {
            value: ExporterKind::Console,
            origin,
        }) => Exporter::Console(origin),
        Some(Chosen {
            value: ExporterKind::Otlp,
            ..
        }) => Exporter::Otlp(Box::new(otlp)),
        None if otlp.endpoint.origin == Origin::Default => Exporter::None(Origin::Default),
        None => Exporter::Otlp(Box::new(otlp)),
    }
}

fn sampler(variables: &mut Variables<'_>) -> Chosen<Sampler> {
    let parent_based = |sampler| Sampler::ParentBased(Box::new(sampler));
    let Some(Chosen {
        value: kind,
        origin,
    }) = variables.given::<SamplerKind>(&["OTEL_TRACES_SAMPLER"])
    else {
        return Chosen::default(parent_based(Sampler::AlwaysOn));
    };
    let mut by_ratio = || {
        Sampler::TraceIdRatioBased(
            variables
                .chosen(&["OTEL_TRACES_SAMPLER_ARG"], Ratio(1.0))
                .value
                .0,
        )
    };
    let value = match kind {
        SamplerKind::AlwaysOn => Sampler::AlwaysOn,
        SamplerKind::AlwaysOff => Sampler::AlwaysOff,
        SamplerKind::TraceIdRatio => by_ratio(),
        SamplerKind::ParentBasedAlwaysOn => parent_based(Sampler::AlwaysOn),
        SamplerKind::ParentBasedAlwaysOff => parent_based(Sampler::AlwaysOff),
        SamplerKind::ParentBasedTraceIdRatio => parent_based(by_ratio()),
    };
    Chosen { value, origin }
}

fn limits(variables: &mut Variables<'_>) -> Limits {
    let (count, length) = (
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    );
    Limits {
        span_attributes: variables.given(&["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", count]),
        span_events: variables.given(&["OTEL_SPAN_EVENT_COUNT_LIMIT"]),
        span_links: variables.given(&["OTEL_SPAN_LINK_COUNT_LIMIT"]),
        event_attributes: variables.given(&["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", count]),
        link_attributes: variables.given(&["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", count]),
        span_value_length: variables.given(&["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", length]),
        record_attributes: variables.given(&["OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", count]),
        record_value_length: variables
            .given(&["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", length]),
    }
}

#[cfg(test)]
mod tests;
