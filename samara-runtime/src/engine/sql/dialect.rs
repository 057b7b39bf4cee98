//! Spark SQL's text: tokens and literals, where the parser's own dialect differs from Spark.

use std::any::{Any as _, TypeId};

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::DFParserBuilder;
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, ExprWithAlias};
use datafusion::sql::sqlparser::dialect::{Dialect, SparkSqlDialect};
use datafusion::sql::sqlparser::keywords::{Keyword, RESERVED_FOR_IDENTIFIER};
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::depth::{MOST_LEVELS, refusal};

/// Parses an expression as Spark does.
///
/// # Errors
///
/// [`DataFusionError::SQL`], whose message ends with line and column where they are known.
pub(crate) fn parse_expression(text: &str) -> Result<ExprWithAlias> {
    let tokens = Tokenizer::new(&SparkDialect, text)
        .with_unescape(false)
        .tokenize_with_location()
        .map_err(ParserError::from)
        .map_err(|error| DataFusionError::SQL(Box::new(error), None))?;
    if let Some((message, place)) = refusal(&tokens) {
        let error = ParserError::ParserError(format!("{message}{}", place.start));
        return Err(DataFusionError::SQL(Box::new(error), None));
    }
    DFParserBuilder::new(literals(tokens))
        .with_dialect(&SparkDialect)
        .with_recursion_limit(4 * MOST_LEVELS)
        .build()?
        .parse_into_expr()
}

