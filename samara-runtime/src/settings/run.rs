//! The settings of a program that runs workflows.

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use super::environment::parsed;
use super::path::path_argument;
use super::{Environment, LogLevel, MemoryLimit, Output, Settings, TimeZone, arguments};

const MEMORY_LIMIT: &str = "SAMARA_MEMORY_LIMIT";
const SPILL_DIR: &str = "SAMARA_SPILL_DIR";
const THREADS: &str = "SAMARA_THREADS";
/// Samara's, and Spark's own, which containers set.
const SESSION_TIME_ZONE: [&str; 2] = ["SAMARA_SESSION_TIME_ZONE", "spark.sql.session.timeZone"];

/// What flags and environment variables say about one run of a workflow.
///
/// # Examples
/// ```
/// #[derive(clap::Parser)]
/// struct Program {
///     #[command(flatten)]
///     settings: samara::RunSettings,
/// }
///
/// let program = <Program as clap::Parser>::parse_from(["program", "--memory-limit", "512MB", "--threads=2"]);
/// assert_eq!(program.settings.memory_limit.map(|limit| limit.bytes()), Some(512_000_000));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSettings {
    /// Where telemetry goes, and what trace it continues.
    pub telemetry: Settings,
    /// Alert file to use in place of the one that the program was built with.
    pub alert_filepath: Option<PathBuf>,
    /// Memory that the process may use: its operators spill to disk before. None means 80 % of what the machine, or the process's cgroup, has.
    pub memory_limit: Option<MemoryLimit>,
    /// Where operators spill to; none means the system's directory for temporary files.
    pub spill_dir: Option<PathBuf>,
    /// Worker threads; none means one for each core.
    pub threads: Option<NonZeroUsize>,
    /// The zone of timestamps that say none; none means UTC.
    pub session_time_zone: Option<TimeZone>,
    /// How much is printed, and in which colours.
    pub output: Output,
}

impl RunSettings {
    /// The flags that give another Samara program, with the same variables, these settings, as [`Settings::to_args`].
    ///
    /// # Examples
    /// ```
    /// let settings = samara::RunSettings { threads: std::num::NonZeroUsize::new(2), ..Default::default() };
    /// assert_eq!(settings.to_args(), ["--threads=2"]);
    /// ```
    pub fn to_args(&self) -> Vec<OsString> {
        self.to_args_beside(&|name| std::env::var_os(name))
    }

    fn to_args_beside(&self, environment: &Environment<'_>) -> Vec<OsString> {
        let own = arguments([
            (
                "--alert-filepath",
                self.alert_filepath.clone().map(OsString::from),
            ),
            (
                "--memory-limit",
                unless_said(self.memory_limit, &[MEMORY_LIMIT], environment)
                    .map(|limit| limit.to_string().into()),
            ),
            (
                "--spill-dir",
                (self.spill_dir.clone())
                    .filter(|own| path(None, SPILL_DIR, environment).as_ref() != Some(own))
                    .map(OsString::from),
            ),
            (
                "--threads",
                unless_said(self.threads.map(ThreadCount), &[THREADS], environment)
                    .map(|ThreadCount(count)| count.to_string().into()),
            ),
            (
                "--session-time-zone",
                unless_said(
                    self.session_time_zone.clone(),
                    &SESSION_TIME_ZONE,
                    environment,
                )
                .map(|zone| zone.to_string().into()),
            ),
        ]);
        let level = level_of(&self.output);
        let telemetry = self.telemetry.to_args_beside(environment, level);
        [telemetry, own, self.output.to_args()].concat()
    }

    fn resolve(
        telemetry: Settings,
        output: Output,
        flags: Flags,
        environment: &Environment<'_>,
    ) -> Result<Self, clap::Error> {
        Ok(Self {
            telemetry,
            alert_filepath: flags
                .alert_filepath
                .filter(|path| !path.as_os_str().is_empty()),
            memory_limit: parsed(flags.memory_limit, &[MEMORY_LIMIT], environment)?,
            spill_dir: path(flags.spill_dir, SPILL_DIR, environment),
            threads: parsed(flags.threads, &[THREADS], environment)?
                .map(|ThreadCount(count)| count),
            session_time_zone: parsed(flags.session_time_zone, &SESSION_TIME_ZONE, environment)?,
            output,
        })
    }
}

