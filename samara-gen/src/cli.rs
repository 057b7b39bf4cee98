//! The program, under both of its names: what it is asked to do, and what it says.

mod arguments;

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use samara::alert::{Alert, AlertError};
use samara::settings::NotAVariable;
use samara::telemetry::{Service, log};
use samara::workflow::{Exit, doctor};

use crate::build::{self, Binary, BuildError, BuildOptions, Profile};
use crate::check::{check, refuse_alert_secrets, refuse_hook_secrets};
use crate::diagnostic::{Colour, Diagnostic, code};
use crate::emit::emit;
use crate::init::{self, InitError};
use crate::krate::Crate;
use crate::model;
use crate::plan::Plan;
use crate::source::Document;
use arguments::{
    BuildArguments, CleanArguments, Command, CompletionsArguments, EmitArguments, ManArguments,
    RunArguments, SchemaOf, ValidateArguments,
};

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
    /// There is no new project.
    #[error(transparent)]
    Init(#[from] InitError),
    /// There are no man pages.
    #[error("cannot write man pages to {}: {source}", directory.display())]
    Man {
        directory: PathBuf,
        source: std::io::Error,
    },
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
            Error::Build(_) | Error::Init(_) | Error::Man { .. } => Exit::Io,
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
    let cli = arguments::parse(name);
    let quiet = cli.settings.output.quiet;
    let said_unless_quiet = |report| if quiet { String::new() } else { report };
    let done = match cli.command {
        Command::Init(arguments) => init_project(&arguments.directory).map(said_unless_quiet),
        Command::Build(arguments) => build_binary(&arguments, quiet).map(said_unless_quiet),
        Command::Emit(arguments) => emit_crate(&arguments).map(said_unless_quiet),
        Command::Run(arguments) => return run_or_tell(&arguments),
        Command::Validate(arguments) if arguments.test.is_asked_for() => {
            return ended(test_alerts(&arguments), Exit::AlertTest);
        }
        Command::Validate(arguments) => validate(&arguments).map(said_unless_quiet),
        Command::Doctor(arguments) => {
            let service = Service {
                name: "samara",
                version: env!("CARGO_PKG_VERSION"),
                ..Service::default()
            };
            return doctor(&arguments.settings, service).into();
        }
        Command::Clean(arguments) => clean(&arguments).map(said_unless_quiet),
        Command::ExportSchema(arguments) => Ok(schema(arguments.format)),
        Command::Completions(arguments) => Ok(completions(name, &arguments)),
        Command::Man(arguments) => man_pages(name, &arguments).map(said_unless_quiet),
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
            anstream::eprintln!("{}", spoken(&error));
            error.exit()
        }
    };
    exit.into()
}

fn init_project(directory: &Path) -> Result<String, Error> {
    let files = init::write_project(directory)?;
    let mut report = String::from("made a project:\n");
    for file in files {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "  {}", directory.join(file).display());
    }
    let go_there = match directory == Path::new(".") {
        true => String::new(),
        false => format!("cd {} && ", quoted(directory)),
    };
    let _ = writeln!(report, "run it    {go_there}{}", init::RUN);
    Ok(report)
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    match text.chars().all(is_plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn build_binary(arguments: &BuildArguments, quiet: bool) -> Result<String, Error> {
    let workflow = arguments.workflow.path();
    let plan = read_to_ship(workflow, arguments.alert_filepath.as_deref())?;
    let krate = emit(&plan, &build::runtime()?.source());
    let options = BuildOptions {
        workflow: workflow.to_owned(),
        emit_directory: arguments.emit_dir.clone(),
        profile: arguments.profile,
        quiet,
    };
    let binary = build::build(&krate, &options)?;
    let output = output_path(arguments.output.as_deref(), &krate.name);
    binary.copy_to(&output)?;
    Ok(how_to_run(&krate, &binary, &output, arguments.profile))
}

fn emit_crate(arguments: &EmitArguments) -> Result<String, Error> {
    let alerts = arguments.alert_filepath.as_deref();
    let plan = read_to_ship(arguments.workflow.path(), alerts)?;
    let krate = emit(&plan, &build::runtime()?.source());
    build::write(&krate, &arguments.emit_dir)?;
    let directory = arguments.emit_dir.display();
    Ok(format!(
        "{} written to {directory}\n  build it  cd {directory} && cargo build\n",
        krate.name
    ))
}

/// Runs a workflow, or says why it cannot be run: to people by alerts, too, if that is asked for.
fn run_or_tell(arguments: &RunArguments) -> ExitCode {
    let Err(error) = run(arguments);
    let exit = error.exit();
    anstream::eprintln!("{}", spoken(&error));
    if arguments.alert_on_invalid {
        let workflow = arguments.workflow.path();
        let alerts = arguments.settings.alert_filepath.as_deref();
        log::shown_by(&arguments.settings.telemetry, || {
            raise_alert(alerts.unwrap_or(workflow), workflow, &error);
        });
    }
    exit.into()
}

/// Becomes the pipeline, so it returns only if that fails.
fn run(arguments: &RunArguments) -> Result<Infallible, Error> {
    let workflow = arguments.workflow.path();
    let mut settings = arguments.settings.clone();
    let mut plan = read(workflow, settings.alert_filepath.as_deref())?;
    // The binary gets the alerts by its flag: others are no reason to build it again, and no secret gets into it.
    match plan.alerts.take() {
        Some(_) => {
            settings
                .alert_filepath
                .get_or_insert_with(|| workflow.to_owned());
        }
        None => settings.alert_filepath = None,
    }
    let krate = emit(&plan, &build::runtime()?.source());
    let options = BuildOptions {
        workflow: workflow.to_owned(),
        emit_directory: None,
        profile: arguments.profile,
        quiet: settings.output.quiet,
    };
    let binary = build::kept_or_built(&krate, &options)?;
    Err(binary.run(settings.to_args()).into())
}

fn validate(arguments: &ValidateArguments) -> Result<String, Error> {
    let workflow = arguments.workflow.path();
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
        arguments.workflow.path(),
        arguments.alert_filepath.as_deref(),
    )?;
    let alerts = plan.alerts.ok_or(Error::NoAlerts)?;
    Ok(Alert::parse(&alerts)?.test(&arguments.test)?)
}

