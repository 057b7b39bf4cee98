//! Requests that a run sends by itself, for its hooks and its alerts.
//!
//! Each attempt is a span of its own, by OpenTelemetry's conventions for HTTP clients, and carries the trace on.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use thiserror::Error;

use crate::client;
use crate::interrupt;
use crate::telemetry::{names, trace_headers};
use crate::variables::{self, VariableError};

pub use crate::interrupt::Unfinished;

/// The methods that a request may have.
pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// What is read of an answer: enough to take the connection to its end in good order.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// Why a request cannot be sent, or was not answered well. No message holds a URL or the value of a variable.
#[derive(Debug, Error)]
pub enum RequestError {
    /// A text of it names a variable that is not set.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// The method is none of [`METHODS`].
    #[error("`{text}` is no method; methods are {}", METHODS.join(", "))]
    Method {
        /// What it is.
        text: String,
    },
    /// The URL is none, or lacks its scheme or host.
    #[error("not a full URL, such as https://example.com/path")]
    Url,
    /// The name or the value of a header has characters that none may have.
    #[error("the header `{0}` has a name or a value that headers cannot have")]
    Header(String),
    /// The payload is no JSON.
    #[error("the payload is no JSON: {0}")]
    Payload(serde_json::Error),
    /// There was no answer.
    #[error("{cause}")]
    Transport {
        /// Why, for a person.
        cause: String,
        /// Why, as one of a few words.
        kind: String,
    },
    /// The server refused, or sends us elsewhere: nothing is sent to a place that nobody has named, and what is sent once is not sent anew as
    /// something else.
    #[error("the server answered {status}{hint}", status = .0, hint = redirects(*.0))]
    Status(StatusCode),
    /// It came to nothing before there was an answer.
    #[error(transparent)]
    Unfinished(#[from] Unfinished),
}

fn redirects(status: StatusCode) -> &'static str {
    match status.is_redirection() {
        true => ", and redirects are not followed",
        false => "",
    }
}

impl RequestError {
    /// One of a few words, for the attribute `error.type`.
    pub(crate) fn kind(&self) -> String {
        match self {
            Self::Transport { kind, .. } => kind.clone(),
            Self::Status(status) => status.as_u16().to_string(),
            Self::Unfinished(Unfinished::Interrupted) => names::ERROR_TYPE_CANCELLED.to_owned(),
            _ => "_OTHER".to_owned(),
        }
    }
}

/// How often, and how soon, to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Retries {
    pub count: u32,
    pub delay: Duration,
}

/// A request, ready to be sent: every variable in it is resolved.
#[derive(Clone)]
pub(crate) struct Request {
    method: Method,
    url: Uri,
    shown_url: String,
    headers: HeaderMap,
    body: Option<String>,
    timeout: Duration,
    sender: Option<KeyValue>,
}

