//! What keeps a workflow from running well, found before it runs.

use thiserror::Error;

use crate::alert::{Alert, AlertError, ChannelError};
use crate::error::Error as RunError;
use crate::location::{self, LocationError, Use};
use crate::request::RequestError;
use crate::variables::{self, VariableError};

use super::Exit;
use super::job::Job;

/// One thing that is wrong, in one line.
#[derive(Debug, Error)]
pub(super) enum Problem {
    /// A step cannot do its work.
    #[error("job `{job}`, step `{step}`: {error}")]
    Step {
        job: &'static str,
        step: &'static str,
        error: RunError,
    },
    /// A job fails outside of its steps.
    #[error("job `{job}`: {error}")]
    Job { job: &'static str, error: RunError },
    /// A hook cannot be sent.
    #[error("job `{job}`, hook `{hook}`: {error}")]
    Hook {
        job: &'static str,
        hook: &'static str,
        error: RequestError,
    },
    /// The workflow lacks variables.
    #[error("a location: {0}")]
    Variables(VariableError),
    /// A location names no place that can be read or written.
    #[error("a location: {0}")]
    Location(LocationError),
    /// A channel cannot send.
    #[error("alert channel `{channel}`: {error}")]
    Channel {
        channel: String,
        error: ChannelError,
    },
    /// The alerts cannot be read.
    #[error("alerts: {0}")]
    Alerts(AlertError),
}

impl Problem {
    fn is_about_alerts(&self) -> bool {
        matches!(self, Self::Channel { .. } | Self::Alerts(_))
    }

    /// The names of the variables that are missing, if that is what is wrong.
    pub fn unset(&self) -> &[String] {
        match self {
            Self::Step {
                error: RunError::Variable(error),
                ..
            }
            | Self::Variables(error) => error.names(),
            _ => &[],
        }
    }
}

/// How a program ends that does not run because of these problems: those of alerts alone are told apart.
pub(super) fn exit(problems: &[Problem], otherwise: Exit) -> Exit {
    match problems {
        [Problem::Alerts(error)] => error.into(),
        problems if problems.iter().all(Problem::is_about_alerts) => Exit::AlertConfiguration,
        _ => otherwise,
    }
}

/// All of them in one line.
pub(super) fn listed(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

/// What is wrong with the variables that a run needs: they are not set, or make of a location what is none.
pub(super) fn before_the_run(
    needs: &[&str],
    locations: [(Use, &[&str]); 2],
    jobs: &[Job],
    alerts: Option<&Alert>,
) -> Vec<Problem> {
    let unset = variables::check_names(needs.iter().copied());
    let unset = unset.err().map(Problem::Variables);
    let located = locations.into_iter().flat_map(|(used, texts)| {
        let texts = texts.iter();
        texts.filter_map(move |text| problem_of_location(text, used))
    });
    let of_hooks = jobs.iter().flat_map(|job| {
        job.hooks.all().filter_map(|hook| {
            Some(Problem::Hook {
                job: job.id,
                hook: hook.id(),
                error: hook.check_variables().err()?.into(),
            })
        })
    });
    let of_channels = alerts.into_iter().flat_map(|alerts| {
        alerts
            .unresolved()
            .map(|(channel, error)| Problem::Channel {
                channel: channel.to_owned(),
                error,
            })
    });
    unset
        .into_iter()
        .chain(located)
        .chain(of_hooks)
        .chain(of_channels)
        .collect()
}

fn problem_of_location(text: &str, used: Use) -> Option<Problem> {
    // Variables that are not set are told by their names.
    let resolved = variables::resolve(text).ok()?;
    let checked = location::check_resolved(&resolved, used);
    Some(Problem::Location(checked.err()?.about(text)))
}
