//! What `#[samara::main]` expands into.

use std::process::ExitCode;

use clap::{Args as _, Command, FromArgMatches as _};

use crate::settings::Settings;
use crate::workflow::Workflow;

/// Runs a workflow as a program: reads flags and variables, sets telemetry up, runs, flushes, and gives the exit code.
///
/// `name` and `version` are the package's. Flags are accepted before and after the subcommand `run`, which may be left out.
pub fn start(name: &'static str, version: &'static str, program: fn() -> Workflow) -> ExitCode {
    let workflow = program();
    let matches = command(name, version, workflow.description()).get_matches();
    match Settings::from_arg_matches(&matches) {
        Ok(settings) => workflow.run(&settings, version),
        Err(error) => error.exit(),
    }
}

fn command(name: &'static str, version: &'static str, about: &'static str) -> Command {
    let command = Command::new(name).version(version).about(about);
    Settings::augment_args(command).subcommand(
        Command::new("run").about("Run the workflow (what happens without a command, too)"),
    )
}
