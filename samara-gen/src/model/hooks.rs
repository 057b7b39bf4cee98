//! What happens beside a job's work: requests when it starts and ends.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::Value;

use super::Entries;
use crate::source::Spanned;

/// What else happens when a job starts and ends. An action that fails is logged, and never fails the job.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(transform = add_on_failure)]
pub struct Hooks {
    /// Before the job does anything.
    #[serde(default, rename = "onStart")]
    pub on_start: Vec<Spanned<Action>>,
    /// After the job failed; `onFailure` means the same.
    #[serde(default, rename = "onError", alias = "onFailure")]
    pub on_error: Vec<Spanned<Action>>,
    /// After the job succeeded.
    #[serde(default, rename = "onSuccess")]
    pub on_success: Vec<Spanned<Action>>,
    /// At the end, whatever happened.
    #[serde(default, rename = "onFinally")]
    pub on_finally: Vec<Spanned<Action>>,
}

/// A request to a web server.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// The action's name, for the log.
    pub id: Spanned<String>,
    /// What the action is for.
    #[serde(default)]
    pub description: String,
    /// Whether the action is taken.
    #[serde(default = "super::workflow::enabled")]
    pub enabled: bool,
    /// What kind of action it is; only requests so far.
    pub action_type: ActionType,
    /// Where the request goes.
    pub url: Spanned<String>,
    /// The request's method: `GET`, `POST`, `PUT`, …
    pub method: Spanned<String>,
    /// The request's headers.
    #[serde(default)]
    pub headers: Entries<String>,
    /// The JSON that is sent.
    #[serde(default)]
    pub payload: Entries<Value>,
    /// How long to wait for an answer, in seconds.
    #[schemars(range(min = 1, max = 30))]
    pub timeout: Spanned<u64>,
    /// What to do when the request fails.
    pub retry: Retry,
}

/// A kind of action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActionType {
    /// A request over HTTP.
    Http,
}

/// How often, and how soon, to try again.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How often to try again after the first failure.
    #[schemars(range(min = 0, max = 3))]
    pub max_attempts: Spanned<u64>,
    /// How long to wait before each further attempt, in seconds.
    #[schemars(range(min = 1, max = 30))]
    pub delay_in_seconds: Spanned<u64>,
}

/// A schema knows no aliases; so `onFailure` becomes a property of its own.
fn add_on_failure(schema: &mut Schema) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut)
        && let Some(on_error) = properties.get("onError").cloned()
    {
        properties.insert("onFailure".to_owned(), on_error);
    }
}
