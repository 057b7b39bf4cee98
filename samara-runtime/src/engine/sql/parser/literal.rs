//! Constants: numbers with their types, texts, bytes, and texts with a type before them.

use datafusion::sql::sqlparser::ast::{Expr, UnaryOperator, Value};
use datafusion::sql::sqlparser::tokenizer::{Span, Token};

use super::{Parser, Result};
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::dialect::{Piece, unescaped};
use crate::engine::sql::spark_function::{call, string};

/// The most digits of a decimal.
const MOST_DIGITS: usize = 38;

impl Parser<'_> {
    /// A number behind its sign; a letter behind it says its type.
    pub(super) fn number(&mut self, sign: &str) -> Result<Expr> {
        let Some(piece) = self.peek() else {
            return Err(self.expected("a number"));
        };
        let Token::Number(digits, long) = &piece.token else {
            return Err(self.expected("a number"));
        };
        self.next += 1;
        if *long {
            return Ok(typed(sign, digits, "bigint"));
        }
        let suffix = self.peek().filter(|next| piece.touches(next));
        let Some(suffix) = suffix.filter(|next| next.keyword().is_some()) else {
            return self.plain_number(piece, sign, digits);
        };
        let kind = match suffix.keyword().unwrap_or_default().as_str() {
            "Y" => "tinyint",
            "S" => "smallint",
            "L" => "bigint",
            "F" => "float",
            "D" => "double",
            "BD" => {
                self.next += 1;
                return self.decimal(piece, sign, digits);
            }
            _ => {
                let shown = &self.text[piece.start..suffix.end];
                let message = format!(
                    "`{shown}` is neither a number nor a plain name: a name that begins with a digit stands in backticks"
                );
                return Err(self.wrong(piece, &message));
            }
        };
        self.next += 1;
        Ok(typed(sign, digits, kind))
    }

    fn plain_number(&self, piece: &Piece, sign: &str, digits: &str) -> Result<Expr> {
        if digits.contains(['e', 'E']) {
            return match digits.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(typed(sign, digits, "double")),
                _ => Err(self.wrong(piece, &format!("`{digits}` is beyond the range of double"))),
            };
        }
        let is_long = format!("{sign}{digits}").parse::<i64>().is_ok();
        match digits.contains('.') || !is_long {
            true => self.decimal(piece, sign, digits),
            false => Ok(signed(sign, digits, piece.span)),
        }
    }

    /// A decimal with the digits that it is written with.
    fn decimal(&self, piece: &Piece, sign: &str, digits: &str) -> Result<Expr> {
        let too_long = || {
            let message = format!("a decimal has at most {MOST_DIGITS} digits");
            self.wrong(piece, &message)
        };
        let (mantissa, exponent) = digits.split_once(['e', 'E']).unwrap_or((digits, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| too_long())?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let unscaled = format!("{whole}{fraction}");
        let unscaled = unscaled.trim_start_matches('0');
        let scale = i32::try_from(fraction.len()).map_err(|_| too_long())? - exponent;
        let zeros = usize::try_from(-scale.min(0)).map_err(|_| too_long())?;
        if unscaled.len().saturating_add(zeros) > MOST_DIGITS {
            return Err(too_long());
        }
        let unscaled = unscaled.to_owned() + &"0".repeat(zeros);
        let scale = usize::try_from(scale.max(0)).map_err(|_| too_long())?;
        let precision = unscaled.len().max(scale).max(1);
        if precision > MOST_DIGITS {
            return Err(too_long());
        }
        let padded = format!("{unscaled:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        let value = match fraction {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        };
        Ok(typed(
            sign,
            &value,
            &format!("decimal({precision},{scale})"),
        ))
    }

    /// Texts that stand behind each other are one.
    pub(super) fn texts(&mut self) -> Result<Expr> {
        let span = self.peek().map_or(Span::empty(), |piece| piece.span);
        let mut whole = String::new();
        loop {
            let raw = self.peek().is_some_and(|piece| piece.is_keyword("R")) && self.raw_follows();
            self.next += usize::from(raw);
            let Some((text, quote)) = self.peek().and_then(Piece::quoted) else {
                break;
            };
            match raw {
                true => whole.push_str(text),
                false => whole.push_str(&unescaped(text, quote)),
            }
            self.next += 1;
        }
        Ok(Expr::Value(
            Value::SingleQuotedString(whole).with_span(span),
        ))
    }

    /// Whether the text behind this word touches it, as in `r'\d'`.
    fn raw_follows(&self) -> bool {
        match (self.peek(), self.peek_at(1)) {
            (Some(word), Some(text)) => word.touches(text) && text.quoted().is_some(),
            _ => false,
        }
    }

    /// What a word before a text says of it.
    pub(super) fn word_before_text(
        &mut self,
        keyword: &str,
        word: &Piece,
        text: &Piece,
    ) -> Result<Expr> {
        let (raw, quote) = text.quoted().unwrap_or_default();
        let kind = match keyword {
            "R" if word.touches(text) => return self.texts(),
            "INTERVAL" => return self.interval(),
            "DATE" => "date",
            "TIMESTAMP" | "TIMESTAMP_LTZ" => "timestamp",
            "TIMESTAMP_NTZ" => "timestamp_ntz",
            "X" => {
                let bytes = self.bytes(text, raw)?;
                self.next += 2;
                return Ok(bytes);
            }
            "TIME" => {
                return Err(self.wrong(word, "Spark's type TIME is not supported yet"));
            }
            "NOT" | "AND" | "OR" | "IN" | "IS" | "BETWEEN" | "LIKE" | "ILIKE" | "RLIKE"
            | "REGEXP" | "DIV" | "ESCAPE" | "FROM" => {
                return Err(self.expected("an expression"));
            }
            "ANY" | "SOME" | "ALL" => {
                self.next += 1;
                return Err(self.expected("`(`"));
            }
            _ => {
                let shown = self.shown(word);
                let message = format!(
                    "Spark has no literal `{shown} '…'`; it has DATE, TIMESTAMP, TIMESTAMP_LTZ, TIMESTAMP_NTZ, INTERVAL, X and r"
                );
                return Err(self.wrong(word, &message));
            }
        };
        self.next += 2;
        let value = unescaped(raw, quote);
        Ok(named_moment(&value, kind).unwrap_or_else(|| typed("", &value, kind)))
    }

    /// Bytes of hexadecimal digits; of an odd number the first byte has one.
    pub(super) fn bytes(&self, at: &Piece, digits: &str) -> Result<Expr> {
        if !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(self.wrong(at, "X'…' holds hexadecimal digits alone"));
        }
        let zero = "0".repeat(digits.len() % 2);
        let digits = format!("{zero}{digits}");
        Ok(Expr::Value(
            Value::HexStringLiteral(digits).with_span(at.span),
        ))
    }
}

