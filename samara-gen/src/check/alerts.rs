//! The alert section.

use samara::alert::Alert;
use samara::alert::model::{Channel, Secret};
use samara::variables::is_given_at_run_time;

use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Node};

/// Checks the alert section of a file, and gives it as the JSON text of an alert file. A file may have none, unless it was
/// given as the alert file.
pub(super) fn check(
    document: &Document,
    required: bool,
) -> Result<Option<String>, Vec<Diagnostic>> {
    let Some(section) = document.section("alert") else {
        if required {
            let problem = Diagnostic::error(code::ALERT, "the alert file has no section `alert`");
            return Err(vec![problem.in_file(document.source())]);
        }
        return Ok(None);
    };
    let alert: Alert = document.deserialize_node(section)?;
    alert.validate().map_err(|error| {
        let problem = Diagnostic::error(code::ALERT, error.to_string());
        vec![problem.at(document.source(), section.span, "")]
    })?;
    let embedded = serde_json::json!({ "alert": section.to_json() });
    Ok(Some(format!("{embedded:#}\n")))
}

/// Words in the names of headers whose values are secrets.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "key",
    "password",
    "secret",
    "token",
];

/// Refuses alerts with a secret in plain text: what is embedded is shipped.
///
/// # Errors
///
/// [`code::SECRET`] at each password, and at each value of a header that is named like a secret.
pub fn refuse_secrets(document: &Document) -> Result<(), Vec<Diagnostic>> {
    let Some(section) = document.section("alert") else {
        return Ok(());
    };
    let alert: Alert = document.deserialize_node(section)?;
    let nodes = section
        .get("channels")
        .map(Node::elements)
        .unwrap_or_default();
    let channels = alert.channels.iter().zip(nodes);
    let shipped = channels.flat_map(|(channel, node)| secrets(channel, node));
    let problem = |node: &Node| {
        Diagnostic::error(code::SECRET, "this secret would become part of the binary")
            .at(document.source(), node.span, "a secret in plain text")
            .help("write `${NAME}`, a variable of the run, or leave the alerts to `--alert-filepath` of the binary")
    };
    let problems: Vec<Diagnostic> = shipped.map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Where a channel has secrets in plain text.
fn secrets<'a>(channel: &Channel, node: &'a Node) -> Vec<&'a Node> {
    let is_plain =
        |secret: &Secret| !secret.expose().is_empty() && !is_given_at_run_time(secret.expose());
    match channel {
        Channel::Email(email) if is_plain(&email.password) => {
            node.get("password").into_iter().collect()
        }
        Channel::Http(http) => {
            let secret = |(name, value): &(&String, &Secret)| {
                let name = name.to_lowercase();
                SECRET_HEADERS.iter().any(|word| name.contains(word)) && is_plain(value)
            };
            let names = http.headers.iter().filter(secret).map(|(name, _)| name);
            names
                .filter_map(|name| node.get("headers")?.get(name))
                .collect()
        }
        Channel::Email(_) | Channel::File(_) => Vec::new(),
    }
}
