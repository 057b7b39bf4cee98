//! Parts of a workflow that do nothing: right as they are, and hardly meant.

use std::collections::HashSet;

use super::Problems;
use crate::diagnostic::{Diagnostic, code};
use crate::model::{Action, Function, Job, Workflow};
use crate::source::{Document, Span, Spanned};

/// Warns of steps that nothing reads, of transforms that change nothing and of jobs that write nothing; a workflow without jobs is an error.
pub(super) fn check(document: &Document, workflow: &Workflow, problems: &mut Problems) {
    if !workflow.enabled {
        return;
    }
    if workflow.jobs.is_empty() {
        let jobs = document
            .section("workflow")
            .and_then(|workflow| workflow.get("jobs"));
        let span = jobs.map_or(workflow.id.span, |jobs| jobs.span);
        let problem = Diagnostic::error(code::INVALID_VALUE, "the workflow has no job");
        problems.add(problem.at(document.source(), span, "no job").help(
            "a job is `{\"id\": …, \"extracts\": […], \"transforms\": […], \"loads\": […]}`",
        ));
    }
    let checker = Checker { document };
    for job in workflow.jobs.iter().filter(|job| job.value.enabled) {
        checker.job(&job.value, problems);
        checker.hooks(&job.value, problems);
    }
}

struct Checker<'a> {
    document: &'a Document,
}

impl Checker<'_> {
    fn job(&self, job: &Job, problems: &mut Problems) {
        for transform in job.transforms.iter().map(|transform| &transform.value) {
            if transform.functions.is_empty() {
                let id = &transform.id;
                let message = format!(
                    "transform `{}` changes nothing: it has no functions",
                    id.value
                );
                problems.add(self.warning(message, id.span, ""));
            }
        }
        match job.loads.is_empty() {
            true if has_hooks(job) => {}
            true => {
                let message = format!("job `{}` writes nothing: it has no load", job.id.value);
                problems.add(self.warning(message, job.id.span, ""));
            }
            false => self.unread(job, problems),
        }
    }

    fn unread(&self, job: &Job, problems: &mut Problems) {
        let read = read_by(job);
        let extracts = job.extracts.iter().map(|e| ("extract", &e.value.id));
        let transforms = job.transforms.iter().map(|t| ("transform", &t.value.id));
        for (kind, id) in extracts.chain(transforms) {
            if !read.contains(id.value.as_str()) {
                let message = format!("nothing reads {kind} `{}`", id.value);
                problems.add(self.warning(message, id.span, "read by no transform and no load"));
            }
        }
    }

    fn hooks(&self, job: &Job, problems: &mut Problems) {
        for actions in moments(job) {
            let mut seen: Vec<&Spanned<String>> = Vec::new();
            for id in actions.iter().map(|action| &action.value.id) {
                if let Some(first) = seen.iter().find(|other| other.value == id.value) {
                    let message = format!(
                        "there are two hooks `{}`: the log does not tell them apart",
                        id.value
                    );
                    let warning = self.warning(message, id.span, "again here");
                    problems.add(warning.see(self.document.source(), first.span, "first here"));
                }
                seen.push(id);
            }
        }
    }

    fn warning(&self, message: String, span: Span, label: &str) -> Diagnostic {
        Diagnostic::warning(code::NO_EFFECT, message).at(self.document.source(), span, label)
    }
}

fn moments(job: &Job) -> [&[Spanned<Action>]; 4] {
    let hooks = &job.hooks;
    [
        &hooks.on_start,
        &hooks.on_error,
        &hooks.on_success,
        &hooks.on_finally,
    ]
}

fn has_hooks(job: &Job) -> bool {
    moments(job).iter().any(|actions| !actions.is_empty())
}

/// The ids that transforms and loads of a job read.
fn read_by(job: &Job) -> HashSet<&str> {
    let transforms = job.transforms.iter().map(|transform| &transform.value);
    let upstreams = transforms.clone().map(|transform| &transform.upstream_id);
    let joined = transforms
        .flat_map(|transform| &transform.functions)
        .filter_map(|function| match &function.value {
            Function::Join(join) => Some(&join.other_upstream_id),
            _ => None,
        });
    let loads = job.loads.iter().map(|load| &load.value.upstream_id);
    let ids = upstreams.chain(joined).chain(loads);
    ids.map(|id| id.value.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::check::{Checked, check};
    use crate::diagnostic::Diagnostic;
    use crate::source::{Document, Syntax};

    fn checked(workflow: Value) -> Result<Checked, Vec<Diagnostic>> {
        let file = json!({ "workflow": workflow }).to_string();
        check(
            &Document::parse("job.json", file, Syntax::Json).expect("json"),
            None,
        )
    }

    fn warnings(job: Value) -> Vec<String> {
        let checked = checked(json!({"id": "w", "jobs": [job]})).expect("only warnings");
        let messages = checked.warnings.into_iter().map(|warning| warning.message);
        messages.collect()
    }

    fn extract(id: &str) -> Value {
        json!({"id": id, "data_format": "text", "location": "in"})
    }

    fn load(upstream: &str) -> Value {
        json!({"id": "l", "upstream_id": upstream, "data_format": "text", "location": "out", "mode": "overwrite"})
    }

    #[test]
    fn a_workflow_without_jobs_is_refused_unless_it_is_disabled() {
        let problems = checked(json!({"id": "w", "jobs": []})).expect_err("no job");
        assert_eq!(problems.len(), 1);
        assert_eq!(
            problems[0].to_string(),
            "job.json:1:30: error[S0205]: the workflow has no job"
        );
        assert!(checked(json!({"id": "w", "enabled": false, "jobs": []})).is_ok());
    }

    #[test]
    fn a_step_that_nothing_reads_is_a_warning() {
        let transform = json!({"id": "t", "upstream_id": "a", "functions": [{"function_type": "distinct", "arguments": {}}]});
        let job = json!({"id": "j", "extracts": [extract("a"), extract("b")], "transforms": [transform], "loads": [load("a")]});
        assert_eq!(
            warnings(job),
            ["nothing reads extract `b`", "nothing reads transform `t`"]
        );
    }

    #[test]
    fn a_step_that_a_join_reads_is_read() {
        let join = json!({"function_type": "join", "arguments": {"other_upstream_id": "b", "on": "value"}});
        let transform = json!({"id": "t", "upstream_id": "a", "functions": [join]});
        let job = json!({"id": "j", "extracts": [extract("a"), extract("b")], "transforms": [transform], "loads": [load("t")]});
        assert_eq!(warnings(job), [""; 0]);
    }

    #[test]
    fn a_job_that_writes_nothing_is_a_warning_unless_it_calls_hooks() {
        assert_eq!(
            warnings(json!({"id": "j", "extracts": [extract("a")]})),
            ["job `j` writes nothing: it has no load"]
        );
        let hook = json!({"id": "h", "action_type": "http", "url": "http://a", "method": "GET", "timeout": 1,
            "retry": {"max_attempts": 0, "delay_in_seconds": 1}});
        assert_eq!(
            warnings(json!({"id": "j", "hooks": {"onStart": [hook, hook]}})),
            ["there are two hooks `h`: the log does not tell them apart"]
        );
    }

    #[test]
    fn a_transform_without_functions_is_a_warning() {
        let transform = json!({"id": "t", "upstream_id": "a", "functions": []});
        let job = json!({"id": "j", "extracts": [extract("a")], "transforms": [transform], "loads": [load("t")]});
        assert_eq!(
            warnings(job),
            ["transform `t` changes nothing: it has no functions"]
        );
    }
}
