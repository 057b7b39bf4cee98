//! The alert section.

use samara::alert::Alert;
use samara::alert::model::Channel;

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

/// Refuses alerts with a password in plain text: what is embedded is shipped.
///
/// # Errors
///
/// [`code::SECRET`] at the password.
pub fn refuse_secrets(document: &Document) -> Result<(), Vec<Diagnostic>> {
    let Some(section) = document.section("alert") else {
        return Ok(());
    };
    let alert: Alert = document.deserialize_node(section)?;
    let channels = section
        .get("channels")
        .map(Node::elements)
        .unwrap_or_default();
    let secrets = alert
        .channels
        .iter()
        .zip(channels)
        .filter_map(|(channel, node)| match channel {
            Channel::Email(email) if is_literal(email.password.expose()) => node.get("password"),
            _ => None,
        });
    let problem = |node: &Node| {
        Diagnostic::error(code::SECRET, "this password would become part of the binary")
            .at(document.source(), node.span, "a secret in plain text")
            .help("write `${SMTP_PASSWORD}`, a variable of the run, or leave the alerts to `--alert-filepath` of the binary")
    };
    let problems: Vec<Diagnostic> = secrets.map(problem).collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

fn is_literal(password: &str) -> bool {
    !password.is_empty() && !password.contains("${")
}
