//! Spark's `CAST`: as an expression of the engine, and the text of values.
//!
//! Under ANSI mode, Spark 4's default, a value that cannot be cast is an error; `TRY_CAST` gives null instead.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, Decimal128Array, Float32Array,
    Float64Array, PrimitiveArray, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Date32Type, Decimal128Type, Field, FieldRef,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, lit,
};

use crate::engine::sql::cast_moment::{cast_moment, is_moment};
use crate::engine::sql::cast_nested::cast_nested;
use crate::engine::sql::cast_number::cast_number;
use crate::engine::sql::declared::Declared;
use crate::engine::sql::nested_text::nested_to_text;
use crate::engine::sql::session_zone::SessionZone;
use crate::engine::text;
use crate::engine::text::numbers;
use crate::engine::text::zone::Zone;
use crate::engine::types::DataType;

/// `CAST(value AS type)`, a function of the value and the type's name.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SparkCast {
    name: &'static str,
    signature: Signature,
}

impl SparkCast {
    pub const ANSI: &str = "spark_cast";
    pub const TRYING: &str = "spark_try_cast";
    pub const LITERAL: &str = "spark_literal";

    /// `CAST`.
    pub fn ansi() -> Self {
        Self {
            name: Self::ANSI,
            signature: Signature::any(2, Volatility::Immutable),
        }
    }

    /// `TRY_CAST`.
    pub fn trying() -> Self {
        Self {
            name: Self::TRYING,
            signature: Signature::any(2, Volatility::Immutable),
        }
    }

    /// A literal of a type, as `DATE '2024-01-31'` or `1.5D`: text that is cast when the expression is planned; but not an instant, whose text
    /// depends on the zone of the run.
    pub fn of_literal() -> Self {
        Self {
            name: Self::LITERAL,
            signature: Signature::any(2, Volatility::Immutable),
        }
    }

    /// The value of a literal of a type.
    ///
    /// # Errors
    ///
    /// If the text is none of the type.
    pub fn literal(arguments: &[Expr]) -> Result<Expr> {
        let [Expr::Literal(value, _), Expr::Literal(name, _)] = arguments else {
            return plan_err!("a literal needs a text and a type");
        };
        let kind = named_type(Some(name))?;
        check_range(value, &kind)?;
        let cast = Cast::ansi(&kind, Zone::UTC).apply(&value.to_array()?)?;
        if kind == DataType::Timestamp {
            let instant = Self::call(Expr::Literal(value.clone(), None), &kind);
            return Ok(Declared::call(instant, kind.to_arrow(), false));
        }
        Ok(Expr::Literal(ScalarValue::try_from_array(&cast, 0)?, None))
    }

    /// The cast of an expression.
    pub fn call(value: Expr, to: &DataType) -> Expr {
        ScalarUDF::from(Self::ansi()).call(vec![value, lit(to.to_string())])
    }

    /// Whether a call casts to a type.
    pub fn is_to(cast: &ScalarFunction, to: &DataType) -> bool {
        match cast.args.last() {
            Some(Expr::Literal(name, _)) => {
                named_type(Some(name)).is_ok_and(|target| target == *to)
            }
            _ => false,
        }
    }

    /// The bytes that are cast to a text, whatever they are: a text here is UTF-8, whereas Spark's keeps them.
    ///
    /// # Errors
    ///
    /// For an expression without a type.
    pub fn bytes_of_text(text: &Expr, schema: &DFSchema) -> Result<Option<Expr>> {
        match text {
            Expr::ScalarFunction(cast) if matches!(cast.name(), Self::ANSI | Self::TRYING) => {
                let is_text = Self::is_to(cast, &DataType::String);
                let is_bytes = is_text && cast.args[0].get_type(schema)? == ArrowType::Binary;
                Ok(is_bytes.then(|| cast.args[0].clone()))
            }
            _ => Ok(None),
        }
    }

