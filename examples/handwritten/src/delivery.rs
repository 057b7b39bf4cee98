//! The check of a delivery: all of its files at once.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::error::CheckError;
use crate::file::{Promise, check_file};

/// What the check of a file came to.
#[derive(Serialize)]
struct Verdict {
    file: String,
    faults: Vec<String>,
    error: Option<String>,
}

/// Checks every file of a delivery, writes the report, and says how many files are not sound.
#[samara::step(id = "check-delivery", kind = "check", attributes(delivery = %delivery.display()))]
pub async fn check_delivery(delivery: &Path, report: Option<&Path>) -> Result<usize, CheckError> {
    let mut checks = Vec::new();
    for promise in read_manifest(delivery)? {
        let file = promise.file.clone();
        // A task of its own; its steps are children of this one.
        let check = samara::spawn(check_file(delivery.join(&file), promise));
        checks.push((file, check));
    }
    let mut verdicts = Vec::new();
    for (file, check) in checks {
        let (faults, error) = match check.await? {
            Ok(faults) => (faults, None),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        verdicts.push(Verdict {
            file,
            faults,
            error,
        });
    }
    write_report(&verdicts, report)?;
    let unsound = |verdict: &&Verdict| verdict.error.is_some() || !verdict.faults.is_empty();
    Ok(verdicts.iter().filter(unsound).count())
}

/// Reads what the sender promises: a JSON array.
#[samara::step(id = "read-manifest", kind = "extract")]
fn read_manifest(delivery: &Path) -> Result<Vec<Promise>, CheckError> {
    let path = delivery.join("manifest.json");
    let text = fs::read_to_string(&path).map_err(CheckError::at(&path))?;
    serde_json::from_str(&text)
        .map_err(|error| CheckError::Malformed(error.line(), error.to_string()))
}

/// Writes verdicts as JSON, to a file or to standard output.
#[samara::step(id = "write-report", kind = "load", attributes(files = verdicts.len()))]
fn write_report(verdicts: &[Verdict], path: Option<&Path>) -> Result<(), CheckError> {
    let report = serde_json::to_string_pretty(verdicts).map_err(io::Error::from);
    let written = report.and_then(|report| match path {
        Some(path) => fs::write(path, report + "\n"),
        None => writeln!(io::stdout(), "{report}"),
    });
    written.map_err(CheckError::at(path.unwrap_or(Path::new("standard output"))))
}
