//! Every flag and environment variable that a Samara program understands, in one place.
//!
//! A program flattens [`Settings`] into its own clap type; one that runs workflows has `RunSettings`, which hold them. All flags are
//! global: they stand before or after a subcommand. A flag beats a variable, and an empty variable counts as unset. Reading the variables
//! is part of parsing, so that a bad value of one that changes what a run does is a usage error with the variable's name, just as a bad flag
//! is. A bad value of one for telemetry is ignored, and told of: telemetry never stops a run.

#[cfg(feature = "engine")]
mod alert_test;
#[cfg(feature = "engine")]
mod environment;
mod log_format;
mod log_level;
#[cfg(feature = "engine")]
mod memory_limit;
#[cfg(feature = "engine")]
mod output;
#[cfg(feature = "engine")]
mod path;
#[cfg(feature = "engine")]
mod run;
#[cfg(feature = "engine")]
mod time_zone;

use std::ffi::OsString;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::telemetry::Signal;
use crate::telemetry::configuration::{Ignored, Variables};

#[cfg(feature = "engine")]
pub use alert_test::{AlertTest, NotAVariable};
pub use log_format::LogFormat;
pub use log_level::LogLevel;
#[cfg(feature = "engine")]
pub use memory_limit::{MemoryLimit, MemoryLimitError};
#[cfg(feature = "engine")]
pub use output::Output;
#[cfg(feature = "engine")]
pub use path::path_argument;
#[cfg(feature = "engine")]
pub use run::RunSettings;
#[cfg(feature = "engine")]
pub use time_zone::{TimeZone, TimeZoneError};

const TRACES_ENDPOINT: &str = "SAMARA_OTLP_TRACES_ENDPOINT";
const METRICS_ENDPOINT: &str = "SAMARA_OTLP_METRICS_ENDPOINT";
const LOGS_ENDPOINT: &str = "SAMARA_OTLP_LOGS_ENDPOINT";
const TRACE_PARENT: [&str; 3] = ["SAMARA_TRACE_PARENT", "SAMARA_TRACEPARENT", "TRACEPARENT"];
const TRACE_STATE: [&str; 3] = ["SAMARA_TRACE_STATE", "SAMARA_TRACESTATE", "TRACESTATE"];
const BAGGAGE: [&str; 2] = ["SAMARA_BAGGAGE", "BAGGAGE"];
const LOG_FORMAT: &str = "SAMARA_LOG_FORMAT";
const LOG_LEVEL: [&str; 2] = ["SAMARA_LOG_LEVEL", "LOG_LEVEL"];

/// What flags and environment variables say about the telemetry of one run.
///
/// # Examples
/// ```
/// #[derive(clap::Parser)]
/// struct Program {
///     #[command(flatten)]
///     settings: samara::Settings,
/// }
///
/// let arguments = ["program", "--otlp-traces-endpoint", "http://localhost:4318/v1/traces"];
/// let program = <Program as clap::Parser>::parse_from(arguments);
/// let endpoint = program.settings.otlp_traces_endpoint.expect("it is given");
/// assert_eq!(endpoint.value, "http://localhost:4318/v1/traces");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Full URL that traces are sent to by OTLP, as given: not yet checked. Without one, variables of OpenTelemetry's may say where.
    pub otlp_traces_endpoint: Option<Given>,
    /// Full URL that metrics are sent to by OTLP, as given: not yet checked.
    pub otlp_metrics_endpoint: Option<Given>,
    /// Full URL that log records are sent to by OTLP, as given: not yet checked.
    pub otlp_logs_endpoint: Option<Given>,
    /// W3C `traceparent` of the trace to continue, as given: not yet checked.
    pub trace_parent: Option<Given>,
    /// W3C `tracestate` that goes with the parent, as given: not yet checked.
    pub trace_state: Option<Given>,
    /// W3C `baggage` that the caller hands on, as given: not yet checked.
    pub baggage: Option<Given>,
    /// The least severe log events that are shown.
    pub log_level: LogLevel,
    /// How they are shown.
    pub log_format: LogFormat,
    /// Variables for these settings that count for nothing.
    pub ignored: Vec<Ignored>,
}

impl Settings {
    /// The flags that give another Samara program, with the same variables, these settings. What its variables say it hears from them, so that
    /// it knows where each setting came from.
    ///
    /// # Examples
    /// ```
    /// let settings = samara::Settings { log_level: samara::settings::LogLevel::Warn, ..Default::default() };
    /// assert_eq!(settings.to_args(), ["--log-level=warn"]);
    /// ```
    pub fn to_args(&self) -> Vec<OsString> {
        self.to_args_beside(&|name| std::env::var_os(name), LogLevel::default())
    }

