//! The text of values, as Spark reads and writes it: in `CAST`, in csv fields, in json.
//!
//! The rules are those of Spark's `stringToDate` and `stringToTimestamp` (`SparkDateTimeUtils`) and of Java's `Double.toString`.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A double as Java prints it: `1.0E10`, `0.001`, `NaN`, `-Infinity`.
pub(crate) fn write_f64(out: &mut String, value: f64) {
    write_java(
        out,
        value,
        value.abs(),
        &format!("{value:e}"),
        &value.to_string(),
    );
}

/// A float as Java prints it, with the digits that a float needs.
pub(crate) fn write_f32(out: &mut String, value: f32) {
    write_java(
        out,
        f64::from(value),
        f64::from(value.abs()),
        &format!("{value:e}"),
        &value.to_string(),
    );
}

fn write_java(out: &mut String, value: f64, magnitude: f64, scientific: &str, plain: &str) {
    if value.is_nan() {
        out.push_str("NaN");
    } else if value.is_infinite() {
        out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    } else if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        push_with_point(out, plain);
    } else if let Some((digits, exponent)) = scientific.split_once('e') {
        push_with_point(out, digits);
        out.push('E');
        out.push_str(exponent);
    }
}

fn push_with_point(out: &mut String, digits: &str) {
    out.push_str(digits);
    if !digits.contains('.') {
        out.push_str(".0");
    }
}

/// Days since 1970 as `yyyy-MM-dd`.
pub(crate) fn write_date(out: &mut String, days: i32) {
    match date_of(days) {
        Some(date) => push_date(out, date),
        None => write_infallible(out, format_args!("{days}")),
    }
}

/// Microseconds since 1970 as `CAST(… AS STRING)` shows a timestamp: `2024-01-15 10:30:45.12`, no zeros at the end.
pub(crate) fn write_timestamp(out: &mut String, micros: i64) {
    let Some(moment) = moment_of(micros) else {
        return write_infallible(out, format_args!("{micros}"));
    };
    push_date(out, moment.date());
    write_infallible(
        out,
        format_args!(
            " {:02}:{:02}:{:02}",
            moment.hour(),
            moment.minute(),
            moment.second()
        ),
    );
    let fraction = micros.rem_euclid(MICROS_PER_SECOND);
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        write_infallible(out, format_args!(".{}", digits.trim_end_matches('0')));
    }
}

