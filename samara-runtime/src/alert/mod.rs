//! Alerts: what a person is told, and how, when a run fails.
//!
//! An alert never harms a run: what cannot be sent is a warning, and neither stops other channels nor changes the exit code.

mod channel;
mod email;
mod fault;
pub mod model;
mod tagged;
mod trial;

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jsonc_parser::errors::ParseError;
use jsonc_parser::{ParseOptions, parse_to_serde_value};
use regex::Regex;
use serde::Deserialize;
use thiserror::Error;

use crate::request::RequestError;
use crate::yaml::{self, YamlError};

pub use fault::Fault;
pub use model::Alert;

pub(crate) use channel::ChannelError;
use channel::Message;
use model::{Channel, Rule, Template, Trigger};

/// Why alerts cannot be read.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is named as YAML, and is none.
    #[error("{}: {source}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: YamlError,
    },
    /// The text is no JSON, or does not hold what the format asks for.
    #[error("not a valid alert file: {0}")]
    Format(#[from] ParseError),
    /// The text has no `alert` section.
    #[error("there is no `alert` section")]
    NoSection,
    /// Two channels have one id.
    #[error("there are two channels with the id `{id}`")]
    DuplicateChannel {
        /// The id.
        id: String,
    },
    /// A trigger names a channel that does not exist.
    #[error("trigger `{trigger}` names the channel `{channel}`, which does not exist")]
    UnknownChannel {
        /// Id of the trigger.
        trigger: String,
        /// The id that no channel has.
        channel: String,
    },
    /// An e-mail channel has no recipient.
    #[error("`to_emails` of channel `{channel}` is empty: it needs one address at least")]
    NoRecipient {
        /// Id of the channel.
        channel: String,
    },
    /// A number is too small or too large.
    #[error("`{field}` of channel `{channel}` is {value}: it must be from {low} to {high}")]
    OutOfRange {
        /// Id of the channel.
        channel: String,
        /// Name of the field.
        field: &'static str,
        /// What it holds.
        value: u32,
        /// The least that it may hold.
        low: u32,
        /// The most that it may hold.
        high: u32,
    },
    /// A text that is needed is empty.
    #[error("`{field}` of {owner} is empty")]
    Empty {
        /// The channel or the trigger.
        owner: String,
        /// Name of the field.
        field: &'static str,
    },
    /// A text is no address of e-mail.
    #[error("`{address}` of channel `{channel}` is not an e-mail address, such as ada@example.com")]
    Address {
        /// Id of the channel.
        channel: String,
        /// The text.
        address: String,
    },
    /// A text is no name of a mail server.
    #[error("`{host}` of channel `{channel}` is not a host name, such as smtp.example.com")]
    Host {
        /// Id of the channel.
        channel: String,
        /// The text.
        host: String,
    },
    /// No request can be made of a channel's texts.
    #[error("channel `{channel}`: {source}")]
    Request {
        /// Id of the channel.
        channel: String,
        /// What is wrong.
        source: Box<RequestError>,
    },
    /// A rule's pattern is no regular expression.
    #[error("trigger `{trigger}` has a rule whose pattern is no regular expression: {}", in_one_line(.source))]
    Pattern {
        /// Id of the trigger.
        trigger: String,
        /// What is wrong with it.
        source: Box<regex::Error>,
    },
}

/// What is wrong with a pattern, without the drawing of its place.
fn in_one_line(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}

/// A file that holds alerts, perhaps beside other sections.
#[derive(Deserialize)]
struct AlertFile {
    alert: Option<Alert>,
}

impl Alert {
    /// Reads and checks the `alert` section of a JSON, JSONC or YAML file. Other sections are ignored.
    ///
    /// # Errors
    /// [`AlertError::Read`] for a file that cannot be read, [`AlertError::Yaml`] for one that is named `.yaml` and is none; else as
    /// [`Alert::parse`].
    pub fn read(path: &Path) -> Result<Self, AlertError> {
        let is_yaml = path.extension().is_some_and(|extension| {
            extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
        });
        let text = fs::read_to_string(path).map_err(|source| AlertError::Read {
            path: path.to_owned(),
            source,
        })?;
        if is_yaml {
            let document = yaml::parse(&text).map_err(|source| AlertError::Yaml {
                path: path.to_owned(),
                source,
            })?;
            Self::parse(&document.to_json().to_string())
        } else {
            Self::parse(&text)
        }
    }

