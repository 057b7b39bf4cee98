//! Patterns of numbers, as `'#,##0.00'`, by the rules of Java's `DecimalFormat` in the English of the United States.

use datafusion::common::{Result, plan_err};

/// A pattern in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DecimalFormat {
    positive: Affixes,
    negative: Affixes,
    /// By which numbers are multiplied: for percent and per mille.
    pub multiplier: u32,
    least_whole: usize,
    least_fraction: usize,
    pub most_fraction: usize,
    /// The digits between commas; none, if there are no commas.
    group: usize,
    always_point: bool,
}

/// What stands around the digits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Affixes {
    prefix: String,
    suffix: String,
}

/// Where in a pattern a letter stands.
#[derive(Clone, Copy, PartialEq)]
enum Phase {
    Prefix,
    Number,
    Suffix,
}

/// What a pattern says of digits.
#[derive(Default)]
struct Digits {
    left: usize,
    zeros: usize,
    right: usize,
    point: Option<usize>,
    group: Option<usize>,
}

impl Digits {
    fn total(&self) -> usize {
        self.left + self.zeros + self.right
    }

    /// Takes a letter, if it is one of a number's.
    fn take(&mut self, letter: char, pattern: &str) -> Result<bool> {
        match letter {
            '#' if self.zeros > 0 => self.right += 1,
            '#' => self.left += 1,
            '0' if self.right > 0 => {
                return plan_err!("the format `{pattern}` has a 0 behind a # that follows a 0");
            }
            '0' => self.zeros += 1,
            ',' => {
                self.group = Some(0);
                return Ok(true);
            }
            '.' if self.point.is_some() => {
                return plan_err!("the format `{pattern}` has two points");
            }
            '.' => {
                self.point = Some(self.total());
                return Ok(true);
            }
            _ => return Ok(false),
        }
        if let (Some(group), None) = (&mut self.group, self.point) {
            *group += 1;
        }
        Ok(true)
    }
}

impl DecimalFormat {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// For one that is none, or that is not supported.
    pub fn parse(pattern: &str) -> Result<Self> {
        if pattern.is_empty() {
            return Self::parse("#,###,###,###,###,###,##0");
        }
        let mut multiplier = 1;
        let (mut digits, positive, rest) = subpattern(pattern, pattern, &mut multiplier)?;
        let negative = match rest {
            Some(rest) if !rest.is_empty() => Some(subpattern(rest, pattern, &mut 1)?.1),
            _ => None,
        };
        // `###.###` and its like: one of the digits has to be there.
        if let (0, 1.., Some(point)) = (digits.zeros, digits.left, digits.point) {
            let whole = point.max(1);
            digits.right = digits.left - whole;
            digits.left = whole - 1;
            digits.zeros = 1;
        }
        let (zeros_end, total) = (digits.left + digits.zeros, digits.total());
        let is_misplaced = |point: usize| point < digits.left || point > zeros_end;
        if digits.point.is_some_and(is_misplaced) || digits.group == Some(0) {
            return plan_err!("`{pattern}` is no format of numbers");
        }
        let minus = Affixes {
            prefix: format!("-{}", positive.prefix),
            ..positive.clone()
        };
        Ok(Self {
            negative: negative.filter(|own| *own != positive).unwrap_or(minus),
            positive,
            multiplier,
            least_whole: digits.point.unwrap_or(total) - digits.left,
            least_fraction: digits.point.map_or(0, |point| zeros_end - point),
            most_fraction: digits.point.map_or(0, |point| total - point),
            group: digits.group.unwrap_or(0),
            always_point: digits
                .point
                .is_some_and(|point| point == 0 || point == total),
        })
    }