/// The parser's Spark dialect, with backslashes in strings, strings that continue each other, and `div` at the precedence of `*`.
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

    fn supports_string_literal_concatenation(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn supports_struct_literal(&self) -> bool {
        true
    }

    /// A column may be named `struct`.
    fn is_reserved_for_identifier(&self, word: Keyword) -> bool {
        word != Keyword::STRUCT && RESERVED_FOR_IDENTIFIER.contains(&word)
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_long_type_as_bigint(&self) -> bool {
        true
    }

    fn require_interval_qualifier(&self) -> bool {
        true
    }

    fn supports_bang_not_operator(&self) -> bool {
        true
    }

    fn supports_map_literal_with_angle_brackets(&self) -> bool {
        true
    }

    fn parse_infix(
        &self,
        parser: &mut Parser,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        if !parser.parse_keyword(Keyword::DIV) {
            return None;
        }
        let right = parser.parse_subexpr(precedence);
        Some(right.map(|right| Expr::BinaryOp {
            left: Box::new(expr.clone()),
            op: BinaryOperator::MyIntegerDivide,
            right: Box::new(right),
        }))
    }
}

/// The tokens with Spark's literals in the parser's terms: strings without escapes, numbers with a suffix or an exponent as literals of a type.
fn literals(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut rest = tokens.into_iter().peekable();
    let mut plain: Vec<TokenWithSpan> = Vec::new();
    let mut minus = "";
    while let Some(TokenWithSpan { token, span }) = rest.next() {
        let next = rest.peek().map(|next| &next.token);
        let (new, takes_next) = match (token, next) {
            (Token::Minus, Some(Token::Number(..))) if !ends_operand(&plain) => {
                minus = "-";
                continue;
            }
            (
                Token::Word(word),
                Some(Token::SingleQuotedString(raw) | Token::DoubleQuotedString(raw)),
            ) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case("r") => {
                (vec![Token::SingleQuotedString(raw.clone())], true)
            }
            (Token::SingleQuotedString(text), _) => (vec![string(&text, '\'')], false),
            (Token::DoubleQuotedString(text), _) => (vec![string(&text, '"')], false),
            (Token::Word(mut word), _) if word.quote_style == Some('`') => {
                word.value = word.value.replace("``", "`");
                (vec![Token::Word(word)], false)
            }
            (Token::Word(word), Some(Token::LParen)) if word.keyword == Keyword::EXISTS => {
                (vec![exists(word, rest.clone())], false)
            }
            (Token::Number(digits, long), next) => {
                number(std::mem::take(&mut minus), digits, long, next)
            }
            (token, _) => (vec![token], false),
        };
        if takes_next {
            rest.next();
        }
        plain.extend(new.into_iter().map(|token| TokenWithSpan { token, span }));
    }
    plain
}

fn string(text: &str, quote: char) -> Token {
    Token::SingleQuotedString(unescaped(text, quote))
}

/// The function `exists`, as a name in quotes: in front of a query it is a keyword.
fn exists(word: Word, rest: impl Iterator<Item = TokenWithSpan>) -> Token {
    let mut behind = rest.map(|token| token.token).skip(1);
    let first = behind.find(|token| !matches!(token, Token::Whitespace(_)));
    match first {
        Some(Token::Word(first)) if matches!(first.keyword, Keyword::SELECT | Keyword::WITH) => {
            Token::Word(word)
        }
        _ => Token::make_word(&word.value, Some('`')),
    }
}

/// Whether a minus behind these tokens subtracts; elsewhere it is part of a literal, since `128Y` alone is none.
fn ends_operand(tokens: &[TokenWithSpan]) -> bool {
    const BEFORE_VALUE: [Keyword; 10] = [
        Keyword::AND,
        Keyword::BETWEEN,
        Keyword::CASE,
        Keyword::DIV,
        Keyword::ELSE,
        Keyword::IN,
        Keyword::NOT,
        Keyword::OR,
        Keyword::THEN,
        Keyword::WHEN,
    ];
    let mut backwards = tokens.iter().rev().map(|token| &token.token);
    match backwards.find(|token| !matches!(token, Token::Whitespace(_))) {
        Some(Token::Word(word)) => !BEFORE_VALUE.contains(&word.keyword),
        Some(token) => matches!(
            token,
            Token::RParen | Token::RBracket | Token::Number(..) | Token::SingleQuotedString(_)
        ),
        None => false,
    }
}

/// The tokens of a number behind a sign, and whether the token behind it is its suffix.
fn number(sign: &str, digits: String, long: bool, next: Option<&Token>) -> (Vec<Token>, bool) {
    let suffix = match next {
        Some(Token::Word(word)) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
        _ => String::new(),
    };
    let of_type = |kind: &str| typed(format!("{sign}{digits}"), kind);
    let plain = |digits: &str| {
        let minus = (!sign.is_empty()).then_some(Token::Minus);
        let number = Token::Number(digits.to_owned(), false);
        minus.into_iter().chain([number]).collect()
    };
    match suffix.as_str() {
        "Y" => (of_type("tinyint"), true),
        "S" => (of_type("smallint"), true),
        "F" => (of_type("float"), true),
        "D" => (of_type("double"), true),
        "BD" if !digits.contains('.') => (of_type(&format!("decimal({},0)", digits.len())), true),
        "BD" => (plain(&digits), true),
        _ if long => (of_type("bigint"), false),
        _ if digits.contains(['e', 'E']) => (of_type("double"), false),
        _ => (plain(&digits), false),
    }
}

/// The tokens of a literal of a type.
fn typed(digits: String, kind: &str) -> Vec<Token> {
    vec![
        Token::make_word(SparkCast::LITERAL, None),
        Token::LParen,
        Token::SingleQuotedString(digits),
        Token::Comma,
        Token::SingleQuotedString(kind.to_owned()),
        Token::RParen,
    ]
}

/// What stands between quotes, as Spark's `unescapeSQLString` reads it. `\%` and `\_` keep their backslash, for LIKE.
fn unescaped(text: &str, quote: char) -> String {
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

    fn shown(text: &str) -> String {
        parse_expression(text).unwrap().expr.to_string()
    }

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
    fn raw_strings_keep_their_backslashes_and_neighbours_are_one_string() {
        assert_eq!(shown(r"r'\D\n'"), r"'\D\n'");
        assert_eq!(shown("'a' 'b'"), "'ab'");
        assert_eq!(shown(r#""a\"b""#), r#"'a"b'"#);
    }

    #[test]
    fn a_number_with_a_suffix_or_an_exponent_has_that_type() {
        for (text, sql) in [
            ("1.5D", "spark_literal('1.5', 'double')"),
            ("1L", "spark_literal('1', 'bigint')"),
            ("1Y", "spark_literal('1', 'tinyint')"),
            ("1e3", "spark_literal('1e3', 'double')"),
            ("1.5BD", "1.5"),
            ("15", "15"),
            ("-128Y", "spark_literal('-128', 'tinyint')"),
            ("a -1L", "a - spark_literal('1', 'bigint')"),
            ("a IN (1, -15)", "a IN (1, -15)"),
        ] {
            assert_eq!(shown(text), sql);
        }
    }

    #[test]
    fn div_binds_as_tightly_as_a_product() {
        assert_eq!(shown("a div 2 + 1"), "a DIV 2 + 1");
        assert!(matches!(
            parse_expression("a div 2 + 1").unwrap().expr,
            Expr::BinaryOp {
                op: BinaryOperator::Plus,
                ..
            }
        ));
    }
}
