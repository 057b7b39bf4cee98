//! What a log event says: its message, and its fields.

use std::fmt::Debug;

use opentelemetry::{Key, KeyValue, Value};
use tracing::Event;
use tracing::field::{Field, Visit};

/// The message of an event, and its fields as attributes.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub message: String,
    pub attributes: Vec<KeyValue>,
}

impl Fields {
    pub fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    /// A field that an event has twice has its last value.
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        let key = Key::from_static_str(field.name());
        self.attributes.retain(|attribute| attribute.key != key);
        self.attributes.push(KeyValue::new(key, value));
    }
}

impl Visit for Fields {
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
