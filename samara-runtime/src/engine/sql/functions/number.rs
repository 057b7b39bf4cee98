//! Functions of numbers.

use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};

use crate::engine::DataType as T;
use crate::engine::sql::coercion::is_text;
use crate::engine::sql::decimal::Shape;
use crate::engine::sql::functions::decimal_format::DecimalFormat;
use crate::engine::sql::functions::function::{Call, Row, SparkFunction, Takes};
use crate::engine::sql::functions::value::{Column, Value};
use crate::engine::text;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, Double, Int, Long, Number, Text, Whole};
    let f = SparkFunction::rows;
    let typed = SparkFunction::typed_rows;
    vec![
        typed("round", &[Number, Int], rounded_field, |row| {
            rounded(row, Mode::HalfUp)
        })
        .at_least(1),
        typed("bround", &[Number, Int], rounded_field, |row| {
            rounded(row, Mode::HalfEven)
        })
        .at_least(1),
        typed("ceil", &[Number, Int], whole_field, |row| {
            to_whole(row, Mode::Ceiling)
        })
        .at_least(1)
        .with_common(decimal_if_scaled),
        typed("ceiling", &[Number, Int], whole_field, |row| {
            to_whole(row, Mode::Ceiling)
        })
        .at_least(1)
        .with_common(decimal_if_scaled),
        typed("floor", &[Number, Int], whole_field, |row| {
            to_whole(row, Mode::Floor)
        })
        .at_least(1)
        .with_common(decimal_if_scaled),
        f("conv", &[Text, Int, Int], T::String, converted).may_be_null(),
        f("hex", &[Any], T::String, hex).with_common(whole_or_bytes),
        f("unhex", &[Text], T::Binary, |row| {
            Ok(unhex(row.text(0)).into())
        })
        .may_be_null(),
        f("bin", &[Long], T::String, |row| {
            Ok(format!("{:b}", row.whole(0)).into())
        }),
        f("pi", &[], T::Double, |_| Ok(std::f64::consts::PI.into())),
        f("signum", &[Double], T::Double, |row| {
            Ok(sign(row.double(0)).into())
        })
        .may_be_null(),
        f("sign", &[Double], T::Double, |row| {
            Ok(sign(row.double(0)).into())
        })
        .may_be_null(),
        SparkFunction::like_first("positive", &[Number], |row| {
            Ok(match row.column(0) {
                Column::Double(_) | Column::Float(_) => row.double(0).into(),
                Column::Decimal(_) => Value::Decimal(row.decimal(0).0),
                _ => row.whole(0).into(),
            })
        }),
        f("timestamp_seconds", &[Number], T::Timestamp, seconds),
        f("e", &[], T::Double, |_| Ok(std::f64::consts::E.into())),
        typed("pmod", &[Number, Number], pmod_field, pmod).may_be_null(),
        f("bit_get", &[Whole, Int], T::Byte, bit),
        f("getbit", &[Whole, Int], T::Byte, bit),
        f("format_number", &[Any, Any], T::String, formatted)
            .may_be_null()
            .with_common(number_and_format),
    ]
}

/// How a number is rounded.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    HalfUp,
    HalfEven,
    Ceiling,
    Floor,
}

/// A number without its last digits; their weight is a power of ten.
fn divided(number: i128, weight: i128, mode: Mode) -> i128 {
    let (whole, rest) = (number / weight, number % weight);
    let (twice, sign) = (rest.unsigned_abs() * 2, rest.signum());
    let weight = weight.unsigned_abs();
    let away = match mode {
        Mode::HalfUp => twice >= weight,
        Mode::HalfEven => twice > weight || (twice == weight && whole % 2 != 0),
        Mode::Ceiling => rest > 0,
        Mode::Floor => rest < 0,
    };
    if away { whole + sign } else { whole }
}

/// The digits of a decimal of one scale at another one; digits before the point become zeros.
fn rescaled(unscaled: i128, scale: i32, to: i32, mode: Mode) -> Option<i128> {
    if to >= scale {
        return Some(unscaled);
    }
    let dropped = u32::try_from(scale - to).ok()?;
    let kept = match 10_i128.checked_pow(dropped) {
        Some(weight) => divided(unscaled, weight, mode),
        None => divided(unscaled.signum(), 10, mode),
    };
    if to < 0 {
        kept.checked_mul(10_i128.checked_pow(to.unsigned_abs())?)
    } else {
        Some(kept)
    }
}