    /// As [`Settings::to_args`], for a program that shows events from `level` up if nothing says otherwise.
    fn to_args_beside(&self, environment: &Environment<'_>, level: LogLevel) -> Vec<OsString> {
        let theirs = Self::resolve(Flags::default(), environment, level);
        let given = |own: &Option<Given>, theirs: &Option<Given>| {
            let given = own.as_ref().filter(|_| own != theirs);
            given.map(|given| given.value.clone())
        };
        let level = Some(self.log_level).filter(|own| *own != theirs.log_level);
        let format = Some(self.log_format).filter(|own| *own != theirs.log_format);
        arguments([
            (
                "--otlp-traces-endpoint",
                given(&self.otlp_traces_endpoint, &theirs.otlp_traces_endpoint),
            ),
            (
                "--otlp-metrics-endpoint",
                given(&self.otlp_metrics_endpoint, &theirs.otlp_metrics_endpoint),
            ),
            (
                "--otlp-logs-endpoint",
                given(&self.otlp_logs_endpoint, &theirs.otlp_logs_endpoint),
            ),
            (
                "--trace-parent",
                given(&self.trace_parent, &theirs.trace_parent),
            ),
            (
                "--trace-state",
                given(&self.trace_state, &theirs.trace_state),
            ),
            ("--baggage", given(&self.baggage, &theirs.baggage)),
            ("--log-level", level.map(|level| level.to_string())),
            ("--log-format", format.map(|format| format.to_string())),
        ])
    }

    fn resolve(flags: Flags, environment: &Environment<'_>, level: LogLevel) -> Self {
        let mut variables = Variables::new(environment);
        let mut text = |flag: Option<String>, origin, names: &[&'static str]| {
            let flag = flag.filter(|value| !value.is_empty());
            flag.map(|value| Given { value, origin })
                .or_else(|| variables.text(names))
        };
        Self {
            otlp_traces_endpoint: text(
                flags.otlp_traces_endpoint,
                "--otlp-traces-endpoint",
                &[TRACES_ENDPOINT],
            ),
            otlp_metrics_endpoint: text(
                flags.otlp_metrics_endpoint,
                "--otlp-metrics-endpoint",
                &[METRICS_ENDPOINT],
            ),
            otlp_logs_endpoint: text(
                flags.otlp_logs_endpoint,
                "--otlp-logs-endpoint",
                &[LOGS_ENDPOINT],
            ),
            trace_parent: text(flags.trace_parent, "--trace-parent", &TRACE_PARENT),
            trace_state: text(flags.trace_state, "--trace-state", &TRACE_STATE),
            baggage: text(flags.baggage, "--baggage", &BAGGAGE),
            log_level: (flags.log_level)
                .or_else(|| variables.value(&LOG_LEVEL))
                .unwrap_or(level),
            log_format: (flags.log_format)
                .or_else(|| variables.value(&[LOG_FORMAT]))
                .unwrap_or_default(),
            ignored: variables.ignored,
        }
    }

    /// As `from_arg_matches`, showing events from `level` up if nothing says otherwise.
    fn from_arg_matches_or(matches: &ArgMatches, level: LogLevel) -> Result<Self, clap::Error> {
        let flags = Flags::from_arg_matches(matches)?;
        let environment = |name: &str| std::env::var_os(name);
        Ok(Self::resolve(flags, &environment, level))
    }

    /// The endpoint that is given for a signal.
    pub(crate) fn endpoint(&self, signal: Signal) -> Option<&Given> {
        match signal {
            Signal::Traces => self.otlp_traces_endpoint.as_ref(),
            Signal::Metrics => self.otlp_metrics_endpoint.as_ref(),
            Signal::Logs => self.otlp_logs_endpoint.as_ref(),
        }
    }
}

impl FromArgMatches for Settings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_or(matches, LogLevel::default())
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
#[derive(Args, Default)]
#[group(skip)]
struct Flags {
    /// Send traces to this OTLP endpoint, the full URL [env: SAMARA_OTLP_TRACES_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    otlp_traces_endpoint: Option<String>,
    /// Send metrics to this OTLP endpoint, the full URL [env: SAMARA_OTLP_METRICS_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    otlp_metrics_endpoint: Option<String>,
    /// Send log records to this OTLP endpoint, the full URL [env: SAMARA_OTLP_LOGS_ENDPOINT]
    #[arg(long, global = true, value_name = "URL", help_heading = "Telemetry")]
    otlp_logs_endpoint: Option<String>,
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
    /// The W3C baggage that goes with it, handed on by requests [env: SAMARA_BAGGAGE, BAGGAGE]
    #[arg(
        long,
        global = true,
        value_name = "BAGGAGE",
        help_heading = "Telemetry"
    )]
    baggage: Option<String>,
    /// Show log events from this level up; info if not given [env: SAMARA_LOG_LEVEL, LOG_LEVEL]
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        ignore_case = true,
        help_heading = "Telemetry"
    )]
    log_level: Option<LogLevel>,
    /// Show them for people, or as JSON for machines; text if not given [env: SAMARA_LOG_FORMAT]
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        ignore_case = true,
        help_heading = "Telemetry"
    )]
    log_format: Option<LogFormat>,
}

/// The variables of a process, by their names.
pub type Environment<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// A text setting and the flag or variable that it came from, so that a warning can name its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The text, never empty.
    pub value: String,
    /// `--trace-parent`, `TRACEPARENT`, …
    pub origin: &'static str,
}

/// Flags with their values, those that have one.
fn arguments<const N: usize>(flags: [(&str, Option<impl Into<OsString>>); N]) -> Vec<OsString> {
    let joined = |(flag, value): (&str, Option<_>)| {
        let mut argument = OsString::from(format!("{flag}="));
        argument.push(value.map(Into::<OsString>::into)?);
        Some(argument)
    };
    flags.into_iter().filter_map(joined).collect()
}

#[cfg(test)]
mod tests;
