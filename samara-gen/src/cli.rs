//! The program, under both of its names: what it is asked to do, and what it says.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use samara::alert::{Alert, AlertError};
use samara::settings::{AlertTest, NotAVariable};
use samara::telemetry::{Service, log};
use samara::workflow::{Exit, doctor};
use samara::{RunSettings, Settings};

use crate::build::{self, Binary, BuildError, BuildOptions, Profile};
use crate::check::{check, refuse_alert_secrets, refuse_hook_secrets};
use crate::diagnostic::{Colour, Diagnostic, code};
use crate::emit::emit;
use crate::krate::Crate;
use crate::model;
use crate::plan::Plan;
use crate::source::Document;

/// Compiles a declarative data pipeline to one observable binary.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    settings: RunSettings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a workflow's binary
    Build(BuildArguments),
    /// Write a workflow's crate, and do not build it
    Emit(EmitArguments),
    /// Build a workflow's binary if anything changed, and run it
    Run(RunArguments),
    /// Check a workflow and its alerts, and build nothing
    Validate(ValidateArguments),
    /// Look whether telemetry would arrive: show its settings, and try each endpoint
    Doctor(DoctorArguments),
    /// Print the JSON Schema of a format, for editors
    ExportSchema(SchemaArguments),
}

#[derive(Args)]
struct BuildArguments {
    /// The workflow to compile
    workflow: PathBuf,
    /// Build the alerts of this file into the binary
    #[arg(long, value_name = "PATH")]
    alert_filepath: Option<PathBuf>,
    /// Where to put the binary; a directory puts it inside [default: ./<workflow's id>]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write the crate to this directory, and build it there
    #[arg(long, value_name = "DIR")]
    emit_dir: Option<PathBuf>,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
}

#[derive(Args)]
struct EmitArguments {
    /// The workflow to compile
    workflow: PathBuf,
    /// Build the alerts of this file into the crate
    #[arg(long, value_name = "PATH")]
    alert_filepath: Option<PathBuf>,
    /// Where to write the crate
    #[arg(long, value_name = "DIR")]
    emit_dir: PathBuf,
}

#[derive(Args)]
struct RunArguments {
    /// The workflow to run
    #[arg(long, value_name = "PATH")]
    workflow_filepath: PathBuf,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    #[command(flatten)]
    settings: RunSettings,
}

#[derive(Args)]
struct DoctorArguments {
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args)]
struct ValidateArguments {
    /// The workflow to check
    #[arg(long, value_name = "PATH")]
    workflow_filepath: PathBuf,
    /// Check the alerts of this file, in place of those beside the workflow
    #[arg(long, value_name = "PATH")]
    alert_filepath: Option<PathBuf>,
    #[command(flatten)]
    test: AlertTest,
}

#[derive(Args)]
struct SchemaArguments {
    /// The format whose schema it is
    #[arg(value_enum, default_value_t)]
    format: SchemaOf,
}

/// A format that has a schema.
#[derive(Clone, Copy, Default, ValueEnum)]
enum SchemaOf {
    /// A workflow, with or without alerts
    #[default]
    Workflow,
    /// Alerts in a file of their own
    Alert,
}

/// Why the program ends without having done its work.
#[derive(Debug, thiserror::Error)]
enum Error {
    /// A file cannot be read.
    #[error("{}", rendered(.0))]
    Read(Vec<Diagnostic>),
    /// The alert file does not fit its format.
    #[error("{}", rendered(.0))]
    Alert(Vec<Diagnostic>),
    /// The workflow has errors.
    #[error("{}", rendered(.0))]
    Workflow(Vec<Diagnostic>),
    /// There is no binary.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There are no alerts to test.
    #[error("there are no alerts to test; --alert-filepath gives some")]
    NoAlerts,
    /// The alerts to test are none.
    #[error(transparent)]
    TestAlerts(#[from] AlertError),
    /// Alerts cannot be tested with these variables.
    #[error(transparent)]
    TestVariable(#[from] NotAVariable),
}

impl Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Read(_) => Exit::Io,
            Error::Alert(_) => Exit::AlertConfiguration,
            Error::Workflow(_) => Exit::WorkflowConfiguration,
            Error::Build(BuildError::Cargo { .. }) => Exit::Unexpected,
            Error::Build(_) => Exit::Io,
            Error::TestAlerts(error) => error.into(),
            Error::NoAlerts | Error::TestVariable(_) => Exit::InvalidArguments,
        }
    }

    /// An error about one file: `of_format` tells what it is if the file can be read.
    fn of_file(diagnostic: Diagnostic, of_format: fn(Vec<Diagnostic>) -> Error) -> Error {
        match diagnostic.code {
            code::UNREADABLE => Error::Read(vec![diagnostic]),
            _ => of_format(vec![diagnostic]),
        }
    }
}

