//! `CAST` between numbers and booleans, and between numbers and timestamps.
//!
//! A timestamp as a number is its seconds since 1970. A value that does not fit fails the cast, or becomes null.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Decimal128Array, Float64Array,
    PrimitiveArray, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Float64Type, Int64Type,
    TimestampMicrosecondType,
};
use datafusion::common::{DataFusionError, Result, plan_err};

use crate::engine::DataType;
use crate::engine::sql::cast::{Cast, TextOf, to_text};
use crate::engine::sql::decimal::Shape;
use crate::engine::text;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Casts values of one type to another, both numbers, booleans or timestamps.
pub(crate) fn cast_number(array: &ArrayRef, from: &DataType, how: &Cast<'_>) -> Result<ArrayRef> {
    use DataType as T;
    let to = how.to;
    let numbers = Values {
        array,
        from,
        to,
        how,
    };
    match (from, to) {
        (_, T::Byte | T::Short | T::Integer | T::Long) => numbers.as_integers(),
        (_, T::Decimal(precision, scale)) => numbers.as_decimals(Shape {
            precision: *precision,
            scale: *scale,
        }),
        (_, T::Float | T::Double) => numbers.as_floats(),
        (_, T::Boolean) => numbers.as_booleans(),
        (_, T::Timestamp) => numbers.as_timestamps(),
        _ => plan_err!("a cast from {from} to {to} is not supported yet"),
    }
}

struct Values<'a> {
    array: &'a ArrayRef,
    from: &'a DataType,
    to: &'a DataType,
    how: &'a Cast<'a>,
}

