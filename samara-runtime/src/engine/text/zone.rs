//! Time zones, as Java's `java.time` has them.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset as _, TimeZone as _, Utc};
use chrono_tz::{GapInfo, Tz, TzOffset};

use super::{Clock, civil_of, days_of, take_digits, trim, write_infallible};

/// Java's `ZoneId.SHORT_IDS`.
const SHORT_NAMES: [(&str, &str); 28] = [
    ("EST", "-05:00"),
    ("HST", "-10:00"),
    ("MST", "-07:00"),
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

/// A time zone as Java's `ZoneId.of` knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// Clocks that are never put forward or back.
    Fixed {
        /// East of UTC.
        seconds: i64,
        /// What the name has before its digits: `UTC`, `GMT`, `UT` or nothing.
        prefix: &'static str,
    },
    /// A region of the tz database.
    Region(Tz),
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

/// The offsets, in seconds east of UTC, of the instants at which clocks show a moment.
enum Shown {
    Once(i64),
    /// Clocks were put back: the first time, and the second one.
    Twice(i64, i64),
    /// Clocks were put forward: before, and since.
    Never(i64, i64),
}

impl Zone {
    pub const UTC: Self = Self::Fixed {
        seconds: 0,
        prefix: "UTC",
    };

    /// So many seconds east of UTC.
    pub fn fixed(seconds: i64) -> Self {
        Self::Fixed {
            seconds,
            prefix: "",
        }
    }

    /// `Z`, an offset such as `+2`, `+02`, `+0230`, `+02:30`, the same after `UTC`, `GMT` or `UT`, a region such as `Europe/Berlin`, or one of
    /// Java's short names such as `PST`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = trim(name);
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == name);
        let name = short.map_or(name, |(_, zone)| zone);
        let prefix = ["UTC", "GMT", "UT"]
            .into_iter()
            .find(|prefix| name.starts_with(prefix))
            .unwrap_or_default();
        let offset = &name[prefix.len()..];
        if name == "Z" || (!prefix.is_empty() && offset.is_empty()) {
            return Some(Self::Fixed { seconds: 0, prefix });
        }
        if offset.starts_with(['+', '-']) {
            let seconds = parse_offset(offset)?;
            return Some(Self::Fixed { seconds, prefix });
        }
        // The one name of the tz database that Java leaves out.
        let region = name.parse().ok().filter(|_| name != "ROC")?;
        Some(Self::Region(region))
    }

    /// Its name, as Java writes it.
    pub fn write(self, out: &mut String) {
        let (seconds, prefix) = match self {
            Self::Region(region) => return out.push_str(region.name()),
            Self::Fixed {
                seconds: 0,
                prefix: "",
            } => return out.push('Z'),
            Self::Fixed { seconds, prefix } => (seconds, prefix),
        };
        out.push_str(prefix);
        if seconds != 0 {
            let sign = if seconds < 0 { '-' } else { '+' };
            let rest = seconds.abs();
            write_infallible(
                out,
                format_args!("{sign}{:02}:{:02}", rest / 3600, rest / 60 % 60),
            );
            if rest % 60 != 0 {
                write_infallible(out, format_args!(":{:02}", rest % 60));
            }
        }
    }

    /// Its English name, short or full; nothing for a region, whose names this does not know.
    pub fn display_name(self, full: bool) -> Option<String> {
        match self {
            Self::Region(_) => None,
            Self::Fixed {
                seconds: 0,
                prefix: "UTC",
            } if full => Some("Coordinated Universal Time".to_owned()),
            Self::Fixed {
                seconds: 0,
                prefix: "GMT",
            } if full => Some("Greenwich Mean Time".to_owned()),
            fixed @ Self::Fixed { .. } => {
                let mut name = String::new();
                fixed.write(&mut name);
                Some(name)
            }
        }
    }

    /// The date that it is there, in days since 1970.
    pub fn today(self) -> i64 {
        self.clock(Utc::now().timestamp_micros()).days
    }

    /// How many seconds clocks there are ahead of UTC, at microseconds since 1970.
    pub fn offset_at(self, micros: i64) -> i64 {
        match self {
            Self::Fixed { seconds, .. } => seconds,
            Self::Region(region) => {
                seconds(&region.offset_from_utc_datetime(&in_tables(Clock::of_utc(micros))))
            }
        }
    }

    /// What clocks there show at an instant.
    pub fn clock(self, instant: i64) -> Clock {
        Clock::of_utc(instant).ahead(self.offset_at(instant))
    }

    /// What clocks there show at an instant, in microseconds since 1970; nothing, beyond the last timestamp.
    pub fn of_utc(self, instant: i64) -> Option<i64> {
        self.clock(instant).to_utc()
    }

    /// The instant at which clocks there show a moment, in microseconds since 1970: the earlier one, if there are two; if there is none since they
    /// were put forward, the one that the clocks of before would show.
    pub fn to_utc(self, local: i64) -> Option<i64> {
        self.instant_of(Clock::of_utc(local))
    }

    fn instant_of(self, clock: Clock) -> Option<i64> {
        let (Shown::Once(offset) | Shown::Twice(offset, _) | Shown::Never(offset, _)) =
            self.shown(clock);
        clock.ahead(-offset).to_utc()
    }

    /// The instant at which clocks there show a moment: of two the one with the offset of another instant, as Java's `ZonedDateTime` keeps it.
    pub fn instant_near(self, clock: Clock, near: i64) -> Option<i64> {
        match self.shown(clock) {
            Shown::Twice(_, second) if second == self.offset_at(near) => {
                clock.ahead(-second).to_utc()
            }
            _ => self.instant_of(clock),
        }
    }

    /// The first instant of a day, in days since 1970.
    pub fn start_of_day(self, days: i64) -> Option<i64> {
        let midnight = Clock { days, micros: 0 };
        let Shown::Never(before, since) = self.shown(midnight) else {
            return self.instant_of(midnight);
        };
        // Within an hour or so lies the instant at which they were put forward.
        let mut early = midnight.ahead(-since).to_utc()?;
        let mut late = midnight.ahead(-before).to_utc()?;
        while late - early > 1 {
            let middle = early + (late - early) / 2;
            match self.offset_at(middle) == before {
                true => early = middle,
                false => late = middle,
            }
        }
        Some(late)
    }

    fn shown(self, clock: Clock) -> Shown {
        let region = match self {
            Self::Fixed { seconds, .. } => return Shown::Once(seconds),
            Self::Region(region) => region,
        };
        let moment = in_tables(clock);
        match region.offset_from_local_datetime(&moment) {
            MappedLocalTime::Single(offset) => Shown::Once(seconds(&offset)),
            MappedLocalTime::Ambiguous(first, second) => {
                Shown::Twice(seconds(&first), seconds(&second))
            }
            MappedLocalTime::None => in_gap(&moment, &region),
        }
    }
}

