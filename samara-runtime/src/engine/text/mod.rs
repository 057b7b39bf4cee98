//! The text of values, as Spark reads and writes it: in `CAST`, in csv fields, in json.
//!
//! The rules are those of Spark's `stringToDate` and `stringToTimestamp` (`SparkDateTimeUtils`) and of Java's `Double.toString`.

mod digits;
pub(crate) mod numbers;
pub(crate) mod pattern;
pub(crate) mod times;
pub(crate) mod zone;

use std::fmt::Write as _;

use digits::Digits;
use zone::Zone;

const MICROS_PER_SECOND: i64 = 1_000_000;
pub(crate) const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// A double as Java prints it: `1.0E10`, `0.001`, `NaN`, `-Infinity`.
pub(crate) fn write_f64(out: &mut String, value: f64) {
    write_java(out, value, || digits::of_f64(value.abs()));
}

/// A float as Java prints it, with the digits that a float needs.
pub(crate) fn write_f32(out: &mut String, value: f32) {
    write_java(out, f64::from(value), || digits::of_f32(value.abs()));
}

fn write_java(out: &mut String, value: f64, digits: impl FnOnce() -> Digits) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    if value.is_infinite() {
        return out.push_str("Infinity");
    }
    if value == 0.0 {
        return out.push_str("0.0");
    }
    let Digits { digits, exponent } = digits();
    let texts = digits.iter().map(|digit| char::from(b'0' + digit));
    match exponent {
        1..8 => push_with_point(out, texts, exponent),
        -2..=0 => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', exponent.unsigned_abs() as usize));
            out.extend(texts);
        }
        _ => {
            push_with_point(out, texts, 1);
            write_infallible(out, format_args!("E{}", exponent - 1));
        }
    }
}

/// Digits with a point behind some of them, and a digit at least on either side of it.
fn push_with_point(out: &mut String, mut digits: impl Iterator<Item = char>, whole: i32) {
    for _ in 0..whole {
        out.push(digits.next().unwrap_or('0'));
    }
    out.push('.');
    out.push(digits.next().unwrap_or('0'));
    out.extend(digits);
}

/// Days since 1970 as `yyyy-MM-dd`. A year of more than four digits has a sign, as Java's ISO dates have.
pub(crate) fn write_date(out: &mut String, days: i32) {
    push_date(out, i64::from(days));
}

/// Microseconds since 1970 as `CAST(… AS STRING)` shows a timestamp in a zone: `2024-01-15 10:30:45.12`, no zeros at the end.
pub(crate) fn write_timestamp(out: &mut String, micros: i64, zone: Zone) {
    push_moment(out, zone.clock(micros), ' ');
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        write_infallible(out, format_args!(".{}", digits.trim_end_matches('0')));
    }
}

/// Microseconds since 1970 as csv and json files show a timestamp without a zone: `2024-01-15T10:30:45.120`.
pub(crate) fn write_timestamp_iso(out: &mut String, micros: i64) {
    push_iso(out, Clock::of_utc(micros));
}

/// Microseconds since 1970 as csv and json files show a timestamp in a zone: `2024-01-15T10:30:45.120Z`.
pub(crate) fn write_timestamp_iso_in(out: &mut String, micros: i64, zone: Zone) {
    push_iso(out, zone.clock(micros));
    pattern::write_offset(out, zone.offset_at(micros));
}

fn push_iso(out: &mut String, clock: Clock) {
    push_moment(out, clock, 'T');
    let millis = clock.micros % MICROS_PER_SECOND / 1000;
    write_infallible(out, format_args!(".{millis:03}"));
}

/// The date and the time of day in whole seconds.
fn push_moment(out: &mut String, clock: Clock, separator: char) {
    push_date(out, clock.days);
    let second = clock.micros / MICROS_PER_SECOND;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    write_infallible(
        out,
        format_args!("{separator}{hour:02}:{minute:02}:{second:02}"),
    );
}

