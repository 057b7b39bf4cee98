//! Every flag and environment variable that a Samara program understands, in one place.
//!
//! A program flattens [`Settings`] into its own clap type. All flags are global: they stand before or after a subcommand.
//! A flag beats a variable, and an empty variable counts as unset. Reading the variables is part of parsing, so that a bad
//! value is a usage error with the variable's name, just as a bad flag is.

use std::ffi::OsString;
use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use thiserror::Error;
use tracing::level_filters::LevelFilter;

const TRACES_ENDPOINT: &str = "SAMARA_OTLP_TRACES_ENDPOINT";
const METRICS_ENDPOINT: &str = "SAMARA_OTLP_METRICS_ENDPOINT";
const TRACE_PARENT: [&str; 3] = ["SAMARA_TRACE_PARENT", "SAMARA_TRACEPARENT", "TRACEPARENT"];
const TRACE_STATE: [&str; 3] = ["SAMARA_TRACE_STATE", "SAMARA_TRACESTATE", "TRACESTATE"];
const LOG_LEVEL: [&str; 2] = ["SAMARA_LOG_LEVEL", "LOG_LEVEL"];
const MEMORY_LIMIT: &str = "SAMARA_MEMORY_LIMIT";
const THREADS: &str = "SAMARA_THREADS";

/// What flags and environment variables say about one run.
///
/// # Examples
/// ```
/// #[derive(clap::Parser)]
/// struct Program {
///     #[command(flatten)]
///     settings: samara::Settings,
/// }
///
/// let program = <Program as clap::Parser>::parse_from(["program", "--memory-limit", "512MB", "--threads=2"]);
/// assert_eq!(program.settings.memory_limit.map(|limit| limit.bytes()), Some(512_000_000));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Full URL that traces are sent to by OTLP over HTTP; none sends no traces.
    pub otlp_traces_endpoint: Option<String>,
    /// Full URL that metrics are sent to by OTLP over HTTP; none sends no metrics.
    pub otlp_metrics_endpoint: Option<String>,
    /// W3C `traceparent` of the trace to continue, as given: not yet checked.
    pub trace_parent: Option<Given>,
    /// W3C `tracestate` that goes with the parent, as given: not yet checked.
    pub trace_state: Option<Given>,
    /// The least severe log events that are shown.
    pub log_level: LogLevel,
    /// Alert file to use in place of the one that the program was built with.
    pub alert_filepath: Option<PathBuf>,
    /// Memory that the engine may use before it spills to disk; none sets no limit.
    pub memory_limit: Option<MemoryLimit>,
    /// Worker threads; none means one for each core.
    pub threads: Option<NonZeroUsize>,
}

impl Settings {
    /// The flags that give another Samara program these settings.
    ///
    /// # Examples
    /// ```
    /// let settings = samara::Settings { threads: std::num::NonZeroUsize::new(2), ..Default::default() };
    /// assert_eq!(settings.to_args(), ["--log-level=info", "--threads=2"]);
    /// ```
    pub fn to_args(&self) -> Vec<OsString> {
        let text = |given: &Option<Given>| given.as_ref().map(|given| given.value.clone().into());
        let number = |number: Option<String>| number.map(OsString::from);
        [
            (
                "--otlp-traces-endpoint",
                self.otlp_traces_endpoint.clone().map(OsString::from),
            ),
            (
                "--otlp-metrics-endpoint",
                self.otlp_metrics_endpoint.clone().map(OsString::from),
            ),
            ("--trace-parent", text(&self.trace_parent)),
            ("--trace-state", text(&self.trace_state)),
            ("--log-level", Some(self.log_level.to_string().into())),
            (
                "--alert-filepath",
                self.alert_filepath.clone().map(OsString::from),
            ),
            (
                "--memory-limit",
                number(self.memory_limit.map(|limit| limit.to_string())),
            ),
            (
                "--threads",
                number(self.threads.map(|threads| threads.to_string())),
            ),
        ]
        .into_iter()
        .filter_map(|(flag, value)| value.map(|value| joined(flag, value)))
        .collect()
    }

