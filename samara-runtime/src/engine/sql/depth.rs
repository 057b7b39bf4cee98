//! How deep an expression is, counted from its tokens, before anything recurses over it.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, TokenWithSpan};

/// An expression of more levels is refused.
///
/// A call, a pair of parentheses, a `CASE` is a level for what is in it, and an operator one for its operands. A chain of `AND`, `OR` or `||` is
/// one, however long it is.
pub(super) const MOST_LEVELS: usize = 1_000;

/// An expression of more tokens is refused.
const MOST_TOKENS: usize = 1_000_000;

/// What has been counted between an opening token and here.
#[derive(Default)]
struct Group {
    /// The operators since the last token that ends an operand.
    operators: usize,
    /// Whether the last operator was `||`.
    is_concatenated: bool,
    /// How many `BETWEEN` wait for their `AND`.
    betweens: usize,
}

/// Why an expression is refused that is too deep or too long, and the token at which it is.
pub(super) fn refusal(tokens: &[TokenWithSpan]) -> Option<(String, Span)> {
    let (mut group, mut outer) = (Group::default(), Vec::new());
    let mut levels = 0_usize;
    for TokenWithSpan { token, span } in tokens.iter().take(MOST_TOKENS) {
        match kind(token) {
            Kind::Opens => {
                // What stands before a bracket is its operand.
                let operators = usize::from(*token == Token::LBracket);
                group.operators += operators;
                outer.push(std::mem::take(&mut group));
                levels += 1 + operators;
            }
            Kind::Closes => {
                // What closes nothing is for the parser to refuse.
                if let Some(around) = outer.pop() {
                    levels -= 1 + group.operators;
                    group = around;
                }
            }
            Kind::Bounds if group.betweens > 0 => group.betweens -= 1,
            Kind::Separates | Kind::Bounds => {
                levels -= group.operators;
                group = Group::default();
            }
            Kind::Concatenates if group.is_concatenated => {}
            kind @ (Kind::Concatenates | Kind::Ranges | Kind::Operates) => {
                group.is_concatenated = matches!(kind, Kind::Concatenates);
                group.betweens += usize::from(matches!(kind, Kind::Ranges));
                group.operators += 1;
                levels += 1;
            }
            Kind::Operand => {}
        }
        if levels > MOST_LEVELS {
            let message =
                format!("the expression is nested too deeply: more than {MOST_LEVELS} levels");
            return Some((message, *span));
        }
    }
    let message = || format!("the expression is too long: more than {MOST_TOKENS} tokens");
    tokens.get(MOST_TOKENS).map(|token| (message(), token.span))
}

/// What a token does to the depth.
enum Kind {
    Opens,
    Closes,
    Separates,
    /// `AND`, which may belong to a `BETWEEN`.
    Bounds,
    /// `BETWEEN`.
    Ranges,
    /// `||`.
    Concatenates,
    Operates,
    Operand,
}

