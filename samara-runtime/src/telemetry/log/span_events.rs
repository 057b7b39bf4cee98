//! Log events as events of the span that they happen in.

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer;

use super::fields::Fields;

/// Adds each event of `tracing` to the current span of OpenTelemetry: a step's, or that of a library.
///
/// An event's name is its message; level, target and fields are its attributes, as `tracing-opentelemetry` has them.
#[derive(Debug)]
pub(super) struct SpanEvents;

impl<S: Subscriber> Layer<S> for SpanEvents {
    fn on_event(&self, event: &Event<'_>, _context: layer::Context<'_, S>) {
        // Not within `Context::map_current`: what shows a field may open a span.
        let context = Context::current();
        let span = context.span();
        if !span.is_recording() {
            return;
        }
        let metadata = event.metadata();
        let mut attributes = vec![
            KeyValue::new("level", metadata.level().as_str()),
            KeyValue::new("target", metadata.target().to_owned()),
        ];
        let fields = Fields::of(event);
        attributes.extend(fields.attributes);
        span.add_event(fields.message, attributes);
    }
}
