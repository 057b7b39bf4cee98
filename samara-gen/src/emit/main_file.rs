//! `src/main.rs`: the workflow as one expression.

use crate::emit::doc_comment::{code, comment, doc};
use crate::emit::layout::Code;
use crate::plan::{Job, Plan};

/// The text of `src/main.rs` for jobs and the names of their modules.
pub fn write(plan: &Plan, jobs: &[(String, &Job)], alert_name: Option<&str>) -> String {
    let description = doc("//!", &plan.description);
    let notes = left_out(plan);
    let parts = [
        description,
        modules(jobs),
        notes,
        main(plan, jobs, alert_name),
    ];
    let separators = ["\n", "\n", "", ""];
    parts
        .iter()
        .zip(separators)
        .filter(|(part, _)| !part.is_empty())
        .map(|(part, after)| format!("{part}{after}"))
        .collect()
}

/// In the order that rustfmt gives them.
fn modules(jobs: &[(String, &Job)]) -> String {
    let mut names: Vec<&str> = jobs.iter().map(|(module, _)| module.as_str()).collect();
    names.sort_unstable();
    names.iter().map(|name| format!("mod {name};\n")).collect()
}

/// What the workflow names and the program does not hold.
fn left_out(plan: &Plan) -> String {
    if !plan.enabled {
        return comment("The workflow is disabled, so this program runs no job.");
    }
    let disabled: Vec<String> = plan
        .jobs
        .iter()
        .filter(|job| !job.enabled)
        .map(|job| code(&job.id))
        .collect();
    match disabled.as_slice() {
        [] => String::new(),
        ids => comment(&format!(
            "Left out, since the workflow disables it: {}.",
            ids.join(", ")
        )),
    }
}

fn main(plan: &Plan, jobs: &[(String, &Job)], alert_name: Option<&str>) -> String {
    let new = Code::Call(
        "samara::Workflow::new".to_owned(),
        vec![Code::text(&plan.id)],
    );
    let job = |workflow: Code, (module, job): &(String, &Job)| {
        let id_and_run = vec![Code::text(&job.id), Code::word(format!("{module}::run"))];
        if job.hooks.is_empty() {
            return workflow.method("job", id_and_run);
        }
        let hooks = Code::Call(format!("{module}::hooks"), vec![]);
        workflow.method("job_with_hooks", [id_and_run, vec![hooks]].concat())
    };
    let described = match plan.description.trim() {
        "" => new,
        description => new.method("describe", vec![Code::text(description)]),
    };
    let identified = described.method("digest", vec![Code::text(&plan.source.digest)]);
    let equipped = [
        ("inputs", plan.inputs()),
        ("outputs", plan.outputs()),
        ("needs", plan.needs().into_iter().collect()),
    ]
    .into_iter()
    .filter(|(_, texts)| !texts.is_empty())
    .fold(identified, |workflow, (method, texts)| {
        let texts = texts.into_iter().map(Code::text).collect();
        workflow.method(method, vec![Code::Array(texts)])
    });
    let mut workflow = jobs.iter().fold(equipped, job);
    if let Some(name) = alert_name {
        let text = Code::Call(
            "include_str!".to_owned(),
            vec![Code::text(&format!("../{name}"))],
        );
        workflow = workflow.method("alerts", vec![text]);
    }
    let body = workflow.as_tail(4);
    format!("#[samara::main]\nfn main() -> samara::Workflow {{\n    {body}\n}}\n")
}
