//! Events and spans of `tracing`: events as short lines for people on stderr, and both in the trace of the step they belong to.

use std::fmt;
use std::io::{self, IsTerminal as _};

use chrono::{SecondsFormat, Utc};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::names;
use super::span_events::SpanEvents;
use crate::settings::LogLevel;

/// Targets of the libraries that deliver telemetry. What they say is said better by the one warning at the end of a run, so
/// they are shown at [`LogLevel::Trace`] only. Each stands for all targets that begin with it.
const DELIVERY_TARGETS: [&str; 6] = ["opentelemetry", "ureq", "rustls", "hyper", "h2", "reqwest"];

/// Shows log events of this level and above on stderr, coloured if that is a terminal; where there are traces, [`trace_layer`] puts them
/// there, too.
///
/// If a subscriber is installed already, by the program or by an earlier call, that one stays.
pub fn install(level: LogLevel, traces: Option<&SdkTracerProvider>) {
    let _ = on_stderr(level).with(traces.map(trace_layer)).try_init();
}

/// What `action` returns; while it runs, its log events are shown as those of [`install`] are, if nobody else shows them.
pub fn shown<T>(level: LogLevel, action: impl FnOnce() -> T) -> T {
    if tracing::dispatcher::has_been_set() {
        action()
    } else {
        tracing::subscriber::with_default(on_stderr(level), action)
    }
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

fn on_stderr(level: LogLevel) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync {
    subscriber(level, io::stderr().is_terminal(), io::stderr)
}

fn subscriber<W>(
    level: LogLevel,
    colours: bool,
    writer: W,
) -> impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(colours)
        .with_target(false)
        .with_timer(Clock);
    tracing_subscriber::registry().with(lines.with_filter(targets(level)))
}

fn targets(level: LogLevel) -> Targets {
    let all = Targets::new().with_default(level.filter());
    match level {
        LogLevel::Trace => all,
        _ => all.with_targets(DELIVERY_TARGETS.map(|target| (target, LevelFilter::OFF))),
    }
}

/// UTC to the millisecond, as machines that collect stderr expect it.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(
            writer,
            "{}",
            Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
        )
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
        captured_at(LogLevel::Info, action)
    }

    fn captured_at<T>(level: LogLevel, action: impl FnOnce() -> T) -> (T, String) {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let result = tracing::subscriber::with_default(
            subscriber(level, false, move || writer.clone()),
            action,
        );
        let text = String::from_utf8(buffer.0.lock().clone()).expect("log lines are UTF-8");
        (result, text)
    }

    #[test]
    fn a_line_holds_time_level_message_and_fields() {
        let ((), log) = captured(|| tracing::warn!(rows = 3, "a message"));
        let (time, rest) = log.split_once(' ').expect("several words");
        assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{log}");
        assert_eq!(rest.trim_start(), "WARN a message rows=3\n");
    }

    #[test]
    fn events_below_the_level_are_not_shown() {
        let ((), log) = captured(|| tracing::debug!("quiet"));
        assert_eq!(log, "");
    }

    #[test]
    fn off_shows_nothing() {
        let ((), log) = captured_at(LogLevel::Off, || tracing::error!("quiet"));
        assert_eq!(log, "");
    }

    #[test]
    fn libraries_that_deliver_telemetry_are_shown_at_trace_only() {
        let event = || tracing::error!(target: "opentelemetry_sdk", "export failed");
        assert_eq!(captured_at(LogLevel::Debug, event).1, "");
        assert!(
            captured_at(LogLevel::Trace, event)
                .1
                .contains("export failed")
        );
    }

    #[test]
    fn installing_twice_is_harmless() {
        install(LogLevel::Off, None);
        install(LogLevel::Info, None);
    }
}