    /// Reads and checks the `alert` section of a JSON or JSONC text. Other sections are ignored.
    ///
    /// # Errors
    /// [`AlertError::Format`] for what is no JSON or does not fit the format, [`AlertError::NoSection`] if there is no such section; else as
    /// [`Alert::validate`].
    ///
    /// # Examples
    /// ```
    /// use samara::alert::Alert;
    ///
    /// let alert = Alert::parse(r#"{"alert": {
    ///     "channels": [{"channel_type": "file", "id": "log", "file_path": "alerts.log"}],
    ///     "triggers": [{"id": "any-failure", "channel_ids": ["log"]}], // no rules: always
    /// }}"#)?;
    /// assert_eq!(alert.channels[0].id(), "log");
    /// # Ok::<(), samara::alert::AlertError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, AlertError> {
        let file: Option<AlertFile> =
            parse_to_serde_value(text.trim_start_matches('\u{feff}'), &JSONC)?;
        let alert = file
            .and_then(|file| file.alert)
            .ok_or(AlertError::NoSection)?;
        alert.validate()?;
        Ok(alert)
    }

    /// Checks what the types alone do not say: ranges, ids, patterns.
    ///
    /// # Errors
    /// The first rule that is broken, channels before triggers.
    pub fn validate(&self) -> Result<(), AlertError> {
        let first = self.faults_of_format().into_iter().next();
        first.map_or(Ok(()), |fault| Err(fault.error))
    }

    /// Sends an alert through the channels of every trigger that fires: it is enabled and all of its rules match.
    ///
    /// `exception` is the failure's message, which rules search. What cannot be sent is a warning.
    pub fn raise(&self, title: &str, body: &str, exception: &str) {
        for trigger in self.firing(exception, &environment) {
            for (channel, sent) in self.send(trigger, title, body) {
                match sent {
                    Ok(()) => tracing::debug!(
                        "alert of trigger `{}` sent through channel `{}`",
                        trigger.id,
                        channel.id()
                    ),
                    Err(error) => {
                        tracing::warn!("alert not sent through channel `{}`: {error}", channel.id())
                    }
                }
            }
        }
    }

    /// The triggers that fire at a failure, where variables are as given.
    fn firing(&self, exception: &str, variable: &Variables) -> impl Iterator<Item = &Trigger> {
        self.triggers.iter().filter(move |trigger| {
            let mut rules = trigger.rules.iter();
            trigger.enabled && rules.all(|rule| rule.matches(exception, variable))
        })
    }

    /// Sends a trigger's message, and says for each channel what became of it.
    fn send<'a>(
        &'a self,
        trigger: &'a Trigger,
        title: &str,
        body: &str,
    ) -> impl Iterator<Item = (&'a Channel, Result<(), ChannelError>)> + use<'a> {
        let message = trigger.template.apply(title, body);
        self.channels_of(trigger)
            .map(move |channel| (channel, channel.notify(&message)))
    }

    /// The channels through which some failure would be told here: rules that look at variables are known to match.
    fn channels_in_use(&self) -> impl Iterator<Item = &Channel> {
        let may_fire = |trigger: &&Trigger| {
            let mut rules = trigger.rules.iter();
            let may_match = |rule: &Rule| match rule {
                Rule::EnvVarsMatches(_) => rule.matches("", &environment),
                Rule::ExceptionRegex(_) => true,
            };
            trigger.enabled && rules.all(may_match)
        };
        let triggers: Vec<&Trigger> = self.triggers.iter().filter(may_fire).collect();
        self.channels.iter().filter(move |channel| {
            let names_it =
                |trigger: &&Trigger| trigger.channel_ids.iter().any(|id| id == channel.id());
            channel.enabled() && triggers.iter().any(names_it)
        })
    }

    /// All texts of channels through which some failure would be told somewhere that may name variables.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        let triggers = self.triggers.iter().filter(|trigger| trigger.enabled);
        let channels = triggers.flat_map(|trigger| self.channels_of(trigger));
        channels.flat_map(Channel::texts)
    }

    /// Each channel in use that lacks variables or whose file is in no place, with what is wrong.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = (&str, ChannelError)> {
        self.channels_in_use()
            .filter_map(|channel| Some((channel.id(), channel.check_texts().err()?)))
    }

    /// Each channel in use that could not send anything, as far as that is known without sending.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (&str, ChannelError)> {
        self.channels_in_use()
            .filter_map(|channel| Some((channel.id(), channel.check().err()?)))
    }

    /// The enabled channels that a trigger names.
    fn channels_of<'a>(&'a self, trigger: &'a Trigger) -> impl Iterator<Item = &'a Channel> {
        let named = trigger
            .channel_ids
            .iter()
            .filter_map(|id| self.channels.iter().find(|channel| channel.id() == id));
        named.filter(|channel| channel.enabled())
    }
}

/// Where rules look up variables.
type Variables<'a> = dyn Fn(&str) -> Option<String> + 'a;

fn environment(name: &str) -> Option<String> {
    env::var(name).ok()
}

impl Rule {
    fn matches(&self, exception: &str, variable: &Variables) -> bool {
        match self {
            Self::EnvVarsMatches(rule) if rule.env_var_name.is_empty() => true,
            Self::EnvVarsMatches(rule) => variable(&rule.env_var_name)
                .is_some_and(|value| rule.env_var_values.contains(&value)),
            // An invalid pattern does not get past `validate`.
            Self::ExceptionRegex(rule) => {
                Regex::new(&rule.pattern).is_ok_and(|pattern| pattern.is_match(exception))
            }
        }
    }
}

impl Template {
    fn apply(&self, title: &str, body: &str) -> Message {
        Message {
            title: [&self.prepend_title, title, &self.append_title].concat(),
            body: [&self.prepend_body, body, &self.append_body].concat(),
        }
    }
}

/// JSON with comments and trailing commas, and nothing else beyond JSON.
const JSONC: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

#[cfg(test)]
mod tests;