    /// The cast of an expression, which gives null for what cannot be cast.
    pub fn try_call(value: Expr, to: &DataType) -> Expr {
        ScalarUDF::from(Self::trying()).call(vec![value, lit(to.to_string())])
    }

    /// Whether Spark's ANSI mode casts between these types.
    pub fn is_possible(from: &DataType, to: &DataType) -> bool {
        use DataType as T;
        let is_number = |t: &T| {
            matches!(
                t,
                T::Byte | T::Short | T::Integer | T::Long | T::Float | T::Double | T::Decimal(..)
            )
        };
        match (from, to) {
            (from, to) if from == to => true,
            (_, T::String) | (T::Void, _) => true,
            (_, T::Void) => false,
            (T::String, to) => !matches!(to, T::Struct(_) | T::Array(_) | T::Map(..)),
            (T::Array(from), T::Array(to)) => Self::is_possible(from, to),
            (T::Map(key, value), T::Map(to_key, to_value)) => {
                let of_keys = Self::is_possible(key, to_key) && !may_lose(key, to_key);
                of_keys && Self::is_possible(value, to_value)
            }
            (T::Struct(from), T::Struct(to)) => {
                let mut pairs = from.iter().zip(to);
                from.len() == to.len()
                    && pairs.all(|(from, to)| Self::is_possible(&from.data_type, &to.data_type))
            }
            (T::Boolean, to) => is_number(to),
            (from, T::Boolean) => is_number(from),
            (T::Date, to) => matches!(to, T::Timestamp | T::TimestampNtz),
            (T::Timestamp, to) => matches!(to, T::Date | T::TimestampNtz) || is_number(to),
            (T::TimestampNtz, to) => matches!(to, T::Date | T::Timestamp),
            (from, T::Timestamp) => is_number(from),
            (from, to) => is_number(from) && is_number(to),
        }
    }
}

/// Refuses a literal beyond the numbers of its type. As in Spark, digits that would be rounded to its greatest number are beyond it.
fn check_range(value: &ScalarValue, kind: &DataType) -> Result<()> {
    let greatest = match kind {
        DataType::Float => f64::from(f32::MAX),
        DataType::Double => f64::MAX,
        _ => return Ok(()),
    };
    let text = value.try_as_str().flatten().unwrap_or_default();
    match text.parse::<f64>() {
        Ok(number) if number.abs() > greatest => {
            plan_err!("the literal {text} is beyond the numbers of the type {kind}")
        }
        _ => Ok(()),
    }
}

fn named_type(name: Option<&ScalarValue>) -> Result<DataType> {
    match name {
        Some(ScalarValue::Utf8(Some(name))) => name
            .parse()
            .map_err(|error| DataFusionError::External(Box::new(error))),
        _ => plan_err!("a cast needs the name of a type"),
    }
}

/// Spark's type of the engine's, as the engine's functions fail.
pub(super) fn spark_type(arrow: &ArrowType) -> Result<DataType> {
    DataType::from_arrow(arrow).map_err(|error| DataFusionError::External(Box::new(error)))
}

impl ScalarUDFImpl for SparkCast {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        plan_err!("the type of a cast depends on its second argument")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let to = named_type(args.scalar_arguments[1])?;
        let value = &args.arg_fields[0];
        let trying = self.name == Self::TRYING && to != DataType::String;
        let mut nullable = value.is_nullable() || trying;
        if *value.data_type() != ArrowType::Null {
            let from = spark_type(value.data_type())?;
            if !Self::is_possible(&from, &to) {
                return plan_err!("cannot cast {from} to {to}");
            }
            nullable |= may_lose(&from, &to);
        }
        Ok(Arc::new(Field::new(self.name, to.to_arrow(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, ColumnarValue::Scalar(name)] = &args.args[..] else {
            return plan_err!("a cast needs the name of a type");
        };
        let to = named_type(Some(name))?;
        let cast = Cast {
            to: &to,
            failing: self.name == Self::ANSI,
            zone: SessionZone::of(&args.config_options),
        };
        match value {
            ColumnarValue::Array(array) => Ok(ColumnarValue::Array(cast.apply(array)?)),
            ColumnarValue::Scalar(scalar) => {
                let array = cast.apply(&scalar.to_array()?)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(
                    &array, 0,
                )?))
            }
        }
    }
}