fn kind(token: &Token) -> Kind {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => Kind::Opens,
        Token::RParen | Token::RBracket | Token::RBrace => Kind::Closes,
        Token::Comma => Kind::Separates,
        Token::StringConcat => Kind::Concatenates,
        Token::Word(word) if word.quote_style.is_some() => Kind::Operand,
        Token::Word(word) => match word.keyword {
            Keyword::CASE => Kind::Opens,
            Keyword::END => Kind::Closes,
            Keyword::AND => Kind::Bounds,
            Keyword::BETWEEN => Kind::Ranges,
            Keyword::OR | Keyword::WHEN | Keyword::THEN | Keyword::ELSE => Kind::Separates,
            Keyword::NOT
            | Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::SIMILAR
            | Keyword::DIV
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::XOR
            | Keyword::INTERVAL => Kind::Operates,
            _ => Kind::Operand,
        },
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::DoubleQuotedString(_)
        | Token::Period
        | Token::Whitespace(_)
        | Token::EOF => Kind::Operand,
        // Every other token is an operator's, or the parser refuses it.
        _ => Kind::Operates,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::util::display::array_value_to_string;

    use crate::{DataFrame, RunSettings, Session};

    /// One row, in which `v` is the text `5` and `n` the number 5.
    fn frame() -> DataFrame {
        let session = Session::new(&RunSettings::default()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.keep().join("in.csv");
        std::fs::write(&path, "5,5,true\n").unwrap();
        let reader = session
            .read()
            .schema([("v", "string"), ("n", "int"), ("t", "boolean")]);
        reader.csv(&path.display().to_string()).unwrap()
    }

    fn value(expression: &str) -> crate::Result<String> {
        let frame = frame().with_column("r", expression)?.select(["r"])?;
        let batches = frame.session.collect(&frame.plan)?;
        Ok(array_value_to_string(batches[0].column(0), 0).unwrap())
    }

    fn chain(terms: usize, separator: &str, term: impl Fn(usize) -> String) -> String {
        (0..terms).map(term).collect::<Vec<_>>().join(separator)
    }

    fn nested(levels: usize, before: &str, inner: &str, after: &str) -> String {
        format!("{}{inner}{}", before.repeat(levels), after.repeat(levels))
    }

    #[test]
    fn chains_of_any_length_are_computed() {
        let ors = chain(10_000, " OR ", |at| format!("v = 'x{at}'"));
        assert_eq!(value(&ors).unwrap(), "false");
        let ands = chain(3_000, " AND ", |at| format!("v > {}", at % 5));
        assert_eq!(value(&ands).unwrap(), "true");
        let texts = chain(10_000, " || ", |_| "v".to_owned());
        assert_eq!(value(&texts).unwrap(), "5".repeat(10_000));
    }

    #[test]
    fn sums_of_many_terms_are_computed() {
        assert_eq!(
            value(&chain(1_000, " + ", |_| "n".to_owned())).unwrap(),
            "5000"
        );
        assert_eq!(
            value(&chain(500, " + ", |at| ["n", "v"][at.min(1)].to_owned())).unwrap(),
            "2500"
        );
    }

    #[test]
    fn deep_expressions_without_a_column_are_computed() {
        assert_eq!(
            value(&chain(500, " + ", |_| "1".to_owned())).unwrap(),
            "500"
        );
        assert_eq!(
            value(&chain(99, " = ", |_| "true".to_owned())).unwrap(),
            "true"
        );
        assert_eq!(value(&nested(100, "upper(", "'a'", ")")).unwrap(), "A");
        let negations = nested(101, "-(", "1", ")");
        assert_eq!(value(&negations).unwrap(), "-1");
        let chosen = nested(100, "CASE WHEN rand() > 2 THEN 1 ELSE ", "5", " END");
        assert_eq!(value(&chosen).unwrap(), "5");
    }

    #[test]
    fn nested_calls_are_computed() {
        for levels in [60, 900] {
            let calls = nested(levels, "upper(", "v", ")");
            assert_eq!(value(&calls).unwrap(), "5");
            let parentheses = nested(levels, "(", "v", ")");
            assert_eq!(value(&parentheses).unwrap(), "5");
            let cases = nested(levels, "CASE WHEN n > 5 THEN 1 ELSE ", "n", " END");
            assert_eq!(value(&cases).unwrap(), "5");
            let negations = nested(levels, "NOT ", "t", "");
            assert_eq!(value(&negations).unwrap(), "true");
            let casts = nested(levels, "cast(", "n", " as bigint)");
            assert_eq!(value(&casts).unwrap(), "5");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused_at_its_place() {
        for text in [
            nested(100_000, "(", "v", ")"),
            nested(100_000, "upper(", "v", ")"),
            nested(100_000, "NOT ", "t", ""),
            nested(100_000, "array(", "v", ")"),
            nested(100_000, "", "v", "[0]"),
            nested(100_000, "cast(v as ", "int", ")"),
            format!("cast(v as {})", nested(100_000, "array<", "int", ">")),
            nested(100_000, "CASE WHEN t THEN 1 ELSE ", "n", " END"),
            nested(100_000, "", "n", " BETWEEN 1 AND 2"),
            nested(100_000, "", "n", " IS NULL"),
            nested(100_000, "- ", "n", ""),
            chain(100_000, " + ", |_| "n".to_owned()),
        ] {
            let error = frame().with_column("r", &text).unwrap_err().to_string();
            assert!(error.contains("nested too deeply"), "{error:.200}");
        }
        let text = chain(1_000_000, " OR ", |_| "t".to_owned());
        let error = frame().with_column("r", &text).unwrap_err().to_string();
        assert!(error.contains("too long"), "{error:.200}");
    }

    #[test]
    fn functions_that_copy_what_stands_in_them_are_refused_before_they_copy_too_much() {
        assert_eq!(
            value(&nested(60, "sqrt(", "n * 0 + 1", ")")).unwrap(),
            "1.0"
        );
        for call in ["nullif(", "decode("] {
            let many = nested(60, call, "v", ", 'a', 'b', 'c', 'd', 'e')");
            let error = frame().with_column("r", &many).unwrap_err().to_string();
            assert!(error.contains("nested too deeply"), "{call} {error:.200}");
        }
    }
}