/// A decimal's digits with its point: 31400 at scale 4 is `3.1400`.
pub(crate) fn write_decimal(out: &mut String, unscaled: i128, scale: i8) {
    if scale <= 0 {
        write_infallible(out, format_args!("{unscaled}"));
        let zeros = if unscaled == 0 {
            0
        } else {
            usize::from(scale.unsigned_abs())
        };
        return out.extend(std::iter::repeat_n('0', zeros));
    }
    let scale = usize::from(scale.unsigned_abs());
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let sign = if unscaled < 0 { "-" } else { "" };
    write_infallible(out, format_args!("{sign}{whole}.{fraction}"));
}

/// A decimal as csv and json files hold it, which is how Java's `BigDecimal` prints it: with an exponent where six zeros or more lead.
pub(crate) fn write_decimal_of_file(out: &mut String, unscaled: i128, scale: i8) {
    let digits = unscaled.unsigned_abs().to_string();
    let exponent = digits.len() as i64 - 1 - i64::from(scale);
    if exponent >= -6 || scale <= 0 {
        return write_decimal(out, unscaled, scale);
    }
    let sign = if unscaled < 0 { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    write_infallible(out, format_args!("{sign}{first}{point}{rest}E{exponent}"));
}

/// What clocks show: the date, and the time of day in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Since 1970.
    pub days: i64,
    /// Since midnight.
    pub micros: i64,
}

impl Clock {
    /// Microseconds since 1970 where clocks show UTC.
    pub fn of_utc(micros: i64) -> Self {
        Self {
            days: micros.div_euclid(MICROS_PER_DAY),
            micros: micros.rem_euclid(MICROS_PER_DAY),
        }
    }

    /// Clocks that are ahead by so many seconds, of any sign. (The first and the last timestamps have a date that is none of a timestamp's.)
    pub fn ahead(self, seconds: i64) -> Self {
        let shifted = Self::of_utc(self.micros + seconds * MICROS_PER_SECOND);
        Self {
            days: self.days + shifted.days,
            ..shifted
        }
    }

    /// Microseconds since 1970 where clocks show UTC; nothing, beyond the last timestamp.
    pub fn to_utc(self) -> Option<i64> {
        at(self.days, self.micros)
    }
}

fn push_date(out: &mut String, days: i64) {
    let (year, month, day) = civil_of(days);
    match year {
        0..=9999 => write_infallible(out, format_args!("{year:04}")),
        _ => write_infallible(out, format_args!("{year:+05}")),
    }
    write_infallible(out, format_args!("-{month:02}-{day:02}"));
}

/// Writing to a `String` cannot fail.
fn write_infallible(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

/// Four centuries of the Gregorian calendar have this many days, and this many lie between 0000-03-01 and 1970-01-01.
const DAYS_PER_ERA: i64 = 146_097;
const DAYS_TO_1970: i64 = 719_468;

/// Year, month and day of days since 1970, by the Gregorian calendar at all times. (chrono's dates end before Spark's.)
pub(crate) fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let era = days.div_euclid(DAYS_PER_ERA);
    let day_of_era = days.rem_euclid(DAYS_PER_ERA);
    let leap_days = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = (march_month + 2) % 12 + 1;
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// Days since 1970 of a date; nothing if there is no such day.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let march_year = year - i64::from(month <= 2);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = march_year.div_euclid(400) * DAYS_PER_ERA + day_of_era - DAYS_TO_1970;
    (civil_of(days) == (year, month, day)).then_some(days)
}

/// A date as Spark reads it from text: `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, the last with anything after a `T` or a space; with a sign, and
/// with up to seven digits in the year.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let (days, rest) = take_date(trim(text), 7)?;
    let fits = rest.is_empty() || rest.starts_with([' ', 'T']);
    fits.then(|| i32::try_from(days).ok())?
}

/// A timestamp as Spark reads it from text, in microseconds since 1970: a date (its year of up to six digits), then optionally a `T` or a space
/// and `[h]h[:[m]m[:[s]s[.fraction][zone]]]`; or a time alone, of today. Where the text says no zone, it is in the given one.
///
/// A zone is `Z`, an offset such as `+2`, `+02`, `+0230`, `+02:30`, the same after `UTC`, `GMT` or `UT`, a region such as `Europe/Berlin`, or
/// one of Java's short names such as `PST`.
pub(crate) fn parse_timestamp(text: &str, zone: Zone) -> Option<i64> {
    let moment = take_moment(text)?;
    let zone = match moment.zone {
        Some(name) => Zone::parse(name)?,
        None => zone,
    };
    let days = moment.days.unwrap_or_else(|| zone.today());
    zone.to_utc(at(days, moment.micros)?)
}

