//! Records that do not fit their schema.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use crate::engine::read::{Mode, ReadError};

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

/// The records of one read that were rejected so far, over all of its threads.
#[derive(Debug, Default)]
pub(crate) struct Rejected {
    records: AtomicU64,
    /// The first that was met, as the error that it would be under FAILFAST.
    first: Mutex<Option<ReadError>>,
    /// The partitions that have been read.
    read: AtomicUsize,
}

impl Rejected {
    pub fn records(&self) -> u64 {
        self.records.load(Relaxed)
    }

    /// Counts records. True if they are the first ones.
    pub fn add(&self, records: u64) -> bool {
        records > 0 && self.records.fetch_add(records, Relaxed) == 0
    }

    pub fn set_first(&self, error: ReadError) {
        if let Ok(mut first) = self.first.lock() {
            first.get_or_insert(error);
        }
    }

    /// Notes that one of some partitions has been read. After the last one there is one warning, if there is something to warn of.
    pub fn end_partition(&self, partitions: usize, mode: Mode) {
        if self.read.fetch_add(1, Relaxed) + 1 == partitions {
            self.warn(mode);
        }
    }

    fn warn(&self, mode: Mode) {
        let Ok(first) = self.first.lock() else { return };
        let (Some(first), records) = (first.as_ref(), self.records()) else {
            return;
        };
        let fate = match mode {
            Mode::DropMalformed => "are left out (mode DROPMALFORMED)",
            _ => "have null for what does not (mode PERMISSIVE)",
        };
        tracing::warn!(
            "{records} records do not fit the schema and {fate}; the first is at {first}"
        );
    }
}

/// Where a record is, and what is wrong with it.
pub(crate) fn malformed(path: &Path, line: u64, reason: String) -> ReadError {
    ReadError::Malformed {
        path: path.to_owned(),
        line,
        message: reason,
    }
}
