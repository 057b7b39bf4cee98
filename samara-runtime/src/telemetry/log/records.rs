//! Log events as log records of OpenTelemetry, which the SDK gives the trace and the span that they happen in.

use std::time::SystemTime;

use opentelemetry::Value;
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer;

use super::super::configuration::{Chosen, Limit, Limits};
use super::super::names;
use super::fields::Fields;

/// The most attributes that a record has if nobody says anything (OpenTelemetry specification, "Attribute Limits").
const ATTRIBUTES: usize = 128;

/// Makes a log record of each event of `tracing`.
#[derive(Debug)]
pub(super) struct Records {
    logger: SdkLogger,
    attributes: usize,
    value_length: Option<usize>,
}

impl Records {
    pub fn new(provider: &SdkLoggerProvider, limits: &Limits) -> Self {
        let number =
            |limit: &Option<Chosen<Limit>>| limit.as_ref().map(|limit| limit.value.0 as usize);
        Self {
            logger: provider.logger(names::SCOPE),
            attributes: number(&limits.record_attributes).unwrap_or(ATTRIBUTES),
            value_length: number(&limits.record_value_length),
        }
    }

    fn value(&self, value: Value) -> AnyValue {
        match value {
            Value::I64(value) => value.into(),
            Value::F64(value) => value.into(),
            Value::Bool(value) => value.into(),
            value => AnyValue::from(shortened(value.as_str().into_owned(), self.value_length)),
        }
    }
}

impl<S: Subscriber> Layer<S> for Records {
    fn on_event(&self, event: &Event<'_>, _context: layer::Context<'_, S>) {
        let metadata = event.metadata();
        let fields = Fields::of(event);
        let mut record = self.logger.create_log_record();
        record.set_timestamp(SystemTime::now());
        record.set_target(metadata.target());
        record.set_severity_number(severity(*metadata.level()));
        record.set_severity_text(metadata.level().as_str());
        record.set_body(fields.message.into());
        for attribute in fields.attributes.into_iter().take(self.attributes) {
            record.add_attribute(attribute.key, self.value(attribute.value));
        }
        self.logger.emit(record);
    }
}

/// A text of at most so many characters.
pub(in super::super) fn shortened(mut text: String, length: Option<usize>) -> String {
    if let Some((end, _)) = length.and_then(|length| text.char_indices().nth(length)) {
        text.truncate(end);
    }
    text
}

fn severity(level: Level) -> Severity {
    match level {
        Level::TRACE => Severity::Trace,
        Level::DEBUG => Severity::Debug,
        Level::INFO => Severity::Info,
        Level::WARN => Severity::Warn,
        Level::ERROR => Severity::Error,
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_sdk::logs::InMemoryLogExporter;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::super::super::configuration::Configuration;
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn a_record_holds_no_more_than_its_limits() {
        let configuration = Configuration::resolve(&Settings::default(), &|name| match name {
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT" => Some("2".into()),
            "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT" => Some("4".into()),
            _ => None,
        });
        let exporter = InMemoryLogExporter::default();
        let provider = SdkLoggerProvider::builder()
            .with_simple_exporter(exporter.clone())
            .build();
        let records = Records::new(&provider, &configuration.limits);
        let subscriber = tracing_subscriber::registry().with(records);
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(
                file = "orders.json",
                rows = 3,
                more = true,
                "a whole message"
            );
        });
        let records = exporter.get_emitted_logs().expect("records");
        let record = &records[0].record;
        let attributes: Vec<_> = record
            .attributes_iter()
            .map(|(key, value)| (key.as_str(), value.clone()))
            .collect();
        assert_eq!(
            attributes,
            [
                ("file", AnyValue::from("orde")),
                ("rows", AnyValue::from(3))
            ]
        );
        assert_eq!(record.body(), Some(&AnyValue::from("a whole message")));
    }
}
