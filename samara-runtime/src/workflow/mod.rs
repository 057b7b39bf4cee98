//! The life of a run: its jobs in order, its spans, its alerts, its exit code.

mod hook;
mod summary;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::time::Instant;

use opentelemetry::trace::{
    SpanBuilder, SpanKind, Status, TraceContextExt as _, TraceId, Tracer as _,
};
use opentelemetry::{Context, KeyValue, global};

use crate::alert::{Alert, AlertError};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::settings::RunSettings;
use crate::step::Reports;
use crate::telemetry::{Providers, Telemetry, names};
pub use hook::{Hook, Hooks};
use summary::Summary;

/// The function of a job: calls its steps in order.
pub type JobFn = fn(&Session) -> Result<()>;

/// A workflow: jobs that run in order, until one fails.
///
/// # Examples
///
/// ```
/// use samara::{Result, Session, Workflow};
///
/// fn silver(session: &Session) -> Result<()> {
///     # let _ = session;
///     Ok(())
/// }
/// let workflow = Workflow::new("customer-orders").describe("Joins customers with their orders.").job("silver", silver);
/// # drop(workflow);
/// ```
#[must_use = "a workflow does nothing until it is run"]
#[derive(Debug)]
pub struct Workflow {
    id: &'static str,
    description: &'static str,
    jobs: Vec<Job>,
    alerts: Option<&'static str>,
}

#[derive(Debug)]
struct Job {
    id: &'static str,
    run: JobFn,
    hooks: Hooks,
}

/// How a run ends, as the exit code of its process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Exit {
    Success = 0,
    AlertConfiguration = 31,
    JobFailed = 50,
    Unexpected = 99,
}

impl Workflow {
    /// A workflow without jobs. Its id is the name of the service in telemetry.
    pub fn new(id: &'static str) -> Self {
        Self {
            id,
            description: "",
            jobs: Vec::new(),
            alerts: None,
        }
    }

    /// Says what the workflow is for, in its `--help`.
    pub fn describe(self, description: &'static str) -> Self {
        Self {
            description,
            ..self
        }
    }

    /// Adds a job, which runs after those added before.
    pub fn job(self, id: &'static str, run: JobFn) -> Self {
        self.job_with_hooks(id, run, Hooks::new())
    }

    /// As [`Workflow::job`], with what else happens when the job starts and ends.
    pub fn job_with_hooks(mut self, id: &'static str, run: JobFn, hooks: Hooks) -> Self {
        self.jobs.push(Job { id, run, hooks });
        self
    }

    /// Sets the alerts, as the json text of an alert file; `--alert-filepath` takes their place.
    pub fn alerts(self, json: &'static str) -> Self {
        Self {
            alerts: Some(json),
            ..self
        }
    }

