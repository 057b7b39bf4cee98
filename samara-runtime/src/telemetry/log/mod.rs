//! Events and spans of `tracing`: events as short lines for people on stderr, and both in the trace of the step they belong to.

mod fields;
mod lines;
mod records;
mod span_events;

use std::io::{self, IsTerminal as _};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{Targets, filter_fn};
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

/// Targets of the libraries that deliver telemetry. What they say is said better by the one warning at the end of a run, so
/// they are shown at [`LogLevel::Trace`] only. Each stands for all targets that begin with it.
const DELIVERY_TARGETS: [&str; 8] = [
    "opentelemetry",
    "ureq",
    "rustls",
    "hyper",
    "h2",
    "reqwest",
    "tonic",
    "tower",
];

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

/// Shows log events on stderr, coloured if that is a terminal and they are for people; where there are traces, [`trace_layer`] puts them there,
/// too, and where there are logs, they are log records.
///
/// If a subscriber is installed already, by the program or by an earlier call, that one stays.
pub(super) fn install(shown: &Shown, sent: Sent<'_>) {
    let records = sent
        .logs
        .map(|(provider, limits)| Records::new(provider, limits).with_filter(targets(shown.level)));
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
    spans.and_then(events).with_filter(targets(LogLevel::Info))
}

fn on_stderr(shown: &Shown) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync + use<> {
    subscriber(shown, io::stderr().is_terminal(), io::stderr)
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
    tracing_subscriber::registry().with(lines.with_filter(targets(shown.level)))
}

fn targets(level: LogLevel) -> Targets {
    let all = Targets::new().with_default(level.filter());
    match level {
        LogLevel::Trace => all,
        _ => all.with_targets(DELIVERY_TARGETS.map(|target| (target, LevelFilter::OFF))),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;
    use std::sync::Arc;

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
        let event = || tracing::error!(target: "opentelemetry_sdk", "export failed");
        assert_eq!(captured_at(LogLevel::Debug, LogFormat::Text, event).1, "");
        assert!(
            captured_at(LogLevel::Trace, LogFormat::Text, event)
                .1
                .contains("export failed")
        );
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
