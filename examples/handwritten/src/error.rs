//! What can be wrong with a file.

use std::io;
use std::path::Path;

/// Why a file cannot be used. The names of the variants are the values of `error.type` in telemetry.
#[derive(Debug, thiserror::Error, samara::ErrorType)]
pub enum CheckError {
    /// It is not there, or not for us to read or write.
    #[error("{0}: {1}")]
    Inaccessible(String, io::Error),
    /// It is not what its name says.
    #[error("line {0}: {1}")]
    Malformed(usize, String),
    /// Nobody knows how to read it.
    #[error("`{0}` ends neither in .csv nor in .json")]
    UnknownFormat(String),
    /// It was cut, or is another file.
    #[error("{found} rows, but the manifest promises {promised}")]
    WrongRowCount { promised: usize, found: usize },
    /// The check itself panicked.
    #[error("the check ended early: {0}")]
    Aborted(#[from] tokio::task::JoinError),
}

impl CheckError {
    /// The error of a file that cannot be read or written.
    pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |error| Self::Inaccessible(path.display().to_string(), error)
    }
}
