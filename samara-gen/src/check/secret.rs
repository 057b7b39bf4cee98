//! Secrets in plain text: what is embedded is shipped.

use samara::alert::Alert;
use samara::alert::model::Channel;
use samara::variables::is_given_at_run_time;

use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Node};

/// Words in the names of headers whose values are secrets.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "key",
    "password",
    "secret",
    "token",
];

/// Refuses hooks with a secret in plain text.
///
/// # Errors
///
/// [`code::SECRET`] at each value of a header that is named like a secret.
pub fn refuse_hook_secrets(workflow: &Document) -> Result<(), Vec<Diagnostic>> {
    refuse(
        workflow,
        hook_secrets(workflow),
        "write `${NAME}`, a variable of the run",
    )
}

/// Refuses alerts with a secret in plain text.
///
/// # Errors
///
/// [`code::SECRET`] at each password, and at each value of a header that is named like a secret.
pub fn refuse_alert_secrets(alerts: &Document) -> Result<(), Vec<Diagnostic>> {
    let help = "write `${NAME}`, a variable of the run, or leave the alerts to `--alert-filepath` of the binary";
    refuse(alerts, alert_secrets(alerts)?, help)
}

fn refuse(document: &Document, secrets: Vec<&Node>, help: &str) -> Result<(), Vec<Diagnostic>> {
    let problem = |node: &Node| {
        Diagnostic::error(code::SECRET, "this secret would become part of the binary")
            .at(document.source(), node.span, "a secret in plain text")
            .help(help)
    };
    match secrets.is_empty() {
        true => Ok(()),
        false => Err(secrets.into_iter().map(problem).collect()),
    }
}

/// Where actions of hooks have secrets in plain text.
fn hook_secrets(workflow: &Document) -> Vec<&Node> {
    let jobs = workflow
        .section("workflow")
        .and_then(|section| section.get("jobs"));
    let hooks = elements(jobs).iter().filter_map(|job| job.get("hooks"));
    let moments = hooks.flat_map(Node::members).map(|moment| &moment.value);
    moments
        .flat_map(Node::elements)
        .flat_map(secret_headers)
        .collect()
}

/// Where channels of alerts have secrets in plain text.
fn alert_secrets(document: &Document) -> Result<Vec<&Node>, Vec<Diagnostic>> {
    let Some(section) = document.section("alert") else {
        return Ok(Vec::new());
    };
    let alert: Alert = document.deserialize_node(section)?;
    let channels = alert.channels.iter().zip(elements(section.get("channels")));
    let secrets = channels.flat_map(|(channel, node)| match channel {
        Channel::Email(_) => plain(node.get("password")).into_iter().collect(),
        Channel::Http(_) => secret_headers(node),
        Channel::File(_) => Vec::new(),
    });
    Ok(secrets.collect())
}

/// The values of a request's headers that are secrets in plain text.
fn secret_headers(request: &Node) -> Vec<&Node> {
    let headers = request
        .get("headers")
        .map(Node::members)
        .unwrap_or_default();
    let is_secret = |name: &str| {
        let name = name.to_lowercase();
        SECRET_HEADERS.iter().any(|word| name.contains(word))
    };
    let secrets = headers.iter().filter(|header| is_secret(&header.key));
    secrets
        .filter_map(|header| plain(Some(&header.value)))
        .collect()
}

/// The node, if it is a text that the run does not bring along.
fn plain(node: Option<&Node>) -> Option<&Node> {
    let is_plain = |text: &str| !text.is_empty() && !is_given_at_run_time(text);
    node.filter(|node| node.as_str().is_some_and(is_plain))
}

fn elements(node: Option<&Node>) -> &[Node] {
    node.map(Node::elements).unwrap_or_default()
}
