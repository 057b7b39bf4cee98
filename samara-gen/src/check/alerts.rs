//! The alert section.

use samara::alert::model::Channel;
use samara::alert::{Alert, AlertError, Fault};
use samara::request::{RequestError, parse_header};

use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Node, Span};

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
    let faults = alert.faults_of_format().into_iter();
    let faults = faults.chain(alert.faults_of_texts());
    // The channel that a trigger means may be the one whose id is empty.
    let is_nameless = alert.channels.iter().any(|channel| channel.id().is_empty());
    let follows = |fault: &Fault| matches!(fault.error, AlertError::UnknownChannel { .. });
    let faults = faults.filter(|fault| !(is_nameless && follows(fault)));
    let problems: Vec<Diagnostic> = faults
        .map(|fault| problem(document, section, &alert, &fault))
        .collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    let embedded = serde_json::json!({ "alert": section.to_json() });
    Ok(Some(format!("{embedded:#}\n")))
}

fn problem(document: &Document, section: &Node, alert: &Alert, fault: &Fault) -> Diagnostic {
    let span = place(section, fault);
    let message = fault.error.to_string();
    let problem = Diagnostic::error(code::ALERT, message).at(document.source(), span, "");
    let channels = alert.channels.iter();
    match &fault.error {
        AlertError::UnknownChannel { channel, .. } => {
            problem.suggest(channel, channels.map(Channel::id))
        }
        AlertError::DuplicateChannel { id } => {
            let first = channels.map(Channel::id).position(|other| other == id);
            let first = first.and_then(|index| section.at(&format!("/channels/{index}/id")));
            match first {
                Some(first) => problem.see(document.source(), first.span, "first here"),
                None => problem,
            }
        }
        _ => problem,
    }
}

/// Where a fault is: at a value, or at the name of a header that cannot be one.
fn place(section: &Node, fault: &Fault) -> Span {
    let value = section.at(&fault.pointer);
    let of_name = match &fault.error {
        AlertError::Request { source, .. } => match &**source {
            RequestError::Header(name) if parse_header(name, "").is_err() => Some(name),
            _ => None,
        },
        _ => None,
    };
    let headers = fault
        .pointer
        .rsplit_once('/')
        .and_then(|(parent, _)| section.at(parent));
    let headers = headers.map(Node::members).unwrap_or_default();
    let key = headers.iter().find(|member| Some(&member.key) == of_name);
    key.map(|member| member.key_span)
        .or(value.map(|value| value.span))
        .unwrap_or(section.span)
}

/// What alerts have without effect: channels that no trigger uses, triggers that tell nobody, triggers that the log does not tell apart.
pub(super) fn warnings(document: &Document) -> Vec<Diagnostic> {
    let Some(section) = document.section("alert") else {
        return Vec::new();
    };
    let Ok(alert) = document.deserialize_node::<Alert>(section) else {
        return Vec::new();
    };
    let warning = |pointer: &str, message: String| {
        let span = section
            .at(pointer)
            .map_or(section.span, |member| member.span);
        Diagnostic::warning(code::NO_EFFECT, message).at(document.source(), span, "")
    };
    let mut warnings = Vec::new();
    for (index, trigger) in alert.triggers.iter().enumerate() {
        let id = &trigger.id;
        let mut earlier = alert.triggers[..index].iter();
        if let Some(first) = earlier.position(|other| other.id == *id) {
            let message =
                format!("there are two triggers `{id}`: the log does not tell them apart");
            let first = section.at(&format!("/triggers/{first}/id"));
            let warning = warning(&format!("/triggers/{index}/id"), message);
            warnings.push(match first {
                Some(first) => warning.see(document.source(), first.span, "first here"),
                None => warning,
            });
        }
        if trigger.enabled && trigger.channel_ids.is_empty() {
            let message = format!("trigger `{id}` tells nobody: it names no channel");
            warnings.push(warning(&format!("/triggers/{index}/channel_ids"), message));
        }
        for (named, channel) in trigger.channel_ids.iter().enumerate() {
            let channels = alert.channels.iter();
            let is_off = |other: &Channel| other.id() == channel && !other.enabled();
            if trigger.enabled && channels.into_iter().any(is_off) {
                let message =
                    format!("trigger `{id}` names the channel `{channel}`, which is disabled");
                let pointer = format!("/triggers/{index}/channel_ids/{named}");
                warnings.push(warning(&pointer, message));
            }
        }
    }
    for (index, channel) in alert.channels.iter().enumerate() {
        let mut triggers = alert.triggers.iter();
        if channel.enabled()
            && !triggers.any(|trigger| trigger.channel_ids.contains(&channel.id().to_owned()))
        {
            let message = format!("no trigger names the channel `{}`", channel.id());
            warnings.push(warning(&format!("/channels/{index}/id"), message));
        }
    }
    warnings
}
