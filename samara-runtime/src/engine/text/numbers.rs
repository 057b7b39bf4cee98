//! Texts as numbers, as Spark's `CAST` reads them, and as the parsers of Java do that it and the readers of files ask.

use std::borrow::Cow;
use std::str::FromStr;

use super::trim;

/// A boolean as `CAST` reads it from text: `t`, `true`, `y`, `yes`, `1` and their opposites, in any case.
pub(crate) fn parse_boolean(text: &str) -> Option<bool> {
    match trim(text).to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "0" => Some(false),
        _ => None,
    }
}

/// A whole number as `CAST` reads it (`UTF8String.toLongExact`): digits of ASCII, with a sign or without one, and white space around them.
pub(crate) fn parse_integer<T: FromStr>(text: &str) -> Option<T> {
    trim(text).parse().ok()
}

/// A float or a double as `CAST` reads it: as Java does, and the numbers without digits by any of their names, in any case.
pub(crate) fn parse_float<T: Float>(text: &str) -> Option<T> {
    let text = trim_java(text);
    java_float(text).or_else(|| {
        let (sign, name) = split_sign(text);
        match name.to_ascii_lowercase().as_str() {
            "inf" | "infinity" => infinity(sign),
            "nan" if sign.is_empty() => T::from_str("NaN").ok(),
            _ => None,
        }
    })
}

/// A decimal as `CAST` reads it, rounded half up to the scale of its type; nothing if it is no number or does not fit.
pub(crate) fn parse_decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    JavaDecimal::parse(trim_java(text))?.unscaled(precision, scale)
}

/// A decimal as the readers of files take it: commas between digits are no matter, blanks are.
pub(crate) fn parse_decimal_of_file(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let decimal = JavaDecimal::parse(&without_commas(text))?;
    let dropped = decimal.scale.saturating_sub(i32::from(scale));
    (dropped <= GREATEST_POWER_OF_TEN).then(|| decimal.unscaled(precision, scale))?
}

/// Java has no greater power of ten as a `BigInteger`, by which it divides a decimal that has more digits behind the point than its type.
const GREATEST_POWER_OF_TEN: i32 = 646_456_993;

pub(crate) fn without_commas(text: &str) -> Cow<'_, str> {
    match text.contains(',') {
        true => Cow::Owned(text.replace(',', "")),
        false => Cow::Borrowed(text),
    }
}

/// A boolean as Scala's `toBoolean` reads it: in any case, to which Java counts the long s.
pub(crate) fn scala_boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase().replace('ſ', "s");
    text.parse().ok()
}

/// A whole number as Java's `Integer.parseInt` reads it: with decimal digits of any script.
pub(crate) fn java_integer<T: FromStr>(text: &str) -> Option<T> {
    let parsed = text.parse().ok();
    parsed.or_else(|| with_ascii_digits(text)?.parse().ok())
}

/// A float or a double as Java's `Double.parseDouble` reads it: with blanks and control characters around it, with a suffix of `d` or `f`, or
/// hexadecimal with an exponent, as `0x1.8p3`.
pub(crate) fn java_float<T: Float>(text: &str) -> Option<T> {
    let text = trim_java(text);
    let (sign, magnitude) = split_sign(text);
    match magnitude {
        "NaN" => return T::from_str("NaN").ok(),
        "Infinity" => return infinity(sign),
        _ => {}
    }
    let digits = magnitude
        .strip_suffix(['d', 'D', 'f', 'F'])
        .unwrap_or(magnitude);
    if let Some(digits) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        let value = T::nearest(Hexadecimal::parse(digits)?);
        return Some(if sign == "-" { -value } else { value });
    }
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let is_number = !digits.starts_with(['+', '-']) && digits.bytes().all(is_plain);
    is_number.then(|| format!("{sign}{digits}").parse().ok())?
}

fn infinity<T: FromStr>(sign: &str) -> Option<T> {
    format!("{sign}inf").parse().ok()
}

