//! Formats of numbers, as `'999,999.00'`: `to_number` and `to_char`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, exec_err, plan_err};

use crate::engine::DataType as T;
use crate::engine::sql::functions::date;
use crate::engine::sql::functions::function::{Call, Row, SparkFunction, Takes};
use crate::engine::sql::functions::number::hexadecimal;
use crate::engine::sql::functions::value::{Column, Value};

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, Text};
    let typed = SparkFunction::typed_rows;
    vec![
        typed("to_number", &[Text, Text], decimal_field, |row| {
            read(row, true)
        }),
        typed("try_to_number", &[Text, Text], decimal_field, |row| {
            read(row, false)
        })
        .may_be_null(),
        typed("to_char", &[Any, Text], text_field, written).with_common(number_or_moment),
        typed("to_varchar", &[Any, Text], text_field, written).with_common(number_or_moment),
    ]
}

/// A format in its parts.
#[derive(Debug, PartialEq)]
struct Format {
    /// The digits before the point, and the places of commas between them: each is `9`, `0` or `,`.
    whole: String,
    /// How many digits stand behind the point.
    behind: usize,
    point: bool,
    dollar: bool,
    sign: Sign,
}

#[derive(Debug, PartialEq, Clone, Copy)]
enum Sign {
    None,
    /// `S` or `MI` in front, at the end, and whether a plus is shown.
    Front {
        plus: bool,
    },
    Behind {
        plus: bool,
    },
    /// `PR`: angle brackets around a negative number.
    Brackets,
}

impl Format {
    fn parse(text: &str) -> Option<Self> {
        let upper = text.to_uppercase();
        let mut rest = upper.as_str();
        let mut sign = Sign::None;
        for (mark, plus) in [("MI", false), ("S", true)] {
            if let Some(inner) = rest.strip_prefix(mark) {
                (rest, sign) = (inner, Sign::Front { plus });
                break;
            }
            if let Some(inner) = rest.strip_suffix(mark) {
                (rest, sign) = (inner, Sign::Behind { plus });
                break;
            }
        }
        if let Some(inner) = rest.strip_suffix("PR") {
            if sign != Sign::None {
                return None;
            }
            (rest, sign) = (inner, Sign::Brackets);
        }
        let dollar = rest.starts_with('$');
        rest = rest.strip_prefix('$').unwrap_or(rest);
        let (whole, behind) = match rest.split_once(['.', 'D']) {
            Some((whole, behind)) => (whole, Some(behind)),
            None => (rest, None),
        };
        let whole = whole.replace('G', ",");
        let is_digit = |c: char| c == '9' || c == '0';
        let digits = whole.chars().filter(|c| is_digit(*c)).count();
        let behind_fits =
            behind.is_none_or(|digits| !digits.is_empty() && digits.chars().all(is_digit));
        let commas_fit = !whole.starts_with(',') && !whole.ends_with(',');
        let fits = behind_fits && commas_fit && whole.chars().all(|c| is_digit(c) || c == ',');
        let behind_length = behind.map_or(0, str::len);
        (fits && digits + behind_length > 0 && digits + behind_length <= 38).then_some(Self {
            whole,
            behind: behind_length,
            point: behind.is_some(),
            dollar,
            sign,
        })
    }

    fn digits(&self) -> usize {
        self.whole.chars().filter(|c| *c != ',').count()
    }

    /// The digits of a text in this format, at the scale of its digits behind the point.
    fn read(&self, text: &str) -> Option<i128> {
        let mut rest = text.trim();
        let mut negative = false;
        match self.sign {
            Sign::Front { plus } => {
                if let Some(inner) = rest.strip_prefix('-') {
                    (rest, negative) = (inner, true);
                } else if plus {
                    rest = rest.strip_prefix('+').unwrap_or(rest);
                }
            }
            Sign::Behind { plus } => {
                if let Some(inner) = rest.strip_suffix('-') {
                    (rest, negative) = (inner, true);
                } else if plus {
                    rest = rest.strip_suffix('+').unwrap_or(rest);
                }
            }
            Sign::Brackets => {
                if let Some(inner) = rest.strip_prefix('<') {
                    (rest, negative) = (inner.strip_suffix('>')?, true);
                }
            }
            Sign::None => {}
        }
        if self.dollar {
            rest = rest.strip_prefix('$')?;
        }
        let (whole, behind) = rest.split_once('.').unwrap_or((rest, ""));
        if behind.len() > self.behind || (rest.contains('.') && !self.point) {
            return None;
        }
        let whole = self.matched(whole)?;
        let digits = format!("{whole}{behind:0<width$}", width = self.behind);
        let none = whole.is_empty() && behind.is_empty();
        if none || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number: i128 = format!("0{digits}").parse().ok()?;
        Some(if negative { -number } else { number })
    }

