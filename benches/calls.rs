//! The function that is measured, in all its variants. None is inlined, and each can fail, so that each has an error to report.

use std::fmt;
use std::sync::OnceLock;
use std::time::Instant;

use opentelemetry::metrics::Histogram;
use opentelemetry::trace::{
    FutureExt as _, SpanRef, Status, TraceContextExt as _, Tracer as _, get_active_span,
    mark_span_as_active,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

/// What the function returns.
pub type Outcome = Result<u64, Overflow>;

/// The sum is too large.
#[derive(Debug)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the sum is too large")
    }
}

impl std::error::Error for Overflow {}

#[inline(never)]
pub fn bare(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

pub async fn bare_async(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[samara::step]
#[inline(never)]
pub fn step(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[samara::step(attributes(a, b))]
#[inline(never)]
pub fn step_attributes(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[samara::step]
pub async fn step_async(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[tracing::instrument(skip_all, err)]
#[inline(never)]
pub fn traced(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[tracing::instrument(err)]
#[inline(never)]
pub fn traced_attributes(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[tracing::instrument(skip_all, err)]
pub async fn traced_async(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

/// The span of `tracing`, and the duration by hand.
#[tracing::instrument(skip_all, err)]
#[inline(never)]
pub fn traced_and_measured(a: u64, b: u64) -> Outcome {
    let began = Instant::now();
    let outcome = a.checked_add(b).ok_or(Overflow);
    if let Some(by_hand) = BY_HAND.get() {
        by_hand.measure(began, &outcome);
    }
    outcome
}

#[fastrace::trace]
#[inline(never)]
pub fn fastraced(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

#[fastrace::trace]
pub async fn fastraced_async(a: u64, b: u64) -> Outcome {
    a.checked_add(b).ok_or(Overflow)
}

/// What a program that calls OpenTelemetry by itself keeps.
#[derive(Debug)]
pub struct ByHand {
    pub tracer: SdkTracer,
    pub duration: Histogram<f64>,
}

pub static BY_HAND: OnceLock<ByHand> = OnceLock::new();

impl ByHand {
    #[inline]
    fn measure(&self, began: Instant, outcome: &Outcome) {
        let seconds = began.elapsed().as_secs_f64();
        let name = KeyValue::new("samara.step.name", "add");
        let kind = KeyValue::new("samara.step.kind", "step");
        match outcome {
            Ok(_) => self.duration.record(seconds, &[name, kind]),
            Err(_) => {
                let error_type = KeyValue::new("error.type", "Overflow");
                self.duration.record(seconds, &[name, kind, error_type]);
            }
        }
    }
}

/// What a step does, with OpenTelemetry's own calls, as cheap as they have it: the span ends when it is no longer the current one.
#[inline(never)]
pub fn raw(a: u64, b: u64) -> Outcome {
    let Some(by_hand) = BY_HAND.get() else {
        return a.checked_add(b).ok_or(Overflow);
    };
    let began = Instant::now();
    let span = by_hand
        .tracer
        .span_builder("add")
        .with_attributes([
            KeyValue::new("samara.step.name", "add"),
            KeyValue::new("samara.step.kind", "step"),
            KeyValue::new("code.function.name", "step::calls::raw"),
            KeyValue::new("code.file.path", file!()),
            KeyValue::new("code.line.number", i64::from(line!())),
        ])
        .start(&by_hand.tracer);
    let active = mark_span_as_active(span);
    let outcome = a.checked_add(b).ok_or(Overflow);
    if let Err(error) = &outcome {
        get_active_span(|span| fail(&span, error));
    }
    drop(active);
    by_hand.measure(began, &outcome);
    outcome
}

/// As [`raw`], with the arguments among the attributes.
#[inline(never)]
pub fn raw_attributes(a: u64, b: u64) -> Outcome {
    let Some(by_hand) = BY_HAND.get() else {
        return a.checked_add(b).ok_or(Overflow);
    };
    let began = Instant::now();
    let span = by_hand
        .tracer
        .span_builder("add")
        .with_attributes([
            KeyValue::new("samara.step.name", "add"),
            KeyValue::new("samara.step.kind", "step"),
            KeyValue::new("code.function.name", "step::calls::raw_attributes"),
            KeyValue::new("code.file.path", file!()),
            KeyValue::new("code.line.number", i64::from(line!())),
            KeyValue::new("a", a.cast_signed()),
            KeyValue::new("b", b.cast_signed()),
        ])
        .start(&by_hand.tracer);
    let active = mark_span_as_active(span);
    let outcome = a.checked_add(b).ok_or(Overflow);
    if let Err(error) = &outcome {
        get_active_span(|span| fail(&span, error));
    }
    drop(active);
    by_hand.measure(began, &outcome);
    outcome
}

/// As [`raw`], for a future.
pub async fn raw_async(a: u64, b: u64) -> Outcome {
    let body = async move { a.checked_add(b).ok_or(Overflow) };
    let Some(by_hand) = BY_HAND.get() else {
        return body.await;
    };
    let began = Instant::now();
    let span = by_hand
        .tracer
        .span_builder("add")
        .with_attributes([
            KeyValue::new("samara.step.name", "add"),
            KeyValue::new("samara.step.kind", "step"),
            KeyValue::new("code.function.name", "step::calls::raw_async"),
            KeyValue::new("code.file.path", file!()),
            KeyValue::new("code.line.number", i64::from(line!())),
        ])
        .start(&by_hand.tracer);
    let context = Context::current_with_span(span);
    let outcome = body.with_context(context.clone()).await;
    if let Err(error) = &outcome {
        fail(&context.span(), error);
    }
    // Nobody else has the span: it ends with its context.
    drop(context);
    by_hand.measure(began, &outcome);
    outcome
}

/// Marks a span as failed.
#[cold]
fn fail(span: &SpanRef<'_>, error: &Overflow) {
    span.record_error(error);
    span.set_attribute(KeyValue::new("error.type", "Overflow"));
    span.set_status(Status::error(error.to_string()));
}