    fn resolve(flags: Flags, environment: &Environment<'_>) -> Result<Self, clap::Error> {
        Ok(Self {
            otlp_traces_endpoint: text(
                flags.otlp_traces_endpoint,
                "--otlp-traces-endpoint",
                &[TRACES_ENDPOINT],
                environment,
            )?
            .map(|given| given.value),
            otlp_metrics_endpoint: text(
                flags.otlp_metrics_endpoint,
                "--otlp-metrics-endpoint",
                &[METRICS_ENDPOINT],
                environment,
            )?
            .map(|given| given.value),
            trace_parent: text(
                flags.trace_parent,
                "--trace-parent",
                &TRACE_PARENT,
                environment,
            )?,
            trace_state: text(
                flags.trace_state,
                "--trace-state",
                &TRACE_STATE,
                environment,
            )?,
            log_level: parsed(flags.log_level, &LOG_LEVEL, environment)?.unwrap_or_default(),
            alert_filepath: flags
                .alert_filepath
                .filter(|path| !path.as_os_str().is_empty()),
            memory_limit: parsed(flags.memory_limit, &[MEMORY_LIMIT], environment)?,
            threads: parsed(flags.threads, &[THREADS], environment)?,
        })
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::resolve(Flags::from_arg_matches(matches)?, &|name| {
            std::env::var_os(name)
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Settings {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

// The flags alone. A doc comment here would become the program's description. Clap's own `env` is not used: it knows one variable a
// flag, and takes an empty one for a value.
#[derive(Args)]
#[group(skip)]
struct Flags {
    /// Send traces to this OTLP/HTTP endpoint, the full URL [env: SAMARA_OTLP_TRACES_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    otlp_traces_endpoint: Option<String>,
    /// Send metrics to this OTLP/HTTP endpoint, the full URL [env: SAMARA_OTLP_METRICS_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    otlp_metrics_endpoint: Option<String>,
    /// Continue the trace of this W3C traceparent [env: SAMARA_TRACE_PARENT, SAMARA_TRACEPARENT, TRACEPARENT]
    #[arg(
        long,
        global = true,
        value_name = "TRACEPARENT",
        help_heading = "Telemetry"
    )]
    trace_parent: Option<String>,
    /// The W3C tracestate that goes with it [env: SAMARA_TRACE_STATE, SAMARA_TRACESTATE, TRACESTATE]
    #[arg(
        long,
        global = true,
        value_name = "TRACESTATE",
        help_heading = "Telemetry"
    )]
    trace_state: Option<String>,
    /// Least severe log events to show; info if not given [env: SAMARA_LOG_LEVEL, LOG_LEVEL]
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        ignore_case = true,
        help_heading = "Telemetry"
    )]
    log_level: Option<LogLevel>,
    /// Use the alerts of this file
    #[arg(long, global = true, value_name = "PATH", help_heading = "Run")]
    alert_filepath: Option<PathBuf>,
    /// Memory to use before spilling to disk, such as 512MB or 2GiB [env: SAMARA_MEMORY_LIMIT]
    #[arg(long, global = true, value_name = "BYTES", help_heading = "Run")]
    memory_limit: Option<MemoryLimit>,
    /// Worker threads; one for each core if not given [env: SAMARA_THREADS]
    #[arg(long, global = true, value_name = "COUNT", help_heading = "Run")]
    threads: Option<NonZeroUsize>,
}

/// A text setting and the flag or variable that it came from, so that a warning can name its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The text, never empty.
    pub value: String,
    /// `--trace-parent`, `TRACEPARENT`, …
    pub origin: &'static str,
}

/// How much is logged: each level shows the ones before it too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// What made the run fail.
    #[value(alias = "critical")]
    Error,
    /// What a person should look at.
    #[value(alias = "warning")]
    Warn,
    /// What happens, in few words.
    #[default]
    Info,
    /// What helps to find a fault in a pipeline.
    Debug,
    /// Everything, the telemetry SDK's own events included.
    Trace,
}

impl LogLevel {
    /// The filter of `tracing` that lets these events pass.
    pub fn filter(self) -> LevelFilter {
        match self {
            Self::Off => LevelFilter::OFF,
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        };
        formatter.write_str(name)
    }
}

impl FromStr for LogLevel {
    type Err = UnknownLogLevel;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        <Self as ValueEnum>::from_str(text, true).map_err(|_| UnknownLogLevel)
    }
}