/// Java's `String.trim`.
fn trim_java(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn split_sign(text: &str) -> (&str, &str) {
    text.split_at(usize::from(text.starts_with(['+', '-'])))
}

/// A type of numbers with a binary exponent.
pub(crate) trait Float: FromStr + std::ops::Neg<Output = Self> {
    /// The bits of a number's significant part.
    const BITS: i64;
    /// The exponent of the least number.
    const LEAST: i64;

    /// One that is exactly one of this type's, or beyond all of them.
    fn from_exact(value: f64) -> Self;

    /// The number that is nearest, the even one of two.
    fn nearest(number: Hexadecimal) -> Self {
        let Hexadecimal { bits, exponent } = number;
        let length = i64::from(u64::BITS - bits.leading_zeros());
        let lowest = (exponent + length - Self::BITS).max(Self::LEAST);
        let kept = match u32::try_from(lowest - exponent) {
            Err(_) => return Self::from_exact(scaled(bits, exponent)),
            Ok(0) => bits,
            Ok(dropped) if dropped > u64::BITS => 0,
            Ok(dropped) => {
                let kept = bits.checked_shr(dropped).unwrap_or(0);
                let half = 1 << (dropped - 1);
                let rest = u128::from(bits) & (2 * half - 1);
                let up = rest > half || (rest == half && kept % 2 == 1);
                kept + u64::from(up)
            }
        };
        Self::from_exact(scaled(kept, lowest))
    }
}

impl Float for f64 {
    const BITS: i64 = 53;
    const LEAST: i64 = -1074;

    fn from_exact(value: f64) -> Self {
        value
    }
}

impl Float for f32 {
    const BITS: i64 = 24;
    const LEAST: i64 = -149;

    fn from_exact(value: f64) -> Self {
        value as Self
    }
}

/// A number times a power of two, in two steps, since the power alone may be beyond a double.
fn scaled(bits: u64, exponent: i64) -> f64 {
    let exponent = i32::try_from(exponent.clamp(-3000, 3000)).unwrap_or(0);
    let half = exponent / 2;
    bits as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half)
}

/// A whole number times a power of two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hexadecimal {
    bits: u64,
    exponent: i64,
}

impl Hexadecimal {
    /// What follows `0x`: digits with a point or without one, and an exponent.
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['p', 'P'])?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (mut bits, mut more) = (0_u64, 0);
        for digit in whole.chars().chain(fraction.chars()) {
            let digit = u64::from(digit.to_digit(16)?);
            if bits >> 60 == 0 {
                bits = bits << 4 | digit;
            } else {
                // Of digits that are too many counts only whether there is one that is not zero.
                bits |= u64::from(digit != 0);
                more += 4;
            }
        }
        let (sign, digits) = split_sign(exponent);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent: i64 = digits.parse().unwrap_or(i64::MAX).min(1 << 40);
        let exponent = if sign == "-" { -exponent } else { exponent };
        let behind = 4 * i64::try_from(fraction.len()).ok()?;
        Some(Self {
            bits,
            exponent: exponent - behind + more,
        })
    }
}

/// A number as Java's `BigDecimal` has it: digits, and how many of them stand behind the point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JavaDecimal {
    is_negative: bool,
    /// Without zeros in front of the first other one.
    digits: Vec<u8>,
    pub scale: i32,
}

