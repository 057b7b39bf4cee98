//! Records that do not fit their schema.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

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
#[derive(Debug)]
pub(crate) struct Rejected {
    mode: Mode,
    records: AtomicU64,
    /// The first that was met, as the error that it would be under FAILFAST.
    first: Mutex<Option<ReadError>>,
    /// Whether anybody was told, by this read or by another one of the same extract.
    told: Arc<AtomicBool>,
}

impl Rejected {
    pub fn new(mode: Mode, told: Arc<AtomicBool>) -> Self {
        Self {
            mode,
            records: AtomicU64::new(0),
            first: Mutex::new(None),
            told,
        }
    }

    pub fn records(&self) -> u64 {
        self.records.load(Relaxed)
    }

    /// Counts records. True if they are the first ones.
    pub fn add(&self, records: u64) -> bool {
        records > 0 && self.records.fetch_add(records, Relaxed) == 0
    }

    pub fn set_first(&self, error: ReadError) {
        self.first.lock().get_or_insert(error);
    }

    /// Warns of the records, once an extract, if there are any.
    pub fn tell(&self) {
        let first = self.first.lock();
        let Some(first) = first.as_ref() else { return };
        if self.told.swap(true, Relaxed) {
            return;
        }
        let records = self.records();
        let fate = match self.mode {
            Mode::DropMalformed => "left out (mode DROPMALFORMED)",
            _ => "read with nulls (mode PERMISSIVE)",
        };
        let which = match records {
            1 => "a record that does not fit the schema is".to_owned(),
            _ => format!("{records} records that do not fit the schema are"),
        };
        tracing::warn!("{which} {fate}; the first: {first}");
    }
}

/// Of what no step reports.
impl Drop for Rejected {
    fn drop(&mut self) {
        self.tell();
    }
}

impl PartialEq for Rejected {
    fn eq(&self, other: &Self) -> bool {
        self.records() == other.records()
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