/// A text that names no [`LogLevel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected off, error, warn, info, debug or trace")]
pub struct UnknownLogLevel;

/// An amount of memory above zero.
///
/// Written as whole or decimal number and unit: `B`, `KB` `MB` `GB` `TB` (powers of 1000) or `KiB` `MiB` `GiB` `TiB`
/// (powers of 1024), in any case; without a unit it is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryLimit(NonZeroU64);

impl MemoryLimit {
    /// The limit in bytes.
    pub fn bytes(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}B", self.0)
    }
}

impl FromStr for MemoryLimit {
    type Err = MemoryLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let split = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let factor = bytes_of(unit.trim_start())?;
        let number: f64 = number.parse().map_err(|_| MemoryLimitError::Number)?;
        let bytes = number * factor;
        // 2^53: the largest amount that is exact, 8 PiB.
        if !(1.0..=9_007_199_254_740_992.0).contains(&bytes) {
            return Err(MemoryLimitError::Range);
        }
        NonZeroU64::new(bytes as u64)
            .map(Self)
            .ok_or(MemoryLimitError::Range)
    }
}

/// Why a text is no [`MemoryLimit`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MemoryLimitError {
    /// It does not begin with a number.
    #[error("expected a number and a unit, such as 512MB or 2GiB")]
    Number,
    /// The number is followed by something else than a unit.
    #[error("unknown unit `{0}`: expected B, KB, MB, GB, TB, KiB, MiB, GiB or TiB")]
    Unit(String),
    /// The amount is less than a byte, or more than any machine has.
    #[error("expected at least one byte and at most 8192TiB")]
    Range,
}

fn bytes_of(unit: &str) -> Result<f64, MemoryLimitError> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Ok(1.0),
        "kb" => Ok(1e3),
        "mb" => Ok(1e6),
        "gb" => Ok(1e9),
        "tb" => Ok(1e12),
        "kib" => Ok(1024.0),
        "mib" => Ok(1024.0 * 1024.0),
        "gib" => Ok(1024.0 * 1024.0 * 1024.0),
        "tib" => Ok(1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => Err(MemoryLimitError::Unit(unit.to_owned())),
    }
}

type Environment<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// The flag, or else the first of the variables that is set and not empty.
fn text(
    flag: Option<String>,
    flag_name: &'static str,
    variables: &[&'static str],
    environment: &Environment<'_>,
) -> Result<Option<Given>, clap::Error> {
    let flag = flag.filter(|value| !value.is_empty()).map(|value| Given {
        value,
        origin: flag_name,
    });
    flag.map_or_else(|| variable(variables, environment), |given| Ok(Some(given)))
}

/// As [`text`], for a flag that clap has parsed already.
fn parsed<T>(
    flag: Option<T>,
    variables: &[&'static str],
    environment: &Environment<'_>,
) -> Result<Option<T>, clap::Error>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    if flag.is_some() {
        return Ok(flag);
    }
    let given = variable(variables, environment)?;
    given
        .map(|given| given.value.parse().map_err(|error| invalid(&given, &error)))
        .transpose()
}

fn variable(
    names: &[&'static str],
    environment: &Environment<'_>,
) -> Result<Option<Given>, clap::Error> {
    let set = names.iter().find_map(|name| {
        let value = environment(name).filter(|value| !value.is_empty())?;
        Some((*name, value))
    });
    let Some((origin, value)) = set else {
        return Ok(None);
    };
    match value.into_string() {
        Ok(value) => Ok(Some(Given { value, origin })),
        Err(value) => Err(invalid(
            &Given {
                value: value.to_string_lossy().into_owned(),
                origin,
            },
            &"it is not UTF-8",
        )),
    }
}

fn invalid(given: &Given, reason: &dyn fmt::Display) -> clap::Error {
    let Given { value, origin } = given;
    clap::Error::raw(
        ErrorKind::ValueValidation,
        format!("invalid value {value:?} for the environment variable {origin}: {reason}"),
    )
}

fn joined(flag: &str, value: OsString) -> OsString {
    let mut argument = OsString::from(flag);
    argument.push("=");
    argument.push(value);
    argument
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
