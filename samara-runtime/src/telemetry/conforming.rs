//! Spans as the specification wants them, where the SDK leaves that undone: each key once, and texts no longer than their limit.

use std::collections::HashSet;
use std::time::Duration;

use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::log::shortened;

/// Mends spans on their way to an exporter, where no step waits for it.
#[derive(Debug)]
pub(super) struct Conforming<E> {
    pub exporter: E,
    /// The most characters of a text.
    pub value_length: Option<usize>,
}

impl<E: SpanExporter> SpanExporter for Conforming<E> {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        for span in &mut batch {
            self.mend(&mut span.attributes);
            for event in &mut span.events.events {
                self.mend(&mut event.attributes);
            }
            for link in &mut span.links.links {
                self.mend(&mut link.attributes);
            }
        }
        self.exporter.export(batch).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E> Conforming<E> {
    fn mend(&self, attributes: &mut Vec<KeyValue>) {
        keep_last(attributes);
        if self.value_length.is_some() {
            for attribute in attributes {
                shorten(&mut attribute.value, self.value_length);
            }
        }
    }
}

/// Of attributes with one key the last counts (OpenTelemetry specification, "Set Attributes").
pub(super) fn keep_last(attributes: &mut Vec<KeyValue>) {
    let mut keys = HashSet::new();
    attributes.reverse();
    attributes.retain(|attribute| keys.insert(attribute.key.clone()));
    attributes.reverse();
}

/// Each text of a list is one (OpenTelemetry specification, "Attribute Limits").
fn shorten(value: &mut Value, length: Option<usize>) {
    let short = |text: &StringValue| StringValue::from(shortened(text.to_string(), length));
    match value {
        Value::String(text) => *text = short(text),
        Value::Array(Array::String(texts)) => *texts = texts.iter().map(short).collect(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{Span as _, SpanContext, Tracer as _, TracerProvider as _};
    use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};

    use super::*;

    #[test]
    fn a_span_has_each_key_once_and_no_text_that_is_too_long() {
        let sent = InMemorySpanExporter::default();
        let exporter = Conforming {
            exporter: sent.clone(),
            value_length: Some(3),
        };
        let provider = SdkTracerProvider::builder()
            .with_simple_exporter(exporter)
            .build();
        let long = || KeyValue::new("text", "long");
        let texts = Array::String(vec!["short".into(), "ok".into()]);
        let mut span = provider.tracer("test").start("span");
        for rows in 0..3 {
            span.set_attribute(KeyValue::new("rows", rows));
        }
        span.set_attribute(KeyValue::new("texts", Value::Array(texts)));
        span.add_event("event", vec![long(), long()]);
        span.add_link(SpanContext::empty_context(), vec![long()]);
        span.end();
        let spans = sent.get_finished_spans().expect("spans");
        let texts = Array::String(vec!["sho".into(), "ok".into()]);
        assert_eq!(
            spans[0].attributes,
            [
                KeyValue::new("rows", 2),
                KeyValue::new("texts", Value::Array(texts))
            ]
        );
        let short = [KeyValue::new("text", "lon")];
        assert_eq!(spans[0].events.events[0].attributes, short);
        assert_eq!(spans[0].links.links[0].attributes, short);
    }
}
