//! Functions of days and moments.

use std::cmp::Ordering;

use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{DataFusionError, exec_err, plan_err};

use crate::engine::DataType as T;
use crate::engine::sql::functions::function::{Call, Row, SparkFunction, Takes};
use crate::engine::sql::functions::value::{Column, Value};
use crate::engine::sql::interval::Step;
use crate::engine::text::pattern::{
    Kind, MONTHS, Pattern, PatternError, WEEKDAYS, day_of_year, weekday,
};
use crate::engine::text::zone::Zone;
use crate::engine::text::{Clock, civil_of, days_of};

type Result<T, E = DataFusionError> = std::result::Result<T, E>;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// `TIMESTAMPADD(unit, number, moment)`, with its unit as a text.
pub(crate) const TIMESTAMP_ADD: &str = "spark_timestampadd";
/// `TIMESTAMPDIFF(unit, begin, end)`, with its unit as a text.
pub(crate) const TIMESTAMP_DIFF: &str = "spark_timestampdiff";

pub(super) fn functions() -> Vec<SparkFunction> {
    let mut all = parts();
    all.extend(by_unit());
    all.extend(calendar());
    all.extend(conversions());
    all.extend(made());
    all
}

fn parts() -> Vec<SparkFunction> {
    use Takes::{Any, AnyTimestamp, Date, Text};
    let f = SparkFunction::rows;
    vec![
        f("year", &[Date], T::Integer, |row| {
            Ok(civil_of(row.whole(0)).0.into())
        }),
        f("month", &[Date], T::Integer, |row| {
            Ok(civil_of(row.whole(0)).1.into())
        }),
        f("day", &[Date], T::Integer, |row| {
            Ok(civil_of(row.whole(0)).2.into())
        }),
        f("dayofmonth", &[Date], T::Integer, |row| {
            Ok(civil_of(row.whole(0)).2.into())
        }),
        f("quarter", &[Date], T::Integer, |row| {
            Ok(quarter(row.whole(0)).into())
        }),
        f("dayofyear", &[Date], T::Integer, |row| {
            Ok(day_of_year(row.whole(0)).into())
        }),
        f("dayofweek", &[Date], T::Integer, |row| {
            Ok(((weekday(row.whole(0)) + 1) % 7 + 1).into())
        }),
        f("weekday", &[Date], T::Integer, |row| {
            Ok(weekday(row.whole(0)).into())
        }),
        f("weekofyear", &[Date], T::Integer, |row| {
            Ok(iso_week(row.whole(0)).1.into())
        }),
        f("dayname", &[Date], T::String, |row| {
            Ok(nth(&WEEKDAYS, weekday(row.whole(0)))[..3].into())
        }),
        f("monthname", &[Date], T::String, |row| {
            Ok(nth(&MONTHS, civil_of(row.whole(0)).1 - 1)[..3].into())
        }),
        f("hour", &[AnyTimestamp], T::Integer, |row| {
            Ok(second_of_day(row.clock(0).micros, 3600, 24).into())
        }),
        f("minute", &[AnyTimestamp], T::Integer, |row| {
            Ok(second_of_day(row.clock(0).micros, 60, 60).into())
        }),
        f("second", &[AnyTimestamp], T::Integer, |row| {
            Ok(second_of_day(row.clock(0).micros, 1, 60).into())
        }),
        SparkFunction::typed_rows("date_part", &[Text, Any], part_field, part)
            .with_common(|types| moment_second("date_part", types)),
        SparkFunction::typed_rows("datepart", &[Text, Any], part_field, part)
            .with_common(|types| moment_second("datepart", types)),
    ]
}

fn by_unit() -> Vec<SparkFunction> {
    use Takes::{AnyTimestamp, Long, Text};
    let typed = SparkFunction::typed_rows;
    vec![
        typed(
            TIMESTAMP_ADD,
            &[Text, Long, AnyTimestamp],
            |call| Ok(call.strict(call.kind(2).clone())),
            |row| {
                let zone = if row.column(2).is_instant() {
                    row.zone()
                } else {
                    Zone::UTC
                };
                let step = unit_step(row.text(0), row.whole(1));
                let step = step.and_then(|step| step.within_range(row.whole(2), zone));
                match step {
                    Some(moment) => Ok(moment.into()),
                    None => exec_err!("timestampadd leads beyond the last timestamp"),
                }
            },
        ),
        typed(
            TIMESTAMP_DIFF,
            &[Text, AnyTimestamp, AnyTimestamp],
            |call| Ok(call.strict(ArrowType::Int64)),
            |row| Ok(units_between(row.text(0), row.clock(1), row.clock(2)).into()),
        )
        .with_common(|types| {
            let stamp = T::Timestamp.to_arrow();
            let either = [&types[1], &types[2]].contains(&&stamp);
            match either {
                true => Ok(vec![ArrowType::Utf8, stamp.clone(), stamp]),
                false => Ok(types.to_vec()),
            }
        }),
    ]
}

