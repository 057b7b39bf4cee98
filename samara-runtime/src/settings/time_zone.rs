//! The time zone of a run.

use std::fmt;
use std::str::FromStr;

use chrono_tz::TZ_VARIANTS;
use thiserror::Error;

use crate::engine::text::zone::Zone;

/// The time zone in which a run shows timestamps, and takes those that say none: Spark's `spark.sql.session.timeZone`.
///
/// Written as Java takes it: a region of the tz database (`Europe/Berlin`), `UTC`, `Z`, an offset (`+01:00`, `UTC+1`, `GMT+01:00`) or one of Java's
/// short names (`PST`).
///
/// # Examples
/// ```
/// use samara::settings::TimeZone;
///
/// let zone: TimeZone = "Europe/Berlin".parse()?;
/// assert_eq!(zone.to_string(), "Europe/Berlin");
/// let error = "Europe/Berlni".parse::<TimeZone>().unwrap_err();
/// assert_eq!(error.nearest.as_deref(), Some("Europe/Berlin"));
/// # Ok::<(), samara::settings::TimeZoneError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    name: String,
    zone: Zone,
}

impl TimeZone {
    pub(crate) fn zone(&self) -> Zone {
        self.zone
    }

    /// Its name as it was given.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Default for TimeZone {
    fn default() -> Self {
        Self {
            name: "UTC".to_owned(),
            zone: Zone::UTC,
        }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

impl FromStr for TimeZone {
    type Err = TimeZoneError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_plain = !text.contains(|c: char| c.is_whitespace() || c.is_control());
        match Zone::parse(text).filter(|_| is_plain) {
            Some(zone) => Ok(Self {
                name: text.to_owned(),
                zone,
            }),
            None => Err(TimeZoneError {
                nearest: nearest(text.trim()).map(str::to_owned),
            }),
        }
    }
}

/// A text that is no [`TimeZone`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no such time zone; {}", advice(self.nearest.as_deref()))]
pub struct TimeZoneError {
    /// The name that it may have been meant to be.
    pub nearest: Option<String>,
}

fn advice(nearest: Option<&str>) -> String {
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => {
            "expected a region such as Europe/Berlin, UTC, or an offset such as +01:00".to_owned()
        }
    }
}

/// The region whose name is least different, if it is by a third of its letters at most; the case of letters does not count, nor does the part
/// of the world.
fn nearest(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase().replace(' ', "_");
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let place = name.rsplit('/').next().unwrap_or(&name);
        let whole = strsim::damerau_levenshtein(&text, &name);
        whole.min(strsim::damerau_levenshtein(&text, place) + 1)
    };
    let names = TZ_VARIANTS.iter().map(|zone| zone.name());
    let (distance, name) = names.map(|name| (distance(name), name)).min()?;
    (distance <= text.chars().count().div_ceil(3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_what_spark_takes_for_one() {
        for name in [
            "Europe/Berlin",
            "UTC",
            "Z",
            "+01:00",
            "-08:00",
            "+1:00",
            "UTC+1",
            "GMT+01:00",
            "PST",
            "Etc/UTC",
        ] {
            let zone: TimeZone = name.parse().unwrap();
            assert_eq!(zone.to_string(), name);
        }
    }

    #[test]
    fn a_wrong_zone_names_the_nearest() {
        for (name, nearest) in [
            ("europe/berlin", Some("Europe/Berlin")),
            ("America/Newyork", Some("America/New_York")),
            ("New York", Some("America/New_York")),
            (" UTC", Some("UTC")),
            ("Mars/Olympus_Mons", None),
            ("+25:00", None),
        ] {
            let error = name.parse::<TimeZone>().unwrap_err();
            assert_eq!(error.nearest.as_deref(), nearest, "{name}");
        }
    }
}
