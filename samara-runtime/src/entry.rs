//! What `#[samara::main]` expands into.

use std::future::Future;
use std::process::{ExitCode, Termination};

use clap::{Args, Command, FromArgMatches};

use crate::settings::Settings;
use crate::telemetry::{Guard, Service};

/// The package of a program, for its `--version` and its telemetry. Made by [`package!`](crate::package!).
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it is; empty if it does not say.
    pub description: &'static str,
}

/// The [`Package`](crate::entry::Package) that is compiled.
#[macro_export]
macro_rules! package {
    () => {
        $crate::entry::Package {
            name: ::core::env!("CARGO_PKG_NAME"),
            version: ::core::env!("CARGO_PKG_VERSION"),
            description: ::core::env!("CARGO_PKG_DESCRIPTION"),
        }
    };
}

/// The arguments of a `main` that takes none.
#[derive(Debug, Clone, Copy, Args)]
// Or else the line above would become the program's description.
#[command(about = None)]
pub struct NoArguments {}

/// What a `main` under `#[samara::main]` may return: whatever any `main` may, or a `Workflow`. `A` are the arguments that it takes.
#[diagnostic::on_unimplemented(
    message = "`main` returns `{Self}`, which tells no exit code",
    note = "return what any `main` may return (`()`, `Result<(), E>`, `ExitCode`), or a `samara::Workflow` from a `main` without arguments"
)]
pub trait Program<A>: Sized {
    /// Runs `main` as a program, from its flags to its exit code.
    fn start(package: Package, main: impl FnOnce(A) -> Self) -> ExitCode;
}

impl<A: Args, T: Termination> Program<A> for T {
    fn start(package: Package, main: impl FnOnce(A) -> Self) -> ExitCode {
        let mut matches = command::<A>(package).get_matches();
        let parsed = Settings::from_arg_matches(&matches)
            .and_then(|settings| Ok((settings, A::from_arg_matches_mut(&mut matches)?)));
        match parsed {
            Err(error) => error.exit(),
            Ok((settings, arguments)) => {
                let service = Service {
                    name: package.name,
                    version: package.version,
                    ..Service::default()
                };
                let _telemetry = Guard::new(&settings, service);
                main(arguments).report()
            }
        }
    }
}

/// The command line of a program that is no workflow: what its arguments say of it stands above what its package says.
fn command<A: Args>(package: Package) -> Command {
    let command = Command::new(package.name).version(package.version);
    let command = Settings::augment_args(A::augment_args(command));
    match command.get_about() {
        None if !package.description.is_empty() => command.about(package.description),
        _ => command,
    }
}

#[cfg(feature = "engine")]
impl Program<NoArguments> for crate::Workflow {
    fn start(package: Package, main: impl FnOnce(NoArguments) -> Self) -> ExitCode {
        use crate::settings::{AlertTest, Output, RunSettings};

        Output::colour_by(std::env::args_os());
        let workflow = main(NoArguments {});
        // Clap holds static texts, and there is one command line in a process.
        let version: &'static str = workflow.full_version(package.version).leak();
        let command = Command::new(package.name)
            .version(version)
            .about(workflow.description());
        let command = match workflow.help(*command.get_styles().get_header()) {
            help if help.is_empty() => command,
            help => command.after_help(help),
        };
        let validate = AlertTest::augment_args(Command::new("validate"));
        let command = RunSettings::augment_args(command).subcommands([
            Command::new("run").about("Run the workflow (what happens without a command, too)"),
            validate.about("Look whether it could run here: inputs, outputs, variables, alerts"),
            Command::new("doctor").about(
                "Look whether telemetry would arrive: show its settings, and try each endpoint",
            ),
        ]);
        let matches = command.get_matches();
        let settings = RunSettings::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if matches.subcommand_matches("doctor").is_some() {
            return workflow.examine_telemetry(&settings, package.version);
        }
        let Some(matches) = matches.subcommand_matches("validate") else {
            return workflow.run(&settings, package.version);
        };
        match AlertTest::from_arg_matches(matches).unwrap_or_else(|error| error.exit()) {
            test if test.is_asked_for() => workflow.test_alerts(&test, &settings, package.version),
            _ => workflow.validate(&settings, package.version),
        }
    }
}

/// Runs a program: reads its flags and variables, sets telemetry up, runs `main`, delivers telemetry, and gives the exit code.
pub fn start<A, P: Program<A>>(package: Package, main: impl FnOnce(A) -> P) -> ExitCode {
    P::start(package, main)
}

/// Runs an async `main` on a Tokio runtime with all of its drivers and a thread for each core.
///
/// # Panics
///
/// If the operating system gives no threads.
pub fn block_on<T>(main: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(main),
        Err(error) => panic!("the threads of the program cannot be started: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts lines
    #[derive(Args)]
    struct Arguments {}

    fn about<A: Args>(description: &'static str) -> Option<String> {
        let package = Package {
            name: "orders",
            version: "1.2.3",
            description,
        };
        let command = command::<A>(package);
        command.get_about().map(ToString::to_string)
    }

    #[test]
    fn a_program_is_described_by_its_arguments_or_else_by_its_package() {
        let description = "Takes orders";
        assert_eq!(
            about::<Arguments>(description).as_deref(),
            Some("Counts lines")
        );
        assert_eq!(
            about::<NoArguments>(description).as_deref(),
            Some(description)
        );
        assert_eq!(about::<NoArguments>(""), None);
    }
}