/// The literal number of digits, if there is one; 0 without an argument.
fn digits(call: &Call<'_>) -> Result<i32> {
    match call.literals.get(1) {
        None => Ok(0),
        Some(Some(ScalarValue::Int32(Some(digits)))) => Ok(*digits),
        // A literal below a sign, whose type is asked for before it is Spark's.
        Some(Some(ScalarValue::Int64(Some(digits)))) if i32::try_from(*digits).is_ok() => {
            Ok(i32::try_from(*digits).unwrap_or_default())
        }
        Some(_) => plan_err!("the number of digits of `{}` is a literal", call.name),
    }
}

/// Spark's type of a decimal rounded to so many digits.
fn rounded_decimal(precision: u8, scale: i8, digits: i32) -> ArrowType {
    let whole = i32::from(precision) - i32::from(scale) + 1;
    let (precision, scale) = if digits < 0 {
        (whole.max(1 - digits), 0)
    } else {
        let kept = digits.min(i32::from(scale));
        (whole + kept, kept)
    };
    let narrow = |value: i32| i8::try_from(value.min(38)).unwrap_or(38);
    ArrowType::Decimal128(narrow(precision).unsigned_abs(), narrow(scale))
}

fn rounded_field(call: &Call<'_>) -> Result<Field> {
    let digits = digits(call)?;
    Ok(call.nullable(match call.kind(0) {
        ArrowType::Decimal128(precision, scale) => rounded_decimal(*precision, *scale, digits),
        other => other.clone(),
    }))
}

fn rounded(row: &Row<'_>, mode: Mode) -> Result<Value> {
    let digits = row.int_or(1, 0);
    match row.column(0) {
        Column::Decimal(_) => decimal(row, digits, mode),
        Column::Double(_) => {
            Ok(rounded_text(&format!("{:e}", row.double(0)), row.double(0), digits, mode).into())
        }
        Column::Float(array) => {
            let value = array.value(row.at());
            Ok(rounded_text(&format!("{value:e}"), f64::from(value), digits, mode).into())
        }
        other => {
            let whole = rescaled(row.whole(0).into(), 0, digits.min(0), mode).unwrap_or(0);
            let fits = match other {
                Column::Byte(_) => i8::try_from(whole).is_ok(),
                Column::Short(_) => i16::try_from(whole).is_ok(),
                Column::Int(_) => i32::try_from(whole).is_ok(),
                _ => i64::try_from(whole).is_ok(),
            };
            if !fits {
                return exec_err!(
                    "{} rounded to {digits} digits overflows its type",
                    row.whole(0)
                );
            }
            Ok(Value::int(whole))
        }
    }
}

/// A decimal at the scale of its result.
fn decimal(row: &Row<'_>, digits: i32, mode: Mode) -> Result<Value> {
    let (unscaled, scale) = row.decimal(0);
    let digits = digits.min(scale.into());
    match rescaled(unscaled, scale.into(), digits, mode) {
        Some(unscaled) => Ok(Value::Decimal(unscaled)),
        None => exec_err!("a decimal rounded to {digits} digits overflows"),
    }
}

/// A number by the digits that show it: `1.005e0`.
fn rounded_text(shown: &str, value: f64, digits: i32, mode: Mode) -> f64 {
    let parts = shown.split_once('e').and_then(|(mantissa, exponent)| {
        let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unscaled: i128 = format!("{whole}{rest}").parse().ok()?;
        let exponent: i32 = exponent.parse().ok()?;
        Some((unscaled, i32::try_from(rest.len()).ok()? - exponent))
    });
    let Some((unscaled, scale)) = parts.filter(|(_, scale)| digits < *scale) else {
        // Spark rounds by way of a decimal, which has one zero.
        return value + 0.0;
    };
    let weight = u32::try_from(scale - digits)
        .ok()
        .and_then(|power| 10_i128.checked_pow(power));
    let kept = weight.map_or(0, |weight| divided(unscaled, weight, mode));
    format!("{kept}e{}", -digits).parse().unwrap_or(value)
}

