//! Days and instants of files that count in the old calendar: Julian until October 4th 1582, Gregorian from the 15th on.

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, ListArray, MapArray, StructArray,
};
use datafusion::arrow::datatypes::{
    DataType as Arrow, Date32Type, TimeUnit, TimestampMicrosecondType,
};

/// The first day of the Gregorian calendar, October 15th 1582, counted from 1970.
const GREGORIAN: i32 = -141_427;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// From the old calendar to the one that has always been Gregorian, or back: the dates and times of day stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calendar {
    /// The days of the old calendar become those of the other.
    FromOld,
    /// The days become those of the old calendar.
    ToOld,
}

impl Calendar {
    /// The array with other days and instants, at any depth. Timestamps without a time zone are never of the old calendar.
    pub fn rebase(self, array: &ArrayRef) -> ArrayRef {
        match array.data_type() {
            Arrow::Date32 => {
                let days = array.as_primitive::<Date32Type>();
                Arc::new(days.unary::<_, Date32Type>(|days| self.day(days)))
            }
            Arrow::Timestamp(TimeUnit::Microsecond, Some(zone)) => {
                let instants = array.as_primitive::<TimestampMicrosecondType>();
                let instants =
                    instants.unary::<_, TimestampMicrosecondType>(|micros| self.instant(micros));
                Arc::new(instants.with_timezone(Arc::clone(zone)))
            }
            Arrow::Struct(_) => Arc::new(self.rebase_struct(array.as_struct())),
            Arrow::List(item) => {
                let list = array.as_list::<i32>();
                let (item, offsets) = (Arc::clone(item), list.offsets().clone());
                let (values, nulls) = (self.rebase(list.values()), list.nulls().cloned());
                Arc::new(ListArray::new(item, offsets, values, nulls))
            }
            Arrow::Map(entries, sorted) => {
                let map = array.as_map();
                let (entries, offsets) = (Arc::clone(entries), map.offsets().clone());
                let (pairs, nulls) = (self.rebase_struct(map.entries()), map.nulls().cloned());
                Arc::new(MapArray::new(entries, offsets, pairs, nulls, *sorted))
            }
            _ => Arc::clone(array),
        }
    }

    fn rebase_struct(self, array: &StructArray) -> StructArray {
        let (fields, columns, nulls) = array.clone().into_parts();
        let columns: Vec<ArrayRef> = columns.iter().map(|column| self.rebase(column)).collect();
        match columns.is_empty() {
            true => StructArray::new_empty_fields(array.len(), nulls),
            false => StructArray::new(fields, columns, nulls),
        }
    }

    fn instant(self, micros: i64) -> i64 {
        let (days, time) = (
            micros.div_euclid(MICROS_PER_DAY),
            micros.rem_euclid(MICROS_PER_DAY),
        );
        match i32::try_from(days) {
            Ok(days) if days < GREGORIAN => i64::from(self.day(days)) * MICROS_PER_DAY + time,
            _ => micros,
        }
    }

    fn day(self, days: i32) -> i32 {
        match self {
            _ if days >= GREGORIAN => days,
            Self::FromOld => day_of_old(days),
            Self::ToOld => old_day(days),
        }
    }
}

/// The day of the same date in the old calendar; for one of the ten dates that it leaves out, the day after them.
fn old_day(days: i32) -> i32 {
    let Some(date) = NaiveDate::from_num_days_from_ce_opt(days + DAYS_TO_1970) else {
        return days;
    };
    let (month, day) = (date.month().cast_signed(), date.day().cast_signed());
    let (year, month) = match month {
        3.. => (date.year(), month - 3),
        _ => (date.year() - 1, month + 9),
    };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let old = year.div_euclid(4) * FOUR_YEARS + year.rem_euclid(4) * 365 + day_of_year;
    (old - MARCH_OF_0_TO_1970).min(GREGORIAN)
}

/// The day of the same date; the day after, for a leap day that only the Julian calendar has.
fn day_of_old(days: i32) -> i32 {
    let (year, month, day) = julian_date(days);
    let date = NaiveDate::from_ymd_opt(year, month, day)
        .or_else(|| NaiveDate::from_ymd_opt(year, month + 1, 1));
    date.map_or(days, |date| date.num_days_from_ce() - DAYS_TO_1970)
}

/// From the day before the first of the first year to 1970.
const DAYS_TO_1970: i32 = 719_163;

/// From March 1st of the year 0 in the Julian calendar to 1970.
const MARCH_OF_0_TO_1970: i32 = 719_470;
const FOUR_YEARS: i32 = 1461;

/// Year, month and day of a day in the Julian calendar, whose years are counted from March 1st on, four at a time.
fn julian_date(days: i32) -> (i32, u32, u32) {
    let days = days + MARCH_OF_0_TO_1970;
    let (fours, day) = (days.div_euclid(FOUR_YEARS), days.rem_euclid(FOUR_YEARS));
    let year_of_four = (day / 365).min(3);
    let day = day - year_of_four * 365;
    // Months from March on have 31, 30, 31, 30, 31 days, and so again.
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month {
        0..10 => (0, month + 3),
        _ => (1, month - 9),
    };
    let year = year + fours * 4 + year_of_four;
    (year, month.cast_unsigned(), day_of_month.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(year: i32, month: u32, day: u32) -> i32 {
        NaiveDate::from_ymd_opt(year, month, day)
            .unwrap()
            .num_days_from_ce()
            - DAYS_TO_1970
    }

    #[test]
    fn a_date_stays_the_date_that_it_was_in_the_old_calendar() {
        // By the table of Spark's `RebaseDateTime`, the two are two days apart in the first century, and ten before the reform.
        for (old, date) in [
            (-719_164, days(1, 1, 1)),
            (-141_428, days(1582, 10, 4)),
            (-141_427, days(1582, 10, 15)),
            (0, 0),
        ] {
            assert_eq!(Calendar::FromOld.day(old), date);
            assert_eq!(Calendar::ToOld.day(date), old);
        }
    }

    #[test]
    fn dates_that_one_of_the_two_does_not_have_become_the_next() {
        let leap_day = Calendar::ToOld.day(days(1000, 2, 28)) + 1;
        assert_eq!(Calendar::FromOld.day(leap_day), days(1000, 3, 1));
        assert_eq!(Calendar::ToOld.day(days(1582, 10, 10)), GREGORIAN);
    }

    #[test]
    fn every_date_of_both_comes_back() {
        for date in (days(-100, 3, 1)..days(1582, 10, 5)).step_by(13) {
            assert_eq!(Calendar::FromOld.day(Calendar::ToOld.day(date)), date);
        }
    }
}
