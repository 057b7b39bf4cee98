//! The check of one file.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use samara::opentelemetry::KeyValue;
use samara::opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::error::CheckError;
use crate::metrics::METRICS;
use crate::rows::{Row, parse_rows};

/// What the sender promises of a file: its rows, and the column that tells them apart.
#[derive(Deserialize)]
pub struct Promise {
    pub file: String,
    pub rows: usize,
    pub key: String,
}

/// Checks a file against its promise, and tells its faulty rows.
#[samara::step(id = "check-file", kind = "check", attributes(file.name = promise.file))]
pub async fn check_file(path: PathBuf, promise: Promise) -> Result<Vec<String>, CheckError> {
    // This work blocks, so it has a thread for itself; its steps are children of this one all the same.
    let work = samara::in_current_context(move || {
        let text = fs::read_to_string(&path).map_err(CheckError::at(&path))?;
        METRICS.file_size.record(text.len() as u64, &[]);
        let rows = parse_rows(&promise.file, &text)?;
        keep_promise(promise.rows, rows.len())?;
        Ok(find_faults(&promise.key, &rows))
    });
    spawn_blocking(work).await?
}

/// Compares a number of rows with the promised one, in a span made by hand.
fn keep_promise(promised: usize, found: usize) -> Result<(), CheckError> {
    samara::tracer("handwritten").in_span("keep-promise", |context| {
        let rows = KeyValue::new("rows", found as i64);
        context.span().set_attribute(rows);
        if promised == found {
            Ok(())
        } else {
            Err(CheckError::WrongRowCount { promised, found })
        }
    })
}

/// The rows whose key is missing, or is that of a row before.
#[samara::step(id = "find-faults", kind = "check", attributes(key, rows = rows.len()))]
fn find_faults(key: &str, rows: &[Row]) -> Vec<String> {
    let mut keys = HashSet::new();
    let mut faults = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match row.get(key) {
            None => faults.push(format!("row {}: no {key}", index + 1)),
            Some(value) if keys.insert(value) => {}
            Some(value) => faults.push(format!("row {}: {key} {value} again", index + 1)),
        }
    }
    METRICS.checked(rows.len() - faults.len(), faults.len());
    if !faults.is_empty() {
        // A line on standard error, and an event in the span of this step.
        tracing::warn!(faults = faults.len(), "rows are faulty");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_missing_or_repeated_is_a_fault_of_its_row() {
        let rows = parse_rows("orders.csv", "id,amount\n1,5\n,6\n1,7\n").expect("rows");
        let faults = find_faults("id", &rows);
        assert_eq!(faults, ["row 2: no id", "row 3: id 1 again"]);
    }
}