impl Values<'_> {
    fn as_integers(&self) -> Result<ArrayRef> {
        let longs = match self.from {
            DataType::Float | DataType::Double => {
                let (least, most) = self.bounds();
                self.each::<Float64Type, Int64Type>(&self.doubles()?, |value| {
                    (value.floor() <= most && value.ceil() >= least).then_some(value as i64)
                })?
            }
            DataType::Decimal(_, scale) => self
                .each::<Decimal128Type, Int64Type>(self.array.as_primitive(), |value| {
                    i64::try_from(truncated(value, *scale)).ok()
                })?,
            DataType::Timestamp => self
                .array
                .as_primitive::<TimestampMicrosecondType>()
                .unary(|micros| micros.div_euclid(MICROS_PER_SECOND)),
            _ => cast(self.array, &ArrowType::Int64)?
                .as_primitive::<Int64Type>()
                .clone(),
        };
        let narrow = cast(&longs, &self.to.to_arrow())?;
        self.refuse_lost(&narrow)?;
        Ok(narrow)
    }

    /// The least and the most that the type holds, as Spark compares them with a float or a double.
    fn bounds(&self) -> (f64, f64) {
        let (least, most) = match self.to {
            DataType::Byte => (f64::from(i8::MIN), f64::from(i8::MAX)),
            DataType::Short => (f64::from(i16::MIN), f64::from(i16::MAX)),
            DataType::Integer => (f64::from(i32::MIN), f64::from(i32::MAX)),
            _ => (i64::MIN as f64, i64::MAX as f64),
        };
        (least, most)
    }

    fn as_decimals(&self, to: Shape) -> Result<ArrayRef> {
        let values: Decimal128Array = match self.from {
            DataType::Decimal(_, scale) => self
                .each::<Decimal128Type, Decimal128Type>(self.array.as_primitive(), |value| {
                    to.rescaled(value, *scale)
                })?,
            DataType::Float | DataType::Double | DataType::Timestamp => {
                self.doubles_as_decimals(to)?
            }
            _ => {
                let longs = cast(self.array, &ArrowType::Int64)?;
                self.each::<Int64Type, Decimal128Type>(longs.as_primitive(), |value| {
                    to.rescaled(i128::from(value), 0)
                })?
            }
        };
        Ok(Arc::new(
            values.with_precision_and_scale(to.precision, to.scale)?,
        ))
    }

    /// A double becomes the decimal that its text shows, as in Spark; NaN and the infinities become null, even where a cast must not fail silently.
    fn doubles_as_decimals(&self, to: Shape) -> Result<Decimal128Array> {
        let mut shown = String::new();
        let doubles = self.doubles()?;
        let finite: Float64Array = doubles
            .iter()
            .map(|value| value.filter(|value| value.is_finite()))
            .collect();
        let parse = |value| {
            let mut shown = std::mem::take(&mut shown);
            text::write_f64(&mut shown, value);
            text::numbers::parse_decimal(&shown, to.precision, to.scale)
        };
        self.each::<Float64Type, Decimal128Type>(&finite, parse)
    }

    fn as_floats(&self) -> Result<ArrayRef> {
        let doubles = match self.from {
            DataType::Decimal(..) | DataType::Timestamp => Arc::new(self.doubles()?),
            _ => Arc::clone(self.array),
        };
        Ok(cast(&doubles, &self.to.to_arrow())?)
    }

    fn as_booleans(&self) -> Result<ArrayRef> {
        let values: BooleanArray = match self.from {
            DataType::Decimal(..) => {
                let decimals = self.array.as_primitive::<Decimal128Type>();
                decimals.iter().map(|value| value.map(|v| v != 0)).collect()
            }
            _ => self
                .doubles()?
                .iter()
                .map(|value| value.map(|v| v != 0.0))
                .collect(),
        };
        Ok(Arc::new(values))
    }

    fn as_timestamps(&self) -> Result<ArrayRef> {
        let micros: TimestampMicrosecondArray = match self.from {
            DataType::Float | DataType::Double => self
                .each::<Float64Type, TimestampMicrosecondType>(&self.doubles()?, |seconds| {
                    let micros = seconds * MICROS_PER_SECOND as f64;
                    let fits =
                        micros.floor() <= i64::MAX as f64 && micros.ceil() >= i64::MIN as f64;
                    fits.then_some(micros as i64)
                })?,
            DataType::Decimal(_, scale) => {
                self.each::<Decimal128Type, _>(self.array.as_primitive(), |seconds| {
                    let micros = seconds.checked_mul(i128::from(MICROS_PER_SECOND))?;
                    i64::try_from(truncated(micros, *scale)).ok()
                })?
            }
            // Java's `TimeUnit.SECONDS.toMicros`, which Spark uses, stops at the largest value.
            _ => cast(self.array, &ArrowType::Int64)?
                .as_primitive::<Int64Type>()
                .unary(|seconds| seconds.saturating_mul(MICROS_PER_SECOND)),
        };
        Ok(Arc::new(micros.with_data_type(self.to.to_arrow())))
    }

    /// The values as doubles; a timestamp as its seconds.
    fn doubles(&self) -> Result<Float64Array> {
        Ok(match self.from {
            DataType::Decimal(_, scale) => self
                .array
                .as_primitive::<Decimal128Type>()
                .unary(|value| decimal_as_double(value, *scale)),
            DataType::Timestamp => self
                .array
                .as_primitive::<TimestampMicrosecondType>()
                .unary(|micros| micros as f64 / MICROS_PER_SECOND as f64),
            _ => cast(self.array, &ArrowType::Float64)?
                .as_primitive::<Float64Type>()
                .clone(),
        })
    }

    /// Converts value by value; one that cannot be converted fails the cast, or becomes null.
    fn each<From: ArrowPrimitiveType, To: ArrowPrimitiveType>(
        &self,
        values: &PrimitiveArray<From>,
        mut convert: impl FnMut(From::Native) -> Option<To::Native>,
    ) -> Result<PrimitiveArray<To>> {
        let converted = |(row, value): (usize, Option<From::Native>)| match value.map(&mut convert)
        {
            Some(None) if self.how.failing => Err(self.lost(row)),
            Some(value) => Ok(value),
            None => Ok(None),
        };
        values.iter().enumerate().map(converted).collect()
    }

    /// Fails if a value became null that was none.
    fn refuse_lost(&self, cast: &ArrayRef) -> Result<()> {
        if !self.how.failing || cast.null_count() == self.array.null_count() {
            return Ok(());
        }
        match (0..cast.len()).find(|row| cast.is_null(*row) && self.array.is_valid(*row)) {
            Some(row) => Err(self.lost(row)),
            None => Ok(()),
        }
    }

    fn lost(&self, row: usize) -> DataFusionError {
        let shown = to_text(&self.array.slice(row, 1), TextOf::Cast(self.how.zone));
        let shown = shown.map_or_else(|_| "a value".to_owned(), |text| text.value(0).to_owned());
        DataFusionError::Execution(format!(
            "{shown} ({}) does not fit {}; try_cast gives null instead of this error",
            self.from, self.to
        ))
    }
}