/// The program, under one of its names, from its arguments to its exit code.
pub fn main(name: &'static str) -> ExitCode {
    let cli = parse(name);
    let done = match cli.command {
        Command::Build(arguments) => build_binary(&arguments),
        Command::Emit(arguments) => emit_crate(&arguments),
        Command::Run(arguments) => run(&arguments),
        Command::Validate(arguments) if arguments.test.is_asked_for() => {
            return ended(test_alerts(&arguments), Exit::AlertTest);
        }
        Command::Validate(arguments) => validate(&arguments),
        Command::Doctor(arguments) => {
            let service = Service {
                name: "samara",
                version: env!("CARGO_PKG_VERSION"),
                ..Service::default()
            };
            return doctor(&arguments.settings, service).into();
        }
        Command::ExportSchema(arguments) => Ok(schema(arguments.format)),
    };
    ended(done, Exit::Success)
}

/// Says what was done, or why it was not.
fn ended(done: Result<String, Error>, well: Exit) -> ExitCode {
    let exit = match done {
        Ok(report) => {
            // Who closes the pipe early does not want the rest.
            let _ = std::io::stdout().write_all(report.as_bytes());
            well
        }
        Err(error) => {
            eprintln!("{}", spoken(&error));
            error.exit()
        }
    };
    exit.into()
}

/// The flags of a run stand before or after `run`. Before it they are hidden: `--help` shows them where they belong.
fn parse(name: &'static str) -> Cli {
    let command = Cli::command().name(name);
    let mut command = command.mut_args(|argument| argument.hide(true));
    let parsed = command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|matches| {
            refuse_flags_of_run(&mut command, &matches)?;
            Cli::from_arg_matches(&matches)
        });
    parsed.unwrap_or_else(|error| error.exit())
}

/// Only `run` does something with them, and `doctor` with those of telemetry: elsewhere they would be ignored, which nobody means.
fn refuse_flags_of_run(
    command: &mut clap::Command,
    matches: &clap::ArgMatches,
) -> Result<(), clap::Error> {
    let Some((name, matches)) = matches.subcommand().filter(|(name, _)| *name != "run") else {
        return Ok(());
    };
    let used = match name {
        "doctor" => flags_of::<Settings>(),
        _ => Vec::new(),
    };
    let mut flags = flags_of::<RunSettings>();
    flags.retain(|flag| !used.contains(flag));
    let given = |flag: &&String| {
        *flag != "alert_filepath"
            && matches!(matches.try_contains_id(flag), Ok(true))
            && matches.value_source(flag) == Some(ValueSource::CommandLine)
    };
    match flags.iter().find(given) {
        Some(flag) => {
            let flag = flag.replace('_', "-");
            Err(command.error(
                ErrorKind::ArgumentConflict,
                format!("--{flag} is a flag of `run` and of the binary, not of `{name}`"),
            ))
        }
        None => Ok(()),
    }
}

fn flags_of<T: Args>() -> Vec<String> {
    let command = T::augment_args(clap::Command::new(""));
    let ids = command
        .get_arguments()
        .map(|flag| flag.get_id().to_string());
    ids.collect()
}

