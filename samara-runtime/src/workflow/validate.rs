//! `validate`: a workflow looked at without being run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};

use super::problem::{self, Problem};
use super::span::{fail_span, open_span};
use super::{Exit, Job, Workflow};
use crate::engine::Session;
use crate::engine::rehearsal::Rehearsal;
use crate::error::Result;
use crate::settings::RunSettings;
use crate::step::Reports;
use crate::telemetry::names;
use crate::variables;

impl Workflow {
    /// Looks at all that a run would need, and says at once what is wrong.
    pub(super) fn validate_traced(&self, settings: &RunSettings, parent: &Context) -> Exit {
        let name = KeyValue::new(names::WORKFLOW_NAME, self.id);
        let context = open_span(parent, names::validate_span(self.id), name);
        let looked = {
            let _current = context.clone().attach();
            catch_unwind(AssertUnwindSafe(|| self.problems(settings)))
        };
        let exit = match looked {
            Ok(Ok(problems)) => self.tell(&problems),
            Ok(Err(error)) => {
                tracing::error!("{error}");
                Exit::Unexpected
            }
            Err(payload) => {
                tracing::error!("validate panicked: {}", panicked::message(&*payload));
                Exit::Unexpected
            }
        };
        if exit != Exit::Success {
            fail_span(&context, names::ERROR_TYPE_UNFIT, "there are problems");
        }
        context.span().end();
        exit
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
            eprintln!("error: {problem}");
        }
        match problems.len() {
            0 => {
                println!("{} is valid", self.id);
                return Exit::Success;
            }
            1 => eprintln!("{} is not valid: 1 problem", self.id),
            count => eprintln!("{} is not valid: {count} problems", self.id),
        }
        problem::exit(problems, Exit::Validation)
    }
}

impl Job {
    /// What keeps the job's steps from doing their work.
    fn rehearse(&self, session: &Session, rehearsal: &Rehearsal) -> Vec<Problem> {
        let reports = Reports::default();
        let outcome = {
            let context = Context::current().with_value(reports.clone());
            let _current = context.with_value(rehearsal.clone()).attach();
            (self.run)(session)
        };
        reports.end_open_steps();
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