/// The offsets around a moment that clocks never showed. A gap lies between two spans of time, so both ends are known.
fn in_gap(moment: &NaiveDateTime, region: &Tz) -> Shown {
    let gap = GapInfo::new(moment, region);
    let before = gap.as_ref().and_then(|gap| gap.begin.as_ref());
    let since = gap.as_ref().and_then(|gap| gap.end.as_ref());
    let before = before.map_or(0, |(_, offset)| seconds(offset));
    Shown::Never(before, since.map_or(before, |end| seconds(end.offset())))
}

fn seconds(offset: &TzOffset) -> i64 {
    i64::from(offset.fix().local_minus_utc())
}

/// Years, from March to February, whose transitions are in chrono-tz's tables and follow the rules that hold for ever: before, Ramadan moves some.
/// March begins on each day of the week in one of them.
const LAST_YEARS: std::ops::RangeInclusive<i64> = 2088..=2098;

/// A moment for which the tables have the offset of this one: itself, or that of a year with the same days of the week, since that is what rules
/// go by.
fn in_tables(clock: Clock) -> NaiveDateTime {
    let (year, month, _) = civil_of(clock.days);
    let year = year - i64::from(month <= 2);
    let first = |year| days_of(year, 3, 1).unwrap_or(0);
    let fits = |like: &i64| (first(*like) - first(year)) % 7 == 0;
    let days = match LAST_YEARS.rev().find(fits) {
        Some(like) if year > *LAST_YEARS.end() => clock.days - first(year) + first(like),
        _ => clock.days,
    };
    let shown = Clock { days, ..clock }.to_utc();
    let moment = shown.and_then(DateTime::from_timestamp_micros);
    // Before chrono's first date clocks were set as on it.
    moment.unwrap_or(DateTime::<Utc>::MIN_UTC).naive_utc()
}

