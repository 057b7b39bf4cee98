//! How a file's dates and timestamps look: in Spark's own forms, or by the patterns that its options set.

use super::pattern::{Kind, Pattern, PatternError};
use super::zone::Zone;
use super::{write_date, write_timestamp_iso, write_timestamp_iso_in};
use crate::engine::option::{OptionError, OptionValue};

/// The options that say how times look.
pub(crate) const OPTIONS: [&str; 5] = [
    "dateFormat",
    "timestampFormat",
    "timestampNTZFormat",
    "timeZone",
    "locale",
];

/// How dates and timestamps look. Where there is no pattern, as Spark has them without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times {
    date: Option<Pattern>,
    timestamp: Option<Pattern>,
    timestamp_ntz: Option<Pattern>,
    /// Whether the pattern of dates is one that timestamps without a pattern are not read by.
    has_other_dates: bool,
    /// That of the option, or of the session.
    zone: Option<Zone>,
}

/// The patterns of dates that timestamps without a pattern are read by, too.
const DATES_OF_TIMESTAMPS: [&str; 7] = [
    "yyyy-MM-dd",
    "yyyy-M-d",
    "yyyy-M-dd",
    "yyyy-MM-d",
    "yyyy-MM",
    "yyyy-M",
    "yyyy",
];

/// Whether an option is a reader's or a writer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Reader,
    Writer,
}

impl Times {
    /// Takes an option, if it is one that says how times look.
    pub fn take(&mut self, option: &OptionValue<'_>, side: Side) -> Result<bool, OptionError> {
        let pattern = |kind| {
            let pattern = match side {
                Side::Reader => Pattern::to_read(option.value),
                Side::Writer => Pattern::to_write(option.value, kind),
            };
            pattern
                .map(Some)
                .map_err(|error: PatternError| option.error(error.to_string()))
        };
        match option.name.to_lowercase().as_str() {
            "dateformat" => {
                self.date = pattern(Kind::Date)?;
                self.has_other_dates = !DATES_OF_TIMESTAMPS.contains(&option.value);
            }
            "timestampformat" => self.timestamp = pattern(Kind::Timestamp)?,
            "timestampntzformat" => self.timestamp_ntz = pattern(Kind::TimestampNtz)?,
            "timezone" => {
                let unknown = || option.error(format!("`{}` is no time zone", option.value));
                self.zone = Some(Zone::parse(option.value).ok_or_else(unknown)?);
            }
            "locale" => option.only("en-US")?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Times without a zone of their own are in the session's, unless an option says another.
    pub fn in_session(&mut self, zone: Zone) {
        self.zone.get_or_insert(zone);
    }

    /// The zone of the times that say none.
    pub fn zone(&self) -> Zone {
        self.zone.unwrap_or_default()
    }

    /// Whether dates are read by a pattern of their own.
    pub fn has_date_pattern(&self) -> bool {
        self.date.is_some()
    }

    /// Whether a date of a file is read as a timestamp, too (Spark, `CSVInferSchema.canParseDateAsTimestamp`).
    pub fn reads_dates_as_timestamps(&self) -> bool {
        self.timestamp.is_none() && !self.has_other_dates
    }

    pub fn parse_date(&self, text: &str) -> Option<i32> {
        match &self.date {
            Some(pattern) => pattern.parse_date(text),
            None => super::parse_date(text),
        }
    }

    pub fn parse_timestamp(&self, text: &str) -> Option<i64> {
        match &self.timestamp {
            Some(pattern) => pattern.parse_timestamp(text, self.zone()),
            None => super::parse_timestamp(text, self.zone()),
        }
    }

    /// A timestamp without a zone; one with a zone is none.
    pub fn parse_timestamp_ntz(&self, text: &str) -> Option<i64> {
        match &self.timestamp_ntz {
            Some(pattern) => pattern.parse_timestamp_ntz(text),
            None => super::parse_timestamp_without_zone(text),
        }
    }

    pub fn write_date(&self, out: &mut String, days: i32) {
        match &self.date {
            Some(pattern) => pattern.write_date(out, days),
            None => write_date(out, days),
        }
    }

    pub fn write_timestamp(&self, out: &mut String, micros: i64) {
        match &self.timestamp {
            Some(pattern) => pattern.write_timestamp(out, micros, self.zone()),
            None => write_timestamp_iso_in(out, micros, self.zone()),
        }
    }

    pub fn write_timestamp_ntz(&self, out: &mut String, micros: i64) {
        match &self.timestamp_ntz {
            Some(pattern) => pattern.write_timestamp_ntz(out, micros),
            None => write_timestamp_iso(out, micros),
        }
    }
}
