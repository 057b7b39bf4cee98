//! The hooks of a job: every request can be sent, as far as that is known before its variables are.

use std::ops::RangeInclusive;

use samara::request::{METHODS, parse_header, parse_method, parse_url};
use serde_json::{Map, Value};

use crate::check::{Problems, job};
use crate::diagnostic::{Diagnostic, code};
use crate::model::{self, Action};
use crate::plan::{Hook, Hooks};
use crate::source::{Document, Span, Spanned};

/// The enabled hooks of an enabled job.
pub(super) fn check(document: &Document, hooks: &model::Hooks, problems: &mut Problems) -> Hooks {
    let mut checked = |actions: &[Spanned<Action>]| {
        let enabled = actions.iter().filter(|action| action.value.enabled);
        enabled
            .map(|action| hook(document, &action.value, problems))
            .collect()
    };
    Hooks {
        on_start: checked(&hooks.on_start),
        on_error: checked(&hooks.on_error),
        on_success: checked(&hooks.on_success),
        on_finally: checked(&hooks.on_finally),
    }
}

fn hook(document: &Document, action: &Action, problems: &mut Problems) -> Hook {
    job::check_id(document, &action.id, problems);
    let mut checker = Checker { document, problems };
    checker.method(&action.method);
    checker.url(&action.url);
    for (name, value) in &action.headers {
        checker.header(name, value);
    }
    let retry = &action.retry;
    checker.range("timeout", &action.timeout, 1..=30);
    checker.range("max_attempts", &retry.max_attempts, 0..=3);
    checker.range("delay_in_seconds", &retry.delay_in_seconds, 1..=30);
    let header = |(name, value): &(Spanned<String>, Spanned<String>)| {
        (name.value.clone(), value.value.clone())
    };
    Hook {
        id: action.id.value.clone(),
        description: action.description.clone(),
        method: action.method.value.to_uppercase(),
        url: action.url.value.clone(),
        headers: action.headers.iter().map(header).collect(),
        payload: payload(action),
        timeout: action.timeout.value,
        retries: retry.max_attempts.value,
        delay: retry.delay_in_seconds.value,
    }
}

/// The payload as JSON, if there is any.
fn payload(action: &Action) -> Option<String> {
    let members = action.payload.iter();
    let members = members.map(|(name, value)| (name.value.clone(), value.value.clone()));
    let payload: Map<String, Value> = members.collect();
    (!payload.is_empty()).then(|| Value::Object(payload).to_string())
}

struct Checker<'a> {
    document: &'a Document,
    problems: &'a mut Problems,
}

impl Checker<'_> {
    fn method(&mut self, method: &Spanned<String>) {
        if let Err(error) = parse_method(&method.value) {
            let problem = self.invalid(&error.to_string(), method.span);
            self.problems
                .add(problem.suggest(&method.value.to_uppercase(), METHODS));
        }
    }

    fn url(&mut self, url: &Spanned<String>) {
        if is_known(&url.value)
            && let Err(error) = parse_url(&url.value)
        {
            self.problems
                .add(self.invalid(&error.to_string(), url.span));
        }
    }

    fn header(&mut self, name: &Spanned<String>, value: &Spanned<String>) {
        // What is not known yet may be anything, so an empty text stands for it.
        let known = if is_known(&value.value) {
            &value.value
        } else {
            ""
        };
        let of_name = parse_header(&name.value, "").map_err(|error| (error, name.span));
        let checked = of_name
            .and_then(|_| parse_header(&name.value, known).map_err(|error| (error, value.span)));
        if let Err((error, span)) = checked {
            self.problems.add(self.invalid(&error.to_string(), span));
        }
    }

    fn range(&mut self, field: &str, value: &Spanned<u64>, range: RangeInclusive<u64>) {
        if !range.contains(&value.value) {
            let (low, high) = range.into_inner();
            let message = format!(
                "`{field}` is {}: it must be from {low} to {high}",
                value.value
            );
            self.problems.add(self.invalid(&message, value.span));
        }
    }

    fn invalid(&self, message: &str, span: Span) -> Diagnostic {
        Diagnostic::error(code::INVALID_VALUE, message).at(self.document.source(), span, "")
    }
}

/// Whether a text is what it will be when the program runs.
fn is_known(text: &str) -> bool {
    !text.contains("${")
}
