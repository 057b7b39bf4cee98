//! Log events as lines on stderr: for people, or for machines.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, Value};
use serde_json::{Map, json};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, format};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use crate::settings::LogFormat;

/// How lines look, and the run that they belong to.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub format: LogFormat,
    /// The id of the run, in every line.
    pub run: String,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match self.format {
            LogFormat::Json => writeln!(writer, "{}", self.json(event)),
            LogFormat::Text => {
                let clock = Clock { run: &self.run };
                format()
                    .with_target(false)
                    .with_timer(clock)
                    .format_event(context, writer, event)
            }
        }
    }
}

impl Lines {
    /// One object: what is always there under the names that collectors know, and the event's own fields apart from it.
    fn json(&self, event: &Event<'_>) -> serde_json::Value {
        let metadata = event.metadata();
        let fields = Fields::of(event);
        let own: Map<_, _> = fields
            .attributes
            .into_iter()
            .map(|attribute| (attribute.key.to_string(), as_json(attribute.value)))
            .collect();
        let mut line = json!({
            "timestamp": now(),
            "level": metadata.level().as_str(),
            "message": fields.message,
            "target": metadata.target(),
        });
        if !self.run.is_empty() {
            line["run_id"] = self.run.clone().into();
        }
        let span = Context::map_current(|context| context.span().span_context().clone());
        if span.is_valid() {
            line["trace_id"] = span.trace_id().to_string().into();
            line["span_id"] = span.span_id().to_string().into();
        }
        if !own.is_empty() {
            line["fields"] = own.into();
        }
        line
    }
}

fn as_json(value: Value) -> serde_json::Value {
    match value {
        Value::I64(value) => value.into(),
        Value::F64(value) => value.into(),
        Value::Bool(value) => value.into(),
        value => value.as_str().into(),
    }
}

/// UTC to the millisecond, as machines that collect stderr expect it.
fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The time, and the first characters of the run's id: enough to tell two runs apart.
struct Clock<'a> {
    run: &'a str,
}

impl FormatTime for Clock<'_> {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        match self.run.get(..8) {
            Some(run) => write!(writer, "{} {run}", now()),
            None => write!(writer, "{}", now()),
        }
    }
}
