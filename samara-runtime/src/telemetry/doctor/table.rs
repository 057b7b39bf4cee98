//! The settings that would be used, and where each came from.

use std::fmt::{self, Display};

use super::super::configuration::{Chosen, Configuration, Exporter, Otlp};
use super::super::signal::Signal;
use crate::settings::Settings;

/// A setting, its value, and its origin.
type Row = [String; 3];

/// Writes them as a table, and what is ignored below.
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
    for [name, value, origin] in &rows {
        writeln!(
            f,
            "{}",
            format!("{name:<first$}  {value:<second$}  {origin}").trim_end()
        )?;
    }
    configuration
        .ignored
        .iter()
        .try_for_each(|ignored| writeln!(f, "! {ignored}"))
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

fn details(otlp: &Otlp, rows: &mut Vec<Row>) {
    rows.push(row("  protocol", &otlp.protocol));
    rows.push(row("  compression", &otlp.compression));
    rows.push(row("  timeout", &otlp.timeout));
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