fn build_binary(arguments: &BuildArguments) -> Result<String, Error> {
    let plan = read_to_ship(&arguments.workflow, arguments.alert_filepath.as_deref())?;
    let krate = emit(&plan, &build::runtime()?.source());
    let options = BuildOptions {
        workflow: arguments.workflow.clone(),
        emit_directory: arguments.emit_dir.clone(),
        profile: arguments.profile,
        quiet: false,
    };
    let binary = build::build(&krate, &options)?;
    let output = output_path(arguments.output.as_deref(), &krate.name);
    binary.copy_to(&output)?;
    Ok(how_to_run(&krate, &binary, &output, arguments.profile))
}

fn emit_crate(arguments: &EmitArguments) -> Result<String, Error> {
    let plan = read_to_ship(&arguments.workflow, arguments.alert_filepath.as_deref())?;
    let krate = emit(&plan, &build::runtime()?.source());
    build::write(&krate, &arguments.emit_dir)?;
    let directory = arguments.emit_dir.display();
    Ok(format!(
        "{} written to {directory}\n  build it  cd {directory} && cargo build\n",
        krate.name
    ))
}

fn run(arguments: &RunArguments) -> Result<String, Error> {
    let workflow = arguments.workflow_filepath.as_path();
    let mut settings = arguments.settings.clone();
    let plan = read(workflow, settings.alert_filepath.as_deref());
    let shown = settings.telemetry.clone();
    // The binary gets the alerts by its flag: others are no reason to build it again, and no secret gets into it.
    let alerts = settings.alert_filepath.get_or_insert(workflow.to_owned());
    let mut plan = plan.inspect_err(|error| {
        log::shown_by(&shown, || raise_alert(alerts, workflow, error));
    })?;
    if plan.alerts.take().is_none() {
        settings.alert_filepath = None;
    }
    let krate = emit(&plan, &build::runtime()?.source());
    let options = BuildOptions {
        workflow: workflow.to_owned(),
        emit_directory: None,
        profile: arguments.profile,
        quiet: false,
    };
    let binary = build::kept_or_built(&krate, &options)?;
    Err(binary.run(settings.to_args()).into())
}

fn validate(arguments: &ValidateArguments) -> Result<String, Error> {
    let workflow = arguments.workflow_filepath.as_path();
    let plan = read(workflow, arguments.alert_filepath.as_deref())?;
    let steps: usize = plan.jobs.iter().map(|job| job.steps.len()).sum();
    Ok(format!(
        "{} is valid: {}, {}\n",
        workflow.display(),
        counted(plan.jobs.len(), "job"),
        counted(steps, "step"),
    ))
}

