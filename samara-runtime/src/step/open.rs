//! A step whose span is open.

use std::borrow::Cow;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::OnceLock;
#[cfg(feature = "engine")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use super::attributes::Attributes;
use super::outcome::Failure;
#[cfg(feature = "engine")]
use super::report::{COUNTERS, Measured};
use super::site::Site;
#[cfg(feature = "engine")]
use crate::engine::rehearsal::Rehearsal;
use crate::telemetry::{Instruments, Meters, names};

/// One run of a step: its span and its clock. Whoever holds it ends it, once.
#[derive(Debug)]
pub(crate) struct Open {
    site: &'static Site,
    instruments: &'static Instruments,
    context: Context,
    /// The job that it was called in.
    job: Option<&'static str>,
    began: Instant,
    began_at: SystemTime,
    /// The class of the failure that was observed before the step's end.
    failed: OnceLock<&'static str>,
    /// What has been added to each counter.
    #[cfg(feature = "engine")]
    counted: [AtomicU64; COUNTERS],
}

/// What a panic leaves of it is ended, and never looked at.
impl UnwindSafe for Open {}
impl RefUnwindSafe for Open {}

impl Open {
    pub fn new(site: &'static Site, instruments: &'static Instruments) -> Self {
        let parent = Context::current();
        let job = job_of(&parent);
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
                attributes.extend(job.map(|job| KeyValue::new(names::JOB_NAME, job)));
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
            job,
            began,
            began_at,
            failed: OnceLock::new(),
            #[cfg(feature = "engine")]
            counted: Default::default(),
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

    /// Adds what has gone through the step so far to the counters, but for what was added before.
    #[cfg(feature = "engine")]
    pub fn count(&self, measured: &Measured) {
        let Some(meters) = self.meters() else {
            return;
        };
        let point = self.point(None);
        for ((counter, count), counted) in measured.counts(meters).into_iter().zip(&self.counted) {
            if let Some(count) = count {
                let before = counted.fetch_max(count, Ordering::Relaxed);
                counter.add(count.saturating_sub(before), &point);
            }
        }
    }

    pub fn describe(&self, describe: impl FnOnce(&mut Attributes)) {
        if let Some(span) = self.recording_span() {
            let mut attributes = Attributes::with_room();
            describe(&mut attributes);
            span.set_attributes(attributes.into_vec());
        }
    }

    /// Marks the span as failed.
    pub fn fail(&self, error_type: &'static str, message: impl FnOnce() -> Option<String>) {
        if let Some(span) = self.recording_span() {
            mark_failed(&span, error_type, message());
        }
    }

    /// Looks at a part of what the step comes to. Only the first failure counts.
    pub fn observe<T>(&self, part: &T, failure: &Failure<T>) {
        let Some(error_type) = (failure.error_type)(part) else {
            return;
        };
        if self.failed.set(error_type).is_err() {
            return;
        }
        match error_type {
            names::ERROR_TYPE_CANCELLED => self.mark_cancelled(),
            _ => self.fail(error_type, || (failure.message)(part)),
        }
    }

    /// Ends the step now, with the failure that was observed in it, if there was one.
    pub fn end_as_observed(self) {
        let failed = self.failed.get().copied();
        self.end(failed);
    }

    /// Ends the step now: its work was dropped before its end.
    pub fn abandoned(self) {
        match self.failed.get() {
            Some(_) => self.end_as_observed(),
            None => self.cancelled(),
        }
    }

    /// Ends the step now: its function was left by a panic whose text nobody has, or by a way that told nothing but what was observed.
    pub fn left(self) {
        if self.failed.get().is_none() && std::thread::panicking() {
            self.fail(names::ERROR_TYPE_PANIC, || None);
            self.end(Some(names::ERROR_TYPE_PANIC));
        } else {
            self.end_as_observed();
        }
    }

    /// Ends the step now: one that panicked.
    pub fn panicked(self, message: &str) {
        self.fail(names::ERROR_TYPE_PANIC, || Some(message.to_owned()));
        self.end(Some(names::ERROR_TYPE_PANIC));
    }

    /// Ends the step now: one whose future was dropped, or that met the failure of another.
    pub fn cancelled(self) {
        self.mark_cancelled();
        self.end(Some(names::ERROR_TYPE_CANCELLED));
    }

    /// Marks the span as that of a step which did not come to its end. That is told apart from a success, and is no error.
    pub fn mark_cancelled(&self) {
        if let Some(span) = self.recording_span() {
            span.set_attribute(KeyValue::new(
                names::ERROR_TYPE,
                names::ERROR_TYPE_CANCELLED,
            ));
        }
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
        if let Some(meters) = self.meters() {
            let point = self.point(error_type);
            meters.step_duration.record(took, &point, &self.context);
        }
    }

    /// What its points are recorded with. In a rehearsal there is nothing: its times say nothing of the work.
    fn meters(&self) -> Option<&'static Meters> {
        let meters = self.instruments.meters()?;
        #[cfg(feature = "engine")]
        if self.context.get::<Rehearsal>().is_some() {
            return None;
        }
        Some(meters)
    }

    /// The attributes of its points, without an allocation for a step of no job that went well.
    fn point(&self, error_type: Option<&'static str>) -> Cow<'static, [KeyValue]> {
        let fixed = self.site.point_attributes();
        let job = self.job.map(|job| KeyValue::new(names::JOB_NAME, job));
        let error_type = error_type.map(|class| KeyValue::new(names::ERROR_TYPE, class));
        match (job, error_type) {
            (None, None) => Cow::Borrowed(fixed),
            (job, error_type) => {
                let own = fixed.iter().cloned();
                Cow::Owned(own.chain(job).chain(error_type).collect())
            }
        }
    }
}

/// Marks a step's span as failed, with an exception event (semantic conventions, "Exceptions").
pub(super) fn mark_failed(span: &SpanRef<'_>, error_type: &'static str, message: Option<String>) {
    let mut event = vec![KeyValue::new(names::EXCEPTION_TYPE, error_type)];
    let text = message.clone();
    event.extend(text.map(|text| KeyValue::new(names::EXCEPTION_MESSAGE, text)));
    span.add_event(names::EXCEPTION_EVENT, event);
    span.set_status(Status::error(message.unwrap_or_default()));
    span.set_attribute(KeyValue::new(names::ERROR_TYPE, error_type));
}

/// The id of the job that a context is in.
#[cfg(feature = "engine")]
fn job_of(context: &Context) -> Option<&'static str> {
    super::job::JobSteps::job_of(context)
}

/// None: there are no jobs.
#[cfg(not(feature = "engine"))]
fn job_of(_context: &Context) -> Option<&'static str> {
    None
}
