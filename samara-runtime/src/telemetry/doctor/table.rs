//! The settings that would be used, and where each came from. Those that hardly anybody sets are shown where somebody did.

use std::fmt::{self, Display};

use super::super::configuration::{Batches, Chosen, Configuration, Exporter, Limits, Origin, Otlp};
use super::super::signal::Signal;
use crate::proxy;
use crate::settings::Settings;

/// A setting, its value, and its origin.
type Row = [String; 3];

/// Writes them as a table.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    configuration: &Configuration,
    settings: &Settings,
) -> fmt::Result {
    let rows = rows(configuration, settings);
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
    };
    let (first, second) = (width(0), width(1));
    rows.iter().try_for_each(|[name, value, origin]| {
        let row = format!("{name:<first$}  {value:<second$}  {origin}");
        writeln!(f, "{}", row.trim_end())
    })
}

fn rows(configuration: &Configuration, settings: &Settings) -> Vec<Row> {
    let mut rows = vec![["setting", "value", "from"].map(str::to_owned)];
    if let Some(origin) = &configuration.disabled {
        rows.push(["telemetry".to_owned(), "off".to_owned(), origin.to_string()]);
    }
    for signal in Signal::ALL {
        exporter(signal, configuration.exporter(signal), &mut rows);
    }
    rows.extend(
        configuration
            .service_name
            .as_ref()
            .map(|name| row("service name", name)),
    );
    let environment = configuration.environment.as_ref();
    rows.extend(environment.map(|name| row("environment", name)));
    rows.extend(
        configuration
            .resource
            .as_ref()
            .map(|said| row("resource", said)),
    );
    rows.push(row(
        "sampler",
        &Chosen {
            value: format!("{:?}", configuration.sampler.value),
            origin: configuration.sampler.origin.clone(),
        },
    ));
    rows.push(row("propagators", &configuration.propagators));
    rows.push(row("metric temporality", &configuration.temporality));
    rows.push(row("histograms", &configuration.histograms));
    rows.push(row("exemplars", &configuration.exemplars));
    rows.push(row("metric interval", &configuration.interval));
    batches("spans", &configuration.spans, &mut rows);
    batches("log records", &configuration.records, &mut rows);
    limits(&configuration.limits, &mut rows);
    let given = [
        ("trace parent", &settings.trace_parent),
        ("trace state", &settings.trace_state),
        ("baggage", &settings.baggage),
    ];
    for (name, given) in given {
        rows.extend(given.as_ref().map(|given| {
            [
                name.to_owned(),
                given.value.clone(),
                given.origin.to_owned(),
            ]
        }));
    }
    rows
}

fn exporter(signal: Signal, exporter: &Exporter, rows: &mut Vec<Row>) {
    let name = signal.name().to_owned();
    match exporter {
        Exporter::None(origin) => rows.push([name, "not sent".to_owned(), origin.to_string()]),
        Exporter::Console(origin) => {
            rows.push([name, "standard output".to_owned(), origin.to_string()])
        }
        Exporter::Otlp(otlp) => {
            rows.push(row(&name, &otlp.endpoint));
            details(otlp, rows);
        }
    }
}

/// What of a processor's batches somebody has set.
fn batches(what: &str, batches: &Batches, rows: &mut Vec<Row>) {
    let Batches {
        delay,
        queue,
        size,
        timeout,
    } = batches;
    rows.extend(set(&format!("{what}: delay"), delay));
    rows.extend(set(&format!("{what}: queue"), queue));
    rows.extend(set(&format!("{what}: batch"), size));
    let timeout = timeout.as_ref();
    rows.extend(timeout.map(|timeout| row(&format!("{what}: timeout"), timeout)));
}

/// The limits that somebody has set.
fn limits(limits: &Limits, rows: &mut Vec<Row>) {
    let Limits {
        span_attributes,
        span_events,
        span_links,
        event_attributes,
        link_attributes,
        span_value_length,
        record_attributes,
        record_value_length,
    } = limits;
    let limits = [
        ("span attributes", span_attributes),
        ("span events", span_events),
        ("span links", span_links),
        ("event attributes", event_attributes),
        ("link attributes", link_attributes),
        ("span value length", span_value_length),
        ("record attributes", record_attributes),
        ("record value length", record_value_length),
    ];
    for (name, limit) in limits {
        rows.extend(limit.as_ref().map(|limit| row(name, limit)));
    }
}

fn details(otlp: &Otlp, rows: &mut Vec<Row>) {
    rows.push(row("  protocol", &otlp.protocol));
    rows.push(row("  compression", &otlp.compression));
    rows.push(row("  timeout", &otlp.timeout));
    if let Some(chosen) = proxy::Chosen::of(otlp.endpoint.value.uri()) {
        rows.push([
            "  proxy".to_owned(),
            chosen.proxy.place(),
            chosen.variable.to_owned(),
        ]);
    }
    if !otlp.headers.value.0.is_empty() {
        rows.push(row("  headers", &otlp.headers));
    }
    rows.extend(
        otlp.certificate
            .as_ref()
            .map(|certificate| row("  certificate", certificate)),
    );
    if let Some(identity) = &otlp.identity {
        rows.push(row("  client certificate", &identity.certificate));
        rows.push(row("  client key", &identity.key));
    }
}

fn row<T: Display>(name: &str, chosen: &Chosen<T>) -> Row {
    [
        name.to_owned(),
        chosen.value.to_string(),
        chosen.origin.to_string(),
    ]
}

/// The row of a setting, if somebody has said anything.
fn set<T: Display>(name: &str, chosen: &Chosen<T>) -> Option<Row> {
    (chosen.origin != Origin::Default).then(|| row(name, chosen))
}
