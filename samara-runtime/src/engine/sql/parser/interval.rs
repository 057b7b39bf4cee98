//! Intervals: `INTERVAL 1 DAY 2 HOURS`, `INTERVAL '1-2' YEAR TO MONTH`, `INTERVAL '1 day'`.

use datafusion::sql::sqlparser::ast::{Expr, Interval};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Parser, Result};
use crate::engine::sql::dialect::{Piece, unescaped};
use crate::engine::sql::spark_function::string;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What an interval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// So many months.
    Months(i64),
    /// So many microseconds, and whether they are days.
    Micros { each: i64, of_days: bool },
}

impl Unit {
    const NAMES: &str = "YEAR, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND or MICROSECOND";

    fn of(name: &str) -> Option<Self> {
        let name = name.to_uppercase();
        let micros = |each: i64| Self::Micros {
            each,
            of_days: false,
        };
        let days = |days: i64| Self::Micros {
            each: days * MICROS_PER_DAY,
            of_days: true,
        };
        Some(match name.strip_suffix('S').unwrap_or(&name) {
            "YEAR" => Self::Months(12),
            "MONTH" => Self::Months(1),
            "WEEK" => days(7),
            "DAY" => days(1),
            "HOUR" => micros(3_600_000_000),
            "MINUTE" => micros(60_000_000),
            "SECOND" => micros(1_000_000),
            "MILLISECOND" => micros(1000),
            "MICROSECOND" => micros(1),
            _ => return None,
        })
    }

    fn is_second(self) -> bool {
        matches!(
            self,
            Self::Micros {
                each: 1_000_000,
                ..
            }
        )
    }
}

/// The sum of what an interval is made of.
#[derive(Debug, Default)]
struct Sum {
    months: i64,
    micros: i64,
    has_months: bool,
    has_days: bool,
    has_time: bool,
}

impl Sum {
    /// Adds so many of a unit.
    ///
    /// # Errors
    ///
    /// A sentence, for a number that is none, or is too large.
    fn add(&mut self, number: &str, unit: Unit) -> std::result::Result<(), String> {
        let too_large = || format!("an interval of `{number}` is too large");
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let are_digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || digits.trim_matches('.').is_empty() {
            return Err(format!("`{number}` is no number of an interval"));
        }
        if digits.contains('.') && !unit.is_second() {
            return Err(format!(
                "only seconds have a fraction, and `{number}` are none"
            ));
        }
        let count = match whole {
            "" => 0,
            whole => whole.parse::<i64>().map_err(|_| too_large())?,
        };
        match unit {
            Unit::Months(each) => {
                let months = count
                    .checked_mul(each)
                    .filter(|months| *months <= i32::MAX.into());
                self.months += sign * months.ok_or_else(too_large)?;
                self.has_months = true;
            }
            Unit::Micros { each, of_days } => {
                let fraction = format!("{fraction:0<6.6}").parse::<i64>().unwrap_or(0);
                let micros = count.checked_mul(each);
                let micros = micros.and_then(|micros| micros.checked_add(fraction));
                let sum = micros.and_then(|micros| self.micros.checked_add(sign * micros));
                self.micros = sum.ok_or_else(too_large)?;
                self.has_days |= of_days;
                self.has_time |= !of_days;
            }
        }
        Ok(())
    }

    fn mixes(&self) -> bool {
        self.has_months && (self.has_days || self.has_time)
    }

    /// The interval as the planner reads it. One of hours and less keeps some of them, since with a day it gives a timestamp.
    fn interval(&self) -> Expr {
        let (mut days, mut micros) = (
            self.micros.div_euclid(MICROS_PER_DAY),
            self.micros.rem_euclid(MICROS_PER_DAY),
        );
        if self.has_time && micros == 0 {
            days -= 1;
            micros = MICROS_PER_DAY;
        }
        let months = self.months;
        let text = format!("{months} months {days} days {micros} microseconds");
        Expr::Interval(Interval {
            value: Box::new(string(&text)),
            leading_field: None,
            leading_precision: None,
            last_field: None,
            fractional_seconds_precision: None,
        })
    }
}

