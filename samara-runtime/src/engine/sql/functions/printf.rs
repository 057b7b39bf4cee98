//! `format_string`: what Java's `Formatter` makes of a format and values.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{Result, exec_err, plan_err};

use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::functions::number::{plain_double, with_commas};
use crate::engine::sql::functions::value::Column;
use crate::engine::text;

pub(super) fn functions() -> Vec<SparkFunction> {
    let named = |name| {
        SparkFunction::columns(name, &[Takes::Text, Takes::Any], field, formatted)
            .repeats()
            .at_least(1)
    };
    vec![named("format_string"), named("printf")]
}

/// Null only where the format is.
fn field(call: &Call<'_>) -> Result<Field> {
    if let Some(nested) = call
        .fields
        .iter()
        .find(|field| field.data_type().is_nested())
    {
        return plan_err!(
            "`{}` does not take {}: it has no text in Spark",
            call.name,
            nested.data_type()
        );
    }
    if call.fields.iter().any(|field| {
        matches!(
            field.data_type(),
            ArrowType::Binary | ArrowType::Timestamp(..)
        )
    }) {
        return plan_err!(
            "`{}` takes numbers, texts, booleans and days; cast other values to texts",
            call.name
        );
    }
    Ok(Field::new(
        call.name,
        ArrowType::Utf8,
        call.fields[0].is_nullable(),
    ))
}

fn formatted(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let formats = args[0].as_string::<i32>();
    let columns = args[1..]
        .iter()
        .map(Column::of)
        .collect::<Result<Vec<_>>>()?;
    let row = |row: usize| {
        if formats.is_null(row) {
            return Ok(None);
        }
        let value = |at: usize| {
            let null = args.get(at + 1).is_none_or(|arg| arg.is_null(row));
            columns.get(at).map(|column| {
                if null {
                    Argument::Null
                } else {
                    Argument::of(column, row)
                }
            })
        };
        format(formats.value(row), value).map(Some)
    };
    Ok(Arc::new(
        (0..formats.len())
            .map(row)
            .collect::<Result<StringArray>>()?,
    ))
}

/// Refuses a format that takes no values of such types.
pub(super) fn check(text: &str, fields: &[FieldRef]) -> Result<()> {
    format(text, |at| {
        fields
            .get(at)
            .map(|field| Argument::like(field.data_type()))
    })
    .map(drop)
}

/// A value as Java has it.
enum Argument {
    Null,
    Text(String),
    Truth(bool),
    /// A whole number, and the bits of its type.
    Whole(i64, u32),
    Double(f64, String),
    Decimal(i128, i8),
}

impl Argument {
    fn of(column: &Column<'_>, row: usize) -> Self {
        match column {
            Column::Text(array) => Self::Text(array.value(row).to_owned()),
            Column::Truth(array) => Self::Truth(array.value(row)),
            Column::Byte(_) => Self::Whole(column.whole(row), 8),
            Column::Short(_) => Self::Whole(column.whole(row), 16),
            Column::Int(_) | Column::Date(_) => Self::Whole(column.whole(row), 32),
            Column::Long(_) => Self::Whole(column.whole(row), 64),
            Column::Float(array) => {
                let mut shown = String::new();
                text::write_f32(&mut shown, array.value(row));
                Self::Double(f64::from(array.value(row)), shown)
            }
            Column::Double(array) => {
                let mut shown = String::new();
                text::write_f64(&mut shown, array.value(row));
                Self::Double(array.value(row), shown)
            }
            Column::Decimal(array) => Self::Decimal(array.value(row), array.scale()),
            _ => Self::Null,
        }
    }

    /// A value of a type, which a format takes if it takes any.
    fn like(kind: &ArrowType) -> Self {
        match kind {
            ArrowType::Boolean => Self::Truth(true),
            ArrowType::Int8 => Self::Whole(65, 8),
            ArrowType::Int16 => Self::Whole(65, 16),
            ArrowType::Int32 | ArrowType::Date32 => Self::Whole(65, 32),
            ArrowType::Int64 => Self::Whole(65, 64),
            ArrowType::Float32 | ArrowType::Float64 => Self::Double(1.5, "1.5".to_owned()),
            ArrowType::Decimal128(_, scale) => Self::Decimal(1, *scale),
            ArrowType::Utf8 => Self::Text(String::new()),
            _ => Self::Null,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => text.clone(),
            Self::Truth(value) => value.to_string(),
            Self::Whole(value, _) => value.to_string(),
            Self::Double(_, shown) => shown.clone(),
            Self::Decimal(unscaled, scale) => {
                let mut out = String::new();
                text::write_decimal(&mut out, *unscaled, *scale);
                out
            }
        }
    }
}

