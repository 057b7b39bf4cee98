//! The arguments of the program, and what clap cannot know of them.

use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use clap::{ValueEnum, ValueHint};
use clap_complete::Shell;
use samara::settings::{AlertTest, Output, path_argument};
use samara::{RunSettings, Settings};

use crate::build::Profile;

/// Compiles a declarative data pipeline to one observable binary.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub settings: RunSettings,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Make a small project that runs: a workflow with its schema, data and alerts
    Init(InitArguments),
    /// Build a workflow's binary if anything changed, and run it
    Run(RunArguments),
    /// Check a workflow and its alerts, and build nothing
    Validate(ValidateArguments),
    /// Build a workflow's binary
    Build(BuildArguments),
    /// Write a workflow's crate, and do not build it
    Emit(EmitArguments),
    /// Look whether telemetry would arrive: show its settings, and try each endpoint
    Doctor(DoctorArguments),
    /// Remove what builds have left in the cache
    Clean(CleanArguments),
    /// Print the JSON Schema of a format, for editors
    ExportSchema(SchemaArguments),
    /// Print the completions of a shell
    Completions(CompletionsArguments),
    /// Write the man pages
    Man(ManArguments),
}

/// The workflow, as an argument or as a flag.
#[derive(Args)]
#[command(about = None)]
pub struct WorkflowFile {
    /// The workflow: a .json, .jsonc, .yaml or .yml file
    #[arg(
        value_name = "WORKFLOW",
        value_parser = path_argument(),
        value_hint = ValueHint::FilePath,
        required_unless_present = "workflow_filepath"
    )]
    workflow: Option<PathBuf>,
    /// The workflow, by a flag
    #[arg(long, value_name = "PATH", value_parser = path_argument(), value_hint = ValueHint::FilePath)]
    workflow_filepath: Option<PathBuf>,
}

impl WorkflowFile {
    /// The path, which clap asks for.
    pub fn path(&self) -> &Path {
        let given = self
            .workflow
            .as_deref()
            .or(self.workflow_filepath.as_deref());
        given.unwrap_or(Path::new(""))
    }
}

#[derive(Args)]
pub struct InitArguments {
    /// Where to make it; the working directory if not given
    #[arg(default_value = ".", hide_default_value = true, value_parser = path_argument(), value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}

#[derive(Args)]
pub struct BuildArguments {
    #[command(flatten)]
    pub workflow: WorkflowFile,
    /// Build the alerts of this file into the binary
    #[arg(long, value_name = "PATH", value_parser = path_argument(), value_hint = ValueHint::FilePath)]
    pub alert_filepath: Option<PathBuf>,
    /// Where to put the binary; a directory puts it inside [default: ./<workflow's id>]
    #[arg(short, long, value_name = "PATH", value_parser = path_argument())]
    pub output: Option<PathBuf>,
    /// Write the crate to this directory, and build it there
    #[arg(long, value_name = "DIR", value_parser = path_argument(), value_hint = ValueHint::DirPath)]
    pub emit_dir: Option<PathBuf>,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
}

#[derive(Args)]
pub struct EmitArguments {
    #[command(flatten)]
    pub workflow: WorkflowFile,
    /// Build the alerts of this file into the crate
    #[arg(long, value_name = "PATH", value_parser = path_argument(), value_hint = ValueHint::FilePath)]
    pub alert_filepath: Option<PathBuf>,
    /// Where to write the crate
    #[arg(long, value_name = "DIR", value_parser = path_argument(), value_hint = ValueHint::DirPath)]
    pub emit_dir: PathBuf,
}

#[derive(Args)]
pub struct RunArguments {
    #[command(flatten)]
    pub workflow: WorkflowFile,
    /// How much to optimise
    #[arg(long, value_enum, default_value_t)]
    pub profile: Profile,
    /// Raise alerts, too, if there is nothing to run: the workflow cannot be read, is not valid or does not build
    #[arg(long)]
    pub alert_on_invalid: bool,
    #[command(flatten)]
    pub settings: RunSettings,
}

#[derive(Args)]
pub struct DoctorArguments {
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Args)]
pub struct ValidateArguments {
    #[command(flatten)]
    pub workflow: WorkflowFile,
    /// Check the alerts of this file, in place of those beside the workflow
    #[arg(long, value_name = "PATH", value_parser = path_argument(), value_hint = ValueHint::FilePath)]
    pub alert_filepath: Option<PathBuf>,
    #[command(flatten)]
    pub test: AlertTest,
}

#[derive(Args)]
pub struct CleanArguments {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Args)]
pub struct SchemaArguments {
    /// The format whose schema it is
    #[arg(value_enum, default_value_t)]
    pub format: SchemaOf,
}

/// A format that has a schema.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum SchemaOf {
    /// A workflow, with or without alerts
    #[default]
    Workflow,
    /// Alerts in a file of their own
    Alert,
}

#[derive(Args)]
pub struct CompletionsArguments {
    /// The shell that reads them
    pub shell: Shell,
}

#[derive(Args)]
pub struct ManArguments {
    /// Where to write them: one page for the program, and one for each command
    #[arg(value_parser = path_argument(), value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,
}

