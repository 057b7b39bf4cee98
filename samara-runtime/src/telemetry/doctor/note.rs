//! Why a run would send less than its endpoints take, though nothing is wrong.

use opentelemetry::Context;
use opentelemetry::trace::{SpanKind, TraceContextExt as _, TraceId};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample as _};
use thiserror::Error;

use super::super::configuration::{Configuration, Exporter, Propagator};
use super::super::signal::Signal;
use crate::settings::{LogLevel, Settings};

/// Something that a run would not do, and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Note {
    #[error(
        "a run would send no trace: the one that it continues is not sampled, or OTEL_TRACES_SAMPLER samples none"
    )]
    Unsampled,
    #[error("a run would not continue the trace of {0}: OTEL_PROPAGATORS has no tracecontext")]
    Uncontinued(&'static str),
    #[error("a run would send no log record: the log level is off")]
    Unlogged,
}

/// What holds of a run that begins in a context.
pub(super) fn notes(
    configuration: &Configuration,
    settings: &Settings,
    parent: &Context,
) -> Vec<Note> {
    let is_sent = |signal| {
        configuration.disabled.is_none()
            && !matches!(configuration.exporter(signal), Exporter::None(_))
    };
    let unsampled = is_sent(Signal::Traces) && !is_sampled(configuration, parent);
    let uncontinued = settings.trace_parent.as_ref();
    let uncontinued = uncontinued.filter(|_| !configuration.propagates(Propagator::TraceContext));
    let unlogged = is_sent(Signal::Logs) && settings.log_level == LogLevel::Off;
    [
        unsampled.then_some(Note::Unsampled),
        uncontinued.map(|given| Note::Uncontinued(given.origin)),
        unlogged.then_some(Note::Unlogged),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a run's trace may be sampled. The id of one that it begins is not known yet: the least one is sampled by each ratio above zero.
fn is_sampled(configuration: &Configuration, parent: &Context) -> bool {
    let continued = parent.span().span_context().trace_id();
    let id = match continued {
        TraceId::INVALID => TraceId::from(1),
        id => id,
    };
    let sampler = &configuration.sampler.value;
    let result = sampler.should_sample(Some(parent), id, "run", &SpanKind::Internal, &[], &[]);
    result.decision == SamplingDecision::RecordAndSample
}
