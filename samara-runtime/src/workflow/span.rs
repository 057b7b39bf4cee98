//! Spans of a run and of its jobs.

use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};

use crate::step::JobSteps;
use crate::telemetry::names;

/// A context with a new span in it, a child of the given one's.
pub(super) fn open_span(parent: &Context, name: String, attribute: KeyValue) -> Context {
    let tracer = global::tracer(names::SCOPE);
    let builder = SpanBuilder::from_name(name)
        .with_kind(SpanKind::Internal)
        .with_attributes([attribute]);
    parent.with_span(tracer.build_with_context(builder, parent))
}

pub(super) fn fail_span(context: &Context, kind: &'static str, message: &str) {
    context
        .span()
        .set_attribute(KeyValue::new(names::ERROR_TYPE, kind));
    context.span().set_status(Status::error(message.to_owned()));
}

/// A job's span, which ends with the job however it ends, and its steps before it.
pub(super) struct JobSpan(pub Context);

impl JobSpan {
    /// Ends the steps that are still open: what follows is not their time.
    pub fn end_open_steps(&self, has_failed: bool) {
        if let Some(steps) = self.0.get::<JobSteps>() {
            steps.end(has_failed);
        }
    }
}

impl Drop for JobSpan {
    fn drop(&mut self) {
        self.end_open_steps(std::thread::panicking());
        self.0.span().end();
    }
}
