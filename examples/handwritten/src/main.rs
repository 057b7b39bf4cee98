//! Checks the files of a delivery against its manifest: each can be read, has the rows that are promised, and no row is faulty.
//!
//! Each `#[samara::step]` here is a span and a duration; `metrics` adds a counter and a histogram.

mod delivery;
mod error;
mod file;
mod metrics;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

/// Checks the files of a delivery against its manifest
#[derive(clap::Args)]
struct Arguments {
    /// The folder of the delivery, with its `manifest.json`
    #[arg(default_value = "examples/handwritten/data")]
    delivery: PathBuf,
    /// Where to write the report; standard output if not given
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[samara::main]
async fn main(arguments: Arguments) -> ExitCode {
    match delivery::check_delivery(&arguments.delivery, arguments.report.as_deref()).await {
        Ok(unsound) => ExitCode::from(u8::from(unsound > 0)),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