/// With a number of digits, Spark computes with decimals.
fn decimal_if_scaled(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    if types.len() < 2 {
        return Ok(types.to_vec());
    }
    let decimal = match &types[0] {
        ArrowType::Int8 => ArrowType::Decimal128(3, 0),
        ArrowType::Int16 => ArrowType::Decimal128(5, 0),
        ArrowType::Int32 => ArrowType::Decimal128(10, 0),
        ArrowType::Int64 => ArrowType::Decimal128(20, 0),
        ArrowType::Float32 => ArrowType::Decimal128(14, 7),
        ArrowType::Float64 => ArrowType::Decimal128(30, 15),
        other => other.clone(),
    };
    Ok(vec![decimal, types[1].clone()])
}

fn whole_field(call: &Call<'_>) -> Result<Field> {
    let digits = digits(call)?;
    let to_no_digits = call.literals.get(1).is_none();
    Ok(match call.kind(0) {
        whole @ ArrowType::Decimal128(_, 0) if to_no_digits => call.nullable(whole.clone()),
        ArrowType::Decimal128(precision, scale) => {
            call.nullable(rounded_decimal(*precision, *scale, digits))
        }
        _ => call.nullable(ArrowType::Int64),
    })
}

/// A number, and no text in its place.
fn number_and_format(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let number = match &types[0] {
        number if number.is_numeric() => number.clone(),
        ArrowType::Null => ArrowType::Float64,
        _ => return plan_err!("`format_number` takes a number"),
    };
    let format = match &types[1] {
        text if is_text(text) => ArrowType::Utf8,
        digits if digits.is_integer() || digits.is_null() => ArrowType::Int32,
        _ => return plan_err!("`format_number` takes a number of digits, or a format"),
    };
    Ok(vec![number, format])
}

fn to_whole(row: &Row<'_>, mode: Mode) -> Result<Value> {
    match row.column(0) {
        Column::Decimal(_) => decimal(row, row.int_or(1, 0), mode),
        Column::Double(_) | Column::Float(_) => {
            let value = row.double(0);
            let whole = if mode == Mode::Ceiling {
                value.ceil()
            } else {
                value.floor()
            };
            // The bounds of a bigint as doubles: the upper one is the first that does not fit.
            if !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&whole) {
                return exec_err!("{value} has no whole number next to it that is a bigint");
            }
            #[allow(clippy::cast_possible_truncation)]
            Ok(Value::Whole(whole as i64))
        }
        _ => Ok(row.whole(0).into()),
    }
}

/// A number from one base in another one, unsigned unless the new base is negative.
fn converted(row: &Row<'_>) -> Result<Value> {
    let (text, from, to) = (row.text(0).trim(), row.int(1), row.int(2));
    let base = |base: i32| {
        (2..=36)
            .contains(&base.unsigned_abs())
            .then(|| base.unsigned_abs())
    };
    let (Some(old), Some(new)) = (base(from).filter(|_| from > 0), base(to)) else {
        return Ok(Value::Null);
    };
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let (digits, negative) = text
        .strip_prefix('-')
        .map_or((text, false), |rest| (rest, true));
    let mut number = 0_u64;
    for digit in digits.chars().map_while(|letter| letter.to_digit(old)) {
        let next = number
            .checked_mul(old.into())
            .and_then(|n| n.checked_add(digit.into()));
        let Some(next) = next else {
            return exec_err!("`{text}` overflows 64 bits");
        };
        number = next;
    }
    let bits = if negative {
        number.wrapping_neg()
    } else {
        number
    };
    if to > 0 {
        return Ok(in_base(bits, new).into());
    }
    let signed = bits.cast_signed();
    let sign = if signed < 0 { "-" } else { "" };
    Ok(format!("{sign}{}", in_base(signed.unsigned_abs(), new)).into())
}

fn in_base(mut number: u64, base: u32) -> String {
    let mut digits = Vec::new();
    loop {
        // A remainder by a base of at most 36.
        let digit = u32::try_from(number % u64::from(base)).unwrap_or(0);
        digits.push(
            char::from_digit(digit, base)
                .unwrap_or('0')
                .to_ascii_uppercase(),
        );
        number /= u64::from(base);
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

fn whole_or_bytes(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    Ok(vec![match &types[0] {
        number if number.is_numeric() => ArrowType::Int64,
        ArrowType::Binary => ArrowType::Binary,
        other if other.is_nested() => return plan_err!("`hex` takes a number, a text or bytes"),
        _ => ArrowType::Utf8,
    }])
}

fn hex(row: &Row<'_>) -> Result<Value> {
    Ok(match row.column(0) {
        Column::Long(_) => format!("{:X}", row.whole(0)),
        _ => hexadecimal(row.bytes(0)),
    }
    .into())
}

pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Bytes of hexadecimal digits; an odd one stands alone in front.
pub(super) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|letter| letter.to_digit(16));
    let digits = digits.collect::<Option<Vec<u32>>>()?;
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    let pairs = pairs.chunks_exact(2).map(|pair| pair[0] * 16 + pair[1]);
    odd.iter()
        .copied()
        .chain(pairs)
        .map(|byte| u8::try_from(byte).ok())
        .collect()
}