    /// The digits before the point, if the commas between them are where the format has them.
    fn matched(&self, text: &str) -> Option<String> {
        let mut places = self.whole.chars().rev();
        let mut digits = Vec::new();
        for letter in text.chars().rev() {
            match (places.next()?, letter) {
                (',', ',') | ('9' | '0', '0'..='9') => {}
                _ => return None,
            }
            if letter != ',' {
                digits.push(letter);
            }
        }
        // What is missing must be optional: a 0 stands for a digit that is there.
        if places.any(|place| place == '0') {
            return None;
        }
        Some(digits.into_iter().rev().collect())
    }

    /// A number in this format; signs of `#` where it does not fit.
    fn written(&self, unscaled: i128, scale: i8) -> String {
        let scale = usize::try_from(scale).unwrap_or(0);
        let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
        let (whole, behind) = digits.split_at(digits.len() - scale);
        let whole = whole.trim_start_matches('0');
        let behind = behind.trim_end_matches('0');
        let fits = whole.len() <= self.digits() && behind.len() <= self.behind;
        let number = if fits {
            self.filled(whole, behind, unscaled < 0)
        } else {
            self.signs()
        };
        self.signed(&number, unscaled < 0)
    }

    fn signs(&self) -> String {
        let whole = self.whole.replace(['9', '0'], "#");
        let dollar = if self.dollar { "$" } else { "" };
        let point = if self.point { "." } else { "" };
        format!("{dollar}{whole}{point}{:#<width$}", "", width = self.behind)
    }

    fn filled(&self, whole: &str, behind: &str, negative: bool) -> String {
        let mut missing = self.digits() - whole.len();
        let mut digits = whole.chars();
        let (mut blank, mut out) = (String::new(), String::new());
        // A zero of the format, and what is behind it, is shown.
        let mut shows = false;
        for place in self.whole.chars() {
            match place {
                ',' if shows || !out.is_empty() => out.push(','),
                ',' => blank.push(' '),
                place if missing > 0 => {
                    missing -= 1;
                    shows |= place == '0';
                    if shows {
                        out.push('0')
                    } else {
                        blank.push(' ')
                    }
                }
                _ => out.extend(digits.next()),
            }
        }
        // A number of nothing before the point shows a zero there, unless its sign comes to stand there.
        let has_room = !matches!(self.sign, Sign::Front { plus } if plus || negative);
        if out.is_empty() && self.point && has_room && blank.pop().is_some() {
            out.push('0');
        }
        let dollar = if self.dollar { "$" } else { "" };
        let point = if self.point { "." } else { "" };
        format!(
            "{dollar}{blank}{out}{point}{behind:0<width$}",
            width = self.behind
        )
    }

    fn signed(&self, number: &str, negative: bool) -> String {
        let blanks = number.len() - number.trim_start().len();
        let (before, digits) = number.split_at(blanks);
        let mark = |plus: bool| match (negative, plus) {
            (true, _) => "-",
            (false, true) => "+",
            (false, false) => " ",
        };
        match self.sign {
            Sign::None => number.to_owned(),
            Sign::Front { plus } => format!("{before}{}{digits}", mark(plus)),
            Sign::Behind { plus } => format!("{number}{}", mark(plus)),
            Sign::Brackets if negative => format!("{before}<{digits}>"),
            Sign::Brackets => format!("{number} "),
        }
    }
}

fn decimal_field(call: &Call<'_>) -> Result<Field> {
    let format = literal(call)?;
    let narrow = |digits: usize| u8::try_from(digits).unwrap_or(38);
    let precision = narrow(format.digits() + format.behind);
    Ok(call.strict(ArrowType::Decimal128(
        precision,
        narrow(format.behind).cast_signed(),
    )))
}