impl JavaDecimal {
    /// A decimal as `new BigDecimal(text)` reads it: with decimal digits of any script.
    pub fn parse(text: &str) -> Option<Self> {
        let ascii = with_ascii_digits(text);
        let (sign, magnitude) = split_sign(ascii.as_deref().unwrap_or(text));
        let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (magnitude, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.bytes().chain(fraction.bytes());
        if whole.len() + fraction.len() == 0 || !digits.clone().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        Some(Self {
            is_negative: sign == "-",
            digits: digits
                .map(|digit| digit - b'0')
                .skip_while(|digit| *digit == 0)
                .collect(),
            scale: i32::try_from(scale).ok()?,
        })
    }

    /// The number of its digits, one for zero.
    pub fn precision(&self) -> i32 {
        i32::try_from(self.digits.len().max(1)).unwrap_or(i32::MAX)
    }

    /// The digits of a decimal of a type, rounded half up; nothing if it has too many.
    fn unscaled(&self, precision: u8, scale: i8) -> Option<i128> {
        let length = i64::try_from(self.digits.len()).ok()?;
        let kept = length - i64::from(self.scale) + i64::from(scale);
        if self.digits.is_empty() || kept < 0 {
            return Some(0);
        }
        if kept > i64::from(precision) {
            return None;
        }
        let kept = usize::try_from(kept).ok()?;
        let places = self.digits.iter().chain(std::iter::repeat(&0)).take(kept);
        let number = places.fold(0, |sum, digit| sum * 10 + i128::from(*digit));
        let up = self.digits.get(kept).is_some_and(|digit| *digit >= 5);
        let number = number + i128::from(up);
        let fits = number < 10_i128.checked_pow(u32::from(precision))?;
        fits.then_some(if self.is_negative { -number } else { number })
    }
}

/// A text with the decimal digits of other scripts as those of ASCII; nothing if it is all ASCII.
fn with_ascii_digits(text: &str) -> Option<String> {
    (!text.is_ascii()).then(|| text.chars().map(as_ascii_digit).collect())
}

fn as_ascii_digit(character: char) -> char {
    let zero = ZEROS.iter().rev().find(|zero| **zero <= character);
    let digit = zero.map(|zero| u32::from(character) - u32::from(*zero));
    let ascii = digit.and_then(|digit| char::from_digit(digit, 10));
    ascii.unwrap_or(character)
}

/// The zeros that Java's `Character.digit` knows, each with its nine other digits behind it. It looks at one unit of UTF-16 at a time, so digits
/// beyond the first plane are none to its parsers.
const ZEROS: [char; 37] = [
    '\u{30}', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}',
    '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}',
    '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{19d0}', '\u{1a80}',
    '\u{1a90}', '\u{1b50}', '\u{1bb0}', '\u{1c40}', '\u{1c50}', '\u{a620}', '\u{a8d0}', '\u{a900}',
    '\u{a9d0}', '\u{a9f0}', '\u{aa50}', '\u{abf0}', '\u{ff10}',
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_read_as_java_and_spark_read_it() {
        for (text, value) in [
            ("1d", 1.0),
            (" 1.5F ", 1.5),
            ("0x1.8p1", 3.0),
            ("-0x1p-3", -0.125),
            ("0x1.fffffffffffff8p0", 2.0),
            ("0x1p-1074", 5e-324),
            ("0x1.8p-1075", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1p1024", f64::INFINITY),
            ("inf", f64::INFINITY),
            ("-iNfInItY", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_float(text), Some(value), "{text}");
        }
        for text in ["nan", "-NaN", "\u{1}NAN"] {
            assert!(parse_float::<f64>(text).is_some_and(f64::is_nan), "{text}");
        }
        for text in [
            "", "-nan", "1dd", "infd", "0x1", "0xp1", "1_0", "١", "++1", "\u{a0}1", "e1", ".",
        ] {
            assert_eq!(parse_float::<f64>(text), None, "{text}");
        }
    }

    #[test]
    fn a_hexadecimal_float_is_rounded_once() {
        assert_eq!(parse_float("0x1.0000018p0"), Some(1.000_000_1_f32));
        assert_eq!(parse_float("0x1.000001p0"), Some(1.0_f32));
        assert_eq!(
            parse_float("0x1.00000100000000001p0"),
            Some(1.000_000_1_f32)
        );
        assert_eq!(parse_float("0x1p128"), Some(f32::INFINITY));
    }

    #[test]
    fn digits_of_other_scripts_are_digits_to_java() {
        assert_eq!(java_integer("-١٢"), Some(-12));
        assert_eq!(java_integer::<i32>("𝟙"), None);
        assert_eq!(parse_integer::<i32>("١٢"), None);
        assert_eq!(parse_decimal("１.٥", 3, 1), Some(15));
    }

    #[test]
    fn a_decimal_of_any_exponent_is_read_or_refused_at_once() {
        assert_eq!(parse_decimal("1e-2147483647", 10, 2), Some(0));
        assert_eq!(parse_decimal("1e-2147483648", 10, 2), None);
        assert_eq!(parse_decimal("0e2147483647", 10, 2), Some(0));
        assert_eq!(parse_decimal("1e2147483647", 10, 2), None);
        assert_eq!(parse_decimal("99999999.995", 10, 2), None);
        assert_eq!(parse_decimal_of_file("1,000.5", 10, 2), Some(100_050));
        assert_eq!(parse_decimal_of_file(" 1", 10, 2), None);
    }
}
