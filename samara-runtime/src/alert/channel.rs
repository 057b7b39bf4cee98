//! Sending an alert through a channel.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use opentelemetry::KeyValue;
use rustix::fs::Access;
use serde_json::json;
use thiserror::Error;

use super::email::EmailError;
use super::model::{Channel, FileChannel, HttpChannel, Secret};
use crate::interrupt::Unfinished;
use crate::location::{Location, LocationError};
use crate::request::{Request, RequestError, Retries};
use crate::telemetry::{meters, names, point};
use crate::variables::{self, VariableError};

/// What a channel sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) title: String,
    pub(super) body: String,
}

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub(crate) enum ChannelError {
    #[error(transparent)]
    Variable(#[from] VariableError),
    #[error(transparent)]
    Location(#[from] LocationError),
    // With the path as it stands in the file: a variable in it may hold what is not to be logged.
    #[error("cannot append to {path}: {source}")]
    File { path: String, source: io::Error },
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Email(#[from] EmailError),
}

impl ChannelError {
    /// One of a few words, for the attribute `error.type`.
    fn kind(&self) -> String {
        match self {
            Self::Variable(_) => "variable".to_owned(),
            Self::Location(_) => "location".to_owned(),
            Self::File { source, .. } => format!("{:?}", source.kind()),
            Self::Request(error) => error.kind(),
            Self::Email(EmailError::Unfinished(Unfinished::Interrupted)) => {
                names::ERROR_TYPE_CANCELLED.to_owned()
            }
            Self::Email(_) => "email".to_owned(),
        }
    }
}

impl Channel {
    /// Sends a message, and counts it.
    pub(super) fn notify(&self, message: &Message) -> Result<(), ChannelError> {
        let sent = self.send(message);
        if let Some(meters) = meters() {
            let failure = sent.as_ref().err().map(ChannelError::kind);
            let point = point(named(self.id()), failure);
            meters.alert_notifications.add(1, &point);
        }
        sent
    }

    fn send(&self, message: &Message) -> Result<(), ChannelError> {
        match self {
            Self::Email(email) => Ok(email.send(message)?),
            Self::Http(http) => Ok(http.send(message)?),
            Self::File(file) => file.append(message),
        }
    }

    /// Whether it could send something, as far as that is known without sending.
    pub(super) fn check(&self) -> Result<(), ChannelError> {
        self.check_texts()?;
        match self {
            Self::Email(email) => Ok(email.check()?),
            Self::Http(http) => Ok(http.request(String::new()).map(drop)?),
            Self::File(file) => file.check(),
        }
    }

    /// Whether all variables are set that its texts name, and its file is in a place that there is.
    pub(super) fn check_texts(&self) -> Result<(), ChannelError> {
        variables::check(self.texts())?;
        match self {
            Self::Email(_) | Self::Http(_) => Ok(()),
            Self::File(file) => file.location().map(drop),
        }
    }

    /// All that may name variables.
    pub(super) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Email(email) => {
                let own = [&email.smtp_server, &email.username, &email.from_email];
                let own = own.into_iter().chain(&email.to_emails).map(String::as_str);
                own.chain([email.password.expose()]).collect()
            }
            Self::Http(http) => {
                let values = http.headers.values().map(Secret::expose);
                values.chain([http.url.expose()]).collect()
            }
            Self::File(file) => vec![&file.file_path],
        }
    }
}

impl HttpChannel {
    fn send(&self, message: &Message) -> Result<(), RequestError> {
        let body = json!({ "title": message.title, "message": message.body });
        let retries = Retries {
            count: self.retry.max_attempts,
            delay: seconds(self.retry.delay_in_seconds),
        };
        let request = self.request(body.to_string())?.of(named(&self.id));
        request.with_secret_path().send(retries)
    }

    fn request(&self, body: String) -> Result<Request, RequestError> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.expose()));
        let (url, timeout) = (self.url.expose(), seconds(self.timeout));
        Request::new(&self.method, url, headers, Some(body), timeout)
    }
}

/// The attribute that names a channel.
fn named(id: &str) -> KeyValue {
    KeyValue::new(names::ALERT_CHANNEL, id.to_owned())
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

impl FileChannel {
    fn check(&self) -> Result<(), ChannelError> {
        let location = self.location()?;
        let path = location.as_path();
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let (place, access) = match path.exists() {
            true => (path, Access::WRITE_OK),
            false => (directory, Access::WRITE_OK | Access::EXEC_OK),
        };
        let usable = match path.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => rustix::fs::access(place, access).map_err(io::Error::from),
        };
        usable.map_err(|source| self.failed(source))
    }

    fn location(&self) -> Result<Location, ChannelError> {
        let path = variables::resolve(&self.file_path)?;
        Ok(Location::parse(&path).map_err(|error| error.about(&self.file_path))?)
    }

    fn failed(&self, source: io::Error) -> ChannelError {
        ChannelError::File {
            path: self.file_path.clone(),
            source,
        }
    }

    fn append(&self, message: &Message) -> Result<(), ChannelError> {
        let location = self.location()?;
        // One write, so that alerts of several runs do not mix within a line.
        let line = format!("{}: {}\n", message.title, message.body);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(location.path());
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|source| self.failed(source))
    }
}