/// A timestamp without a zone as `CAST` reads it from text: as [`parse_timestamp`], but a zone is ignored, and a time alone is none.
pub(crate) fn parse_timestamp_ntz(text: &str) -> Option<i64> {
    let moment = take_moment(text)?;
    if let Some(zone) = moment.zone {
        Zone::parse(zone)?;
    }
    at(moment.days?, moment.micros)
}

/// A timestamp without a zone as files hold it: as [`parse_timestamp_ntz`], but with a zone it is none.
pub(crate) fn parse_timestamp_without_zone(text: &str) -> Option<i64> {
    let moment = take_moment(text)?;
    if moment.zone.is_some() {
        return None;
    }
    at(moment.days?, moment.micros)
}

fn at(days: i64, micros: i64) -> Option<i64> {
    let moment = i128::from(days) * i128::from(MICROS_PER_DAY) + i128::from(micros);
    i64::try_from(moment).ok()
}

/// The text without the blanks and control characters around it.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ' || c == '\u{7f}')
}

/// What a timestamp's text says.
struct Moment<'a> {
    /// The date, in days since 1970, unless it is a time alone.
    days: Option<i64>,
    /// The time of day.
    micros: i64,
    zone: Option<&'a str>,
}

fn take_moment(text: &str) -> Option<Moment<'_>> {
    let trimmed = trim(text);
    let is_time = take_digits(trimmed, 1..=2).is_some_and(|(_, rest)| rest.starts_with(':'));
    let (days, clock) = if text.starts_with('T') {
        (None, Some(&trimmed[1..]))
    } else if is_time {
        (None, Some(trimmed))
    } else {
        let (days, rest) = take_date(trimmed, 6)?;
        let clock = rest.strip_prefix([' ', 'T']);
        if clock.is_none() && !rest.is_empty() {
            return None;
        }
        (Some(days), clock)
    };
    let (micros, zone) = match clock {
        Some(clock) => parse_clock(clock)?,
        None => (0, None),
    };
    Some(Moment { days, micros, zone })
}

/// Takes a date off the front: days since 1970. Only after a day may anything follow.
fn take_date(text: &str, longest_year: usize) -> Option<(i64, &str)> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (year, mut rest) = take_digits(unsigned, 4..=longest_year)?;
    let mut parts = [1, 1];
    for part in &mut parts {
        if rest.is_empty() {
            break;
        }
        (*part, rest) = take_digits(rest.strip_prefix('-')?, 1..=2)?;
    }
    let year = if text.starts_with('-') { -year } else { year };
    Some((days_of(year, parts[0], parts[1])?, rest))
}

/// A time of day, in microseconds since midnight, and its zone.
fn parse_clock(text: &str) -> Option<(i64, Option<&str>)> {
    let mut parts = [0; 3];
    let mut rest = text;
    for (index, part) in parts.iter_mut().enumerate() {
        if index > 0 {
            if rest.is_empty() {
                break;
            }
            rest = rest.strip_prefix(':')?;
        }
        (*part, rest) = take_digits(rest, 1..=2)?;
    }
    let [hour, minute, second] = parts;
    let mut micros = 0;
    if let Some(after) = rest.strip_prefix('.') {
        (micros, rest) = take_fraction(after);
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let seconds = hour * 3600 + minute * 60 + second;
    let zone = (!rest.is_empty()).then_some(rest);
    Some((seconds * MICROS_PER_SECOND + micros, zone))
}

/// A fraction of a second in microseconds; digits past the sixth are cut off.
fn take_fraction(text: &str) -> (i64, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let digits = text[..end].bytes().chain(std::iter::repeat(b'0')).take(6);
    (
        digits.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        &text[end..],
    )
}

fn take_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<(i64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    if !length.contains(&end) {
        return None;
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

#[cfg(test)]
mod tests;
