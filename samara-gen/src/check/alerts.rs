//! The alert section.

use samara::alert::model::{Channel, Rule};
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
        for (rule, values) in trigger.rules.iter().enumerate() {
            if let Rule::EnvVarsMatches(values) = values
                && trigger.enabled
                && !values.env_var_name.is_empty()
                && values.env_var_values.is_empty()
            {
                let message = format!(
                    "trigger `{id}` never fires: no value of `{}` matches",
                    values.env_var_name
                );
                let pointer = format!("/triggers/{index}/rules/{rule}/env_var_values");
                warnings.push(warning(&pointer, message));
            }
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::source::{Document, Syntax};

    fn channels() -> Value {
        let retry = json!({"max_attempts": 0, "delay_in_seconds": 1});
        json!([
            {"channel_type": "email", "id": "mail", "smtp_server": "s", "smtp_port": 25, "username": "", "password": "",
                "from_email": "a@b.c", "to_emails": ["d@e.f", "${WHO}"]},
            {"channel_type": "http", "id": "web", "url": "http://a", "method": "POST", "headers": {"A": "b"}, "timeout": 3,
                "retry": retry},
            {"channel_type": "file", "id": "file", "file_path": "x"},
        ])
    }

    fn document(change: impl Fn(&mut Value)) -> Document {
        let triggers = json!([{"id": "t", "channel_ids": ["mail", "web", "file"],
            "rules": [{"rule_type": "exception_regex", "pattern": "x"}]}]);
        let mut alert = json!({"channels": channels(), "triggers": triggers});
        change(&mut alert);
        let text = json!({ "alert": alert }).to_string();
        Document::parse("alert.json", text, Syntax::Json).expect("json")
    }

    /// What a file with one change is refused for, and the text that is underlined.
    fn refused(pointer: &str, value: &Value) -> (String, String) {
        let document =
            document(|alert| *alert.pointer_mut(pointer).expect("a value") = value.clone());
        let mut problems = super::check(&document, true).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{problems:?}");
        let problem = problems.remove(0);
        let span = problem.labels[0].span.expect("a place");
        (problem.message, document.text()[span.range()].to_owned())
    }

    #[test]
    fn what_is_wrong_with_alerts_is_shown_at_its_field() {
        for (pointer, value, message, place) in [
            (
                "/channels/0/smtp_port",
                json!(0),
                "`smtp_port` of channel `mail` is 0: it must be from 1 to 65535",
                "0",
            ),
            (
                "/channels/0/smtp_port",
                json!("25"),
                "expected a whole number, found a string",
                "\"25\"",
            ),
            (
                "/channels/0/from_email",
                json!("nobody"),
                "`nobody` of channel `mail` is not an e-mail address, such as ada@example.com",
                "\"nobody\"",
            ),
            (
                "/channels/0/to_emails/0",
                json!("x"),
                "`x` of channel `mail` is not an e-mail address, such as ada@example.com",
                "\"x\"",
            ),
            (
                "/channels/0/to_emails",
                json!([]),
                "`to_emails` of channel `mail` is empty: it needs one address at least",
                "[]",
            ),
            (
                "/channels/0/smtp_server",
                json!(""),
                "`smtp_server` of channel `mail` is empty",
                "\"\"",
            ),
            (
                "/channels/0/smtp_server",
                json!("smtps://mail.example.com"),
                "`smtps://mail.example.com` of channel `mail` is not a host name, such as smtp.example.com",
                "\"smtps://mail.example.com\"",
            ),
            (
                "/channels/0/smtp_server",
                json!("mail.example.com:587"),
                "`mail.example.com:587` of channel `mail` is not a host name, such as smtp.example.com",
                "\"mail.example.com:587\"",
            ),
            (
                "/channels/1/url",
                json!("ftp://x"),
                "channel `web`: not a full URL, such as https://example.com/path",
                "\"ftp://x\"",
            ),
            (
                "/channels/1/url",
                json!("example.com"),
                "channel `web`: not a full URL, such as https://example.com/path",
                "\"example.com\"",
            ),
            (
                "/channels/1/headers",
                json!({"a b": "c"}),
                "channel `web`: the header `a b` has a name or a value that headers cannot have",
                "\"a b\"",
            ),
            (
                "/channels/1/headers",
                json!({"a": "b\n"}),
                "channel `web`: the header `a` has a name or a value that headers cannot have",
                "\"b\\n\"",
            ),
            (
                "/channels/1/timeout",
                json!(31),
                "`timeout` of channel `web` is 31: it must be from 1 to 30",
                "31",
            ),
            (
                "/channels/1/retry/max_attempts",
                json!(4),
                "`retry.max_attempts` of channel `web` is 4: it must be from 0 to 3",
                "4",
            ),
            (
                "/channels/1/channel_type",
                json!("htp"),
                "unknown name `htp`",
                "\"htp\"",
            ),
            (
                "/channels/2/file_path",
                json!(""),
                "`file_path` of channel `file` is empty",
                "\"\"",
            ),
            (
                "/channels/2/id",
                json!(""),
                "`id` of a channel is empty",
                "\"\"",
            ),
            (
                "/triggers/0/id",
                json!(""),
                "`id` of a trigger is empty",
                "\"\"",
            ),
            (
                "/triggers/0/channel_ids/0",
                json!("mial"),
                "trigger `t` names the channel `mial`, which does not exist",
                "\"mial\"",
            ),
            (
                "/triggers/0/rules/0/pattern",
                json!("(a"),
                "trigger `t` has a rule whose pattern is no regular expression: unclosed group",
                "\"(a\"",
            ),
        ] {
            let expected = (message.to_owned(), place.to_owned());
            assert_eq!(refused(pointer, &value), expected, "{pointer}");
        }
    }

    #[test]
    fn a_misspelt_field_of_a_channel_is_one_error_at_its_key() {
        for (pointer, old, new) in [
            ("/channels/0", "smtp_port", "smtp_prot"),
            ("/channels/2", "channel_type", "chanel_type"),
            ("/triggers/0/rules/0", "patern", "pattern"),
        ] {
            let document = document(|alert| {
                let object = alert
                    .pointer_mut(pointer)
                    .and_then(Value::as_object_mut)
                    .expect("an object");
                let (from, to) = if object.contains_key(old) {
                    (old, new)
                } else {
                    (new, old)
                };
                let value = object.remove(from).expect("a field");
                object.insert(to.to_owned(), value);
            });
            let problems = super::check(&document, true).expect_err("a problem");
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(
                problems[0].message.starts_with("unknown field"),
                "{problems:?}"
            );
            let help = problems[0].help.as_deref().unwrap_or_default();
            assert!(
                help.starts_with("did you mean") || help.contains("only"),
                "{help}"
            );
        }
    }

    #[test]
    fn what_has_no_effect_is_a_warning() {
        let warnings = |change: fn(&mut Value)| {
            let warnings = super::warnings(&document(change)).into_iter();
            warnings.map(|warning| warning.message).collect::<Vec<_>>()
        };
        assert_eq!(warnings(|_| {}), [""; 0]);
        assert_eq!(
            warnings(|alert| alert["triggers"][0]["channel_ids"] = json!(["mail", "web"])),
            ["no trigger names the channel `file`"]
        );
        assert_eq!(
            warnings(|alert| {
                alert["channels"] = json!([]);
                alert["triggers"][0]["channel_ids"] = json!([]);
            }),
            ["trigger `t` tells nobody: it names no channel"]
        );
        assert_eq!(
            warnings(|alert| {
                alert["triggers"][0]["rules"] = json!([{"rule_type": "env_vars_matches", "env_var_name": "STAGE",
                    "env_var_values": []}]);
            }),
            ["trigger `t` never fires: no value of `STAGE` matches"]
        );
        assert_eq!(
            warnings(|alert| alert["channels"][1]["enabled"] = json!(false)),
            ["trigger `t` names the channel `web`, which is disabled"]
        );
        assert_eq!(
            warnings(|alert| {
                let trigger = alert["triggers"][0].clone();
                alert["triggers"] = json!([trigger, trigger]);
            }),
            ["there are two triggers `t`: the log does not tell them apart"]
        );
    }
}