/// What Spark knows by a name in a literal, though not in a cast: `DATE 'today'`, `TIMESTAMP 'epoch'`.
fn named_moment(name: &str, kind: &str) -> Option<Expr> {
    let today = || call("current_date", Vec::new());
    let days = |function| {
        let one = Expr::Value(Value::Number("1".to_owned(), false).with_empty_span());
        call(function, vec![today(), one])
    };
    let day = match name.trim().to_ascii_lowercase().as_str() {
        "epoch" if kind == "timestamp" => return Some(typed("", "1970-01-01T00:00:00Z", kind)),
        "epoch" => return Some(typed("", "1970-01-01", kind)),
        "now" if kind == "timestamp" => return Some(call("current_timestamp", Vec::new())),
        "now" if kind == "timestamp_ntz" => return Some(call("localtimestamp", Vec::new())),
        "now" | "today" => today(),
        "tomorrow" => days("date_add"),
        "yesterday" => days("date_sub"),
        _ => return None,
    };
    Some(call(kind, vec![day]))
}

fn typed(sign: &str, digits: &str, kind: &str) -> Expr {
    let text = format!("{sign}{digits}");
    call(SparkCast::LITERAL, vec![string(&text), string(kind)])
}

/// A whole number in the planner's own form.
fn signed(sign: &str, digits: &str, span: Span) -> Expr {
    let number = Expr::Value(Value::Number(digits.to_owned(), false).with_span(span));
    match sign {
        "" => number,
        _ => Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr: Box::new(number),
        },
    }
}