    /// A number of which the digits are given, rounded to no more behind the point than [`most_fraction`](Self::most_fraction).
    pub fn written(&self, plain: &str, is_negative: bool) -> String {
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let mut digits = format!("{whole:0>width$}", width = self.least_whole);
        let fraction = format!("{fraction:0<width$}", width = self.least_fraction);
        if digits.is_empty() && fraction.is_empty() {
            digits.push('0');
        }
        let mut out = String::new();
        for (at, digit) in digits.char_indices() {
            let behind = digits.len() - at;
            if at > 0 && self.group > 0 && behind.is_multiple_of(self.group) {
                out.push(',');
            }
            out.push(digit);
        }
        if self.always_point || !fraction.is_empty() {
            out.push('.');
        }
        out.push_str(&fraction);
        self.around(&out, is_negative)
    }

    /// A double that has no digits.
    pub fn without_digits(&self, value: f64) -> String {
        match value.is_nan() {
            true => "NaN".to_owned(),
            false => self.around("∞", value < 0.0),
        }
    }

    fn around(&self, digits: &str, is_negative: bool) -> String {
        let affixes = if is_negative {
            &self.negative
        } else {
            &self.positive
        };
        format!("{}{digits}{}", affixes.prefix, affixes.suffix)
    }
}

/// The digits of a pattern and what stands around them, up to a `;`, and what follows that.
fn subpattern<'a>(
    text: &'a str,
    pattern: &str,
    multiplier: &mut u32,
) -> Result<(Digits, Affixes, Option<&'a str>)> {
    let (mut digits, mut affixes) = (Digits::default(), Affixes::default());
    let (mut phase, mut quoted) = (Phase::Prefix, false);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if !quoted {
            if letter == 'E' && phase == Phase::Number {
                return plan_err!(
                    "exponents in a format, as in `{pattern}`, are not supported yet"
                );
            }
            if digits.take(letter, pattern)? {
                phase = Phase::Number;
                continue;
            }
            if phase == Phase::Number {
                phase = Phase::Suffix;
            }
        }
        let affix = match phase {
            Phase::Prefix => &mut affixes.prefix,
            Phase::Number | Phase::Suffix => &mut affixes.suffix,
        };
        match letter {
            '\'' if letters.next_if(|(_, next)| *next == '\'').is_some() => affix.push('\''),
            '\'' => quoted = !quoted,
            other if quoted => affix.push(other),
            ';' if phase == Phase::Suffix => return Ok((digits, affixes, Some(&text[at + 1..]))),
            ';' => return plan_err!("the format `{pattern}` has no digits in front of the `;`"),
            '¤' if letters.next_if(|(_, next)| *next == '¤').is_some() => affix.push_str("USD"),
            '¤' => affix.push('$'),
            '%' | '‰' => {
                if *multiplier != 1 {
                    return plan_err!("the format `{pattern}` has two signs of percent");
                }
                *multiplier = if letter == '%' { 100 } else { 1000 };
                affix.push(letter);
            }
            other => affix.push(other),
        }
    }
    match quoted {
        true => plan_err!("a quote in the format `{pattern}` does not end"),
        false => Ok((digits, affixes, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_writes_what_java_writes() {
        for (pattern, plain, text) in [
            ("##.##", "12.35", "12.35"),
            ("##.##", "0", "0"),
            ("#.##", "0.5", "0.5"),
            (".##", "0.5", ".5"),
            ("#,##0.00", "1234567.5", "1,234,567.50"),
            ("000", "7", "007"),
            ("'#'#", "5", "#5"),
            ("#0.#x", "5", "5x"),
            ("0 EUR", "5", "5 EUR"),
            ("¤0", "5", "$5"),
        ] {
            let format = DecimalFormat::parse(pattern).unwrap();
            assert_eq!(format.written(plain, false), text, "{pattern}");
        }
        let format = DecimalFormat::parse("0;(0)").unwrap();
        assert_eq!(format.written("5", true), "(5)");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["0.0.0", "0#0", "#,", "0.0,", "'x", ";0", "0E0", "%0%"] {
            assert!(DecimalFormat::parse(pattern).is_err(), "{pattern}");
        }
    }
}
