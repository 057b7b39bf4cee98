//! From the model to the plan: everything that can be known to be wrong before a run is found here, at its place.
//!
//! Columns and types are followed through a job by building the very frames that the run will build, over no rows: what a
//! function refuses here is what it would refuse then, and nothing is said twice.

mod alerts;
mod effect;
mod frame;
mod hooks;
mod job;
mod location;
mod location_text;
mod option;
mod outputs;
mod schema;
mod secret;
mod variables;

use std::path::Path;

use samara::{RunSettings, Session};

pub use secret::{refuse_alert_secrets, refuse_hook_secrets};

use crate::diagnostic::{Diagnostic, Severity, code};
use crate::model::{Config, Workflow};
use crate::plan::{Job, Plan, SourceFile};
use crate::source::{Document, Spanned};

/// A workflow that can be built.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// What was proved.
    pub plan: Plan,
    /// What is right, and hardly meant.
    pub warnings: Vec<Diagnostic>,
}

/// Checks a workflow, and the alerts of another file if one is given, else those beside the workflow.
///
/// # Errors
///
/// All that is wrong, each at its place; the codes are in [`code`].
///
/// # Examples
///
/// ```
/// use samara_gen::check::check;
/// use samara_gen::source::{Document, Syntax};
///
/// let text = r#"{"workflow": {"id": "w", "jobs": [{"id": "j", "extracts": [], "transforms": [
///     {"id": "t", "upstream_id": "e", "functions": []}], "loads": []}]}}"#;
/// let workflow = Document::parse("job.json", text, Syntax::Json)?;
/// let problems = check(&workflow, None).unwrap_err();
/// assert_eq!(problems[0].message, "there is no extract or transform `e` in job `j`");
/// # Ok::<(), samara_gen::diagnostic::Diagnostic>(())
/// ```
pub fn check(workflow: &Document, alert: Option<&Document>) -> Result<Checked, Vec<Diagnostic>> {
    let config: Config = workflow.deserialize()?;
    let Some(Spanned { value, .. }) = config.workflow else {
        let missing = Diagnostic::error(code::MISSING_FIELD, "there is no section `workflow`");
        return Err(vec![missing.in_file(workflow.source()).help(
            "a workflow file is `{\"workflow\": {\"id\": …, \"jobs\": […]}}`",
        )]);
    };
    let mut problems = Problems::default();
    let alerts = problems.keep(alerts::check(alert.unwrap_or(workflow), alert.is_some()));
    problems.keep(variables::check_alerts(alert.unwrap_or(workflow)));
    problems.keep(variables::check_hooks(workflow));
    let session = Session::new(&RunSettings::default()).map_err(|error| {
        let problem = Diagnostic::error(code::ENGINE, format!("the engine cannot start: {error}"));
        vec![problem.in_file(workflow.source())]
    })?;
    let jobs = jobs(&session, workflow, &value, &mut problems);
    problems.extend(alerts::warnings(alert.unwrap_or(workflow)));
    effect::check(workflow, &value, &mut problems);
    outputs::check(workflow, &value, &mut problems);
    problems.conclude(Plan {
        id: value.id.value,
        description: value.description,
        version: value.version.filter(|version| !version.is_empty()),
        enabled: value.enabled,
        jobs,
        alerts: alerts.flatten(),
        source: SourceFile {
            name: file_name(workflow.path()),
            text: workflow.text().to_owned(),
            digest: format!("sha256:{}", workflow.source().sha256()),
        },
    })
}

fn jobs(
    session: &Session,
    document: &Document,
    workflow: &Workflow,
    problems: &mut Problems,
) -> Vec<Job> {
    job::check_id(document, &workflow.id, problems);
    let mut seen: Vec<&Spanned<String>> = Vec::new();
    for job in &workflow.jobs {
        job::check_id(document, &job.value.id, problems);
        if let Some(first) = seen.iter().find(|id| id.value == job.value.id.value) {
            let message = format!("there are two jobs `{}`", first.value);
            problems.add(
                Diagnostic::error(code::DUPLICATE_ID, message)
                    .at(document.source(), job.value.id.span, "again here")
                    .see(document.source(), first.span, "first here"),
            );
        }
        seen.push(&job.value.id);
    }
    let plan = |job: &Spanned<crate::model::Job>| {
        let runs = workflow.enabled && job.value.enabled;
        let hooks = runs.then(|| hooks::check(document, &job.value.hooks, problems));
        let steps = runs.then(|| job::steps(session, document, &job.value, problems));
        Job {
            id: job.value.id.value.clone(),
            description: job.value.description.clone(),
            enabled: job.value.enabled,
            steps: steps.unwrap_or_default(),
            hooks: hooks.unwrap_or_default(),
        }
    };
    workflow.jobs.iter().map(plan).collect()
}

fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// What has been found so far, errors and warnings.
#[derive(Debug, Default)]
struct Problems(Vec<Diagnostic>);

impl Problems {
    fn add(&mut self, problem: Diagnostic) {
        self.0.push(problem);
    }

    /// The value, or nothing and one more problem.
    fn keep<T>(&mut self, result: Result<T, impl Into<Many>>) -> Option<T> {
        result
            .map_err(|problems| self.0.extend(problems.into().0))
            .ok()
    }

    fn extend(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(problems);
    }

    /// The plan with the warnings, unless there are errors: beside those, warnings may be nothing but what follows from them.
    fn conclude(self, plan: Plan) -> Result<Checked, Vec<Diagnostic>> {
        let is_error = |problem: &Diagnostic| problem.severity == Severity::Error;
        let (errors, warnings): (Vec<_>, Vec<_>) = self.0.into_iter().partition(is_error);
        match errors.is_empty() {
            true => Ok(Checked { plan, warnings }),
            false => Err(errors),
        }
    }
}

/// One problem or several.
struct Many(Vec<Diagnostic>);

impl From<Diagnostic> for Many {
    fn from(problem: Diagnostic) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Diagnostic>> for Many {
    fn from(problems: Vec<Diagnostic>) -> Self {
        Self(problems)
    }
}

#[cfg(test)]
mod tests;
