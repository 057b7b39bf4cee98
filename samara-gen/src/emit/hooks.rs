//! The hooks of a job: each request is a function, and `hooks` says when which is sent.

use crate::emit::doc_comment::{code, doc, doc_of_markdown};
use crate::emit::layout::{Code, signature};
use crate::emit::names::Names;
use crate::plan::{Hook, Job};

/// The functions of a job's hooks, in their order, `hooks` last; none if there are no hooks.
pub fn write(job: &Job, names: &mut Names) -> Vec<String> {
    if job.hooks.is_empty() {
        return Vec::new();
    }
    let mut functions = Vec::new();
    let mut all = Code::Call("Hooks::new".to_owned(), vec![]);
    for (moment, hooks) in job.hooks.moments() {
        let mut calls = Vec::new();
        for hook in hooks {
            let name = names.give(&hook.id);
            functions.push(function(hook, &name));
            calls.push(Code::Call(name, vec![]));
        }
        if !calls.is_empty() {
            all = all.method(moment, vec![Code::Array(calls)]);
        }
    }
    functions.push(format!(
        "/// What else happens when the job starts and ends.\npub fn hooks() -> Hooks {{\n    {}\n}}\n",
        all.as_tail(4)
    ));
    functions
}

fn function(hook: &Hook, name: &str) -> String {
    let about = match hook.description.trim() {
        "" => doc_of_markdown("///", &sentence(hook)),
        description => doc("///", description),
    };
    let signature = signature(name, &[], "Hook");
    format!("{about}{signature}\n    {}\n}}\n", request(hook).as_tail(4))
}

fn sentence(hook: &Hook) -> String {
    format!("Sends a {} request to {}.", hook.method, code(&hook.url))
}

fn request(hook: &Hook) -> Code {
    let texts = [&hook.id, &hook.method, &hook.url];
    let new = Code::Call(
        "Hook::new".to_owned(),
        texts.iter().map(|text| Code::text(text)).collect(),
    );
    let mut request = hook.headers.iter().fold(new, |request, (name, value)| {
        request.method("header", vec![Code::text(name), Code::text(value)])
    });
    if let Some(payload) = &hook.payload {
        request = request.method("payload", vec![Code::json(payload)]);
    }
    request = request.method("timeout", vec![seconds(hook.timeout)]);
    if hook.retries == 0 {
        return request;
    }
    let count = Code::word(hook.retries.to_string());
    request.method("retries", vec![count, seconds(hook.delay)])
}

fn seconds(seconds: u64) -> Code {
    let seconds = Code::word(seconds.to_string());
    Code::Call("Duration::from_secs".to_owned(), vec![seconds])
}