fn pmod_field(call: &Call<'_>) -> Result<Field> {
    let (ArrowType::Decimal128(p1, s1), ArrowType::Decimal128(p2, s2)) =
        (call.kind(0), call.kind(1))
    else {
        return Ok(call.nullable(call.kind(0).clone()));
    };
    let shape = |precision: &u8, scale: &i8| Shape {
        precision: *precision,
        scale: *scale,
    };
    let result = shape(p1, s1).of_remainder(shape(p2, s2));
    Ok(call.nullable(ArrowType::Decimal128(result.precision, result.scale)))
}

/// The remainder that has no sign, where the divisor has none.
fn pmod(row: &Row<'_>) -> Result<Value> {
    let by_zero = || exec_err!("`pmod` by zero");
    match row.column(0) {
        Column::Double(_) | Column::Float(_) => {
            let (value, by) = (row.double(0), row.double(1));
            if by == 0.0 {
                return by_zero();
            }
            let rest = value % by;
            Ok(if rest < 0.0 { (rest + by) % by } else { rest }.into())
        }
        Column::Decimal(_) => {
            let ((a, sa), (b, sb)) = (row.decimal(0), row.decimal(1));
            let scale = sa.max(sb);
            let at = |value: i128, from: i8| {
                10_i128
                    .checked_pow(u32::from((scale - from).unsigned_abs()))
                    .and_then(|w| value.checked_mul(w))
            };
            let (Some(a), Some(b)) = (at(a, sa), at(b, sb)) else {
                return exec_err!("`pmod` overflows its decimals");
            };
            if b == 0 {
                return by_zero();
            }
            let rest = a % b;
            Ok(Value::Decimal(if rest < 0 { (rest + b) % b } else { rest }))
        }
        _ => {
            let (a, b) = (i128::from(row.whole(0)), i128::from(row.whole(1)));
            if b == 0 {
                return by_zero();
            }
            let rest = a % b;
            Ok(Value::int(if rest < 0 { (rest + b) % b } else { rest }))
        }
    }
}

fn sign(value: f64) -> f64 {
    if value == 0.0 || value.is_nan() {
        value
    } else {
        value.signum()
    }
}

/// Seconds since 1970 as a moment; those of a double end at the bounds of timestamps.
fn seconds(row: &Row<'_>) -> Result<Value> {
    const MICROS: i128 = 1_000_000;
    let micros = match row.column(0) {
        Column::Double(_) | Column::Float(_) => {
            let value = row.double(0);
            // A cast to a whole number ends at its bounds, as Java's does.
            #[allow(clippy::cast_possible_truncation)]
            return Ok(value.is_finite().then_some((value * 1e6) as i64).into());
        }
        Column::Decimal(_) => {
            let (unscaled, scale) = row.decimal(0);
            let weight = 10_i128
                .checked_pow(u32::from(scale.unsigned_abs()))
                .unwrap_or(i128::MAX);
            let micros = unscaled.checked_mul(MICROS);
            micros
                .filter(|micros| micros % weight == 0)
                .map(|micros| micros / weight)
        }
        _ => i128::from(row.whole(0)).checked_mul(MICROS),
    };
    match micros.and_then(|micros| i64::try_from(micros).ok()) {
        Some(micros) => Ok(micros.into()),
        None => exec_err!("these seconds are no timestamp: too many, or parts of a microsecond"),
    }
}

fn bit(row: &Row<'_>) -> Result<Value> {
    let bits = match row.column(0) {
        Column::Byte(_) => 8,
        Column::Short(_) => 16,
        Column::Int(_) => 32,
        _ => 64,
    };
    let at = row.int(1);
    if !(0..bits).contains(&at) {
        return exec_err!("there is no bit {at} of {bits}");
    }
    Ok(((row.whole(0) >> at) & 1).into())
}

