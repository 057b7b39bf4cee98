//! The alert format: channels that an alert can go through, and triggers that say when one does.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::tagged::{self, Tagged};

/// The `alert` section of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Ways that alerts can go.
    #[serde(default)]
    pub channels: Vec<Channel>,
    /// When an alert is sent, through which channels, and in what words.
    #[serde(default)]
    pub triggers: Vec<Trigger>,
}

/// A way that alerts can go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "channel_type", rename_all = "snake_case")]
pub enum Channel {
    /// By e-mail.
    Email(EmailChannel),
    /// By an HTTP request.
    Http(HttpChannel),
    /// Into a file.
    File(FileChannel),
}

impl<'de> Deserialize<'de> for Channel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl<'de> Tagged<'de> for Channel {
    const NAME: &'static str = "Channel";
    const TAG: &'static [&'static str] = &["channel_type"];
    const VARIANTS: &'static [&'static str] = &["email", "http", "file"];

    fn variant<D: Deserializer<'de>>(name: &str, fields: D) -> Result<Self, D::Error> {
        match name {
            "email" => EmailChannel::deserialize(fields).map(Self::Email),
            "http" => HttpChannel::deserialize(fields).map(Self::Http),
            _ => FileChannel::deserialize(fields).map(Self::File),
        }
    }
}

impl Channel {
    /// The id that triggers name it by.
    pub fn id(&self) -> &str {
        match self {
            Self::Email(channel) => &channel.id,
            Self::Http(channel) => &channel.id,
            Self::File(channel) => &channel.id,
        }
    }

    /// Whether it is in use.
    pub fn enabled(&self) -> bool {
        match self {
            Self::Email(channel) => channel.enabled,
            Self::Http(channel) => channel.enabled,
            Self::File(channel) => channel.enabled,
        }
    }
}

/// Sends alerts by e-mail, over SMTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChannel {
    /// Name that triggers use.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether alerts go this way.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Host name of the SMTP server.
    pub smtp_server: String,
    /// Port of the SMTP server: 587 begins in plain text and switches to TLS, 465 is TLS from the start.
    #[schemars(range(min = 1, max = 65535))]
    pub smtp_port: u32,
    /// User that logs in to the SMTP server.
    pub username: String,
    /// That user's password; `${NAME}` stands for an environment variable.
    pub password: Secret,
    /// Address of the sender.
    pub from_email: String,
    /// Addresses of the recipients.
    #[schemars(length(min = 1))]
    pub to_emails: Vec<String>,
}

/// Sends alerts as an HTTP request with the body `{"title": …, "message": …}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpChannel {
    /// Name that triggers use.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether alerts go this way.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// Where the request goes; `${NAME}` stands for an environment variable.
    pub url: Secret,
    /// HTTP method, such as `POST`.
    pub method: String,
    /// HTTP headers; `${NAME}` in a value stands for an environment variable.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Seconds to wait for an answer.
    #[schemars(range(min = 1, max = 30))]
    pub timeout: u32,
    /// What to do when the request fails.
    pub retry: Retry,
}

/// Appends alerts to a file, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileChannel {
    /// Name that triggers use.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether alerts go this way.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The file, made if it is missing; `${NAME}` stands for an environment variable.
    pub file_path: String,
}

/// How often a failed request is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// Attempts after the first.
    #[schemars(range(max = 3))]
    pub max_attempts: u32,
    /// Seconds between two attempts.
    #[schemars(range(min = 1, max = 30))]
    pub delay_in_seconds: u32,
}

/// Says when an alert is sent, through which channels, and in what words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// Name of the trigger.
    pub id: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Whether it can fire.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The channels to send through.
    pub channel_ids: Vec<String>,
    /// What is put around title and body.
    #[serde(default)]
    pub template: Template,
    /// All of these must match; with none, every failure does.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// Text that is put around the title and the body of an alert.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Template {
    /// Stands before the title.
    pub prepend_title: String,
    /// Stands after the title.
    pub append_title: String,
    /// Stands before the body.
    pub prepend_body: String,
    /// Stands after the body.
    pub append_body: String,
}

/// A condition of a trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "rule_type", rename_all = "snake_case")]
pub enum Rule {
    /// An environment variable has one of the given values.
    EnvVarsMatches(EnvVarsMatches),
    /// A pattern is found in the failure's message.
    ExceptionRegex(ExceptionRegex),
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        tagged::deserialize(deserializer)
    }
}

impl<'de> Tagged<'de> for Rule {
    const NAME: &'static str = "Rule";
    const TAG: &'static [&'static str] = &["rule_type"];
    const VARIANTS: &'static [&'static str] = &["env_vars_matches", "exception_regex"];

    fn variant<D: Deserializer<'de>>(name: &str, fields: D) -> Result<Self, D::Error> {
        match name {
            "env_vars_matches" => EnvVarsMatches::deserialize(fields).map(Self::EnvVarsMatches),
            _ => ExceptionRegex::deserialize(fields).map(Self::ExceptionRegex),
        }
    }
}

/// Matches if an environment variable has one of the given values.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvVarsMatches {
    /// The variable; an empty name always matches.
    pub env_var_name: String,
    /// Values that match.
    pub env_var_values: Vec<String>,
}

/// Matches if a regular expression is found anywhere in the failure's message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionRegex {
    /// The expression; an empty one always matches.
    pub pattern: String,
}

/// A text that does not show in `Debug` output: a password, or a place where tokens often stand.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Secret(String);

impl Secret {
    /// The text itself. Not to be logged.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

fn enabled() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let channel = json!({
            "channel_type": "email", "id": "mail", "description": "", "enabled": true, "smtp_server": "smtp", "smtp_port": 587,
            "username": "u", "password": "hunter2", "from_email": "a@b", "to_emails": ["c@d"],
        });
        let channel: Channel = serde_json::from_value(channel).expect("valid");
        let text = format!("{channel:?}");
        assert!(text.contains("smtp") && !text.contains("hunter2"), "{text}");
        assert!(
            serde_json::to_string(&channel)
                .expect("serialises")
                .contains("hunter2")
        );
    }

    #[test]
    fn unknown_fields_are_refused_at_every_depth() {
        let cases = [
            json!({"channels": [], "chanels": []}),
            json!({"channels": [{"channel_type": "file", "id": "f", "file_path": "a", "path": "b"}]}),
            json!({"triggers": [{"id": "t", "channel_ids": [], "rule": []}]}),
            json!({"triggers": [{"id": "t", "channel_ids": [], "template": {"title": ""}}]}),
            json!({"triggers": [{"id": "t", "channel_ids": [], "rules": [{"rule_type": "exception_regex", "pattern": "", "flags": ""}]}]}),
        ];
        for case in cases {
            let error = serde_json::from_value::<Alert>(case)
                .expect_err("an unknown field")
                .to_string();
            assert!(error.contains("unknown field"), "{error}");
        }
    }

    #[test]
    fn the_schema_tells_channels_apart_and_allows_nothing_else() {
        let schema = schemars::schema_for!(Alert);
        let channels = schema
            .pointer("/$defs/Channel/oneOf")
            .and_then(|channels| channels.as_array())
            .expect("alternatives");
        assert_eq!(channels.len(), 3);
        for channel in channels {
            assert_eq!(
                channel.get("additionalProperties"),
                Some(&json!(false)),
                "{channel}"
            );
            assert!(
                channel.pointer("/properties/channel_type/const").is_some(),
                "{channel}"
            );
        }
        assert_eq!(
            schema.pointer("/$defs/Channel/oneOf/0/properties/smtp_port/maximum"),
            Some(&json!(65535))
        );
    }
}