/// Whether a cast may give null for a value that is none, as Spark's `Cast.forceNullable` says.
fn may_lose(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (from, to) if from == to => false,
        (T::String, T::Binary) | (_, T::String) => false,
        (T::String, _) => true,
        (T::Timestamp, T::Byte | T::Short | T::Integer) => true,
        (T::Float | T::Double, T::Timestamp) => true,
        (T::Timestamp, T::Date) | (T::Date, T::Timestamp) => false,
        (_, T::Date) | (T::Date, _) => true,
        (from, T::Decimal(precision, scale)) => !is_wider((*precision, *scale), from),
        (T::Float | T::Double | T::Decimal(..), T::Byte | T::Short | T::Integer | T::Long) => true,
        _ => false,
    }
}

/// Whether a decimal type holds every value of another type; of a decimal also one with fewer digits behind the point, if there is one more
/// before it.
fn is_wider((precision, scale): (u8, i8), than: &DataType) -> bool {
    let (digits, behind) = match than {
        DataType::Boolean => (1, 0),
        DataType::Byte => (3, 0),
        DataType::Short => (5, 0),
        DataType::Integer => (10, 0),
        DataType::Long => (20, 0),
        DataType::Decimal(precision, scale) => (*precision, *scale),
        _ => return false,
    };
    let whole = |precision: u8, scale: i8| i16::from(precision) - i16::from(scale);
    let (more, of) = (whole(precision, scale), whole(digits, behind));
    (more >= of && scale >= behind) || (more > of && matches!(than, DataType::Decimal(..)))
}

/// What values are cast to, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cast<'a> {
    pub to: &'a DataType,
    /// Whether a value that cannot be cast fails the cast, or becomes null.
    pub failing: bool,
    /// The zone of what clocks show.
    pub zone: Zone,
}

impl<'a> Cast<'a> {
    /// A cast that fails for what cannot be cast.
    pub fn ansi(to: &'a DataType, zone: Zone) -> Self {
        Self {
            to,
            failing: true,
            zone,
        }
    }

    pub fn apply(&self, array: &ArrayRef) -> Result<ArrayRef> {
        let array = &in_microseconds(array)?;
        let target = self.to.to_arrow();
        if *array.data_type() == target {
            return Ok(Arc::clone(array));
        }
        if *array.data_type() == ArrowType::Null {
            return Ok(cast(array, &target)?);
        }
        let from = spark_type(array.data_type())?;
        match (&from, self.to) {
            (DataType::String, _) => parse(&as_strings(array)?, self),
            (_, DataType::String) => Ok(Arc::new(to_text(array, TextOf::Cast(self.zone))?)),
            (DataType::Array(_) | DataType::Map(..) | DataType::Struct(_), _) => {
                cast_nested(array, self)
            }
            (from, _) if is_moment(from) && is_moment(self.to) => cast_moment(array, from, self),
            (from, _) => cast_number(array, from, self),
        }
    }
}

/// Timestamps in Spark's unit, which the engine's own present has not.
fn in_microseconds(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        ArrowType::Timestamp(_, zone) => cast(
            array,
            &ArrowType::Timestamp(TimeUnit::Microsecond, zone.clone()),
        )?,
        _ => Arc::clone(array),
    })
}

/// A text column, whatever the engine's kind of strings.
fn as_strings(array: &ArrayRef) -> Result<StringArray> {
    Ok(cast(array, &ArrowType::Utf8)?.as_string::<i32>().clone())
}