/// Sends the alerts of a failure that did not happen, as those of a workflow that is valid.
fn test_alerts(arguments: &ValidateArguments) -> Result<String, Error> {
    let plan = read(
        &arguments.workflow_filepath,
        arguments.alert_filepath.as_deref(),
    )?;
    let alerts = plan.alerts.ok_or(Error::NoAlerts)?;
    Ok(Alert::parse(&alerts)?.test(&arguments.test)?)
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn schema(of: SchemaOf) -> String {
    let schema = match of {
        SchemaOf::Workflow => model::workflow_schema(),
        SchemaOf::Alert => model::alert_schema(),
    };
    format!("{schema:#}\n")
}

/// As [`read`], for a binary that leaves this machine.
fn read_to_ship(workflow: &Path, alert: Option<&Path>) -> Result<Plan, Error> {
    let plan = read(workflow, alert)?;
    let alerts = Document::read(alert.unwrap_or(workflow))
        .map_err(|diagnostic| Error::of_file(diagnostic, Error::Alert))?;
    let workflow = Document::read(workflow)
        .map_err(|diagnostic| Error::of_file(diagnostic, Error::Workflow))?;
    refuse_hook_secrets(&workflow).map_err(Error::Workflow)?;
    refuse_alert_secrets(&alerts).map_err(Error::Alert)?;
    Ok(plan)
}

/// Text -> plan.
fn read(workflow: &Path, alert: Option<&Path>) -> Result<Plan, Error> {
    let workflow = Document::read(workflow)
        .map_err(|diagnostic| Error::of_file(diagnostic, Error::Workflow))?;
    let alert = alert
        .map(Document::read)
        .transpose()
        .map_err(|diagnostic| Error::of_file(diagnostic, Error::Alert))?;
    let checked = check(&workflow, alert.as_ref()).map_err(|diagnostics| {
        let is_about_alert = |diagnostic: &Diagnostic| {
            let path = diagnostic
                .labels
                .iter()
                .find(|label| label.primary)
                .map(|label| label.source.path());
            diagnostic.code == code::ALERT
                || alert.as_ref().is_some_and(|alert| {
                    path == Some(alert.path()) && alert.path() != workflow.path()
                })
        };
        match diagnostics.iter().all(is_about_alert) {
            true => Error::Alert(diagnostics),
            false => Error::Workflow(diagnostics),
        }
    })?;
    warn(&checked.warnings);
    Ok(checked.plan)
}

/// Shows what is right and hardly meant. It changes neither the report nor the exit code.
fn warn(warnings: &[Diagnostic]) {
    if !warnings.is_empty() {
        eprintln!("{}\n", rendered(warnings));
    }
}

/// Tells people that a workflow cannot be run, by the alerts of a file if it has some. An alert that cannot be raised is said,
/// and changes nothing.
fn raise_alert(path: &Path, workflow: &Path, error: &Error) {
    let exception = match error {
        Error::Read(diagnostics) | Error::Alert(diagnostics) | Error::Workflow(diagnostics) => {
            in_colour(diagnostics, Colour::Never)
        }
        error => error.to_string(),
    };
    let body = format!(
        "The workflow {} cannot be run: {exception}",
        workflow.display()
    );
    match Alert::read(path) {
        Ok(alert) => alert.raise("Workflow cannot be run", &body, &exception),
        Err(AlertError::NoSection) => {}
        Err(error) => eprintln!("warning: no alert is raised: {error}"),
    }
}

/// `-o`, or else the binary's name here; a directory, or what ends like one and is to be made, means a file of that name in it.
fn output_path(output: Option<&Path>, binary: &str) -> PathBuf {
    let name = format!("{binary}{}", std::env::consts::EXE_SUFFIX);
    let is_directory = |path: &Path| {
        let text = path.to_string_lossy();
        text.ends_with(std::path::is_separator) || path.is_dir()
    };
    match output {
        None => PathBuf::from(".").join(name),
        Some(path) if is_directory(path) => path.join(name),
        Some(path) => path.to_owned(),
    }
}

fn how_to_run(krate: &Crate, binary: &Binary, output: &Path, profile: Profile) -> String {
    let output = match output.components().count() {
        1 if output.is_relative() => Path::new(".").join(output).display().to_string(),
        _ => output.display().to_string(),
    };
    let mut report = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        report,
        "{} built in {} ({}, {})\n  run it      {output}\n  with traces {output} \\\n    \
         --otlp-traces-endpoint http://localhost:4318/v1/traces \\\n    \
         --otlp-metrics-endpoint http://localhost:4318/v1/metrics\n",
        krate.name,
        seconds(binary.time),
        profile.name(),
        megabytes(binary.size),
    );
    report
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

/// The error as it is printed: diagnostics speak for themselves, any other error is led by the word, and followed by its cause.
fn spoken(error: &Error) -> String {
    match error {
        Error::Read(_) | Error::Alert(_) | Error::Workflow(_) => error.to_string(),
        Error::Build(build) => match std::error::Error::source(build) {
            Some(cause) => format!("error: {build}: {cause}"),
            None => format!("error: {build}"),
        },
        error => format!("error: {error}"),
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    in_colour(
        diagnostics,
        if std::io::stderr().is_terminal() {
            Colour::Always
        } else {
            Colour::Never
        },
    )
}

fn in_colour(diagnostics: &[Diagnostic], colour: Colour) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render(colour))
        .collect::<Vec<_>>()
        .join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_binary_is_a_file_or_in_a_directory() {
        let folder = tempfile::tempdir().expect("a directory");
        let there = folder.path();
        for (output, expected) in [
            (None, PathBuf::from("./orders")),
            (Some(there.join("nightly")), there.join("nightly")),
            (Some(there.to_owned()), there.join("orders")),
            (Some(PathBuf::from("bin/")), PathBuf::from("bin/orders")),
        ] {
            assert_eq!(output_path(output.as_deref(), "orders"), expected);
        }
    }
}