/// So many of a unit.
fn unit_step(unit: &str, count: i64) -> Option<Step> {
    let months = |each: i64| {
        Some(Step {
            months: count.checked_mul(each)?,
            days: 0,
            micros: 0,
        })
    };
    let days = |each: i64| {
        Some(Step {
            months: 0,
            // No more than timestamps have.
            days: count.checked_mul(each * MICROS_PER_DAY)? / MICROS_PER_DAY,
            micros: 0,
        })
    };
    // Time passes, whatever clocks show.
    let micros = |each: i64| {
        Some(Step {
            months: 0,
            days: 0,
            micros: count.checked_mul(each)?,
        })
    };
    match unit {
        "YEAR" => months(12),
        "QUARTER" => months(3),
        "MONTH" => months(1),
        "WEEK" => days(7),
        "DAY" | "DAYOFYEAR" => days(1),
        "HOUR" => micros(3600 * MICROS_PER_SECOND),
        "MINUTE" => micros(60 * MICROS_PER_SECOND),
        "SECOND" => micros(MICROS_PER_SECOND),
        "MILLISECOND" => micros(1000),
        _ => micros(1),
    }
}

/// How many whole units lie between what clocks show.
fn units_between(unit: &str, begin: Clock, end: Clock) -> i64 {
    let months = || {
        // The last day counts if its clock has come as far as that of the first.
        let last = match end.days.cmp(&begin.days) {
            Ordering::Greater if end.micros < begin.micros => end.days - 1,
            Ordering::Less if end.micros > begin.micros => end.days + 1,
            _ => end.days,
        };
        // As Java counts: months of 32 days.
        let packed = |days: i64| {
            let (year, month, day) = civil_of(days);
            (year * 12 + month) * 32 + day
        };
        (packed(last) - packed(begin.days)) / 32
    };
    let micros = |each: i64| {
        let since = i128::from(end.days - begin.days) * i128::from(MICROS_PER_DAY)
            + i128::from(end.micros - begin.micros);
        // Clocks are at most the range of timestamps apart, which in microseconds fits twice.
        i64::try_from(since / i128::from(each)).unwrap_or(i64::MAX)
    };
    match unit {
        "YEAR" => months() / 12,
        "QUARTER" => months() / 3,
        "MONTH" => months(),
        "WEEK" => micros(7 * MICROS_PER_DAY),
        "DAY" => micros(MICROS_PER_DAY),
        "HOUR" => micros(3600 * MICROS_PER_SECOND),
        "MINUTE" => micros(60 * MICROS_PER_SECOND),
        "SECOND" => micros(MICROS_PER_SECOND),
        "MILLISECOND" => micros(1000),
        _ => micros(1),
    }
}

