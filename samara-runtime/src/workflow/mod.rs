//! The life of a run: its jobs in order, its spans, its alerts, its exit code.

mod exit;
mod help;
mod hook;
mod job;
mod origin;
mod problem;
mod span;
mod summary;
mod validate;

use std::fmt::Display;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};

use crate::alert::{Alert, AlertError};
use crate::engine::Session;
use crate::error::{Error, Result};
use crate::interrupt;
use crate::location::Use;
use crate::panicked;
use crate::settings::{AlertTest, RunSettings, Settings};
use crate::step::Reports;
use crate::telemetry;
use crate::telemetry::{Providers, Service, Telemetry, meters, names, point};
pub use exit::Exit;
pub use hook::{Hook, Hooks};
use job::Job;
use origin::Origin;
use problem::Problem;
use span::{fail_span, open_span};
use summary::{Ended, Summary};

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
    version: Option<&'static str>,
    digest: &'static str,
    inputs: Vec<&'static str>,
    outputs: Vec<&'static str>,
    needs: Vec<&'static str>,
    jobs: Vec<Job>,
    alerts: Option<&'static str>,
}

impl Workflow {
    /// A workflow without jobs. Its id is the name of the service in telemetry.
    pub fn new(id: &'static str) -> Self {
        Self {
            id,
            description: "",
            version: None,
            digest: "",
            inputs: Vec::new(),
            outputs: Vec::new(),
            needs: Vec::new(),
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

    /// Sets the workflow's version, for `--version` and for telemetry, in place of that of the package.
    pub fn version(self, version: &'static str) -> Self {
        Self {
            version: Some(version),
            ..self
        }
    }

    /// Says what the workflow was built from, by its digest: traces, metrics and `--version` name it.
    pub fn digest(self, digest: &'static str) -> Self {
        Self { digest, ..self }
    }

    /// Names the locations that its steps read, for its `--help`. A run ends before it begins if variables make of one
    /// of them what cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// let workflow = samara::Workflow::new("customer-orders").inputs(["${DATA_DIR}/orders.csv"]).outputs(["output"]);
    /// # drop(workflow);
    /// ```
    pub fn inputs(mut self, locations: impl IntoIterator<Item = &'static str>) -> Self {
        self.inputs.extend(locations);
        self
    }

    /// As [`Workflow::inputs`], of the locations that its steps write.
    pub fn outputs(mut self, locations: impl IntoIterator<Item = &'static str>) -> Self {
        self.outputs.extend(locations);
        self
    }

    /// Names variables of the environment that its steps need. A run without one of them ends before it begins.
    ///
    /// # Examples
    ///
    /// ```
    /// let workflow = samara::Workflow::new("customer-orders").needs(["DATA_DIR"]);
    /// # drop(workflow);
    /// ```
    pub fn needs(mut self, variables: impl IntoIterator<Item = &'static str>) -> Self {
        self.needs.extend(variables);
        self
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
        interrupt::listen();
        self.reporting(settings, version, |telemetry| {
            let origin = Origin::here(telemetry.run_id(), self.service(version));
            self.run_traced(settings, telemetry, &origin)
        })
    }

    /// Looks whether it could run here.
    pub(crate) fn validate(self, settings: &RunSettings, version: &str) -> ExitCode {
        self.reporting(settings, version, |telemetry| {
            self.validate_traced(settings, &telemetry.parent_context())
        })
    }

    /// Sends the alerts of a failure that did not happen.
    pub(crate) fn test_alerts(
        self,
        test: &AlertTest,
        settings: &RunSettings,
        version: &str,
    ) -> ExitCode {
        self.reporting(settings, version, |telemetry| {
            let _current = telemetry.parent_context().attach();
            let alerts = match self.read_alerts(settings) {
                Ok(Some(alerts)) => alerts,
                Ok(None) => return failed(&NO_ALERTS, Exit::InvalidArguments),
                Err(error) => return failed(&error, Exit::from(&error)),
            };
            match alerts.test(test) {
                Err(error) => failed(&error, Exit::InvalidArguments),
                Ok(report) => {
                    say(&report);
                    Exit::AlertTest
                }
            }
        })
    }

    /// Looks whether its telemetry would arrive.
    pub(crate) fn examine_telemetry(self, settings: &RunSettings, version: &str) -> ExitCode {
        doctor(&settings.telemetry, self.service(version)).into()
    }

    fn service<'a>(&'a self, version: &'a str) -> Service<'a> {
        Service {
            name: self.id,
            version: self.version.unwrap_or(version),
            digest: self.digest,
        }
    }

    /// Does some work between the start of telemetry and its end.
    fn reporting(
        &self,
        settings: &RunSettings,
        version: &str,
        work: impl FnOnce(&Telemetry) -> Exit,
    ) -> ExitCode {
        let telemetry = Telemetry::start(&settings.telemetry, self.service(version));
        // The run's table is of steps, too: they are wanted even where nothing is sent. An error says that they are heard already.
        let _ = Providers::default().install();
        let exit = work(&telemetry);
        telemetry.shutdown();
        exit.into()
    }

    fn read_alerts(&self, settings: &RunSettings) -> Result<Option<Alert>, AlertError> {
        match (&settings.alert_filepath, self.alerts) {
            (Some(path), _) => Alert::read(path).map(Some),
            (None, Some(json)) => Alert::parse(json).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn run_traced(
        &self,
        settings: &RunSettings,
        telemetry: &Telemetry,
        origin: &Origin<'_>,
    ) -> Exit {
        let began = Instant::now();
        let reports = Reports::default();
        if let Some(meters) = meters() {
            let command = KeyValue::new(names::COMMAND, names::COMMAND_RUN);
            meters.run_invocations.add(1, &[command]);
        }
        let context = open_span(
            &telemetry.parent_context(),
            names::run_span(self.id),
            KeyValue::new(names::WORKFLOW_NAME, self.id),
        )
        .with_value(reports.clone());
        let (alerts, end) = {
            let _current = context.clone().attach();
            match self.read_alerts(settings) {
                Err(error) => (None, End::Unfit(vec![Problem::Alerts(error)])),
                Ok(alerts) => {
                    let end = self.run_if_fit(settings, alerts.as_ref());
                    (alerts, end)
                }
            }
        };
        let exit = self.conclude(&context, origin, alerts.as_ref(), &end, began);
        let trace = context.span().span_context().clone();
        let summary = Summary {
            workflow: self.id,
            ended: Ended::by(exit),
            took: began.elapsed(),
            unsent: telemetry.unsent_traces().cloned(),
            sampled: trace.is_sampled(),
            trace: trace.trace_id(),
            steps: reports.take(),
        };
        if !settings.output.quiet {
            summary.print();
        }
        exit
    }

    fn run_if_fit(&self, settings: &RunSettings, alerts: Option<&Alert>) -> End {
        let locations = [
            (Use::Read, self.inputs.as_slice()),
            (Use::Write, self.outputs.as_slice()),
        ];
        let problems = problem::before_the_run(&self.needs, locations, &self.jobs, alerts);
        if !problems.is_empty() {
            return End::Unfit(problems);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| self.run_jobs(settings)));
        outcome.map_or_else(
            |payload| End::Panicked(panicked::message(&*payload).to_owned()),
            End::Ran,
        )
    }

    fn run_jobs(&self, settings: &RunSettings) -> Result<()> {
        let session = Session::new(settings)?;
        let outcome = self.jobs.iter().try_for_each(|job| job.run(&session));
        if let Err(Error::Interrupted { .. }) = outcome {
            // A thread of it may be in a read that does not come back: the process ends without waiting for it.
            std::mem::forget(session);
        }
        outcome
    }

    /// Ends the run's span and tells of a failure.
    fn conclude(
        &self,
        context: &Context,
        origin: &Origin<'_>,
        alerts: Option<&Alert>,
        end: &End,
        began: Instant,
    ) -> Exit {
        // What is logged now, and each alert, belongs to the run's span.
        let _current = context.clone().attach();
        let exit = end.exit();
        if let Some((kind, message)) = end.failure() {
            match end {
                End::Unfit(problems) => problems
                    .iter()
                    .for_each(|problem| tracing::error!("{problem}")),
                _ => tracing::error!("{message}"),
            }
            fail_span(context, kind, &message);
            // Who interrupts a run knows of it.
            if let Some(alerts) = alerts.filter(|_| exit != Exit::Interrupted) {
                let title = format!("Workflow {} failed", self.id);
                alerts.raise(&title, &origin.add_to(&message, context), &message);
            }
        }
        let word = match exit {
            Exit::Success => names::OUTCOME_SUCCESS,
            Exit::Interrupted => names::OUTCOME_INTERRUPTED,
            _ => names::OUTCOME_FAILURE,
        };
        let outcome = KeyValue::new(names::RUN_OUTCOME, word);
        measure(outcome.clone(), end, began, context);
        context.span().set_attribute(outcome);
        context.span().end();
        exit
    }
}

/// Prints a text, in colours where they are wanted. That nobody reads it to its end is no failure.
fn say(text: &dyn Display) {
    let _ = write!(anstream::stdout().lock(), "{text}");
}

/// Prints what becomes of telemetry with these settings: [`Exit::Configuration`] if some of it does not arrive.
///
/// # Examples
/// ```
/// use samara::Settings;
/// use samara::telemetry::Service;
/// use samara::workflow::{Exit, doctor};
///
/// assert_eq!(doctor(&Settings::default(), Service::default()), Exit::Success);
/// ```
pub fn doctor(settings: &Settings, service: Service<'_>) -> Exit {
    let report = telemetry::doctor::examine(settings, service);
    say(&report);
    match report.is_well() {
        true => Exit::Success,
        false => Exit::Configuration,
    }
}

/// Records how a run ended, and when.
fn measure(outcome: KeyValue, end: &End, began: Instant, context: &Context) {
    let Some(meters) = meters() else {
        return;
    };
    let failure = end.failure().map(|(kind, _)| kind);
    let is_interrupted = matches!(end, End::Ran(Err(Error::Interrupted { .. })));
    if let Some(kind) = failure.filter(|_| !is_interrupted) {
        meters
            .run_failures
            .add(1, &[KeyValue::new(names::ERROR_TYPE, kind)]);
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    meters
        .run_end_time
        .record(now.as_secs_f64(), std::slice::from_ref(&outcome));
    meters
        .run_duration
        .record(began.elapsed(), &point(outcome, failure), context);
}

/// Why no alerts are tested.
const NO_ALERTS: &str = "there are no alerts to test; --alert-filepath gives some";

fn failed(error: &dyn Display, exit: Exit) -> Exit {
    tracing::error!("{error}");
    exit
}

/// What a run came to.
#[derive(Debug)]
enum End {
    /// It did not begin.
    Unfit(Vec<Problem>),
    Ran(Result<()>),
    /// It panicked with this message.
    Panicked(String),
}

impl End {
    fn exit(&self) -> Exit {
        match self {
            Self::Unfit(problems) => problem::exit(problems, Exit::Configuration),
            Self::Ran(Ok(())) => Exit::Success,
            Self::Ran(Err(Error::Interrupted { .. })) => Exit::Interrupted,
            Self::Ran(Err(_)) => Exit::JobFailed,
            Self::Panicked(_) => Exit::Unexpected,
        }
    }

    /// The class of the failure, and what it says.
    fn failure(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Unfit(problems) => Some((names::ERROR_TYPE_UNFIT, problem::listed(problems))),
            Self::Ran(Ok(())) => None,
            Self::Ran(Err(error)) => Some((error.kind(), error.to_string())),
            Self::Panicked(message) => Some((
                names::ERROR_TYPE_PANIC,
                format!("the run panicked: {message}"),
            )),
        }
    }
}

#[cfg(test)]
mod tests;
