//! Telemetry for as long as a guard lives.

use opentelemetry::ContextGuard;

use super::{Service, Telemetry};
use crate::settings::Settings;

/// Telemetry, and on this thread the trace that the caller of the program began, until it is dropped: then what is left is delivered,
/// within [`SHUTDOWN_LIMIT`](super::SHUTDOWN_LIMIT).
#[must_use = "telemetry is delivered and ended as soon as this is dropped"]
#[derive(Debug)]
pub struct Guard {
    // In this order: the caller's trace is left before telemetry ends.
    _parent: ContextGuard,
    telemetry: Telemetry,
}

impl Guard {
    pub(crate) fn new(settings: &Settings, service: Service<'_>) -> Self {
        let telemetry = Telemetry::start(settings, service);
        Self {
            _parent: telemetry.parent_context().attach(),
            telemetry,
        }
    }

    /// Delivers what is left, as dropping does, before a call of [`std::process::exit`], which drops nothing.
    pub fn shutdown(&self) {
        self.telemetry.shutdown();
    }
}

/// Sets telemetry up: what `#[samara::main]` does, by hand.
///
/// The service is named by `OTEL_SERVICE_NAME`, else as the program's file is. Steps on this thread continue the trace of the settings;
/// [`samara::spawn`](crate::spawn) and [`samara::in_current_context`](crate::in_current_context) take it to tasks and other threads.
///
/// # Examples
///
/// ```
/// use clap::Parser;
///
/// #[derive(Parser)]
/// struct Program {
///     /// The file to count
///     #[arg(default_value = "orders.csv")]
///     file: String,
///     #[command(flatten)]
///     settings: samara::Settings,
/// }
///
/// #[samara::step(attributes(file))]
/// fn count(file: &str) -> usize {
///     file.len()
/// }
///
/// let program = Program::parse_from(["program"]);
/// let _telemetry = samara::init(&program.settings);
/// assert_eq!(count(&program.file), 10);
/// ```
///
/// What carries traces across the network for other libraries, OpenTelemetry's global propagator, hands on what `OTEL_PROPAGATORS` says:
///
/// ```
/// use std::collections::HashMap;
/// use samara::opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
/// use samara::opentelemetry::{Context, global};
///
/// let _telemetry = samara::init(&samara::Settings::default());
/// let parent = SpanContext::new(TraceId::from(1), SpanId::from(2), TraceFlags::SAMPLED, true, TraceState::NONE);
/// let context = Context::new().with_remote_span_context(parent);
/// let mut headers = HashMap::new();
/// global::get_text_map_propagator(|propagator| propagator.inject_context(&context, &mut headers));
/// assert_eq!(headers["traceparent"], "00-00000000000000000000000000000001-0000000000000002-01");
/// ```
pub fn init(settings: &Settings) -> Guard {
    let program = std::env::current_exe().ok();
    let name = program.as_ref().and_then(|path| path.file_stem());
    let name = name.map(|name| name.to_string_lossy());
    let name = name.as_deref().unwrap_or("unknown_service");
    Guard::new(
        settings,
        Service {
            name,
            ..Service::default()
        },
    )
}