fn clean(arguments: &CleanArguments) -> Result<String, Error> {
    let cleaned = build::clean(arguments.dry_run)?;
    let did = match arguments.dry_run {
        true => "would remove",
        false => "removed",
    };
    let mut report = String::new();
    for part in &cleaned.parts {
        // Writing to a String cannot fail.
        let _ = writeln!(
            report,
            "{did} {}: {}",
            counted(part.count, part.noun),
            megabytes(part.bytes)
        );
    }
    if cleaned.parts.is_empty() {
        let _ = writeln!(
            report,
            "there is nothing of samara in {}",
            cleaned.directory.display()
        );
    }
    if let Some(target) = &cleaned.elsewhere {
        let _ = writeln!(
            report,
            "the built engine is cargo's, in {}: `cargo clean --target-dir {0}` removes it",
            target.display()
        );
    }
    Ok(report)
}

fn completions(name: &'static str, arguments: &CompletionsArguments) -> String {
    let mut script = Vec::new();
    let mut command = arguments::command(name);
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

fn man_pages(name: &'static str, arguments: &ManArguments) -> Result<String, Error> {
    let directory = &arguments.directory;
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(arguments::command(name), directory));
    written.map_err(|source| Error::Man {
        directory: directory.clone(),
        source,
    })?;
    Ok(format!(
        "man pages written to {0}\n  read them  man {1}\n",
        directory.display(),
        directory.join(format!("{name}.1")).display()
    ))
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

/// Tells people that a workflow cannot be run, by the alerts of a file if it has some. Why no alert can be raised is said, unless the error
/// says it already, and changes nothing.
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
        Err(_) if matches!(error, Error::Alert(_)) => {}
        Err(AlertError::Read { .. }) if matches!(error, Error::Read(_)) => {}
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
    if profile == Profile::Dev {
        let _ = writeln!(
            report,
            "  to ship it  add --profile release: this build is not optimised (the first release build compiles the engine, for minutes)"
        );
    }
    report
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The error as it is printed: diagnostics speak for themselves, any other error is led by the word, and followed by its cause.
fn spoken(error: &Error) -> String {
    match error {
        Error::Read(_) | Error::Alert(_) | Error::Workflow(_) => error.to_string(),
        Error::Build(build) => match std::error::Error::source(build) {
            Some(cause) => format!("{ERROR}error{ERROR:#}: {build}: {cause}"),
            None => format!("{ERROR}error{ERROR:#}: {build}"),
        },
        error => format!("{ERROR}error{ERROR:#}: {error}"),
    }
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let colour = match AutoStream::choice(&std::io::stderr()) {
        ColorChoice::Never => Colour::Never,
        _ => Colour::Always,
    };
    in_colour(diagnostics, colour)
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

    #[test]
    fn a_command_that_is_shown_names_a_directory_in_one_word() {
        for (path, expected) in [
            ("shop/a-1", "shop/a-1"),
            ("my shop", "'my shop'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

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