    pub(crate) fn description(&self) -> &'static str {
        self.description
    }

    /// Runs all jobs and reports to telemetry.
    pub(crate) fn run(self, settings: &RunSettings, version: &str) -> ExitCode {
        let telemetry = Telemetry::start(&settings.telemetry, self.id, version);
        // The run's table is of steps, too: they are wanted even where nothing is sent. An error says that they are heard already.
        let _ = Providers::default().install();
        let exit = match self.read_alerts(settings) {
            Ok(alerts) => self.run_traced(settings, alerts.as_ref(), telemetry.parent_context()),
            Err(error) => {
                tracing::error!("{error}");
                Exit::AlertConfiguration
            }
        };
        telemetry.shutdown();
        ExitCode::from(exit as u8)
    }

    fn read_alerts(&self, settings: &RunSettings) -> Result<Option<Alert>, AlertError> {
        match (&settings.alert_filepath, self.alerts) {
            (Some(path), _) => Alert::read(path).map(Some),
            (None, Some(json)) => Alert::parse(json).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn run_traced(&self, settings: &RunSettings, alerts: Option<&Alert>, parent: Context) -> Exit {
        let began = Instant::now();
        let reports = Reports::default();
        global::meter(names::SCOPE)
            .u64_counter(names::RUN_INVOCATIONS)
            .with_unit("1")
            .with_description("How often a command was invoked")
            .build()
            .add(1, &[KeyValue::new(names::COMMAND, names::COMMAND_RUN)]);
        let context = open_span(
            &parent,
            names::run_span(self.id),
            KeyValue::new(names::WORKFLOW_NAME, self.id),
        )
        .with_value(reports.clone());
        let outcome = {
            let _current = context.clone().attach();
            catch_unwind(AssertUnwindSafe(|| self.run_jobs(settings)))
        };
        let exit = self.conclude(&context, alerts, outcome);
        let trace = context.span().span_context().trace_id();
        Summary {
            workflow: self.id,
            success: exit == Exit::Success,
            took: began.elapsed(),
            traced: settings.telemetry.otlp_traces_endpoint.is_some(),
            trace,
            steps: reports.take(),
        }
        .print();
        exit
    }

    fn run_jobs(&self, settings: &RunSettings) -> Result<()> {
        let session = Session::new(settings)?;
        self.jobs.iter().try_for_each(|job| job.run(&session))
    }

    /// Ends the run's span and tells of a failure.
    fn conclude(
        &self,
        context: &Context,
        alerts: Option<&Alert>,
        outcome: std::thread::Result<Result<()>>,
    ) -> Exit {
        let failed = |kind: &'static str, message: &str| {
            tracing::error!("{message}");
            fail_span(context, kind, message);
            if let Some(alerts) = alerts {
                let _current = context.clone().attach();
                let title = format!("Workflow {} failed", self.id);
                alerts.raise(&title, &traced(message, context), message);
            }
        };
        let (exit, word) = match outcome {
            Ok(Ok(())) => (Exit::Success, names::OUTCOME_SUCCESS),
            Ok(Err(error)) => {
                failed(error.kind(), &error.to_string());
                (Exit::JobFailed, names::OUTCOME_FAILURE)
            }
            Err(_panic) => {
                failed(
                    names::ERROR_TYPE_PANIC,
                    "the run panicked; the message above says where",
                );
                (Exit::Unexpected, names::OUTCOME_FAILURE)
            }
        };
        context
            .span()
            .set_attribute(KeyValue::new(names::RUN_OUTCOME, word));
        context.span().end();
        exit
    }
}

impl Job {
    fn run(&self, session: &Session) -> Result<()> {
        let name = KeyValue::new(names::JOB_NAME, self.id);
        let context = open_span(&Context::current(), names::job_span(self.id), name);
        let span = JobSpan(context.clone());
        let outcome = {
            let _current = context.attach();
            self.run_between_hooks(session, &span)
        };
        if let Err(error) = &outcome {
            fail_span(&span.0, error.kind(), &error.to_string());
        }
        drop(span);
        outcome.map_err(|source| Error::Job {
            job: self.id.to_owned(),
            source: Box::new(source),
        })
    }

    fn run_between_hooks(&self, session: &Session, span: &JobSpan) -> Result<()> {
        self.hooks.started();
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.run)(session)));
        span.end_open_steps();
        self.hooks.ended(matches!(outcome, Ok(Ok(()))));
        outcome.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

/// A job's span, which ends with the job however it ends, and its steps before it.
struct JobSpan(Context);

impl JobSpan {
    /// Ends the steps that a failure left open: what follows is not their time.
    fn end_open_steps(&self) {
        if let Some(steps) = self.0.get::<Reports>() {
            steps.end_open_steps();
        }
    }
}

impl Drop for JobSpan {
    fn drop(&mut self) {
        self.end_open_steps();
        if std::thread::panicking() {
            fail_span(&self.0, names::ERROR_TYPE_PANIC, "the job panicked");
        }
        self.0.span().end();
    }
}

/// A context with a new span in it, a child of the given one's.
fn open_span(parent: &Context, name: String, attribute: KeyValue) -> Context {
    let tracer = global::tracer(names::SCOPE);
    let builder = SpanBuilder::from_name(name)
        .with_kind(SpanKind::Internal)
        .with_attributes([attribute]);
    parent.with_span(tracer.build_with_context(builder, parent))
}

/// A message with the id of its trace, if there is one.
fn traced(message: &str, context: &Context) -> String {
    let trace = context.span().span_context().trace_id();
    match trace == TraceId::INVALID {
        true => message.to_owned(),
        false => format!("{message} (trace {trace})"),
    }
}

fn fail_span(context: &Context, kind: &'static str, message: &str) {
    context
        .span()
        .set_attribute(KeyValue::new(names::ERROR_TYPE, kind));
    context.span().set_status(Status::error(message.to_owned()));
}

#[cfg(test)]
mod tests;
