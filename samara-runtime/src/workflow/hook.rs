//! Hooks: requests that tell others how a job goes.

use std::time::Duration;

use opentelemetry::KeyValue;
use serde_json::Value;

use crate::request::{Request, RequestError, Retries};
use crate::telemetry::{meters, names, point};
use crate::variables::{self, VariableError};

/// A request that is sent when a job starts or ends. One that fails is a warning, and never fails the job.
///
/// `${NAME}` and `${NAME:-default}` in the URL, in the values of headers and in the texts of the payload are resolved when it is sent.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use samara::Hook;
///
/// let hook = Hook::new("tell-the-team", "POST", "https://example.com/jobs")
///     .header("Authorization", "Bearer ${TOKEN}")
///     .payload(r#"{"text": "the job ${JOB_NAME:-silver} starts"}"#)
///     .timeout(Duration::from_secs(5))
///     .retries(2, Duration::from_secs(1));
/// # drop(hook);
/// ```
#[derive(Debug, Clone)]
pub struct Hook {
    id: &'static str,
    method: &'static str,
    url: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    payload: Option<&'static str>,
    timeout: Duration,
    retries: Retries,
}

impl Hook {
    /// A request without a payload, tried once, that waits ten seconds for an answer. Its id is for the log.
    pub fn new(id: &'static str, method: &'static str, url: &'static str) -> Self {
        Self {
            id,
            method,
            url,
            headers: Vec::new(),
            payload: None,
            timeout: Duration::from_secs(10),
            retries: Retries::default(),
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Sets the JSON to send. A header `Content-Type` says so, unless another one is given.
    pub fn payload(self, json: &'static str) -> Self {
        Self {
            payload: Some(json),
            ..self
        }
    }

    /// Sets how long to wait for an answer.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Sets how often to try again after the first failure, and how long to wait before that. A failure is no answer in time, or one
    /// with a status of 400 or above.
    pub fn retries(self, count: u32, delay: Duration) -> Self {
        let retries = Retries { count, delay };
        Self { retries, ..self }
    }

    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    /// Whether it could be sent, as far as that is known without sending.
    pub(super) fn check(&self) -> Result<(), RequestError> {
        self.check_variables()?;
        self.request().map(drop)
    }

    /// Whether all variables are set that its texts name.
    pub(super) fn check_variables(&self) -> Result<(), VariableError> {
        variables::check(self.texts())
    }

    /// All that may name variables.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let values = self.headers.iter().map(|(_, value)| *value);
        [self.url].into_iter().chain(values).chain(self.payload)
    }

    fn request(&self) -> Result<Request, RequestError> {
        let body = self.payload.map(resolved_json).transpose()?;
        let headers = self.headers.iter().copied();
        let request = Request::new(self.method, self.url, headers, body, self.timeout)?;
        Ok(request.of(self.name()))
    }

    fn name(&self) -> KeyValue {
        KeyValue::new(names::HOOK_NAME, self.id)
    }

    fn send(&self) -> Result<(), RequestError> {
        self.request()?.send(self.retries)
    }
}

/// What else happens when a job starts and ends.
///
/// # Examples
///
/// ```
/// use samara::{Hook, Hooks, Result, Session, Workflow};
///
/// fn silver(session: &Session) -> Result<()> {
///     # let _ = session;
///     Ok(())
/// }
/// let page = Hook::new("page", "POST", "https://example.com/page");
/// let workflow = Workflow::new("orders").job_with_hooks("silver", silver, Hooks::new().on_error([page]));
/// # drop(workflow);
/// ```
#[must_use = "hooks do nothing without a job"]
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    on_start: Vec<Hook>,
    on_error: Vec<Hook>,
    on_success: Vec<Hook>,
    on_finally: Vec<Hook>,
}

impl Hooks {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what is sent before the job does anything.
    pub fn on_start(mut self, hooks: impl IntoIterator<Item = Hook>) -> Self {
        self.on_start.extend(hooks);
        self
    }

    /// Adds what is sent after the job failed or panicked.
    pub fn on_error(mut self, hooks: impl IntoIterator<Item = Hook>) -> Self {
        self.on_error.extend(hooks);
        self
    }

    /// Adds what is sent after the job succeeded.
    pub fn on_success(mut self, hooks: impl IntoIterator<Item = Hook>) -> Self {
        self.on_success.extend(hooks);
        self
    }

    /// Adds what is sent at the end, whatever happened.
    pub fn on_finally(mut self, hooks: impl IntoIterator<Item = Hook>) -> Self {
        self.on_finally.extend(hooks);
        self
    }

    /// All of them, in the order of a job's life.
    pub(super) fn all(&self) -> impl Iterator<Item = &Hook> {
        let moments = [
            &self.on_start,
            &self.on_error,
            &self.on_success,
            &self.on_finally,
        ];
        moments.into_iter().flatten()
    }

    /// Sends what is to be sent at a moment.
    pub(super) fn send(&self, moment: Moment) {
        match moment {
            Moment::Start => return send_all(&self.on_start),
            Moment::Success => send_all(&self.on_success),
            Moment::Error => send_all(&self.on_error),
            Moment::Interruption => {}
        }
        send_all(&self.on_finally);
    }
}

/// A moment in a job's life at which something is sent. The last one of a job sends what is sent in any case, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Start,
    Success,
    /// A failure or a panic.
    Error,
    /// A signal: the job neither succeeded nor failed.
    Interruption,
}

/// Sends one after the other.
fn send_all(hooks: &[Hook]) {
    for hook in hooks {
        log(hook, hook.send());
    }
}

fn log(hook: &Hook, sent: Result<(), RequestError>) {
    if let Some(meters) = meters() {
        let failure = sent.as_ref().err().map(RequestError::kind);
        meters.hook_requests.add(1, &point(hook.name(), failure));
    }
    match sent {
        Ok(()) => tracing::debug!("hook `{}` sent", hook.id),
        Err(error) => tracing::warn!("hook `{}` failed: {error}", hook.id),
    }
}

/// JSON whose texts are resolved one by one, so that no value changes its form.
fn resolved_json(json: &str) -> Result<String, RequestError> {
    let mut value: Value = serde_json::from_str(json).map_err(RequestError::Payload)?;
    resolve_texts(&mut value)?;
    Ok(value.to_string())
}

fn resolve_texts(value: &mut Value) -> Result<(), VariableError> {
    match value {
        Value::String(text) => *text = variables::resolve(text)?,
        Value::Array(items) => items.iter_mut().try_for_each(resolve_texts)?,
        Value::Object(members) => members.values_mut().try_for_each(resolve_texts)?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}