/// Seconds east of UTC: `+h`, `+hh`, `+hhmm`, `+hhmmss`, `+[h]h:[m]m`, `+[h]h:mm:ss`, at most 18 hours.
fn parse_offset(offset: &str) -> Option<i64> {
    let (sign, rest) = offset.split_at(1);
    let parts: Vec<&str> = if rest.contains(':') {
        rest.split(':').collect()
    } else {
        // Two digits each; a single one is an hour.
        rest.as_bytes()
            .chunks(2)
            .map(std::str::from_utf8)
            .collect::<Result<_, _>>()
            .ok()?
    };
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let valid = matches!(
        (rest.contains(':'), lengths.as_slice()),
        (false, [1] | [2] | [2, 2] | [2, 2, 2]) | (true, [1 | 2, 1 | 2] | [1 | 2, 2, 2])
    );
    let numbers = parts.iter().map(|part| {
        take_digits(part, 1..=2)
            .filter(|(_, rest)| rest.is_empty())
            .map(|(number, _)| number)
    });
    let numbers: Vec<i64> = numbers.collect::<Option<_>>()?;
    let seconds = numbers
        .iter()
        .zip([3600, 60, 1])
        .map(|(number, unit)| number * unit)
        .sum::<i64>();
    let fits = valid && seconds <= 18 * 3600 && numbers.iter().skip(1).all(|number| *number < 60);
    fits.then_some(if sign == "-" { -seconds } else { seconds })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::text::{MICROS_PER_DAY, MICROS_PER_SECOND, parse_timestamp};

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    fn micros(text: &str) -> i64 {
        parse_timestamp(text, Zone::UTC).unwrap()
    }

    /// The names are those of Java's `ZoneId.of`.
    #[test]
    fn a_zone_has_the_name_that_java_gives_it() {
        for (name, of_java) in [
            ("UTC", "UTC"),
            ("Z", "Z"),
            ("+00:00", "Z"),
            ("UTC+0", "UTC"),
            ("UTC+1", "UTC+01:00"),
            ("GMT-01:30", "GMT-01:30"),
            ("+1:00", "+01:00"),
            ("+005328", "+00:53:28"),
            ("PST", "America/Los_Angeles"),
            ("EST", "-05:00"),
            ("Etc/UTC", "Etc/UTC"),
        ] {
            let mut out = String::new();
            zone(name).write(&mut out);
            assert_eq!(out, of_java, "{name}");
        }
    }

    /// The numbers are those of Spark: `cast(timestamp '2200-07-01 12:00:00' as long)`.
    #[test]
    fn the_last_rules_of_a_region_hold_for_ever() {
        let berlin = zone("Europe/Berlin");
        for (local, seconds) in [
            ("2200-07-01 12:00:00", 7_273_792_800),
            ("2500-12-01 12:00:00", 16_754_122_800),
            ("9999-07-01 12:00:00", 253_386_439_200),
            ("290000-07-01 12:00:00", 9_089_364_621_600),
        ] {
            let instant = berlin.to_utc(micros(local));
            assert_eq!(instant, Some(seconds * MICROS_PER_SECOND), "{local}");
        }
    }

    #[test]
    fn of_two_instants_the_earlier_one_is_meant_unless_another_is_near() {
        let (berlin, twice) = (zone("Europe/Berlin"), micros("2024-10-27 02:30:00"));
        let (first, second) = (micros("2024-10-27 00:30:00"), micros("2024-10-27 01:30:00"));
        assert_eq!(berlin.to_utc(twice), Some(first));
        assert_eq!(
            berlin.instant_near(Clock::of_utc(twice), second),
            Some(second)
        );
    }

    #[test]
    fn a_moment_that_was_left_out_is_as_much_later_and_a_day_begins_where_it_can() {
        let berlin = zone("Europe/Berlin");
        let left_out = berlin.to_utc(micros("2024-03-31 02:30:00"));
        assert_eq!(left_out, Some(micros("2024-03-31 01:30:00")));
        let toronto = zone("America/Toronto");
        let day = micros("1919-03-31") / MICROS_PER_DAY;
        assert_eq!(
            toronto.start_of_day(day),
            Some(micros("1919-03-31 04:30:00"))
        );
        assert_eq!(
            toronto.to_utc(micros("1919-03-31")),
            Some(micros("1919-03-31 05:00:00"))
        );
    }
}
