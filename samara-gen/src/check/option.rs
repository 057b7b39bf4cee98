//! The options of readers and writers.

use samara::OptionError;
use serde_json::Value;

use crate::check::Problems;
use crate::diagnostic::{Diagnostic, code};
use crate::model::Entries;
use crate::source::{Document, Spanned};

/// Checks options one by one, so that each problem has its place, and gives them as Spark has them: names and texts. Some are right only beside
/// others, so each is looked at beside those that are right by themselves.
pub(super) fn check(
    document: &Document,
    options: &Entries<Value>,
    accepts: impl Fn(&[(&str, &str)]) -> Result<(), OptionError>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let mut given = Vec::new();
    for (name, value) in options.iter() {
        let text = problems.keep(text(document, value));
        given.extend(text.map(|text| (name, value, text)));
    }
    let pairs = given
        .iter()
        .map(|(name, _, text)| (name.value.as_str(), text.as_str()));
    let right: Vec<(&str, &str)> = pairs.filter(|pair| accepts(&[*pair]).is_ok()).collect();
    let mut checked = Vec::new();
    let mut refusals: Vec<OptionError> = Vec::new();
    for (name, value, text) in &given {
        let own = (name.value.as_str(), text.as_str());
        let others = right.iter().copied().filter(|other| *other != own);
        let beside: Vec<_> = match right.contains(&own) {
            true => right.clone(),
            false => others.chain([own]).collect(),
        };
        match accepts(&beside) {
            Ok(()) => checked.push((name.value.clone(), text.clone())),
            // Two that contradict each other are one problem.
            Err(error) if refusals.contains(&error) => {}
            Err(error) => {
                let named = given.iter().find(|(other, ..)| other.value == error.name);
                let (name, value) =
                    named.map_or((*name, *value), |(name, value, _)| (*name, *value));
                problems.add(refused(document, name, value, &error));
                refusals.push(error);
            }
        }
    }
    checked
}

/// An option's value as text: `true`, `3` and `"x"` may be given as they are.
fn text(document: &Document, value: &Spanned<Value>) -> Result<String, Diagnostic> {
    match &value.value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Diagnostic::error(
            code::OPTION,
            "an option is a string, a number, true or false",
        )
        .at(document.source(), value.span, "")),
    }
}

fn refused(
    document: &Document,
    name: &Spanned<String>,
    value: &Spanned<Value>,
    error: &OptionError,
) -> Diagnostic {
    let (place, label) = if error.is_unknown {
        (name.span, "not an option")
    } else {
        (value.span, "")
    };
    let problem =
        Diagnostic::error(code::OPTION, error.to_string()).at(document.source(), place, label);
    match &error.suggestion {
        Some(suggestion) => problem.help(format!("did you mean `{suggestion}`?")),
        None => problem,
    }
}
