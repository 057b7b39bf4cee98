//! Spark SQL's tokens.

use std::any::{Any as _, TypeId};

use datafusion::sql::sqlparser::dialect::{Dialect, SparkSqlDialect};
use datafusion::sql::sqlparser::tokenizer::{
    Location, Span, Token, TokenWithSpan, Tokenizer, TokenizerError,
};

use crate::engine::sql::depth::refusal;
use crate::engine::sql::parser::SyntaxError;

/// A token, and the bytes of the text that it takes.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub token: Token,
    pub span: Span,
    pub start: usize,
    pub end: usize,
}

impl Piece {
    /// A word outside of backticks, in upper case.
    pub fn keyword(&self) -> Option<String> {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_uppercase()),
            _ => None,
        }
    }

    /// Whether this is a word of Spark SQL, outside of backticks.
    pub fn is_keyword(&self, keyword: &str) -> bool {
        matches!(&self.token, Token::Word(word)
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
    }

    /// What stands between the quotes of a text, as it is written.
    pub fn quoted(&self) -> Option<(&str, char)> {
        match &self.token {
            Token::SingleQuotedString(raw) => Some((raw, '\'')),
            Token::DoubleQuotedString(raw) => Some((raw, '"')),
            _ => None,
        }
    }

    /// Whether nothing stands between this token and the next.
    pub fn touches(&self, next: &Self) -> bool {
        self.end == next.start
    }
}

/// The tokens of an expression, without spaces and comments.
///
/// # Errors
///
/// For a text, a name or a comment that is not closed.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, SyntaxError> {
    let tokens = Tokenizer::new(&SparkDialect, text)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(|error| not_closed(text, &error))?;
    if let Some((message, place)) = refusal(&tokens) {
        let at = Offsets::new(text).of(place.start);
        return Err(SyntaxError { message, at });
    }
    let mut offsets = Offsets::new(text);
    let mut pieces = Vec::new();
    for TokenWithSpan { token, span } in tokens {
        let (start, end) = (offsets.of(span.start), offsets.of(span.end));
        if matches!(token, Token::Whitespace(_)) {
            continue;
        }
        match apart(&token) {
            None => pieces.push(Piece {
                token,
                span,
                start,
                end,
            }),
            Some(signs) => pieces.extend((start..).zip(signs).map(|(start, token)| Piece {
                token,
                span,
                start,
                end: start + 1,
            })),
        }
    }
    Ok(pieces)
}

/// The signs of a token that is several of Spark's, each of one letter.
fn apart(token: &Token) -> Option<[Token; 2]> {
    Some(match token {
        // Those of `array<array<int>>`; the parser puts a shift together again.
        Token::ShiftRight => [Token::Gt, Token::Gt],
        Token::DoubleTilde => [Token::Tilde, Token::Tilde],
        Token::ExclamationMarkTilde => [Token::ExclamationMark, Token::Tilde],
        Token::DoubleExclamationMark => [Token::ExclamationMark, Token::ExclamationMark],
        Token::TildeAsterisk => [Token::Tilde, Token::Mul],
        _ => return None,
    })
}

/// Why a text has no tokens.
fn not_closed(text: &str, error: &TokenizerError) -> SyntaxError {
    let at = Offsets::new(text).of(error.location);
    let (message, at) = if error.message.contains("comment") {
        let begin = text.find("/*").unwrap_or(at);
        (
            "the comment is not closed: `*/` is missing".to_owned(),
            begin,
        )
    } else {
        match text[at..].chars().next() {
            Some('`') => (
                "the name is not closed: a backtick is missing".to_owned(),
                at,
            ),
            Some(quote @ ('\'' | '"')) => (
                format!("the text is not closed: a `{quote}` is missing"),
                at,
            ),
            _ => ("a quote is not closed".to_owned(), at),
        }
    };
    SyntaxError { message, at }
}

/// Places of a text as offsets in bytes, found from its beginning to its end.
struct Offsets<'a> {
    rest: std::str::CharIndices<'a>,
    place: Location,
}

impl<'a> Offsets<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.char_indices(),
            place: Location { line: 1, column: 1 },
        }
    }

    fn of(&mut self, place: Location) -> usize {
        while self.place < place {
            match self.rest.next() {
                Some((_, '\n')) => {
                    self.place = Location {
                        line: self.place.line + 1,
                        column: 1,
                    };
                }
                Some(_) => self.place.column += 1,
                None => break,
            }
        }
        self.rest.offset()
    }
}

/// The tokenizer's Spark dialect, with backslashes in strings.
#[derive(Debug)]
struct SparkDialect;

impl Dialect for SparkDialect {
    fn dialect(&self) -> TypeId {
        SparkSqlDialect.type_id()
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_start(ch)
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        SparkSqlDialect.is_identifier_part(ch)
    }

    fn supports_string_literal_backslash_escape(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }
}

/// What stands between quotes, as Spark's `unescapeSQLString` reads it. `\%` and `\_` keep their backslash, for LIKE.
pub(super) fn unescaped(text: &str, quote: char) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        if first == quote {
            rest = rest.strip_prefix(quote).unwrap_or(rest);
        }
        if first != '\\' {
            out.push(first);
            continue;
        }
        match escape(rest) {
            Some((shown, length)) => {
                out.push_str(&shown);
                rest = &rest[length..];
            }
            None => out.push('\\'),
        }
    }
    out
}

/// What an escape stands for, and how many bytes it takes behind its backslash.
fn escape(text: &str) -> Option<(String, usize)> {
    let first = text.chars().next()?;
    let code = |digits: Option<&str>, radix| u32::from_str_radix(digits?, radix).ok();
    let coded = |value: Option<u32>, length| {
        let shown = value.and_then(char::from_u32)?;
        Some((shown.to_string(), length))
    };
    let special = match first {
        'u' => coded(code(text.get(1..5), 16), 5),
        'U' => coded(code(text.get(1..9), 16), 9),
        '0' | '1' => coded(
            code(text.get(..3), 8).filter(|_| text.is_char_boundary(3)),
            3,
        ),
        _ => None,
    };
    if special.is_some() {
        return special;
    }
    let shown = match first {
        '0' => "\0".to_owned(),
        'b' => "\u{8}".to_owned(),
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        't' => "\t".to_owned(),
        'Z' => "\u{1a}".to_owned(),
        '%' | '_' => format!("\\{first}"),
        other => other.to_string(),
    };
    Some((shown, first.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_unescaped_as_spark_unescapes_them() {
        for (inner, value) in [
            (r"\\D", r"\D"),
            (r"a\nb", "a\nb"),
            (r"\u0041", "A"),
            (r"\101", "A"),
            (r"a\'b", "a'b"),
            ("a''b", "a'b"),
            (r"\%\_", r"\%\_"),
            (r"\x", "x"),
            ("é\\é", "éé"),
        ] {
            assert_eq!(unescaped(inner, '\''), value, "{inner}");
        }
    }

    #[test]
    fn each_token_knows_its_bytes() {
        let text = "é + /* ü */ 'ß' >> b";
        let shown: Vec<&str> = pieces(text)
            .unwrap()
            .iter()
            .map(|piece| &text[piece.start..piece.end])
            .collect();
        assert_eq!(shown, ["é", "+", "'ß'", ">", ">", "b"]);
    }
}
