//! How much is logged.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;

use crate::telemetry::configuration::{Invalid, word};

/// How much is logged: each level shows the ones before it too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// What made the program fail.
    #[value(aliases = ["critical", "fatal"])]
    Error,
    /// What a person should look at.
    #[value(alias = "warning")]
    Warn,
    /// What happens, in few words.
    #[default]
    Info,
    /// What helps to find a fault.
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
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        word(text)
    }
}
