//! Log events as events of the span that they happen in.

use std::fmt::Debug;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer;

/// Adds each event of `tracing` to the current span of OpenTelemetry: a step's, or that of a library.
///
/// An event's name is its message; level, target and fields are its attributes, as `tracing-opentelemetry` has them.
#[derive(Debug)]
pub(super) struct SpanEvents;

impl<S: Subscriber> Layer<S> for SpanEvents {
    fn on_event(&self, event: &Event<'_>, _context: layer::Context<'_, S>) {
        Context::map_current(|context| {
            let span = context.span();
            if !span.is_recording() {
                return;
            }
            let mut record = Record::of(event);
            event.record(&mut record);
            span.add_event(record.message, record.attributes);
        });
    }
}

struct Record {
    message: String,
    attributes: Vec<KeyValue>,
}

impl Record {
    fn of(event: &Event<'_>) -> Self {
        let metadata = event.metadata();
        Self {
            message: String::new(),
            attributes: vec![
                KeyValue::new("level", metadata.level().as_str()),
                KeyValue::new("target", metadata.target().to_owned()),
            ],
        }
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(field.name(), value));
    }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            _ => self.add(field, format!("{value:?}")),
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            _ => self.add(field, value.to_owned()),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }
}