fn literal(call: &Call<'_>) -> Result<Format> {
    let Some(text) = call.text(1) else {
        return plan_err!("the format of `{}` is a literal", call.name);
    };
    match Format::parse(text) {
        Some(format) => Ok(format),
        None => plan_err!("`{text}` is no format of numbers"),
    }
}

fn read(row: &Row<'_>, fails: bool) -> Result<Value> {
    let number = Format::parse(row.text(1)).and_then(|format| format.read(row.text(0)));
    match number {
        None if fails => exec_err!("`{}` is not in the format `{}`", row.text(0), row.text(1)),
        number => Ok(number.map_or(Value::Null, Value::Decimal)),
    }
}

/// Numbers as decimals, texts as doubles are refused; days as moments.
fn number_or_moment(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let first = match &types[0] {
        decimal @ ArrowType::Decimal128(..) => decimal.clone(),
        whole if whole.is_integer() => whole.clone(),
        ArrowType::Date32 | ArrowType::Timestamp(..) => T::Timestamp.to_arrow(),
        ArrowType::Binary => ArrowType::Binary,
        _ => {
            return plan_err!(
                "`to_char` takes a decimal, a whole number, a day, a moment or a binary"
            );
        }
    };
    Ok(vec![first, ArrowType::Utf8])
}

fn text_field(call: &Call<'_>) -> Result<Field> {
    if matches!(call.kind(0), ArrowType::Timestamp(..)) {
        return Ok(date::written_field(call)?.with_nullable(true));
    }
    if *call.kind(0) == ArrowType::Binary {
        return Ok(match bytes_format(call)? {
            BytesFormat::Base64 => call.strict(ArrowType::Utf8),
            BytesFormat::Hex | BytesFormat::Utf8 => call.nullable(ArrowType::Utf8),
        });
    }
    literal(call)?;
    Ok(call.strict(ArrowType::Utf8))
}

fn written(row: &Row<'_>) -> Result<Value> {
    if matches!(row.column(0), Column::Moment(_)) {
        return Ok(date::written(row.text(1), row.whole(0), row.zone())?.into());
    }
    if matches!(row.column(0), Column::Bytes(_)) {
        return match BytesFormat::named(row.text(1)) {
            Some(format) => format.written(row.bytes(0)),
            None => exec_err!("`{}` is no format of binaries", row.text(1)),
        };
    }
    let (unscaled, scale) = row.decimal(0);
    match Format::parse(row.text(1)) {
        Some(format) => Ok(format.written(unscaled, scale).into()),
        None => exec_err!("`{}` is no format of numbers", row.text(1)),
    }
}

/// How bytes are written as a text.
enum BytesFormat {
    Base64,
    Hex,
    Utf8,
}

impl BytesFormat {
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "base64" => Self::Base64,
            "hex" => Self::Hex,
            "utf-8" => Self::Utf8,
            _ => return None,
        })
    }

    fn written(&self, bytes: &[u8]) -> Result<Value> {
        Ok(match self {
            Self::Base64 => STANDARD.encode(bytes).into(),
            Self::Hex => hexadecimal(bytes).into(),
            Self::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => text.into(),
                Err(_) => return exec_err!("these bytes are no UTF-8"),
            },
        })
    }
}

fn bytes_format(call: &Call<'_>) -> Result<BytesFormat> {
    let Some(name) = call.text(1) else {
        return plan_err!("the format of `{}` is a literal", call.name);
    };
    match BytesFormat::named(name) {
        Some(format) => Ok(format),
        None => plan_err!("`{name}` is not one of the formats of binaries: base64, hex and utf-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_reads_what_it_has_places_for() {
        let read = |format: &str, text: &str| Format::parse(format).unwrap().read(text);
        assert_eq!(read("9,999", "1,234"), Some(1234));
        assert_eq!(read("99.9", "12.5"), Some(125));
        assert_eq!(read("9", "12"), None);
        assert_eq!(read("S9", "-5"), Some(-5));
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for format in ["", "x", "9.9.9", ",9", "9,", "S9PR"] {
            assert_eq!(Format::parse(format), None, "{format}");
        }
    }
}
