//! Events and spans of `tracing`: events as short lines for people on stderr, and both in the trace of the step they belong to.

mod fields;
mod lines;
mod records;
mod span_events;

use std::io;

use anstream::{AutoStream, ColorChoice};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::configuration::Limits;
use super::names;
use crate::settings::{LogFormat, LogLevel, Settings};
use lines::Lines;
use records::Records;
use span_events::SpanEvents;

pub(super) use records::shortened;

/// The libraries that deliver telemetry, as their targets name them. What they say is said better by the one warning at the end of a run, so
/// they are shown at [`LogLevel::Trace`] only, and never sent: sending what they say of sending has no end.
const DELIVERY: [&str; 12] = [
    "opentelemetry",
    "opentelemetry_sdk",
    "opentelemetry-otlp",
    "opentelemetry-http",
    "ureq",
    "ureq_proto",
    "rustls",
    "hyper",
    "hyper_util",
    "h2",
    "tonic",
    "tower",
];

/// The SDK's event of an instrument that it refuses, so that its measurements count for nothing: a mistake of the program, which nothing else
/// tells of.
const REFUSED_INSTRUMENT: &str = "InstrumentCreationFailed";

/// How log events are shown on stderr, and which.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The least severe ones.
    pub level: LogLevel,
    /// For people, or for machines.
    pub format: LogFormat,
    /// The id of the run, in every line.
    pub run: String,
}

/// Where log events go beside stderr.
#[derive(Debug, Default)]
pub(super) struct Sent<'a> {
    pub traces: Option<&'a SdkTracerProvider>,
    pub logs: Option<(&'a SdkLoggerProvider, &'a Limits)>,
}

/// Shows log events on stderr, coloured if they are for people and that is a terminal, or as `NO_COLOR` and its like say; where there are traces, [`trace_layer`] puts them there,
/// too, and where there are logs, they are log records.
///
/// If a subscriber is installed already, by the program or by an earlier call, that one stays.
pub(super) fn install(shown: &Shown, sent: Sent<'_>) {
    let records = sent
        .logs
        .map(|(provider, limits)| Records::new(provider, limits).with_filter(sends(shown.level)));
    let _ = on_stderr(shown)
        .with(sent.traces.map(trace_layer))
        .with(records)
        .try_init();
}

/// What `action` returns; while it runs, its log events are shown on stderr as the settings say, if nobody else shows them.
pub fn shown_by<T>(settings: &Settings, action: impl FnOnce() -> T) -> T {
    if tracing::dispatcher::has_been_set() {
        return action();
    }
    let shown = Shown {
        level: settings.log_level,
        format: settings.log_format,
        run: String::new(),
    };
    tracing::subscriber::with_default(on_stderr(&shown), action)
}

/// Makes spans of `tracing` spans of OpenTelemetry, children of the step that they are in, and parents of the steps in them; adds events of
/// `tracing` to the span that they happen in. Both from the level `INFO` up. For programs that set `tracing` up by themselves.
///
/// # Examples
///
/// ```
/// use opentelemetry_sdk::trace::SdkTracerProvider;
/// use tracing_subscriber::prelude::*;
///
/// let provider = SdkTracerProvider::default();
/// let subscriber = tracing_subscriber::registry()
///     .with(samara::telemetry::log::trace_layer(&provider));
/// # drop(subscriber);
/// ```
pub fn trace_layer<S>(traces: &SdkTracerProvider) -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    let spans = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer(names::SCOPE))
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.is_span()));
    let events = SpanEvents.with_filter(filter_fn(|metadata| metadata.is_event()));
    spans.and_then(events).with_filter(sends(LogLevel::Info))
}

fn on_stderr(shown: &Shown) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<> {
    let colours = AutoStream::choice(&io::stderr()) != ColorChoice::Never;
    subscriber(shown, colours, io::stderr)
}

fn subscriber<W>(
    shown: &Shown,
    colours: bool,
    writer: W,
) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colours && shown.format == LogFormat::Text)
        .event_format(Lines {
            format: shown.format,
            run: shown.run.clone(),
        });
    tracing_subscriber::registry().with(lines.with_filter(shows(shown.level)))
}

/// What is shown, from a level up.
fn shows(level: LogLevel) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    from(level, move |metadata| {
        level == LogLevel::Trace || !tells_of_delivery(metadata)
    })
}

/// What is sent, from a level up.
fn sends(level: LogLevel) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    from(level, |metadata| !tells_of_delivery(metadata))
}

