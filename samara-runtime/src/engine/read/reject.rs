//! Records that do not fit their schema.

use std::path::Path;

use crate::engine::read::ReadError;

/// What is wrong with a record. The reason names the column, never its value: values have no place in logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reject {
    /// Some of its fields: those that fit are kept.
    Fields(String),
    /// All of it: none of its fields is kept.
    Record(String),
    /// More than a mode can decide about.
    Fatal(String),
}

impl Reject {
    pub fn reason(self) -> String {
        match self {
            Self::Fields(reason) | Self::Record(reason) | Self::Fatal(reason) => reason,
        }
    }
}

/// The reason of a field that does not fit its column.
pub(crate) fn misfit(column: &str) -> String {
    format!("the value does not fit column `{column}`")
}

/// Where a record is, and what is wrong with it.
pub(crate) fn malformed(path: &Path, line: u64, reason: String) -> ReadError {
    ReadError::Malformed {
        path: path.to_owned(),
        line,
        message: reason,
    }
}