fn calendar() -> Vec<SparkFunction> {
    use Takes::{Any, Boolean, Date, Int, Text, Timestamp};
    let f = SparkFunction::rows;
    vec![
        f("add_months", &[Date, Int], T::Date, |row| {
            let (year, month, day) = civil_of(row.whole(0));
            let months = year * 12 + month - 1 + row.whole(1);
            let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
            let last = last_of_month(year, month);
            let days = days_of(year, month, day.min(last));
            match days.filter(|days| i32::try_from(*days).is_ok()) {
                Some(days) => Ok(days.into()),
                None => {
                    exec_err!("`add_months` leads to the year {year}, which a date does not reach")
                }
            }
        }),
        f("last_day", &[Date], T::Date, |row| {
            let (year, month, _) = civil_of(row.whole(0));
            Ok(days_of(year, month, last_of_month(year, month)).into())
        }),
        f("next_day", &[Date, Text], T::Date, |row| {
            let Some(wanted) = day_by_name(row.text(1)) else {
                return exec_err!("`{}` is no day of the week", row.text(1));
            };
            let days = row.whole(0);
            Ok((days + (wanted - weekday(days) - 1).rem_euclid(7) + 1).into())
        })
        .may_be_null(),
        f("trunc", &[Date, Text], T::Date, |row| {
            let unit = row.text(1).to_uppercase();
            let coarse = matches!(
                unit.as_str(),
                "YEAR" | "YYYY" | "YY" | "QUARTER" | "MONTH" | "MM" | "MON" | "WEEK"
            );
            Ok(coarse
                .then(|| first_day(row.whole(0), &unit))
                .flatten()
                .into())
        })
        .may_be_null(),
        f("date_trunc", &[Text, Timestamp], T::Timestamp, |row| {
            Ok(truncated(row.whole(1), &row.text(0).to_uppercase(), row.zone()).into())
        })
        .may_be_null(),
        f(
            "months_between",
            &[Timestamp, Timestamp, Boolean],
            T::Double,
            |row| {
                let rounds = row.len() < 3 || row.truth(2);
                let months = months_between([row.whole(0), row.whole(1)], rounds, row.zone());
                Ok(months.into())
            },
        )
        .at_least(2),
        f("unix_date", &[Any], T::Integer, |row| {
            Ok(row.whole(0).into())
        })
        .with_common(|types| alone("unix_date", &T::Date, types)),
        f("date_from_unix_date", &[Int], T::Date, |row| {
            Ok(row.whole(0).into())
        }),
    ]
}

fn conversions() -> Vec<SparkFunction> {
    use Takes::{Any, Long, Text, Timestamp, TimestampNtz, Whole};
    let f = SparkFunction::rows;
    let typed = SparkFunction::typed_rows;
    vec![
        typed("date_format", &[Timestamp, Text], written_field, |row| {
            Ok(written(row.text(1), row.whole(0), row.zone())?.into())
        }),
        typed("from_unixtime", &[Long, Text], written_field, |row| {
            let micros = row.whole(0).saturating_mul(MICROS_PER_SECOND);
            let pattern = row.text_or(1, "yyyy-MM-dd HH:mm:ss");
            Ok(written(pattern, micros, row.zone())?.into())
        })
        .at_least(1)
        .may_be_null(),
        typed(
            "to_date",
            &[Any, Text],
            |call| read_field(call, &T::Date),
            |row| to_date(row, true),
        )
        .with_common(|types| moment_first("to_date", types)),
        typed(
            "try_to_date",
            &[Any, Text],
            |call| read_field(call, &T::Date),
            |row| to_date(row, false),
        )
        .may_be_null()
        .with_common(|types| moment_first("try_to_date", types)),
        typed(
            "to_timestamp",
            &[Any, Text],
            |call| read_field(call, &T::Timestamp),
            |row| to_timestamp(row, true),
        )
        .with_common(|types| moment_first("to_timestamp", types)),
        typed(
            "to_timestamp_ltz",
            &[Any, Text],
            |call| read_field(call, &T::Timestamp),
            |row| to_timestamp(row, true),
        )
        .with_common(|types| moment_first("to_timestamp_ltz", types)),
        typed(
            "to_timestamp_ntz",
            &[Any, Text],
            |call| read_field(call, &T::TimestampNtz),
            to_timestamp_ntz,
        )
        .with_common(|types| moment_first("to_timestamp_ntz", types)),
        typed(
            "try_to_timestamp",
            &[Any, Text],
            |call| read_field(call, &T::Timestamp),
            |row| to_timestamp(row, false),
        )
        .may_be_null()
        .with_common(|types| moment_first("try_to_timestamp", types)),
        typed(
            "to_unix_timestamp",
            &[Any, Text],
            |call| read_field(call, &T::Long),
            unix_seconds,
        )
        .at_least(1)
        .with_common(|types| moment_first("to_unix_timestamp", types)),
        typed(
            "unix_timestamp",
            &[Any, Text],
            |call| read_field(call, &T::Long),
            unix_seconds,
        )
        .at_least(1)
        .with_common(|types| moment_first("unix_timestamp", types)),
        f("unix_seconds", &[Any], T::Long, |row| {
            Ok(row.whole(0).div_euclid(MICROS_PER_SECOND).into())
        })
        .with_common(|types| alone("unix_seconds", &T::Timestamp, types)),
        f("unix_millis", &[Any], T::Long, |row| {
            Ok(row.whole(0).div_euclid(1000).into())
        })
        .with_common(|types| alone("unix_millis", &T::Timestamp, types)),
        f("unix_micros", &[Any], T::Long, |row| {
            Ok(row.whole(0).into())
        })
        .with_common(|types| alone("unix_micros", &T::Timestamp, types)),
        f(
            "timestamp_millis",
            &[Whole],
            T::Timestamp,
            |row| match row.whole(0).checked_mul(1000) {
                Some(micros) => Ok(micros.into()),
                None => exec_err!(
                    "{} milliseconds are beyond the last timestamp",
                    row.whole(0)
                ),
            },
        ),
        f("timestamp_micros", &[Whole], T::Timestamp, |row| {
            Ok(row.whole(0).into())
        }),
        f(
            "from_utc_timestamp",
            &[Timestamp, Text],
            T::Timestamp,
            |row| Ok(zone(row.text(1))?.of_utc(row.whole(0)).into()),
        ),
        f(
            "to_utc_timestamp",
            &[Timestamp, Text],
            T::Timestamp,
            |row| Ok(zone(row.text(1))?.to_utc(row.whole(0)).into()),
        ),
        f("current_timezone", &[], T::String, |row| {
            Ok(row.zone_name().into())
        }),
        f(
            "convert_timezone",
            &[Text, Text, TimestampNtz],
            T::TimestampNtz,
            |row| {
                let instant = zone(row.text(0))?.to_utc(row.whole(2));
                let to = zone(row.text(1))?;
                Ok(instant.and_then(|instant| to.of_utc(instant)).into())
            },
        ),
    ]
}