/// Microseconds since 1970 as csv and json files show a timestamp: `2024-01-15T10:30:45.120Z`; without the zone for one that has none.
pub(crate) fn write_timestamp_iso(out: &mut String, micros: i64, zone: &str) {
    let Some(moment) = moment_of(micros) else {
        return write_infallible(out, format_args!("{micros}"));
    };
    push_date(out, moment.date());
    let millis = micros.rem_euclid(MICROS_PER_SECOND) / 1000;
    write_infallible(
        out,
        format_args!(
            "T{:02}:{:02}:{:02}.{millis:03}{zone}",
            moment.hour(),
            moment.minute(),
            moment.second()
        ),
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

/// A year of more than four digits has a sign, as Java's ISO dates have.
fn push_date(out: &mut String, date: NaiveDate) {
    match date.year() {
        year @ 0..=9999 => write_infallible(out, format_args!("{year:04}")),
        year => write_infallible(out, format_args!("{year:+05}")),
    }
    write_infallible(out, format_args!("-{:02}-{:02}", date.month(), date.day()));
}

/// Writing to a `String` cannot fail.
fn write_infallible(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn date_of(days: i32) -> Option<NaiveDate> {
    DateTime::from_timestamp(i64::from(days) * SECONDS_PER_DAY, 0).map(|moment| moment.date_naive())
}

fn moment_of(micros: i64) -> Option<NaiveDateTime> {
    DateTime::from_timestamp_micros(micros).map(|moment| moment.naive_utc())
}

/// A date as Spark reads it from text: `yyyy`, `yyyy-[m]m`, `yyyy-[m]m-[d]d`, the last with anything after a `T` or a space.
pub(crate) fn parse_date(text: &str) -> Option<i32> {
    let (date, rest) = take_date(text.trim())?;
    (rest.is_empty() || rest.starts_with([' ', 'T']))
        .then(|| days_of(date))
        .flatten()
}

/// A timestamp as Spark reads it from text, in microseconds since 1970: a date, then optionally a `T` or a space and `[h]h:[m]m[:[s]s[.fraction]]`
/// and a zone (`Z`, `UTC`, `+hh:mm`). Without a zone it is in UTC.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let (date, rest) = take_date(text.trim())?;
    let days = days_of(date)?;
    let Some(clock) = rest.strip_prefix([' ', 'T']) else {
        return rest.is_empty().then(|| at_midnight(days));
    };
    if clock.is_empty() {
        return Some(at_midnight(days));
    }
    let (micros, zone) = take_clock(clock)?;
    let offset = if zone.is_empty() {
        0
    } else {
        zone_offset_seconds(zone.trim_start())?
    };
    Some(at_midnight(days) + micros - offset * MICROS_PER_SECOND)
}

fn at_midnight(days: i32) -> i64 {
    i64::from(days) * SECONDS_PER_DAY * MICROS_PER_SECOND
}

fn days_of(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Takes year, month and day off the front.
fn take_date(text: &str) -> Option<(NaiveDate, &str)> {
    let (year, mut rest) = take_digits(text, 4..=7)?;
    let mut parts = [1, 1];
    for part in &mut parts {
        let Some(after) = rest.strip_prefix('-') else {
            break;
        };
        let (number, after) = take_digits(after, 1..=2)?;
        *part = number;
        rest = after;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, parts[0], parts[1])?;
    Some((date, rest))
}

/// Takes a time of day off the front: microseconds since midnight.
fn take_clock(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = take_digits(text, 1..=2)?;
    let (minute, mut rest) = take_digits(rest.strip_prefix(':')?, 1..=2)?;
    let (mut second, mut micros) = (0, 0);
    if let Some(after) = rest.strip_prefix(':') {
        (second, rest) = take_digits(after, 1..=2)?;
        if let Some(after) = rest.strip_prefix('.') {
            (micros, rest) = take_fraction(after);
        }
    }
    let valid = hour < 24 && minute < 60 && second < 60;
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    valid.then_some((seconds * MICROS_PER_SECOND + micros, rest))
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

fn take_digits(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    if !length.contains(&end) {
        return None;
    }
    Some((text[..end].parse().ok()?, &text[end..]))
}

fn zone_offset_seconds(zone: &str) -> Option<i64> {
    let zone = zone
        .strip_prefix("UTC")
        .or_else(|| zone.strip_prefix("GMT"))
        .unwrap_or(zone);
    if matches!(zone, "" | "Z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = take_digits(rest, 1..=2)?;
    let minutes = match rest.strip_prefix(':') {
        Some(rest) => {
            take_digits(rest, 1..=2)
                .filter(|(_, rest)| rest.is_empty())?
                .0
        }
        None if rest.is_empty() => 0,
        None => return None,
    };
    (hours <= 18 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// A boolean as `CAST` reads it from text: `t`, `true`, `y`, `yes`, `1` and their opposites, in any case.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// A double as Java reads it, `NaN` and `Infinity` included.
pub(crate) fn parse_f64(text: &str) -> Option<f64> {
    match text.trim() {
        "NaN" => Some(f64::NAN),
        "Infinity" | "+Infinity" | "Inf" | "+Inf" => Some(f64::INFINITY),
        "-Infinity" | "-Inf" => Some(f64::NEG_INFINITY),
        other
            if other
                .bytes()
                .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) =>
        {
            other.parse().ok()
        }
        _ => None,
    }
}

/// A decimal of the given type from text, rounded half up to its scale; nothing if it is no number or does not fit.
pub(crate) fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let digits: Vec<u8> = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|digit| digit - b'0')
        .collect();
    let kept = i32::try_from(whole.len())
        .ok()?
        .checked_add(exponent)?
        .checked_add(i32::from(scale))?;
    let unscaled = usize::try_from(kept).map_or(Some(0), |kept| take_rounded(&digits, kept))?;
    let fits = unscaled.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?;
    fits.then_some(if negative { -unscaled } else { unscaled })
}

/// The first `kept` digits as a number, with zeros for those that are missing, rounded half up by the digit that follows.
fn take_rounded(digits: &[u8], kept: usize) -> Option<i128> {
    let significant = digits
        .iter()
        .position(|digit| *digit != 0)
        .unwrap_or(digits.len());
    let number = (significant.min(kept)..kept).try_fold(0_i128, |sum, at| {
        let digit = digits.get(at).copied().unwrap_or(0);
        if sum == 0 && at >= digits.len() {
            Some(0)
        } else {
            sum.checked_mul(10)?.checked_add(i128::from(digit))
        }
    })?;
    let up = digits.get(kept).is_some_and(|digit| *digit >= 5);
    Some(number + i128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn doubles_look_as_java_prints_them() {
        for (value, text) in [
            (1e10, "1.0E10"),
            (90666.66666666667, "90666.66666666667"),
            (9.223372036854776e18, "9.223372036854776E18"),
            (0.001, "0.001"),
            (0.00012, "1.2E-4"),
            (9999999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-0.0, "-0.0"),
            (100.0, "100.0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(shown(|out| write_f64(out, value)), text);
        }
        assert_eq!(shown(|out| write_f32(out, 2.7)), "2.7");
        assert_eq!(shown(|out| write_f32(out, 1.6777216e7)), "1.6777216E7");
    }

    #[test]
    fn decimals_keep_their_scale() {
        for (unscaled, scale, text) in [
            (31400, 4, "3.1400"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (7, -2, "700"),
        ] {
            assert_eq!(shown(|out| write_decimal(out, unscaled, scale)), text);
        }
    }

    #[test]
    fn decimals_are_rounded_half_up_and_must_fit() {
        for (text, value) in [
            ("3.14159", Some(314)),
            ("-2.675", Some(-268)),
            ("1e3", Some(100_000)),
            ("12e-4", Some(0)),
            ("0.005", Some(1)),
            (" 7 ", Some(700)),
            ("99999.995", None),
            ("", None),
            (".", None),
            ("1,5", None),
            ("1e99999999", None),
            (
                "00000000000000000000000000000000000000000000001.00",
                Some(100),
            ),
        ] {
            assert_eq!(parse_decimal(text, 7, 2), value, "{text}");
        }
    }

    #[test]
    fn timestamps_are_read_in_all_of_sparks_forms_and_shown_in_one() {
        for (text, shown_as) in [
            ("2024-01-15 10:30:45", "2024-01-15 10:30:45"),
            ("2024-01-15T10:30:45.1200Z", "2024-01-15 10:30:45.12"),
            ("2024-1-5", "2024-01-05 00:00:00"),
            ("2024", "2024-01-01 00:00:00"),
            ("2024-01-15 10:30+02:00", "2024-01-15 08:30:00"),
            ("1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999"),
        ] {
            let micros = parse_timestamp(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(shown(|out| write_timestamp(out, micros)), shown_as);
        }
        for text in [
            "",
            "2024-13-01",
            "2024-02-30",
            "10:30",
            "2024-01-15 25:00:00",
            "2024-01-15x",
            "2024-01-15 10:30:45 Mars",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn dates_may_carry_a_time_that_is_ignored() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date("1970-1-2 10:00"), Some(1));
        assert_eq!(parse_date("1970-01-02x"), None);
        assert_eq!(parse_date("70-01-02"), None);
    }

    #[test]
    fn files_show_timestamps_in_milliseconds_with_their_zone() {
        assert_eq!(
            shown(|out| write_timestamp_iso(out, 1_705_276_800_000_000, "Z")),
            "2024-01-15T00:00:00.000Z"
        );
        assert_eq!(
            shown(|out| write_timestamp_iso(out, -1, "")),
            "1969-12-31T23:59:59.999"
        );
    }
}
