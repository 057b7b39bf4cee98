//! The variables in texts: what begins like one must be one, since it would stand for itself when the program runs.

use samara::location::Use;
use samara::variables::check_references;

use crate::check::location;
use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Node, NodeKind, Span, Spanned};

/// The fields of channels whose texts may hold variables.
const OF_CHANNELS: [&str; 8] = [
    "smtp_server",
    "username",
    "password",
    "from_email",
    "to_emails",
    "url",
    "headers",
    "file_path",
];

/// The fields of actions whose texts may.
const OF_ACTIONS: [&str; 3] = ["url", "headers", "payload"];

/// Checks the first reference to a variable that is none, with the caret inside the text.
pub(super) fn check_text(document: &Document, text: &str, span: Span) -> Result<(), Diagnostic> {
    check_references(text).map_err(|(range, error)| {
        let place = document.span_in_string(span, range);
        Diagnostic::error(code::INVALID_VALUE, error.to_string())
            .at(document.source(), place, "")
            .help("for these characters themselves write `${DOLLAR:-$}{`")
    })
}

/// Checks the texts of the enabled actions of enabled jobs.
pub(super) fn check_hooks(workflow: &Document) -> Result<(), Vec<Diagnostic>> {
    let section = workflow.section("workflow").filter(is_enabled);
    let jobs = elements(section.and_then(|section| section.get("jobs")));
    let hooks = jobs.iter().filter(is_enabled);
    let moments = hooks
        .filter_map(|job| job.get("hooks"))
        .flat_map(Node::members);
    let actions = moments.flat_map(|moment| moment.value.elements());
    let texts = actions.filter(is_enabled).flat_map(|action| {
        let fields = OF_ACTIONS.iter().filter_map(|field| action.get(field));
        fields.collect::<Vec<_>>()
    });
    none_or(texts.flat_map(|node| problems(workflow, node)).collect())
}

/// Checks the texts of the channels of alerts, and the places of their files.
pub(super) fn check_alerts(alerts: &Document) -> Result<(), Vec<Diagnostic>> {
    let channels = alerts
        .section("alert")
        .and_then(|section| section.get("channels"));
    let of_channel = |channel: &Node| {
        let fields = OF_CHANNELS.iter().filter_map(|field| channel.get(field));
        let texts = fields.flat_map(|node| problems(alerts, node));
        let texts: Vec<Diagnostic> = texts.collect();
        let file = channel.get("file_path").filter(|_| texts.is_empty());
        let file = file.and_then(|file| {
            let path = Spanned::new(file.as_str()?.to_owned(), file.span);
            // That a path is missing is for the check of channels to say.
            if path.value.is_empty() {
                return None;
            }
            location::check(alerts, &path, Use::Write).err()
        });
        texts.into_iter().chain(file).collect::<Vec<_>>()
    };
    none_or(elements(channels).iter().flat_map(of_channel).collect())
}

/// What is wrong with the texts in a value.
fn problems(document: &Document, node: &Node) -> Vec<Diagnostic> {
    match &node.kind {
        NodeKind::String(text) => check_text(document, text, node.span)
            .err()
            .into_iter()
            .collect(),
        NodeKind::Array(elements) => {
            let elements = elements.iter();
            elements.flat_map(|node| problems(document, node)).collect()
        }
        NodeKind::Object(members) => {
            let values = members.iter().map(|member| &member.value);
            values.flat_map(|node| problems(document, node)).collect()
        }
        NodeKind::Null | NodeKind::Bool(_) | NodeKind::Number(_) => Vec::new(),
    }
}

fn none_or(problems: Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    match problems.is_empty() {
        true => Ok(()),
        false => Err(problems),
    }
}

fn is_enabled(node: &&Node) -> bool {
    let enabled = node.get("enabled").map(|enabled| &enabled.kind);
    enabled != Some(&NodeKind::Bool(false))
}

fn elements(node: Option<&Node>) -> &[Node] {
    node.map(Node::elements).unwrap_or_default()
}