fn from(
    level: LogLevel,
    wanted: impl Fn(&Metadata<'_>) -> bool,
) -> FilterFn<impl Fn(&Metadata<'_>) -> bool> {
    let least: LevelFilter = level.filter();
    filter_fn(move |metadata| *metadata.level() <= least && wanted(metadata))
        .with_max_level_hint(least)
}

fn tells_of_delivery(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    DELIVERY.contains(&library) && metadata.name() != REFUSED_INSTRUMENT
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use opentelemetry::logs::AnyValue;
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::logs::InMemoryLogExporter;
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What `action` returns, and the lines that it logs on this thread at [`LogLevel::Info`].
    pub(crate) fn captured<T>(action: impl FnOnce() -> T) -> (T, String) {
        captured_at(LogLevel::Info, LogFormat::Text, action)
    }

    fn captured_at<T>(
        level: LogLevel,
        format: LogFormat,
        action: impl FnOnce() -> T,
    ) -> (T, String) {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let shown = Shown {
            level,
            format,
            run: "0b5e8a6c-run".to_owned(),
        };
        let subscriber = subscriber(&shown, false, move || writer.clone());
        let result = tracing::subscriber::with_default(subscriber, action);
        let text = String::from_utf8(buffer.0.lock().clone()).expect("log lines are UTF-8");
        (result, text)
    }

    #[test]
    fn a_line_holds_time_run_level_message_and_fields() {
        let ((), log) = captured(|| tracing::warn!(rows = 3, "a message"));
        let (time, rest) = log.split_once(' ').expect("several words");
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{log}");
        assert_eq!(rest, "0b5e8a6c  WARN a message rows=3\n");
    }

    #[test]
    fn a_line_for_machines_holds_the_same_and_the_trace() {
        let provider = SdkTracerProvider::default();
        let span = opentelemetry::trace::Tracer::start(&provider.tracer("test"), "span");
        let context =
            opentelemetry::trace::TraceContextExt::with_span(&opentelemetry::Context::new(), span);
        let ((), log) = captured_at(LogLevel::Info, LogFormat::Json, || {
            let _current = context.clone().attach();
            tracing::warn!(rows = 3, "a message");
        });
        let line: serde_json::Value = serde_json::from_str(&log).expect("one line of JSON");
        let span = opentelemetry::trace::TraceContextExt::span(&context)
            .span_context()
            .clone();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "a message");
        assert_eq!(line["fields"]["rows"], 3);
        assert_eq!(line["run_id"], "0b5e8a6c-run");
        assert_eq!(line["trace_id"], span.trace_id().to_string());
        assert_eq!(line["span_id"], span.span_id().to_string());
    }

    #[test]
    fn events_below_the_level_are_not_shown() {
        let ((), log) = captured(|| tracing::debug!("quiet"));
        assert_eq!(log, "");
    }

    #[test]
    fn off_shows_nothing() {
        let ((), log) = captured_at(LogLevel::Off, LogFormat::Text, || tracing::error!("quiet"));
        assert_eq!(log, "");
    }

    #[test]
    fn libraries_that_deliver_telemetry_are_shown_at_trace_only() {
        let shut_down = || {
            let _ = SdkTracerProvider::default().shutdown();
        };
        let (_, log) = captured_at(LogLevel::Debug, LogFormat::Text, shut_down);
        assert_eq!(log, "");
        let (_, log) = captured_at(LogLevel::Trace, LogFormat::Text, shut_down);
        assert!(
            log.contains("TracerProvider was already shut down"),
            "{log}"
        );
    }

    #[test]
    fn an_instrument_that_the_sdk_refuses_is_an_error() {
        let (_, log) = captured(|| {
            let meter = SdkMeterProvider::default().meter("orders");
            meter.u64_counter("orders read").build().add(1, &[]);
        });
        let (_, said) = log.split_once("ERROR ").expect("an error");
        for part in [
            "will be ignored",
            "instrument_name=\"orders read\"",
            "reason=",
        ] {
            assert!(said.contains(part), "{log}");
        }
    }

    #[test]
    fn what_libraries_say_of_delivery_is_never_sent() {
        let exporter = InMemoryLogExporter::default();
        let provider = SdkLoggerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let records =
            Records::new(&provider, &Limits::default()).with_filter(sends(LogLevel::Trace));
        let subscriber = tracing_subscriber::registry().with(records);
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "opentelemetry_sdk", "a batch was sent");
            tracing::trace!(target: "h2::codec::framed_write", "a frame was sent");
            tracing::trace!("a row was read");
            tracing::trace!(target: "h2o_ingest", "water was read");
        });
        let records = exporter.get_emitted_logs().expect("records");
        let bodies: Vec<_> = records.iter().map(|log| log.record.body()).collect();
        let sent = ["a row was read", "water was read"].map(AnyValue::from);
        assert_eq!(bodies, sent.iter().map(Some).collect::<Vec<_>>());
    }

    #[test]
    fn installing_twice_is_harmless() {
        for level in [LogLevel::Off, LogLevel::Info] {
            let shown = Shown {
                level,
                format: LogFormat::Text,
                run: String::new(),
            };
            install(&shown, Sent::default());
        }
    }
}