fn made() -> Vec<SparkFunction> {
    use Takes::{Decimal, Int, Text};
    const STAMP: &[Takes] = &[Int, Int, Int, Int, Int, Decimal(16, 6), Text];
    let f = SparkFunction::rows;
    vec![
        f("make_date", &[Int, Int, Int], T::Date, |row| match days_of(
            row.whole(0),
            row.whole(1),
            row.whole(2),
        ) {
            Some(days) if row.whole(0).abs() <= 999_999_999 && i32::try_from(days).is_ok() => {
                Ok(days.into())
            }
            _ => exec_err!(
                "there is no day {}-{}-{}",
                row.whole(0),
                row.whole(1),
                row.whole(2)
            ),
        }),
        f("make_timestamp", STAMP, T::Timestamp, |row| {
            made_stamp(row, true, true)
        })
        .at_least(6),
        f("make_timestamp_ltz", STAMP, T::Timestamp, |row| {
            made_stamp(row, true, true)
        })
        .at_least(6),
        f("make_timestamp_ntz", &STAMP[..6], T::TimestampNtz, |row| {
            made_stamp(row, false, true)
        }),
        f("try_make_timestamp", STAMP, T::Timestamp, |row| {
            made_stamp(row, true, false)
        })
        .at_least(6)
        .may_be_null(),
        f("try_make_timestamp_ltz", STAMP, T::Timestamp, |row| {
            made_stamp(row, true, false)
        })
        .at_least(6)
        .may_be_null(),
        f(
            "try_make_timestamp_ntz",
            &STAMP[..6],
            T::TimestampNtz,
            |row| made_stamp(row, false, false),
        )
        .may_be_null(),
    ]
}

fn quarter(days: i64) -> i64 {
    (civil_of(days).1 - 1) / 3 + 1
}

fn last_of_month(year: i64, month: i64) -> i64 {
    (28..=31)
        .rev()
        .find(|day| days_of(year, month, *day).is_some())
        .unwrap_or(28)
}

/// The year of a week, and its number: the first one has the year's first Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - weekday(days) + 3;
    (civil_of(thursday).0, (day_of_year(thursday) - 1) / 7 + 1)
}

fn second_of_day(micros: i64, unit: i64, modulus: i64) -> i64 {
    micros / MICROS_PER_SECOND / unit % modulus
}