impl Parser<'_> {
    /// Whether the word INTERVAL is behind nothing that makes it a name.
    pub(super) fn begins_interval(&self) -> bool {
        let signed = usize::from(self.is_at(1, &Token::Minus) || self.is_at(1, &Token::Plus));
        let value = self.peek_at(1 + signed);
        let is_value = value.is_some_and(|piece| {
            matches!(piece.token, Token::Number(..)) || piece.quoted().is_some()
        });
        let unit_follows = || {
            let unit = self.peek_at(2 + signed).and_then(Piece::keyword);
            unit.is_some_and(|word| Unit::of(&word).is_some())
        };
        let is_word = matches!(
            self.peek_at(1),
            Some(Piece {
                token: Token::Word(_),
                ..
            })
        );
        is_value && (signed == 0 || unit_follows()) || is_word && unit_follows()
    }

    pub(super) fn interval(&mut self) -> Result<Expr> {
        let begin = self.next;
        self.next += 1;
        let mut sum = Sum::default();
        while let Some(value) = self.interval_value()? {
            let at = self.next - 1;
            let piece = &self.pieces[at];
            let unit = self.peek().and_then(Piece::keyword);
            let known = unit.as_deref().and_then(Unit::of);
            let refuse = |message: String| self.wrong(piece, &message);
            match (known, unit) {
                (Some(_), Some(from)) if self.is_keyword_at(1, "TO") => {
                    self.next += 2;
                    let to = self.peek().and_then(Piece::keyword).unwrap_or_default();
                    let from = from.trim_end_matches('S').to_owned();
                    let to = to.trim_end_matches('S').to_owned();
                    fields(&value, &from, &to, &mut sum)
                        .map_err(|message| self.wrong(piece, &message))?;
                    self.next += 1;
                    break;
                }
                (Some(unit), _) => {
                    sum.add(value.trim(), unit).map_err(refuse)?;
                    self.next += 1;
                }
                (None, _) if at == begin + 1 && piece.quoted().is_some() => {
                    pairs(&value, &mut sum).map_err(refuse)?;
                    break;
                }
                (None, _) => {
                    return Err(self.expected(&format!("a unit ({})", Unit::NAMES)));
                }
            }
        }
        let word = &self.pieces[begin];
        if self.next == begin + 1 {
            let message = "an interval is of constants, as INTERVAL 1 DAY; timestampadd(DAY, n, moment) adds a number that a column has";
            return Err(self.wrong(word, message));
        }
        if sum.mixes() {
            let message = "an interval has years and months, or weeks, days and less, not both";
            return Err(self.wrong(word, message));
        }
        Ok(sum.interval())
    }

    /// A number or a text with its sign; nothing, if neither comes next.
    fn interval_value(&mut self) -> Result<Option<String>> {
        let signed = self.is(&Token::Minus) || self.is(&Token::Plus);
        let value = match self.peek_at(usize::from(signed)) {
            Some(piece) => match (&piece.token, piece.quoted()) {
                (Token::Number(digits, false), _) => digits.clone(),
                (_, Some((raw, quote))) => unescaped(raw, quote),
                _ => return Ok(None),
            },
            None => return Ok(None),
        };
        let unit_follows = self
            .peek_at(1 + usize::from(signed))
            .and_then(Piece::keyword)
            .is_some_and(|word| Unit::of(&word).is_some());
        let first = self.pieces[self.next - 1].is_keyword("INTERVAL");
        if !first && !unit_follows {
            return Ok(None);
        }
        let negative = self.is(&Token::Minus);
        self.next += 1 + usize::from(signed);
        Ok(Some(match (negative, value.strip_prefix('-')) {
            (false, _) => value,
            (true, Some(positive)) => positive.to_owned(),
            (true, None) => format!("-{value}"),
        }))
    }
}

/// An interval in a text: `1 day -2 hours`.
fn pairs(text: &str, sum: &mut Sum) -> std::result::Result<(), String> {
    let refuse = || {
        format!(
            "`{text}` is no interval; one is `1 day 2 hours` or `1 year 3 months`, with the units {}",
            Unit::NAMES
        )
    };
    let mut words = text.split_whitespace().peekable();
    words.next_if(|word| word.eq_ignore_ascii_case("interval"));
    let words: Vec<&str> = words.collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return Err(refuse());
    }
    for [number, unit] in pairs {
        sum.add(number, Unit::of(unit).ok_or_else(refuse)?)?;
    }
    Ok(())
}

/// An interval of fields in one text: `'1-2' YEAR TO MONTH`, `'1 02:03:04.5' DAY TO SECOND`.
fn fields(text: &str, from: &str, to: &str, sum: &mut Sum) -> std::result::Result<(), String> {
    const TIMES: [&str; 4] = ["DAY", "HOUR", "MINUTE", "SECOND"];
    let (sign, unsigned) = match text.trim().strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.trim().trim_start_matches('+')),
    };
    let place = |unit: &str| TIMES.iter().position(|other| *other == unit);
    let (units, parts, shape): (Vec<&str>, Vec<&str>, &str) = match (place(from), place(to)) {
        _ if (from, to) == ("YEAR", "MONTH") => {
            (vec!["YEAR", "MONTH"], unsigned.split('-').collect(), "1-2")
        }
        (Some(from), Some(to)) if from < to => (
            TIMES[from..=to].to_vec(),
            unsigned.split([' ', ':']).collect(),
            ["1 02:03:04.5", "02:03:04.5", "03:04.5", ""][from],
        ),
        _ => {
            return Err(format!(
                "there are no intervals from {from} to {to}; there are YEAR TO MONTH, and those from DAY, HOUR or MINUTE to a smaller one up to SECOND"
            ));
        }
    };
    let most = |unit: &str| match unit {
        "MONTH" => 11,
        "HOUR" => 23,
        _ => 59,
    };
    let in_range = |(at, (part, unit)): (usize, (&&str, &&str))| {
        let whole = part.split('.').next().unwrap_or_default().parse::<u64>();
        at == 0 || whole.is_ok_and(|whole| whole <= most(unit))
    };
    let mut all = parts.iter().zip(&units).enumerate();
    if parts.len() != units.len() || !all.all(in_range) {
        return Err(format!(
            "`{text}` is no interval from {from} to {to}, which is written as '{shape}' or the beginning of that"
        ));
    }
    for (part, unit) in parts.into_iter().zip(units) {
        if let Some(unit) = Unit::of(unit) {
            sum.add(&format!("{sign}{part}"), unit)?;
        }
    }
    Ok(())
}