impl Request {
    /// Resolves the variables in a URL and its headers. A body is JSON, unless a header says something else.
    pub fn new<'a>(
        method: &str,
        url: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: Option<String>,
        timeout: Duration,
    ) -> Result<Self, RequestError> {
        let uri = parse_url(&variables::resolve(url)?)?;
        let mut map = HeaderMap::new();
        if body.is_some() {
            map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in headers {
            let (name, value) = parse_header(name, &variables::resolve(value)?)?;
            map.insert(name, value);
        }
        Ok(Self {
            method: parse_method(method)?,
            shown_url: shown(url, &uri)?,
            url: uri,
            headers: map,
            body,
            timeout,
            sender: None,
        })
    }

    /// Names who sends it, on its spans.
    pub fn of(self, sender: KeyValue) -> Self {
        Self {
            sender: Some(sender),
            ..self
        }
    }

    /// Shows no more of its URL than scheme, host and port: the path is a secret.
    pub fn with_secret_path(self) -> Self {
        let shown_url = format!("{}/REDACTED", client::origin(&self.url));
        Self { shown_url, ..self }
    }

    /// Sends it until the server accepts it, or all attempts are used up. The error is the last attempt's.
    ///
    /// After a signal nothing is repeated, and nothing goes on for long.
    pub fn send(&self, retries: Retries) -> Result<(), RequestError> {
        let mut outcome = self.attempt(0);
        for resend in 1..=retries.count {
            if outcome.is_ok() {
                break;
            }
            interrupt::pause(retries.delay);
            if interrupt::has_come() {
                break;
            }
            outcome = self.attempt(resend);
        }
        outcome
    }

    fn attempt(&self, resend: u32) -> Result<(), RequestError> {
        if interrupt::time_left() == Some(Duration::ZERO) {
            return Err(Unfinished::Interrupted.into());
        }
        let context = self.open_span(resend);
        let (request, within) = (self.clone(), context.clone());
        let answer = interrupt::in_time(Duration::MAX, move || request.exchange(&within));
        let answer = answer.unwrap_or_else(|unfinished| Err(unfinished.into()));
        let span = context.span();
        if let Ok(status) | Err(RequestError::Status(status)) = &answer {
            let code = i64::from(status.as_u16());
            span.set_attribute(KeyValue::new(names::HTTP_RESPONSE_STATUS_CODE, code));
        }
        if let Err(error) = &answer {
            span.set_attribute(KeyValue::new(names::ERROR_TYPE, error.kind()));
            // A status of HTTP says all by itself (semantic conventions, "HTTP client span").
            span.set_status(match error {
                RequestError::Status(_) => Status::error(""),
                error => Status::error(error.to_string()),
            });
        }
        span.end();
        answer.map(drop)
    }

    fn exchange(&self, context: &Context) -> Result<StatusCode, RequestError> {
        let agent = client::config(&self.url, self.timeout).build().new_agent();
        let mut request = http::Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.url.clone();
        *request.headers_mut() = self.headers.clone();
        for (name, value) in trace_headers(context) {
            if let Ok(value) = HeaderValue::try_from(value) {
                request.headers_mut().insert(name, value);
            }
        }
        let answer = match &self.body {
            Some(body) => agent.run(request.map(|()| body.as_str())),
            None => agent.run(request),
        };
        let mut answer = answer.map_err(|error| self.transport(&error))?;
        let status = answer.status();
        // Whatever else it says: it has answered.
        let _ = answer
            .body_mut()
            .with_config()
            .limit(ANSWER_LIMIT)
            .read_to_vec();
        match status.is_success() {
            true => Ok(status),
            false => Err(RequestError::Status(status)),
        }
    }

    fn transport(&self, error: &ureq::Error) -> RequestError {
        let other = "_OTHER".to_owned();
        RequestError::Transport {
            cause: client::cause(error, self.timeout, &self.url),
            kind: match error {
                ureq::Error::Timeout(_) => "timeout".to_owned(),
                ureq::Error::HostNotFound => "HostNotFound".to_owned(),
                ureq::Error::Io(error) if client::is_unresolved(error) => "HostNotFound".to_owned(),
                ureq::Error::Io(error) => match format!("{:?}", error.kind()) {
                    kind if ["Other", "Uncategorized"].contains(&kind.as_str()) => other,
                    kind => kind,
                },
                _ => other,
            },
        }
    }

    /// A context with the attempt's span in it, a child of the current one.
    fn open_span(&self, resend: u32) -> Context {
        let parent = Context::current();
        let port = match (self.url.port_u16(), self.url.scheme_str()) {
            (Some(port), _) => port,
            (None, Some("https")) => 443,
            (None, _) => 80,
        };
        // An address of IPv6 has brackets in a URL only.
        let host = self.url.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let method = self.method.as_str().to_owned();
        let mut attributes = vec![
            KeyValue::new(names::HTTP_REQUEST_METHOD, method.clone()),
            KeyValue::new(names::URL_FULL, self.shown_url.clone()),
            KeyValue::new(names::SERVER_ADDRESS, host),
            KeyValue::new(names::SERVER_PORT, i64::from(port)),
        ];
        attributes.extend(self.sender.clone());
        if resend > 0 {
            let resend = i64::from(resend);
            attributes.push(KeyValue::new(names::HTTP_REQUEST_RESEND_COUNT, resend));
        }
        let builder = SpanBuilder::from_name(method)
            .with_kind(SpanKind::Client)
            .with_attributes(attributes);
        let tracer = global::tracer(names::SCOPE);
        parent.with_span(tracer.build_with_context(builder, &parent))
    }
}

/// The method, whatever its case.
///
/// # Errors
/// [`RequestError::Method`] if it is none of [`METHODS`].
pub fn parse_method(text: &str) -> Result<Method, RequestError> {
    let name = text.to_uppercase();
    let known = METHODS.contains(&name.as_str());
    let method = known
        .then(|| Method::try_from(name.as_str()).ok())
        .flatten();
    method.ok_or_else(|| RequestError::Method {
        text: text.to_owned(),
    })
}

/// A full URL in which nothing is left to resolve.
///
/// # Errors
/// [`RequestError::Url`] for anything else.
pub fn parse_url(text: &str) -> Result<Uri, RequestError> {
    let uri: Option<Uri> = text.parse().ok();
    uri.filter(client::is_full).ok_or(RequestError::Url)
}

/// A header in which nothing is left to resolve.
///
/// # Errors
/// [`RequestError::Header`] if its name or its value has characters that none may have.
pub fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), RequestError> {
    let header = HeaderName::try_from(name)
        .ok()
        .zip(HeaderValue::try_from(value).ok());
    header.ok_or_else(|| RequestError::Header(name.to_owned()))
}

/// Where a request goes, as a span may tell it: what variables hold is left out, but for the base of the URL.
fn shown(template: &str, resolved: &Uri) -> Result<String, VariableError> {
    let masked = variables::masked(template)?;
    Ok(match parse_url(&masked) {
        Ok(uri) => client::shown(&uri),
        Err(_) => format!("{}/REDACTED", client::origin(resolved)),
    })
}

#[cfg(test)]
pub(crate) mod tests;
