//! `validate`: a workflow looked at without being run.

use std::fmt::Display;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Instant;

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};

use super::problem::{self, Problem};
use super::span::{fail_span, open_span};
use super::{Exit, Job, Workflow, failed, say};
use crate::engine::Session;
use crate::engine::rehearsal::Rehearsal;
use crate::error::Result;
use crate::panicked;
use crate::settings::RunSettings;
use crate::step::{JobSteps, Reports};
use crate::telemetry::{meters, names};
use crate::variables;

/// The class of a failure, and what it says.
type Failure = (&'static str, String);

impl Workflow {
    /// Looks at all that a run would need, and says at once what is wrong.
    pub(super) fn validate_traced(&self, settings: &RunSettings, parent: &Context) -> Exit {
        let began = Instant::now();
        let name = KeyValue::new(names::WORKFLOW_NAME, self.id);
        let context = open_span(parent, names::validate_span(self.id), name);
        let looked = {
            let _current = context.clone().attach();
            catch_unwind(AssertUnwindSafe(|| self.problems(settings)))
        };
        let (exit, failure) = self.judge(looked);
        if let Some((kind, message)) = &failure {
            fail_span(&context, kind, message);
        }
        if let Some(meters) = meters() {
            let error_type = failure.map(|(kind, _)| KeyValue::new(names::ERROR_TYPE, kind));
            let duration = &meters.validation_duration;
            duration.record(began.elapsed(), error_type.as_slice(), &context);
        }
        context.span().end();
        exit
    }

    /// Tells what came of the look, and says how the program ends and of what class the failure is, if it is one.
    fn judge(&self, looked: thread::Result<Result<Vec<Problem>>>) -> (Exit, Option<Failure>) {
        match looked {
            Ok(Ok(problems)) => {
                let failure = (names::ERROR_TYPE_UNFIT, problem::listed(&problems));
                let is_unfit = !problems.is_empty();
                (self.tell(&problems), is_unfit.then_some(failure))
            }
            Ok(Err(error)) => {
                let failure = (error.kind(), error.to_string());
                (failed(&error, Exit::Unexpected), Some(failure))
            }
            Err(payload) => {
                let message = format!("validate panicked: {}", panicked::message(&*payload));
                let exit = failed(&message, Exit::Unexpected);
                (exit, Some((names::ERROR_TYPE_PANIC, message)))
            }
        }
    }

    fn problems(&self, settings: &RunSettings) -> Result<Vec<Problem>> {
        let session = Session::new(settings)?;
        let rehearsal = Rehearsal::new(session.clone());
        let mut problems: Vec<Problem> = self
            .jobs
            .iter()
            .flat_map(|job| job.rehearse(&session, &rehearsal))
            .collect();
        let is_told = |name: &&str| {
            let mut told = problems.iter().flat_map(Problem::unset);
            told.any(|told| told == name)
        };
        let untold: Vec<&str> = self
            .needs
            .iter()
            .copied()
            .filter(|name| !is_told(name))
            .collect();
        problems.extend(variables::check_names(untold).err().map(Problem::Variables));
        problems.extend(self.jobs.iter().flat_map(Job::hook_problems));
        match self.read_alerts(settings) {
            Err(error) => problems.push(Problem::Alerts(error)),
            Ok(alerts) => problems.extend(alerts.iter().flat_map(|alerts| {
                alerts.faults().map(|(channel, error)| Problem::Channel {
                    channel: channel.to_owned(),
                    error,
                })
            })),
        }
        Ok(problems)
    }

    fn tell(&self, problems: &[Problem]) -> Exit {
        for problem in problems {
            complain(&format_args!("error: {problem}"));
        }
        match problems.len() {
            0 => {
                say(&format_args!("{} is valid\n", self.id));
                return Exit::Success;
            }
            1 => complain(&format_args!("{} is not valid: 1 problem", self.id)),
            count => complain(&format_args!("{} is not valid: {count} problems", self.id)),
        }
        problem::exit(problems, Exit::Validation)
    }
}

/// Prints a line to standard error. That nobody reads it changes nothing.
fn complain(line: &dyn Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

impl Job {
    /// What keeps the job's steps from doing their work.
    fn rehearse(&self, session: &Session, rehearsal: &Rehearsal) -> Vec<Problem> {
        let (reports, steps) = (Reports::default(), JobSteps::new(self.id));
        let outcome = {
            let context = Context::current()
                .with_value(reports.clone())
                .with_value(steps.clone());
            let _current = context.with_value(rehearsal.clone()).attach();
            (self.run)(session)
        };
        // Nothing streams, so nothing is cut off.
        steps.end(false);
        let job = self.id;
        let of_steps = rehearsal.end_job().into_iter();
        let of_steps = of_steps.map(|fault| match fault.step {
            Some(step) => Problem::Step {
                job,
                step,
                error: fault.error,
            },
            None => Problem::Job {
                job,
                error: fault.error,
            },
        });
        let failed = reports.take().into_iter().find(|report| report.failed);
        let of_job = outcome.err().map(|error| match failed {
            Some(report) => Problem::Step {
                job,
                step: report.name,
                error,
            },
            None => Problem::Job { job, error },
        });
        of_steps.chain(of_job).collect()
    }

    fn hook_problems(&self) -> impl Iterator<Item = Problem> {
        self.hooks.all().filter_map(|hook| {
            Some(Problem::Hook {
                job: self.id,
                hook: hook.id(),
                error: hook.check().err()?,
            })
        })
    }
}