/// How many worker threads there are, as people write it.
#[derive(Clone, Copy, PartialEq)]
struct ThreadCount(NonZeroUsize);

impl FromStr for ThreadCount {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = text
            .parse()
            .map_err(|_| "expected a whole number from 1 up")?;
        Ok(Self(count))
    }
}

/// The log events that are shown if nothing says otherwise.
fn level_of(output: &Output) -> LogLevel {
    match output.quiet {
        true => LogLevel::Warn,
        false => LogLevel::default(),
    }
}

/// A setting, unless the variables say the same.
fn unless_said<T>(
    own: Option<T>,
    variables: &[&'static str],
    environment: &Environment<'_>,
) -> Option<T>
where
    T: FromStr + PartialEq,
    T::Err: fmt::Display,
{
    // A flag beats a variable, also one that is not valid.
    let theirs = parsed(None, variables, environment).unwrap_or_default();
    own.filter(|own| theirs.as_ref() != Some(own))
}

/// The path of a flag, else of a variable; an empty one is none.
fn path(flag: Option<PathBuf>, variable: &str, environment: &Environment<'_>) -> Option<PathBuf> {
    flag.or_else(|| environment(variable).map(PathBuf::from))
        .filter(|path| !path.as_os_str().is_empty())
}

impl FromArgMatches for RunSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let output = Output::from_arg_matches(matches)?;
        Self::resolve(
            Settings::from_arg_matches_or(matches, level_of(&output))?,
            output,
            Flags::from_arg_matches(matches)?,
            &|name| std::env::var_os(name),
        )
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for RunSettings {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(Settings::augment_args(Output::augment_args(command)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        let command = Output::augment_args_for_update(command);
        Flags::augment_args_for_update(Settings::augment_args_for_update(command))
    }
}

// As in the parent module: a doc comment here would become the program's description.
#[derive(Args)]
#[group(skip)]
struct Flags {
    /// Use the alerts of this file
    #[arg(long, global = true, value_name = "PATH", value_parser = path_argument(), help_heading = "Run")]
    alert_filepath: Option<PathBuf>,
    /// Memory for the process, such as 512MB or 2GiB; 80 % of the machine's or the cgroup's if not given [env: SAMARA_MEMORY_LIMIT]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Run")]
    memory_limit: Option<MemoryLimit>,
    /// Directory for what memory does not hold; the system's for temporary files if not given [env: SAMARA_SPILL_DIR]
    #[arg(long, global = true, value_name = "PATH", value_parser = path_argument(), help_heading = "Run")]
    spill_dir: Option<PathBuf>,
    /// Worker threads; one for each core if not given [env: SAMARA_THREADS]
    #[arg(long, global = true, value_name = "COUNT", help_heading = "Run")]
    threads: Option<ThreadCount>,
    /// Time zone of timestamps that say none, such as Europe/Berlin or +01:00; UTC if not given [env: SAMARA_SESSION_TIME_ZONE,
    /// spark.sql.session.timeZone]
    #[arg(
        long,
        global = true,
        value_name = "ZONE",
        help_heading = "Run",
        allow_hyphen_values = true
    )]
    session_time_zone: Option<TimeZone>,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        flags: Flags,
    }

    fn settings(
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<RunSettings, clap::Error> {
        let program = Program::try_parse_from([&["program"], arguments].concat())?;
        RunSettings::resolve(
            Settings::default(),
            Output::default(),
            program.flags,
            &|name| variable(variables, name),
        )
    }

    fn variable(variables: &[(&str, &str)], name: &str) -> Option<OsString> {
        let variable = variables.iter().find(|(key, _)| *key == name);
        variable.map(|(_, value)| value.into())
    }

    fn handed_on(settings: &RunSettings, variables: &[(&str, &str)]) -> Vec<String> {
        let arguments = settings.to_args_beside(&|name| variable(variables, name));
        let text = |argument: OsString| argument.into_string().expect("UTF-8");
        arguments.into_iter().map(text).collect()
    }

    #[test]
    fn a_flag_beats_a_variable() {
        let settings = settings(&["--threads=2"], &[("SAMARA_THREADS", "7")]).expect("valid");
        assert_eq!(settings.threads, NonZeroUsize::new(2));
    }

    #[test]
    fn the_time_zone_of_a_flag_beats_that_of_samara_and_that_beats_that_of_spark() {
        let zone = |arguments: &[&str], variables: &[(&str, &str)]| {
            let settings = settings(arguments, variables).expect("valid");
            settings.session_time_zone.map(|zone| zone.to_string())
        };
        let spark = ("spark.sql.session.timeZone", "Asia/Kolkata");
        let samara = ("SAMARA_SESSION_TIME_ZONE", "Europe/Berlin");
        let flag = "--session-time-zone=+01:00";
        assert_eq!(zone(&[], &[]), None);
        assert_eq!(zone(&[], &[spark]).as_deref(), Some("Asia/Kolkata"));
        assert_eq!(
            zone(&[], &[spark, samara]).as_deref(),
            Some("Europe/Berlin")
        );
        assert_eq!(zone(&[flag], &[spark, samara]).as_deref(), Some("+01:00"));
    }

    #[test]
    fn a_time_zone_that_does_not_exist_is_an_error_that_names_the_nearest() {
        for (arguments, variables) in [
            (vec!["--session-time-zone=Europe/Berlni"], vec![]),
            (vec![], vec![("SAMARA_SESSION_TIME_ZONE", "Europe/Berlni")]),
            (
                vec![],
                vec![("spark.sql.session.timeZone", "Europe/Berlni")],
            ),
        ] {
            let error = settings(&arguments, &variables)
                .expect_err("invalid")
                .to_string();
            assert!(error.contains("did you mean `Europe/Berlin`?"), "{error}");
        }
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        let settings = settings(&[], &[("SAMARA_THREADS", "")]).expect("valid");
        assert_eq!(settings.threads, None);
    }

    #[test]
    fn a_bad_number_in_a_variable_is_an_error_that_names_it() {
        for (name, value) in [("SAMARA_THREADS", "0"), ("SAMARA_MEMORY_LIMIT", "lots")] {
            let error = settings(&[], &[(name, value)])
                .expect_err("invalid")
                .to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn a_number_of_threads_that_is_none_is_told_in_plain_words() {
        for text in ["0", "-1", "two", "1.5"] {
            let flag = format!("--threads={text}");
            let of_flag = settings(&[&flag], &[]);
            let of_variable = settings(&[], &[("SAMARA_THREADS", text)]);
            for error in [of_flag, of_variable] {
                let error = error.expect_err("invalid").to_string();
                assert!(
                    error.contains("expected a whole number from 1 up"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn settings_survive_the_way_to_another_program() {
        let arguments = [
            "--alert-filepath=alert file.json",
            "--memory-limit=2GiB",
            "--spill-dir=spill dir",
            "--threads=3",
            "--session-time-zone=Europe/Berlin",
        ];
        let before = settings(&arguments, &[]).expect("valid");
        let handed_on = handed_on(&before, &[]);
        let handed_on: Vec<&str> = handed_on.iter().map(String::as_str).collect();
        assert_eq!(settings(&handed_on, &[]).expect("valid"), before);
    }

    #[test]
    fn what_variables_say_another_program_hears_from_them_and_not_from_flags() {
        let variables = [
            ("SAMARA_MEMORY_LIMIT", "2GiB"),
            ("SAMARA_SPILL_DIR", "spill dir"),
            ("SAMARA_THREADS", "3"),
            ("spark.sql.session.timeZone", "Europe/Berlin"),
        ];
        let of_variables = settings(&[], &variables).expect("valid");
        assert_eq!(handed_on(&of_variables, &variables), [""; 0]);
        let of_flag = settings(&["--threads=2"], &variables).expect("valid");
        assert_eq!(handed_on(&of_flag, &variables), ["--threads=2"]);
        let of_no_number = [("SAMARA_THREADS", "many")];
        assert_eq!(
            handed_on(&of_flag, &of_no_number)[1..],
            [
                "--spill-dir=spill dir",
                "--threads=2",
                "--session-time-zone=Europe/Berlin"
            ]
        );
    }

    #[test]
    fn a_quiet_program_shows_warnings_and_what_it_is_asked_for() {
        #[derive(Parser)]
        struct Whole {
            #[command(flatten)]
            settings: RunSettings,
        }
        let level = |arguments: &[&str]| {
            let program = Whole::try_parse_from([&["program"], arguments].concat());
            program.expect("valid").settings.telemetry.log_level
        };
        assert_eq!(level(&["--quiet"]), LogLevel::Warn);
        assert_eq!(level(&["-q", "--log-level=debug"]), LogLevel::Debug);
    }
}