/// With commas between thousands, half to even; null for a negative number of digits.
fn formatted(row: &Row<'_>) -> Result<Value> {
    if row.is_text(1) {
        return by_pattern(row).map(Value::from);
    }
    let Ok(digits) = usize::try_from(row.int(1)) else {
        return Ok(Value::Null);
    };
    let plain = match row.column(0) {
        Column::Double(_) | Column::Float(_) => plain_double(row.double(0), digits),
        Column::Decimal(_) => {
            let (unscaled, scale) = row.decimal(0);
            let kept = i32::try_from(digits).unwrap_or(i32::MAX).min(scale.into());
            let number = rescaled(unscaled, scale.into(), kept, Mode::HalfEven).unwrap_or(0);
            let sign = if unscaled < 0 { "-" } else { "" };
            let kept = usize::try_from(kept).unwrap_or(0);
            let shown = format!("{:0>width$}", number.unsigned_abs(), width = kept + 1);
            let (whole, rest) = shown.split_at(shown.len() - kept);
            format!("{sign}{whole}.{rest:0<digits$}")
        }
        _ => format!("{}.{:0<digits$}", row.whole(0), ""),
    };
    Ok(with_commas(&plain, digits > 0).into())
}

/// By a pattern of Java's, half to even.
fn by_pattern(row: &Row<'_>) -> Result<String> {
    let format = DecimalFormat::parse(row.text(1))?;
    let most = format.most_fraction;
    if matches!(row.column(0), Column::Double(_) | Column::Float(_)) {
        let value = row.double(0) * f64::from(format.multiplier);
        return Ok(match value.is_finite() {
            true => format.written(&plain_double(value.abs(), most), value.is_sign_negative()),
            false => format.without_digits(value),
        });
    }
    let (unscaled, scale) = row.decimal(0);
    let kept = i32::try_from(most).unwrap_or(i32::MAX).min(scale.into());
    let number = unscaled
        .checked_mul(i128::from(format.multiplier))
        .and_then(|number| rescaled(number, scale.into(), kept, Mode::HalfEven));
    let Some(number) = number else {
        return exec_err!("{unscaled} times {} has too many digits", format.multiplier);
    };
    let mut plain = String::new();
    let kept = i8::try_from(kept).unwrap_or(i8::MAX);
    text::write_decimal(&mut plain, number.abs(), kept);
    Ok(format.written(&plain, unscaled < 0))
}

/// All digits of a double that it shows, rounded by its exact value.
pub(super) fn plain_double(value: f64, digits: usize) -> String {
    let shown = format!("{value}");
    let behind = shown.split_once('.').map_or(0, |(_, rest)| rest.len());
    if behind > digits {
        format!("{value:.digits$}")
    } else {
        let dot = if behind == 0 { "." } else { "" };
        format!("{shown}{dot}{:0<missing$}", "", missing = digits - behind)
    }
}

pub(super) fn with_commas(plain: &str, point: bool) -> String {
    let (whole, rest) = plain.split_once('.').unwrap_or((plain, ""));
    let (sign, whole) = whole
        .strip_prefix('-')
        .map_or(("", whole), |whole| ("-", whole));
    let mut out = sign.to_owned();
    for (at, digit) in whole.char_indices() {
        if at > 0
            && (whole.len() - at) % 3 == 0
            && whole.is_char_boundary(at)
            && digit.is_ascii_digit()
        {
            out.push(',');
        }
        out.push(digit);
    }
    if point { format!("{out}.{rest}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_rounded_by_what_its_text_shows() {
        for (value, digits, result) in [
            (1.005, 2, 1.01),
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (1e300, 2, 1e300),
            (-0.1, -1, 0.0),
            (f64::INFINITY, 2, f64::INFINITY),
        ] {
            assert_eq!(
                rounded_text(&format!("{value:e}"), value, digits, Mode::HalfUp),
                result
            );
        }
        assert_eq!(rounded_text("2.5e0", 2.5, 0, Mode::HalfEven), 2.0);
    }

    #[test]
    fn hexadecimal_digits_are_bytes_from_the_end() {
        assert_eq!(unhex("4A4b"), Some(vec![0x4a, 0x4b]));
        assert_eq!(unhex("4"), Some(vec![4]));
        assert_eq!(unhex("zz"), None);
    }
}
