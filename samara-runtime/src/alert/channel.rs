//! Sending an alert through a channel.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::time::Duration;

use serde_json::json;
use thiserror::Error;

use super::email::EmailError;
use super::model::{Channel, FileChannel, HttpChannel};
use crate::request::{Request, RequestError, Retries};
use crate::variables::{self, VariableError};

/// What a channel sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) title: String,
    pub(super) body: String,
}

/// Why a message could not be sent.
#[derive(Debug, Error)]
pub(super) enum ChannelError {
    #[error(transparent)]
    Variable(#[from] VariableError),
    // With the path as it stands in the file: a variable in it may hold what is not to be logged.
    #[error("cannot append to {path}: {source}")]
    File { path: String, source: io::Error },
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Email(#[from] EmailError),
}

impl Channel {
    pub(super) fn send(&self, message: &Message) -> Result<(), ChannelError> {
        match self {
            Self::Email(email) => Ok(email.send(message)?),
            Self::Http(http) => Ok(http.send(message)?),
            Self::File(file) => file.append(message),
        }
    }
}

impl HttpChannel {
    fn send(&self, message: &Message) -> Result<(), RequestError> {
        let body = json!({ "title": message.title, "message": message.body });
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), value.expose()));
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let retries = Retries {
            count: self.retry.max_attempts,
            delay: seconds(self.retry.delay_in_seconds),
        };
        let (url, timeout) = (self.url.expose(), seconds(self.timeout));
        Request::new(&self.method, url, headers, Some(body.to_string()), timeout)?.send(retries)
    }
}

impl FileChannel {
    fn append(&self, message: &Message) -> Result<(), ChannelError> {
        let path = variables::resolve(&self.file_path)?;
        // One write, so that alerts of several runs do not mix within a line.
        let line = format!("{}: {}\n", message.title, message.body);
        let file = OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .map_err(|source| ChannelError::File {
                path: self.file_path.clone(),
                source,
            })
    }
}