fn parse(texts: &StringArray, how: &Cast<'_>) -> Result<ArrayRef> {
    let to = how.to;
    Ok(match to {
        DataType::Boolean => {
            let values = each(texts, how, numbers::parse_boolean)?;
            Arc::new(BooleanArray::from(values))
        }
        DataType::Byte => primitives::<Int8Type>(texts, how, numbers::parse_integer)?,
        DataType::Short => primitives::<Int16Type>(texts, how, numbers::parse_integer)?,
        DataType::Integer => primitives::<Int32Type>(texts, how, numbers::parse_integer)?,
        DataType::Long => primitives::<Int64Type>(texts, how, numbers::parse_integer)?,
        DataType::Float => primitives::<Float32Type>(texts, how, numbers::parse_float)?,
        DataType::Double => primitives::<Float64Type>(texts, how, numbers::parse_float)?,
        DataType::Date => primitives::<Date32Type>(texts, how, text::parse_date)?,
        DataType::Timestamp | DataType::TimestampNtz => {
            let read = |text: &str| match to {
                DataType::Timestamp => text::parse_timestamp(text, how.zone),
                _ => text::parse_timestamp_ntz(text),
            };
            let values: TimestampMicrosecondArray = each(texts, how, read)?.into();
            Arc::new(values.with_data_type(to.to_arrow()))
        }
        DataType::Decimal(precision, scale) => {
            let values: Decimal128Array = each(texts, how, |text| {
                numbers::parse_decimal(text, *precision, *scale)
            })?
            .into();
            Arc::new(values.with_precision_and_scale(*precision, *scale)?)
        }
        DataType::Binary => cast(texts, &ArrowType::Binary)?,
        DataType::String => Arc::new(texts.clone()),
        DataType::Struct(_) | DataType::Array(_) | DataType::Map(..) | DataType::Void => {
            return plan_err!("cannot cast string to {to}");
        }
    })
}