fn nth(names: &[&'static str], at: i64) -> &'static str {
    usize::try_from(at).map_or("", |at| names[at])
}

/// A day of the week by its English name, or the first two or three letters of it.
/// Refuses what is no day of the week.
pub(super) fn check_weekday(name: &str) -> Result<()> {
    match day_by_name(name) {
        Some(_) => Ok(()),
        None => exec_err!("`{name}` is no day of the week"),
    }
}

/// Refuses what is no time zone.
pub(super) fn check_zone(name: &str) -> Result<()> {
    zone(name).map(drop)
}

fn day_by_name(name: &str) -> Option<i64> {
    let name = name.trim().to_uppercase();
    (0..).zip(WEEKDAYS).find_map(|(day, full)| {
        let full = full.to_uppercase();
        (name == full || name == full[..3] || name == full[..2]).then_some(day)
    })
}

/// The first day of the year, quarter, month or week.
fn first_day(days: i64, unit: &str) -> Option<i64> {
    let (year, month, _) = civil_of(days);
    match unit {
        "YEAR" | "YYYY" | "YY" => days_of(year, 1, 1),
        "QUARTER" => days_of(year, month - (month - 1) % 3, 1),
        "MONTH" | "MM" | "MON" => days_of(year, month, 1),
        "WEEK" => Some(days - weekday(days)),
        "DAY" | "DD" => Some(days),
        _ => None,
    }
}

/// The beginning of the unit that an instant lies in, by the clocks of a zone.
fn truncated(micros: i64, unit: &str, zone: Zone) -> Option<i64> {
    let clock = zone.clock(micros);
    let of_clock = |unit: i64| {
        let local = Clock {
            micros: clock.micros - clock.micros % unit,
            ..clock
        };
        zone.instant_near(local, micros)
    };
    match unit {
        "MICROSECOND" => Some(micros),
        "MILLISECOND" => Some(micros - micros.rem_euclid(1000)),
        "SECOND" => Some(micros - micros.rem_euclid(MICROS_PER_SECOND)),
        "MINUTE" => of_clock(60 * MICROS_PER_SECOND),
        "HOUR" => of_clock(3600 * MICROS_PER_SECOND),
        "DAY" | "DD" => of_clock(MICROS_PER_DAY),
        _ => zone.start_of_day(first_day(clock.days, unit)?),
    }
}

/// Whole months where both are the same day or the last one of their month; else by days of a 31st of a month. Seconds are those since the day
/// began, whatever clocks show.
fn months_between([later, earlier]: [i64; 2], rounds: bool, zone: Zone) -> f64 {
    let parts = |micros: i64| {
        let clock = zone.clock(micros);
        let (year, month, day) = civil_of(clock.days);
        let is_last = day == last_of_month(year, month);
        let begin = zone.start_of_day(clock.days);
        let since = begin.map_or(clock.micros, |begin| micros - begin);
        (year * 12 + month, day, is_last, since / MICROS_PER_SECOND)
    };
    let ((m1, d1, last1, s1), (m2, d2, last2, s2)) = (parts(later), parts(earlier));
    // Differences of months and of seconds within one are small enough for a double.
    #[allow(clippy::cast_precision_loss)]
    let months = (m1 - m2) as f64;
    if d1 == d2 || (last1 && last2) {
        return months;
    }
    #[allow(clippy::cast_precision_loss)]
    let seconds = ((d1 - d2) * 86_400 + s1 - s2) as f64;
    let result = months + seconds / (31.0 * 86_400.0);
    if rounds {
        (result * 1e8).round() / 1e8
    } else {
        result
    }
}

/// A field of `date_part` that is known.
fn extracted(field: &str) -> Option<&'static str> {
    Some(match field.to_uppercase().as_str() {
        "YEAR" | "Y" | "YEARS" | "YR" | "YRS" => "YEAR",
        "YEAROFWEEK" => "YEAROFWEEK",
        "QUARTER" | "QTR" => "QUARTER",
        "MONTH" | "MON" | "MONS" | "MONTHS" => "MONTH",
        "WEEK" | "W" | "WEEKS" => "WEEK",
        "DAY" | "D" | "DAYS" => "DAY",
        "DAYOFWEEK" | "DOW" => "DOW",
        "DAYOFWEEK_ISO" | "DOW_ISO" => "DOW_ISO",
        "DOY" => "DOY",
        "HOUR" | "H" | "HOURS" | "HR" | "HRS" => "HOUR",
        "MINUTE" | "M" | "MIN" | "MINS" | "MINUTES" => "MINUTE",
        "SECOND" | "S" | "SEC" | "SECONDS" | "SECS" => "SECOND",
        _ => return None,
    })
}

fn part_field(call: &Call<'_>) -> Result<Field> {
    let Some(field) = call.text(0) else {
        return plan_err!("the field of `{}` is a literal", call.name);
    };
    match extracted(field) {
        Some("SECOND") => Ok(call.strict(ArrowType::Decimal128(8, 6))),
        // Spark takes the day of it first, and says of that cast that it may be null.
        Some(field)
            if !["HOUR", "MINUTE"].contains(&field)
                && call.kind(1) == &T::TimestampNtz.to_arrow() =>
        {
            Ok(call.nullable(ArrowType::Int32))
        }
        Some(_) => Ok(call.strict(ArrowType::Int32)),
        None => plan_err!("`{field}` is no field of a moment"),
    }
}

fn part(row: &Row<'_>) -> Result<Value> {
    let Clock { days, micros } = row.clock(1);
    Ok(match extracted(row.text(0)) {
        Some("YEAR") => civil_of(days).0.into(),
        Some("YEAROFWEEK") => iso_week(days).0.into(),
        Some("QUARTER") => quarter(days).into(),
        Some("MONTH") => civil_of(days).1.into(),
        Some("WEEK") => iso_week(days).1.into(),
        Some("DAY") => civil_of(days).2.into(),
        Some("DOW") => ((weekday(days) + 1) % 7 + 1).into(),
        Some("DOW_ISO") => (weekday(days) + 1).into(),
        Some("DOY") => day_of_year(days).into(),
        Some("HOUR") => second_of_day(micros, 3600, 24).into(),
        Some("MINUTE") => second_of_day(micros, 60, 60).into(),
        Some("SECOND") => Value::Decimal((micros % (60 * MICROS_PER_SECOND)).into()),
        _ => Value::Null,
    })
}

fn is_moment(kind: &ArrowType) -> bool {
    matches!(kind, ArrowType::Date32 | ArrowType::Timestamp(..))
}

/// What `date_part` takes apart: a moment; a text is cast to one.
fn moment_second(name: &str, types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let stamp = T::Timestamp.to_arrow();
    match &types[1] {
        ntz @ ArrowType::Timestamp(..) => Ok(vec![ArrowType::Utf8, ntz.clone()]),
        ArrowType::Date32 | ArrowType::Utf8 | ArrowType::Null => Ok(vec![ArrowType::Utf8, stamp]),
        _ => plan_err!("`{name}` takes a day or a moment"),
    }
}

/// An argument that Spark casts nothing else to: a day, or a timestamp with or without a zone.
fn alone(name: &str, wanted: &T, types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    match (&types[0], wanted) {
        (ArrowType::Null, _) => Ok(vec![wanted.to_arrow()]),
        (ArrowType::Date32, T::Date) | (ArrowType::Timestamp(..), T::Timestamp) => {
            Ok(types.to_vec())
        }
        _ => plan_err!("`{name}` takes a {wanted}: cast its argument to one"),
    }
}

/// A text, or a moment as it is.
fn moment_first(name: &str, types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let stamp = T::Timestamp.to_arrow();
    let first = match &types[0] {
        ArrowType::Date32 => stamp,
        ArrowType::Null => ArrowType::Utf8,
        kind if is_moment(kind) || *kind == ArrowType::Utf8 => kind.clone(),
        _ => return plan_err!("`{name}` takes a text, a day or a moment"),
    };
    Ok(std::iter::once(first)
        .chain(types[1..].iter().cloned())
        .collect())
}

/// An instant by a pattern, as clocks in a zone show it.
pub(super) fn written(pattern: &str, micros: i64, zone: Zone) -> Result<String> {
    let pattern = to_write(pattern).or_else(|why| exec_err!("{why}"))?;
    if pattern.names_zone() && zone.display_name(false).is_none() {
        return exec_err!(
            "the English names of zones are known of UTC and of offsets alone: in place of `z`, `VV` writes the region and `XXX` the offset"
        );
    }
    let mut out = String::new();
    pattern.write_timestamp(&mut out, micros, zone);
    Ok(out)
}

fn to_write(pattern: &str) -> Result<Pattern, PatternError> {
    Pattern::to_write(pattern, Kind::TimestampOfSession)
}

/// A literal pattern is looked at when the expression is built.
fn checked(
    call: &Call<'_>,
    parse: impl FnOnce(&str) -> Result<Pattern, PatternError>,
) -> Result<()> {
    match call.text(1).map(parse) {
        Some(Err(why)) => plan_err!("the pattern of `{}`: {why}", call.name),
        _ => Ok(()),
    }
}

pub(super) fn written_field(call: &Call<'_>) -> Result<Field> {
    checked(call, to_write)?;
    Ok(call.strict(ArrowType::Utf8))
}

fn read_field(call: &Call<'_>, kind: &T) -> Result<Field> {
    checked(call, Pattern::to_read)?;
    Ok(call.strict(kind.to_arrow()))
}

/// The pattern by which a text is read.
fn to_read(row: &Row<'_>) -> Result<Pattern> {
    let pattern = row.text_or(1, "yyyy-MM-dd HH:mm:ss");
    Pattern::to_read(pattern).or_else(|why| exec_err!("{why}"))
}

/// A moment in microseconds, of a text by a pattern; nothing, if the text is none. (Spark takes a timestamp without a zone as if it were in UTC.)
fn read(row: &Row<'_>) -> Result<Option<i64>> {
    match row.column(0) {
        Column::Text(_) => Ok(to_read(row)?.parse_timestamp(row.text(0), row.zone())),
        _ => Ok(Some(row.whole(0))),
    }
}

fn or_fail(row: &Row<'_>, value: Option<i64>, fails: bool) -> Result<Value> {
    match value {
        None if fails => exec_err!(
            "`{}` is no moment in the pattern `{}`",
            row.text(0),
            row.text_or(1, "yyyy-MM-dd HH:mm:ss")
        ),
        value => Ok(value.into()),
    }
}

fn to_date(row: &Row<'_>, fails: bool) -> Result<Value> {
    let days = read(row)?.map(|micros| row.zone().clock(micros).days);
    or_fail(row, days, fails)
}

fn to_timestamp(row: &Row<'_>, fails: bool) -> Result<Value> {
    or_fail(row, read(row)?, fails)
}

/// What clocks show, whatever zone the text says that they are in.
fn to_timestamp_ntz(row: &Row<'_>) -> Result<Value> {
    let micros = match row.column(0) {
        Column::Text(_) => to_read(row)?.parse_clock(row.text(0)),
        _ => Some(row.whole(0)),
    };
    or_fail(row, micros, true)
}

/// Seconds since 1970, towards zero.
fn unix_seconds(row: &Row<'_>) -> Result<Value> {
    let micros = read(row)?;
    or_fail(row, micros.map(|micros| micros / MICROS_PER_SECOND), true)
}

fn zone(name: &str) -> Result<Zone> {
    match Zone::parse(name) {
        Some(zone) => Ok(zone),
        None => exec_err!("`{name}` is no time zone"),
    }
}

/// A moment of its parts; 60 seconds are the next minute.
fn made_stamp(row: &Row<'_>, has_zone: bool, fails: bool) -> Result<Value> {
    let (unscaled, _) = row.decimal(5);
    let micros = i64::try_from(unscaled).unwrap_or(i64::MAX);
    let (hour, minute) = (row.whole(3), row.whole(4));
    let in_range = (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60 * MICROS_PER_SECOND).contains(&micros);
    let days = days_of(row.whole(0), row.whole(1), row.whole(2));
    let local = days.filter(|_| in_range).and_then(|days| {
        days.checked_mul(MICROS_PER_DAY)?
            .checked_add((hour * 60 + minute) * 60 * MICROS_PER_SECOND + micros)
    });
    let instant = match local {
        Some(local) if row.len() > 6 => zone(row.text(6))?.to_utc(local),
        Some(local) if has_zone => row.zone().to_utc(local),
        local => local,
    };
    match instant {
        None if fails => exec_err!("there is no such moment: one of its parts is out of range"),
        instant => Ok(instant.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_days_of_months_are_whole_months_apart() {
        let at = |year, month, day| days_of(year, month, day).unwrap() * MICROS_PER_DAY;
        assert_eq!(
            months_between([at(2024, 2, 29), at(2024, 1, 31)], true, Zone::UTC),
            1.0
        );
        assert_eq!(
            months_between([at(2024, 3, 15), at(2024, 1, 15)], true, Zone::UTC),
            2.0
        );
    }

    #[test]
    fn a_week_belongs_to_the_year_of_its_thursday() {
        assert_eq!(iso_week(days_of(1969, 12, 31).unwrap()), (1970, 1));
        assert_eq!(iso_week(days_of(2000, 1, 1).unwrap()), (1999, 52));
    }
}
