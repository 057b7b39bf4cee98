//! A step whose span is open.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use super::attributes::Attributes;
use super::site::Site;
use crate::telemetry::Instruments;
use crate::telemetry::names;

/// One run of a step: its span and its clock. Whoever holds it ends it, once.
#[derive(Debug)]
pub(crate) struct Open {
    site: &'static Site,
    instruments: &'static Instruments,
    context: Context,
    began: Instant,
    began_at: SystemTime,
}

impl Open {
    pub fn new(site: &'static Site, instruments: &'static Instruments) -> Self {
        let parent = Context::current();
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let context = match instruments.tracer() {
            None => parent,
            Some(tracer) => {
                let mut span = SpanBuilder::from_name(site.name());
                span.span_kind = Some(SpanKind::Internal);
                span.start_time = Some(began_at);
                // Room for the step's own attributes, too.
                let mut attributes = Vec::with_capacity(10);
                attributes.extend_from_slice(site.span_attributes());
                span.attributes = Some(attributes);
                parent.with_span(tracer.build_with_context(span, &parent))
            }
        };
        #[cfg(feature = "engine")]
        let context = super::report::measurable(context, site.name());
        Self {
            site,
            instruments,
            context,
            began,
            began_at,
        }
    }

    /// The step's id.
    #[cfg(feature = "engine")]
    pub fn name(&self) -> &'static str {
        self.site.name()
    }

    #[cfg(feature = "engine")]
    pub fn began(&self) -> Instant {
        self.began
    }

    /// The context in which the step's work runs.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The step's own span, if there is one that takes attributes: without a tracer the context has its caller's.
    pub fn recording_span(&self) -> Option<SpanRef<'_>> {
        self.instruments.tracer()?;
        Some(self.context.span()).filter(SpanRef::is_recording)
    }

    /// Adds what went through the step to the counters.
    #[cfg(feature = "engine")]
    pub fn count(&self, measured: &super::report::Measured) {
        let Some(meters) = self.instruments.meters() else {
            return;
        };
        for (counter, count) in measured.counts(meters) {
            counter.add(count, self.site.point_attributes());
        }
    }

    pub fn describe(&self, describe: impl FnOnce(&mut Attributes)) {
        if let Some(span) = self.recording_span() {
            let mut attributes = Attributes::with_room();
            describe(&mut attributes);
            span.set_attributes(attributes.into_vec());
        }
    }

    /// Marks the span as failed, with an exception event (semantic conventions, "Exceptions").
    pub fn fail(&self, error_type: &'static str, message: impl FnOnce() -> Option<String>) {
        let Some(span) = self.recording_span() else {
            return;
        };
        let message = message();
        let mut event = vec![KeyValue::new(names::EXCEPTION_TYPE, error_type)];
        let text = message.clone();
        event.extend(text.map(|text| KeyValue::new(names::EXCEPTION_MESSAGE, text)));
        span.add_event(names::EXCEPTION_EVENT, event);
        span.set_status(Status::error(message.unwrap_or_default()));
        span.set_attribute(KeyValue::new(names::ERROR_TYPE, error_type));
    }

    /// Ends the step now: one that panicked.
    pub fn panicked(self, message: &str) {
        self.fail(names::ERROR_TYPE_PANIC, || Some(message.to_owned()));
        self.end(Some(names::ERROR_TYPE_PANIC));
    }

    /// Ends the step now: one whose future was dropped. That is told apart from a success, and is no error.
    pub fn cancelled(self) {
        if let Some(span) = self.recording_span() {
            span.set_attribute(KeyValue::new(
                names::ERROR_TYPE,
                names::ERROR_TYPE_CANCELLED,
            ));
        }
        self.end(Some(names::ERROR_TYPE_CANCELLED));
    }

    /// Ends the step now.
    pub fn end(self, error_type: Option<&'static str>) {
        let took = self.began.elapsed();
        #[cfg(feature = "engine")]
        super::report::returned(&self, error_type);
        self.end_after(took, error_type);
    }

    /// Ends the step as of some time after its beginning. The clock that does not jump gives the span's length, too.
    pub fn end_after(&self, took: Duration, error_type: Option<&'static str>) {
        if self.instruments.tracer().is_some() {
            let span = self.context.span();
            span.end_with_timestamp(self.began_at + took);
        }
        if let Some(meters) = self.instruments.meters() {
            let fixed = self.site.point_attributes();
            match error_type {
                None => meters.step_duration.record(took, fixed, &self.context),
                Some(error_type) => {
                    let [name, kind] = fixed.clone();
                    let error_type = KeyValue::new(names::ERROR_TYPE, error_type);
                    meters
                        .step_duration
                        .record(took, &[name, kind, error_type], &self.context);
                }
            }
        }
    }
}