/// A decimal's whole part.
fn truncated(unscaled: i128, scale: i8) -> i128 {
    match 10_i128.checked_pow(u32::from(scale.unsigned_abs())) {
        Some(factor) if scale > 0 => unscaled / factor,
        Some(factor) => unscaled.saturating_mul(factor),
        None => 0,
    }
}

/// The double that is nearest to a decimal. Both parts of the division are exact where the short way is taken.
pub(crate) fn decimal_as_double(unscaled: i128, scale: i8) -> f64 {
    const EXACT: u128 = 1 << 53;
    if (0..=22).contains(&scale) && unscaled.unsigned_abs() <= EXACT {
        return unscaled as f64 / 10_f64.powi(i32::from(scale));
    }
    let mut shown = String::new();
    text::write_decimal(&mut shown, unscaled, scale);
    shown.parse().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{Float32Array, Int32Array, Int64Array};

    use super::*;
    use crate::engine::text::zone::Zone;

    fn shown(array: ArrayRef, to: &str, failing: bool) -> Result<String> {
        let how = Cast {
            to: &to.parse().unwrap(),
            failing,
            zone: Zone::UTC,
        };
        let text = to_text(&how.apply(&array)?, TextOf::Cast(Zone::UTC))?;
        Ok(text.iter().next().flatten().unwrap_or("null").to_owned())
    }

    fn double(value: f64) -> ArrayRef {
        Arc::new(Float64Array::from(vec![value]))
    }

    fn decimal(unscaled: i128, precision: u8, scale: i8) -> ArrayRef {
        let values = Decimal128Array::from(vec![unscaled]);
        Arc::new(values.with_precision_and_scale(precision, scale).unwrap())
    }

    fn timestamp(text: &str) -> ArrayRef {
        let array: ArrayRef = Arc::new(datafusion::arrow::array::StringArray::from(vec![text]));
        Cast::ansi(&DataType::Timestamp, Zone::UTC)
            .apply(&array)
            .unwrap()
    }

    #[test]
    fn a_double_becomes_the_decimal_that_its_text_shows() {
        for (value, shown_as) in [(1.005, "1.01"), (2.5, "2.50"), (-2.675, "-2.68")] {
            assert_eq!(
                shown(double(value), "decimal(10,2)", true).unwrap(),
                shown_as
            );
        }
        let float: ArrayRef = Arc::new(Float32Array::from(vec![2.675]));
        assert_eq!(shown(float, "decimal(10,2)", true).unwrap(), "2.67");
        assert_eq!(
            shown(double(f64::NAN), "decimal(10,2)", true).unwrap(),
            "null"
        );
    }

    #[test]
    fn a_timestamp_as_a_number_is_its_seconds() {
        let moment = timestamp("2024-01-15 10:30:45.123456");
        for (to, shown_as) in [
            ("double", "1.705314645123456E9"),
            ("int", "1705314645"),
            ("bigint", "1705314645"),
            ("decimal(20,3)", "1705314645.123"),
        ] {
            assert_eq!(
                shown(Arc::clone(&moment), to, true).unwrap(),
                shown_as,
                "{to}"
            );
        }
        let before = timestamp("1969-12-31 23:59:58.5");
        assert_eq!(shown(Arc::clone(&before), "bigint", true).unwrap(), "-2");
        assert_eq!(
            shown(Arc::clone(&before), "date", true).unwrap(),
            "1969-12-31"
        );
        assert_eq!(shown(before, "double", true).unwrap(), "-1.5");
    }

    #[test]
    fn seconds_become_a_timestamp_and_stop_at_the_last_one() {
        let long: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX]));
        for (value, shown_as) in [
            (double(1.5), "1970-01-01 00:00:01.5"),
            (decimal(12_345_678, 8, 7), "1970-01-01 00:00:01.234567"),
            (decimal(-12_345_678, 8, 7), "1969-12-31 23:59:58.765433"),
        ] {
            assert_eq!(shown(value, "timestamp", true).unwrap(), shown_as);
        }
        let last = Cast::ansi(&DataType::Timestamp, Zone::UTC)
            .apply(&long)
            .unwrap();
        assert_eq!(
            last.as_primitive::<TimestampMicrosecondType>().value(0),
            i64::MAX
        );
    }

    #[test]
    fn a_fraction_is_cut_off_before_a_whole_number_must_fit() {
        for (value, to, shown_as) in [
            (2.9, "int", "2"),
            (-2.9, "int", "-2"),
            (2_147_483_647.9, "int", "2147483647"),
            (-2_147_483_648.9, "int", "-2147483648"),
            (127.9, "tinyint", "127"),
            (9_223_372_036_854_775_807.0, "bigint", "9223372036854775807"),
        ] {
            assert_eq!(shown(double(value), to, true).unwrap(), shown_as);
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_an_error_that_names_value_and_types_or_null() {
        let moment = timestamp("2024-01-15 10:30:45.5");
        for (value, to, message) in [
            (double(f64::NAN), "int", "NaN (double) does not fit int"),
            (
                double(2_147_483_648.0),
                "int",
                "2.147483648E9 (double) does not fit int",
            ),
            (
                double(1e20),
                "decimal(10,2)",
                "1.0E20 (double) does not fit decimal(10,2)",
            ),
            (
                double(f64::NAN),
                "timestamp",
                "NaN (double) does not fit timestamp",
            ),
            (
                decimal(12_345_678, 8, 2),
                "tinyint",
                "123456.78 (decimal(8,2)) does not fit tinyint",
            ),
            (
                decimal(12_345_678, 8, 2),
                "decimal(5,2)",
                "123456.78 (decimal(8,2)) does not fit decimal(5,2)",
            ),
            (
                moment,
                "smallint",
                "2024-01-15 10:30:45.5 (timestamp) does not fit smallint",
            ),
            (
                Arc::new(Int32Array::from(vec![300])),
                "tinyint",
                "300 (int) does not fit tinyint",
            ),
            (
                Arc::new(BooleanArray::from(vec![true])),
                "decimal(2,2)",
                "true (boolean) does not fit decimal(2,2)",
            ),
        ] {
            let error = shown(Arc::clone(&value), to, true).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
            assert_eq!(shown(value, to, false).unwrap(), "null");
        }
    }

    #[test]
    fn booleans_and_numbers_become_each_other() {
        for (value, shown_as) in [
            (double(0.0), "false"),
            (double(f64::NAN), "true"),
            (decimal(0, 3, 2), "false"),
            (decimal(1250, 10, 2), "true"),
        ] {
            assert_eq!(shown(value, "boolean", true).unwrap(), shown_as);
        }
        let yes: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
        assert_eq!(
            shown(Arc::clone(&yes), "decimal(10,2)", true).unwrap(),
            "1.00"
        );
        assert_eq!(shown(yes, "double", true).unwrap(), "1.0");
    }
}