fn primitives<T: ArrowPrimitiveType>(
    texts: &StringArray,
    how: &Cast<'_>,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<ArrayRef>
where
    PrimitiveArray<T>: From<Vec<Option<T::Native>>>,
{
    Ok(Arc::new(PrimitiveArray::<T>::from(each(
        texts, how, parse,
    )?)))
}

fn each<T>(
    texts: &StringArray,
    how: &Cast<'_>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let value = |text: Option<&str>| match text.map(|text| (text, parse(text))) {
        Some((text, None)) if how.failing => {
            exec_err!(
                "`{text}` cannot be cast to {}; try_cast gives null instead of this error",
                how.to
            )
        }
        Some((_, value)) => Ok(value),
        None => Ok(None),
    };
    texts.iter().map(value).collect()
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextOf {
    /// `CAST`, which shows instants in a zone.
    Cast(Zone),
    /// A csv or json file, which has other decimals. (How its times look, is not said here.)
    File,
}

impl TextOf {
    fn zone(self) -> Zone {
        match self {
            Self::Cast(zone) => zone,
            Self::File => Zone::UTC,
        }
    }
}

/// The text of every value of a column, null for null.
pub(crate) fn to_text(array: &ArrayRef, purpose: TextOf) -> Result<StringArray> {
    match array.data_type() {
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View => as_strings(array),
        ArrowType::Float32 => {
            let floats: &Float32Array = array.as_primitive();
            Ok(texts(floats.iter(), text::write_f32))
        }
        ArrowType::Float64 => {
            let doubles: &Float64Array = array.as_primitive();
            Ok(texts(doubles.iter(), text::write_f64))
        }
        ArrowType::Decimal128(_, scale) => {
            let decimals = array.as_primitive::<Decimal128Type>();
            Ok(texts(decimals.iter(), |out, value| match purpose {
                TextOf::Cast(_) => text::write_decimal(out, value, *scale),
                TextOf::File => text::write_decimal_of_file(out, value, *scale),
            }))
        }
        ArrowType::Date32 => {
            let dates: &Date32Array = array.as_primitive();
            Ok(texts(dates.iter(), text::write_date))
        }
        ArrowType::Timestamp(_, zone) => {
            let micros = in_microseconds(array)?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>();
            let shown_in = match zone {
                Some(_) => purpose.zone(),
                None => Zone::UTC,
            };
            Ok(texts(micros.iter(), |out, value| {
                text::write_timestamp(out, value, shown_in);
            }))
        }
        ArrowType::Binary | ArrowType::LargeBinary | ArrowType::BinaryView => {
            let bytes = cast(array, &ArrowType::Binary)?;
            let shown =
                |out: &mut String, value: &[u8]| out.push_str(&String::from_utf8_lossy(value));
            Ok(texts(bytes.as_binary::<i32>().iter(), shown))
        }
        ArrowType::Struct(_) | ArrowType::List(_) | ArrowType::Map(..) => {
            nested_to_text(array, purpose.zone())
        }
        _ => as_strings(array),
    }
}

pub(crate) fn texts<T>(
    values: impl Iterator<Item = Option<T>>,
    write: impl Fn(&mut String, T),
) -> StringArray {
    let mut builder = StringBuilder::new();
    let mut text = String::new();
    for value in values {
        text.clear();
        match value {
            Some(value) => {
                write(&mut text, value);
                builder.append_value(&text);
            }
            None => builder.append_null(),
        }
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast_texts(texts: &[&str], to: &str) -> Result<Vec<String>> {
        let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        let cast = Cast::ansi(&to.parse().unwrap(), Zone::UTC).apply(&array)?;
        let texts = to_text(&cast, TextOf::Cast(Zone::UTC))?;
        Ok(texts
            .iter()
            .map(|text| text.unwrap_or("null").to_owned())
            .collect())
    }

    #[test]
    fn text_is_cast_to_every_type_by_sparks_rules() {
        for (text, to, shown) in [
            (" 42 ", "int", "42"),
            ("yes", "boolean", "true"),
            ("1e10", "double", "1.0E10"),
            ("2024-1-5", "timestamp", "2024-01-05 00:00:00"),
            ("3.14159", "decimal(5,2)", "3.14"),
        ] {
            assert_eq!(cast_texts(&[text], to).unwrap(), [shown]);
        }
    }

    #[test]
    fn a_zone_does_not_move_a_timestamp_that_has_none() {
        for (text, shown) in [
            ("2024-01-15 10:30:45+02:00", "2024-01-15 10:30:45"),
            ("2024-01-15T10:30:45Z", "2024-01-15 10:30:45"),
            ("2024-01-15 10:30:45.5", "2024-01-15 10:30:45.5"),
            ("2024-1-5", "2024-01-05 00:00:00"),
        ] {
            assert_eq!(cast_texts(&[text], "timestamp_ntz").unwrap(), [shown]);
        }
        assert!(cast_texts(&["2024-01-15 10:30:45 Mars"], "timestamp_ntz").is_err());
    }

    #[test]
    fn a_text_that_is_no_number_is_an_error_that_shows_it() {
        let error = cast_texts(&["1", "one"], "int").unwrap_err().to_string();
        assert!(error.contains("`one` cannot be cast to int"), "{error}");
    }

    #[test]
    fn a_number_that_does_not_fit_is_an_error_that_shows_it() {
        let array: ArrayRef = Arc::new(datafusion::arrow::array::Int64Array::from(vec![
            1,
            3_000_000_000,
        ]));
        let failing = Cast::ansi(&DataType::Integer, Zone::UTC);
        let error = failing.apply(&array).unwrap_err().to_string();
        assert!(
            error.contains("3000000000 (bigint) does not fit int"),
            "{error}"
        );
        let trying = Cast {
            failing: false,
            ..failing
        };
        assert_eq!(trying.apply(&array).unwrap().null_count(), 1);
    }
}