/// A conversion: `%[place$][flags][width][.precision]letter`.
struct Conversion<'a> {
    place: Option<usize>,
    flags: &'a str,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

fn conversion(text: &str) -> Option<(Conversion<'_>, &str)> {
    let digits = |text: &str| {
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len())
    };
    let mut rest = text;
    let mut place = None;
    let count = digits(rest);
    if count > 0 && !rest.starts_with('0') && rest[count..].starts_with('$') {
        place = Some(rest[..count].parse::<usize>().ok()?.checked_sub(1)?);
        rest = &rest[count + 1..];
    }
    let end = rest.find(|c| !"-#+ 0,(<".contains(c)).unwrap_or(rest.len());
    let (flags, after) = rest.split_at(end);
    let count = digits(after);
    let width = if count == 0 {
        0
    } else {
        after[..count].parse().ok()?
    };
    rest = &after[count..];
    let mut precision = None;
    if let Some(after) = rest.strip_prefix('.') {
        let count = digits(after);
        precision = Some(after[..count].parse().ok()?);
        rest = &after[count..];
    }
    let letter = rest.chars().next()?;
    let conversion = Conversion {
        place,
        flags,
        width,
        precision,
        letter,
    };
    Some((conversion, &rest[letter.len_utf8()..]))
}

fn format(format: &str, value: impl Fn(usize) -> Option<Argument>) -> Result<String> {
    let mut out = String::new();
    let (mut rest, mut next) = (format, 0);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let Some((conversion, after)) = conversion(&rest[at + 1..]) else {
            return exec_err!("`{format}` ends within a conversion");
        };
        rest = after;
        match conversion.letter {
            'n' => out.push('\n'),
            '%' => out.push_str(&padded("%".to_owned(), &conversion)),
            _ => {
                let place = conversion.place.unwrap_or_else(|| {
                    next += 1;
                    next - 1
                });
                let Some(argument) = value(place) else {
                    return exec_err!("`{format}` has no value for `%{}`", conversion.letter);
                };
                out.push_str(&converted(&argument, &conversion)?);
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

fn converted(argument: &Argument, conversion: &Conversion<'_>) -> Result<String> {
    let letter = conversion.letter;
    if conversion.flags.contains(['#', '<']) {
        return exec_err!("the flags # and < of `%{letter}` are not supported yet");
    }
    let shown = match (letter.to_ascii_lowercase(), argument) {
        ('b', Argument::Null) => cut("false".to_owned(), conversion),
        ('b', Argument::Truth(value)) => cut(value.to_string(), conversion),
        ('b', _) => cut("true".to_owned(), conversion),
        (_, Argument::Null) => cut("null".to_owned(), conversion),
        ('s', value) => cut(value.shown(), conversion),
        ('c', Argument::Whole(code, _)) => {
            let letter = u32::try_from(*code).ok().and_then(char::from_u32);
            match letter {
                Some(letter) => letter.to_string(),
                None => return exec_err!("{code} is the code of no letter"),
            }
        }
        ('d', Argument::Whole(value, _)) => return Ok(number(value.to_string(), conversion)),
        ('x' | 'o', Argument::Whole(value, bits)) => {
            let mask = if *bits == 64 {
                u64::MAX
            } else {
                (1 << bits) - 1
            };
            let bits = value.cast_unsigned() & mask;
            let digits = if letter == 'o' {
                format!("{bits:o}")
            } else {
                format!("{bits:x}")
            };
            let digits = if letter == 'X' {
                digits.to_uppercase()
            } else {
                digits
            };
            return Ok(zeros(String::new(), digits, conversion));
        }
        ('f', Argument::Double(value, _)) if value.is_finite() => {
            let digits = conversion.precision.unwrap_or(6);
            return Ok(number(half_up(*value, digits), conversion));
        }
        ('e', Argument::Double(value, _)) if value.is_finite() => {
            let shown = format!(
                "{value:.precision$e}",
                precision = conversion.precision.unwrap_or(6)
            );
            let (digits, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
            let exponent: i32 = exponent.parse().unwrap_or(0);
            let sign = if exponent < 0 { '-' } else { '+' };
            return Ok(number(
                format!("{digits}{letter}{sign}{:02}", exponent.abs()),
                conversion,
            ));
        }
        ('f' | 'e', Argument::Double(_, shown)) => shown.clone(),
        (other, _) if "bscdxofe".contains(other) => {
            return exec_err!("`%{letter}` does not take this value");
        }
        _ => return exec_err!("the conversion `%{letter}` is not supported yet"),
    };
    let shown = if letter.is_uppercase() {
        shown.to_uppercase()
    } else {
        shown
    };
    Ok(padded(shown, conversion))
}

/// A double with so many digits, of the digits that it shows, half up.
fn half_up(value: f64, digits: usize) -> String {
    let plain = plain_double(value, 0);
    let shown = format!("{value}");
    let behind = shown.split_once('.').map_or("", |(_, rest)| rest);
    if behind.len() <= digits {
        let (whole, _) = shown.split_once('.').unwrap_or((&shown, ""));
        let point = if digits > 0 { "." } else { "" };
        return format!("{whole}{point}{behind:0<digits$}");
    }
    let unscaled = shown.replace('.', "").parse::<i128>();
    let scale = i8::try_from(behind.len());
    match (unscaled, scale) {
        (Ok(unscaled), Ok(scale)) => {
            let text = decimal_half_up(unscaled, scale, digits);
            if value.is_sign_negative() && !text.starts_with('-') {
                format!("-{text}")
            } else {
                text
            }
        }
        // So many digits that the last ones round to nothing.
        _ if digits == 0 => plain,
        _ => format!("{value:.digits$}"),
    }
}

fn decimal_half_up(unscaled: i128, scale: i8, digits: usize) -> String {
    let behind = usize::try_from(scale).unwrap_or(0);
    let dropped = u32::try_from(behind.saturating_sub(digits)).unwrap_or(0);
    let magnitude = unscaled.unsigned_abs();
    let weight = 10_u128.checked_pow(dropped).unwrap_or(u128::MAX);
    let kept = magnitude / weight + u128::from(dropped > 0 && magnitude % weight * 2 >= weight);
    let padding = digits.saturating_sub(behind);
    let text = format!("{kept}{:0<padding$}", "");
    let text = format!("{text:0>width$}", width = digits + 1);
    let (whole, rest) = text.split_at(text.len() - digits);
    let sign = if unscaled < 0 { "-" } else { "" };
    let point = if digits > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{rest}")
}

/// At most as many letters as the precision says.
fn cut(text: String, conversion: &Conversion<'_>) -> String {
    match conversion.precision {
        Some(length) => text.chars().take(length).collect(),
        None => text,
    }
}

/// A number with the flags of its sign, commas and zeros.
fn number(shown: String, conversion: &Conversion<'_>) -> String {
    let (negative, digits) = match shown.strip_prefix('-') {
        Some(digits) => (true, digits.to_owned()),
        None => (false, shown),
    };
    let digits = if conversion.flags.contains(',') {
        let point = digits.contains('.');
        with_commas(&digits, point)
    } else {
        digits
    };
    let has = |flag| conversion.flags.contains(flag);
    let (before, after) = match negative {
        true if has('(') => ("(", ")"),
        true => ("-", ""),
        false if has('+') => ("+", ""),
        false if has(' ') => (" ", ""),
        false => ("", ""),
    };
    zeros(before.to_owned(), digits + after, conversion)
}

/// A sign and digits, with zeros between if the flag asks for them.
fn zeros(sign: String, digits: String, conversion: &Conversion<'_>) -> String {
    if conversion.flags.contains('0') {
        let width = conversion.width.saturating_sub(sign.len());
        return format!("{sign}{digits:0>width$}");
    }
    padded(sign + &digits, conversion)
}

fn padded(text: String, conversion: &Conversion<'_>) -> String {
    let width = conversion.width;
    if conversion.flags.contains('-') {
        format!("{text:<width$}")
    } else {
        format!("{text:>width$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_rounded_half_up_by_the_digits_that_it_shows() {
        assert_eq!(half_up(0.125, 2), "0.13");
        assert_eq!(half_up(-0.001, 2), "-0.00");
        assert_eq!(half_up(2.5, 0), "3");
        assert_eq!(half_up(12.0, 2), "12.00");
    }
}
