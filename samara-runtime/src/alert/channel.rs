//! Sending an alert through a channel.

use std::fs::OpenOptions;
use std::io::{self, Write as _};

use thiserror::Error;

use super::model::{Channel, FileChannel};
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
    #[error("{0} channels are not sent yet")]
    NotYet(&'static str),
    #[error(transparent)]
    Variable(#[from] VariableError),
    // With the path as it stands in the file: a variable in it may hold what is not to be logged.
    #[error("cannot append to {path}: {source}")]
    File { path: String, source: io::Error },
}

impl Channel {
    pub(super) fn send(&self, message: &Message) -> Result<(), ChannelError> {
        match self {
            Self::Email(_) => Err(ChannelError::NotYet("e-mail")),
            Self::Http(_) => Err(ChannelError::NotYet("http")),
            Self::File(file) => file.append(message),
        }
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