/// The arguments of this process. It ends here if they are wrong, or ask for help.
///
/// The flags of a run stand before or after `run`. Before it they are hidden: `--help` shows them where they belong.
pub fn parse(name: &'static str) -> Cli {
    Output::colour_by(std::env::args_os());
    let mut command = command(name);
    let parsed = command
        .try_get_matches_from_mut(std::env::args_os())
        .and_then(|matches| {
            if let Some((name, matches)) = matches.subcommand()
                && let Some(command) = command.find_subcommand_mut(name)
            {
                refuse_flags_of_run(command, matches)?;
                refuse_two_workflows(command, matches)?;
            }
            Cli::from_arg_matches(&matches)
        });
    parsed.unwrap_or_else(|error| error.exit())
}

/// The whole command line, for its help, its completions and its manual.
pub fn command(name: &'static str) -> clap::Command {
    let shown = flags_of::<Output>();
    Cli::command().name(name).mut_args(|argument| {
        let is_shown = shown.iter().any(|flag| argument.get_id() == flag);
        argument.hide(!is_shown)
    })
}

/// Only `run` does something with them, and `doctor` with those of telemetry: elsewhere they would be ignored, which nobody means.
fn refuse_flags_of_run(
    command: &mut clap::Command,
    matches: &ArgMatches,
) -> Result<(), clap::Error> {
    let name = command.get_name().to_owned();
    if name == "run" {
        return Ok(());
    }
    let mut used = flags_of::<Output>();
    if name == "doctor" {
        used.extend(flags_of::<Settings>());
    }
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

fn refuse_two_workflows(
    command: &mut clap::Command,
    matches: &ArgMatches,
) -> Result<(), clap::Error> {
    let path = |id: &str| matches.try_get_one::<PathBuf>(id).ok().flatten();
    match (path("workflow"), path("workflow_filepath")) {
        (Some(argument), Some(flag)) if !is_one_file(argument, flag) => Err(command.error(
            ErrorKind::ArgumentConflict,
            format!(
                "two workflows are given, {} and --workflow-filepath {}: leave one of them out",
                argument.display(),
                flag.display()
            ),
        )),
        _ => Ok(()),
    }
}

/// Whether two paths name one file, however they are spelled.
fn is_one_file(one: &Path, other: &Path) -> bool {
    let found = |path: &Path| std::fs::canonicalize(path).ok();
    one == other || found(one).is_some_and(|file| Some(file) == found(other))
}

fn flags_of<T: Args>() -> Vec<String> {
    let command = T::augment_args(clap::Command::new(""));
    let ids = command
        .get_arguments()
        .map(|flag| flag.get_id().to_string());
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_of_the_arguments_is_sound() {
        command("samara").debug_assert();
    }

    #[test]
    fn each_command_of_a_workflow_takes_it_as_an_argument_and_as_a_flag() {
        for name in ["run", "validate", "build", "emit"] {
            let more: &[&str] = if name == "emit" {
                &["--emit-dir=x"]
            } else {
                &[]
            };
            for workflow in [
                &["job.json"][..],
                &["--workflow-filepath", "job.json"],
                &["job.json", "--workflow-filepath=job.json"],
            ] {
                let arguments = [&["samara", name], workflow, more].concat();
                let mut command = command("samara");
                let matches = command.try_get_matches_from_mut(&arguments).expect("valid");
                let (_, of_command) = matches.subcommand().expect("a command");
                assert!(refuse_two_workflows(&mut command, of_command).is_ok());
                let cli = Cli::from_arg_matches(&matches).expect("valid");
                let file = match &cli.command {
                    Command::Run(arguments) => &arguments.workflow,
                    Command::Validate(arguments) => &arguments.workflow,
                    Command::Build(arguments) => &arguments.workflow,
                    Command::Emit(arguments) => &arguments.workflow,
                    _ => unreachable!("another command than {name}"),
                };
                assert_eq!(file.path(), Path::new("job.json"));
            }
        }
    }

    #[test]
    fn one_workflow_in_two_spellings_is_one() {
        assert!(is_one_file(
            Path::new("./src/../Cargo.toml"),
            Path::new("Cargo.toml")
        ));
        assert!(!is_one_file(
            Path::new("src/lib.rs"),
            Path::new("Cargo.toml")
        ));
        assert!(!is_one_file(
            Path::new("missing.json"),
            Path::new("other.json")
        ));
    }

    #[test]
    fn two_workflows_are_refused_and_none_too() {
        let mut command = command("samara");
        let two = ["samara", "validate", "a.json", "--workflow-filepath=b.json"];
        let matches = command.try_get_matches_from_mut(two).expect("for clap");
        let (_, matches) = matches.subcommand().expect("a command");
        let error = refuse_two_workflows(&mut command, matches).expect_err("two");
        let error = error.to_string();
        assert!(
            error.contains("a.json and --workflow-filepath b.json"),
            "{error}"
        );
        let none = command.try_get_matches_from_mut(["samara", "run"]);
        assert!(none.is_err());
    }

    #[test]
    fn the_flags_of_output_stand_before_and_after_every_command() {
        for arguments in [
            ["samara", "--quiet", "clean"],
            ["samara", "clean", "--quiet"],
            ["samara", "export-schema", "-q"],
        ] {
            let cli = Cli::try_parse_from(arguments).expect("valid");
            assert!(cli.settings.output.quiet, "{arguments:?}");
        }
    }
}
