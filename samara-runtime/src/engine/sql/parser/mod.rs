//! The grammar of Spark's expressions (`SqlBaseParser.g4`), read by precedence into the planner's syntax tree.
//!
//! The planner's own parser reads many dialects: it takes what Spark does not, binds some operators otherwise, and speaks of its tokens where a
//! text is wrong.

mod call;
mod interval;
mod literal;
mod primary;

use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr, Ident, UnaryOperator};
use datafusion::sql::sqlparser::tokenizer::{Span, Token};

use crate::engine::sql::dialect::{Piece, pieces, unescaped};
use crate::engine::sql::spark_function::{call, escaped_by};

/// Why a text is no expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub message: String,
    /// In bytes of the text.
    pub at: usize,
}

type Result<T> = std::result::Result<T, SyntaxError>;

/// Parses an expression as Spark does; a name behind it counts for nothing.
///
/// # Errors
///
/// A sentence in SQL's terms, and its place.
pub(super) fn parse_expression(text: &str) -> Result<Expr> {
    let pieces = pieces(text)?;
    let mut parser = Parser {
        text,
        pieces: &pieces,
        next: 0,
        cases: 0,
    };
    if pieces.is_empty() {
        return Err(parser.wrong_at(0, "the expression is empty"));
    }
    let expression = parser.named_expression()?;
    match parser.peek() {
        None => Ok(match expression {
            Expr::Named { expr, .. } => *expr,
            other => other,
        }),
        Some(rest) => Err(parser.not_expected(rest)),
    }
}

struct Parser<'a> {
    text: &'a str,
    pieces: &'a [Piece],
    next: usize,
    /// How many `CASE` are open.
    cases: usize,
}

/// How tightly an operator binds: the higher, the tighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Comparison,
    Or,
    Xor,
    And,
    Shift,
    Sum,
    Product,
    Sign,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Piece> {
        self.pieces.get(self.next)
    }

    fn peek_at(&self, ahead: usize) -> Option<&'a Piece> {
        self.pieces.get(self.next + ahead)
    }

    fn is(&self, token: &Token) -> bool {
        self.peek().is_some_and(|piece| piece.token == *token)
    }

    fn is_at(&self, ahead: usize, token: &Token) -> bool {
        self.peek_at(ahead)
            .is_some_and(|piece| piece.token == *token)
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        self.is_keyword_at(0, keyword)
    }

    fn is_keyword_at(&self, ahead: usize, keyword: &str) -> bool {
        self.peek_at(ahead)
            .is_some_and(|piece| piece.is_keyword(keyword))
    }

    fn is_any_keyword_at(&self, ahead: usize, keywords: &[&str]) -> bool {
        keywords
            .iter()
            .any(|keyword| self.is_keyword_at(ahead, keyword))
    }

    /// Takes a token, if it is the next one.
    fn take(&mut self, token: &Token) -> bool {
        let found = self.is(token);
        self.next += usize::from(found);
        found
    }

    /// Takes words, if they are the next ones.
    fn take_keywords(&mut self, keywords: &[&str]) -> bool {
        let all = keywords
            .iter()
            .enumerate()
            .all(|(ahead, keyword)| self.is_keyword_at(ahead, keyword));
        if all {
            self.next += keywords.len();
        }
        all
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.take_keywords(&[keyword])
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<()> {
        match self.take_keyword(keyword) {
            true => Ok(()),
            false => Err(self.expected(&format!("`{keyword}`"))),
        }
    }

    fn open(&mut self) -> Result<usize> {
        let at = self.next;
        match self.take(&Token::LParen) {
            true => Ok(at),
            false => Err(self.expected("`(`")),
        }
    }

    /// The bracket that closes one that was opened; `else_expected` says what else could stand here.
    fn close(&mut self, opened: usize, bracket: &Token, else_expected: &str) -> Result<()> {
        if self.take(bracket) {
            return Ok(());
        }
        match self.peek() {
            None => {
                let open = &self.pieces[opened];
                let message = format!(
                    "`{}` is not closed: `{bracket}` is missing",
                    self.shown(open)
                );
                Err(self.wrong_at(open.start, &message))
            }
            Some(_) => Err(self.expected(&format!("{else_expected}`{bracket}`"))),
        }
    }

    fn shown(&self, piece: &Piece) -> &'a str {
        &self.text[piece.start..piece.end]
    }

    fn wrong_at(&self, at: usize, message: &str) -> SyntaxError {
        SyntaxError {
            message: message.to_owned(),
            at,
        }
    }

    fn wrong(&self, piece: &Piece, message: &str) -> SyntaxError {
        self.wrong_at(piece.start, message)
    }

    /// What is missing at the next token.
    fn expected(&self, what: &str) -> SyntaxError {
        let before = self.next.checked_sub(1).and_then(|at| self.pieces.get(at));
        match (before, self.peek()) {
            (Some(before), None) => {
                let message = format!("{what} is expected after `{}`", self.shown(before));
                self.wrong(before, &message)
            }
            (Some(before), Some(found)) => {
                let (before, shown) = (self.shown(before), self.shown(found));
                let message = format!("{what} is expected after `{before}`, not `{shown}`");
                self.wrong(found, &message)
            }
            (None, Some(found)) => {
                let message = format!("{what} is expected, not `{}`", self.shown(found));
                self.wrong(found, &message)
            }
            (None, None) => self.wrong_at(0, &format!("{what} is expected")),
        }
    }

    /// What stands behind a whole expression and does not belong to it.
    fn not_expected(&self, rest: &Piece) -> SyntaxError {
        let shown = self.shown(rest);
        let message = match &rest.token {
            Token::RParen | Token::RBracket | Token::RBrace => {
                format!("`{shown}` closes nothing")
            }
            Token::SemiColon => "an expression has no `;`".to_owned(),
            Token::Comma => "one expression is expected, not several".to_owned(),
            Token::Overlap => "Spark has no operator `&&`; it has AND".to_owned(),
            Token::RArrow => {
                "`=>` names the argument of a function; a comparison is `>=`".to_owned()
            }
            Token::Char(letter) if !letter.is_ascii() => no_letter(shown),
            Token::Placeholder(_) | Token::Colon => {
                "parameters (`?`, `:name`) are not supported: write the value".to_owned()
            }
            _ => match self.next.checked_sub(1).and_then(|at| self.pieces.get(at)) {
                Some(before) => format!(
                    "an operator is expected between `{}` and `{shown}`",
                    self.shown(before)
                ),
                None => format!("`{shown}` cannot stand here"),
            },
        };
        self.wrong(rest, &message)
    }

    /// An expression, and a name for it: `e`, `e AS name` or `e name`.
    fn named_expression(&mut self) -> Result<Expr> {
        let expression = self.expression()?;
        let has_as = self.take_keyword("AS");
        match self.peek().map(|piece| &piece.token) {
            Some(Token::Word(_)) => {
                let (expr, name) = (Box::new(expression), self.identifier()?);
                Ok(Expr::Named { expr, name })
            }
            _ if has_as => Err(self.expected("a name")),
            _ => Ok(expression),
        }
    }

    /// A whole expression: conditions with NOT, AND and OR.
    fn expression(&mut self) -> Result<Expr> {
        self.disjunction()
    }

    fn disjunction(&mut self) -> Result<Expr> {
        let mut left = self.conjunction()?;
        while self.take_keyword("OR") {
            let right = self.conjunction()?;
            left = binary(left, BinaryOperator::Or, right);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr> {
        let mut left = self.negation()?;
        while self.take_keyword("AND") {
            let right = self.negation()?;
            left = binary(left, BinaryOperator::And, right);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr> {
        let mut negations = 0_usize;
        loop {
            let is_not = self.is_keyword("NOT") && !self.stands_as_name(1);
            if !is_not && !self.is(&Token::ExclamationMark) {
                break;
            }
            self.next += 1;
            negations += 1;
        }
        let mut value = self.predicate()?;
        for _ in 0..negations {
            value = not(value);
        }
        Ok(value)
    }

    /// A value, and what may be asked of it: IN, BETWEEN, LIKE, RLIKE, IS.
    fn predicate(&mut self) -> Result<Expr> {
        let value = self.value(Level::Comparison)?;
        let is_not = self.is_keyword("NOT");
        const ASKED: [&str; 6] = ["BETWEEN", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP"];
        let ahead = usize::from(is_not);
        if self.is_any_keyword_at(ahead, &ASKED) {
            self.next += ahead;
            return self.asked(value, is_not);
        }
        if is_not {
            self.next += 1;
            return Err(self.expected("IN, BETWEEN, LIKE or RLIKE"));
        }
        match self.take_keyword("IS") {
            true => self.is_something(value),
            false => Ok(value),
        }
    }

    fn asked(&mut self, value: Expr, negated: bool) -> Result<Expr> {
        let keyword = self.peek().and_then(Piece::keyword).unwrap_or_default();
        self.next += 1;
        let expr = Box::new(value);
        Ok(match keyword.as_str() {
            "BETWEEN" => {
                let low = Box::new(self.value(Level::Comparison)?);
                self.expect_keyword("AND")?;
                let high = Box::new(self.value(Level::Comparison)?);
                Expr::Between {
                    expr,
                    negated,
                    low,
                    high,
                }
            }
            "IN" => {
                let opened = self.open()?;
                self.no_query()?;
                let list = self.list(opened, "a list of IN is not empty: a value")?;
                Expr::InList {
                    expr,
                    list,
                    negated,
                }
            }
            "RLIKE" | "REGEXP" => Expr::RLike {
                negated,
                expr,
                pattern: Box::new(self.value(Level::Comparison)?),
                regexp: false,
            },
            like => self.like(&like.to_lowercase(), &expr, negated)?,
        })
    }

    /// `LIKE pattern ESCAPE 'x'`, or LIKE with ANY, SOME or ALL of some patterns.
    fn like(&mut self, name: &str, value: &Expr, negated: bool) -> Result<Expr> {
        let quantified =
            self.is_any_keyword_at(0, &["ANY", "SOME", "ALL"]) && self.is_at(1, &Token::LParen);
        if !quantified {
            let pattern = self.value(Level::Comparison)?;
            let escape = match self.take_keyword("ESCAPE") {
                true => Some(self.escape()?),
                false => None,
            };
            return self.one_like(name, value, pattern, escape, negated);
        }
        let of_all = self.is_keyword("ALL");
        self.next += 1;
        let opened = self.open()?;
        self.no_query()?;
        let patterns = self.list(opened, "a pattern")?;
        let op = || match of_all {
            true => BinaryOperator::And,
            false => BinaryOperator::Or,
        };
        let likes = patterns
            .into_iter()
            .map(|pattern| self.one_like(name, value, pattern, None, negated));
        let likes = likes.collect::<Result<Vec<_>>>()?.into_iter();
        let all = likes.reduce(|left, right| binary(left, op(), right));
        match all {
            Some(all) => Ok(Expr::Nested(Box::new(all))),
            None => Err(self.expected("a pattern")),
        }
    }

    fn one_like(
        &self,
        name: &str,
        value: &Expr,
        pattern: Expr,
        escape: Option<char>,
        negated: bool,
    ) -> Result<Expr> {
        let at = || self.pieces[self.next - 1].start;
        let pattern = match escape {
            Some(escape) => {
                escaped_by(escape, &pattern).map_err(|message| self.wrong_at(at(), &message))?
            }
            None => pattern,
        };
        let like = call(name, vec![value.clone(), pattern]);
        Ok(match negated {
            true => not(like),
            false => like,
        })
    }

    fn escape(&mut self) -> Result<char> {
        let piece = self.peek();
        let Some((piece, (raw, quote))) = piece.and_then(|piece| Some((piece, piece.quoted()?)))
        else {
            return Err(self.expected("a text of one letter"));
        };
        self.next += 1;
        let text = unescaped(raw, quote);
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => Err(self.wrong(piece, "behind ESCAPE there is a text of one letter")),
        }
    }

    fn is_something(&mut self, value: Expr) -> Result<Expr> {
        let expr = Box::new(value);
        let negated = self.take_keyword("NOT");
        let found = self.peek().and_then(Piece::keyword).unwrap_or_default();
        let new = match (found.as_str(), negated) {
            ("NULL", false) => Expr::IsNull(expr),
            ("NULL", true) => Expr::IsNotNull(expr),
            ("TRUE", false) => Expr::IsTrue(expr),
            ("TRUE", true) => Expr::IsNotTrue(expr),
            ("FALSE", false) => Expr::IsFalse(expr),
            ("FALSE", true) => Expr::IsNotFalse(expr),
            ("UNKNOWN", false) => Expr::IsUnknown(expr),
            ("UNKNOWN", true) => Expr::IsNotUnknown(expr),
            ("DISTINCT", _) => {
                self.next += 1;
                self.expect_keyword("FROM")?;
                let other = Box::new(self.value(Level::Comparison)?);
                let same = binary(*expr, BinaryOperator::Spaceship, *other);
                return Ok(match negated {
                    true => same,
                    false => not(Expr::Nested(Box::new(same))),
                });
            }
            _ => return Err(self.expected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM")),
        };
        self.next += 1;
        Ok(new)
    }

    /// Values behind a parenthesis, up to the one that closes it.
    fn list(&mut self, opened: usize, what: &str) -> Result<Vec<Expr>> {
        if self.is(&Token::RParen) {
            return Err(self.expected(what));
        }
        let mut values = vec![self.expression()?];
        while self.take(&Token::Comma) {
            values.push(self.expression()?);
        }
        self.close(opened, &Token::RParen, "`,` or ")?;
        Ok(values)
    }

    /// A value whose operators bind at least as tightly as a level.
    fn value(&mut self, least: Level) -> Result<Expr> {
        let mut left = self.unary()?;
        while let Some((operator, level, length)) = self.binary_operator() {
            if level < least {
                break;
            }
            self.next += length;
            let right = self.value(tighter(level))?;
            left = operator.of(left, right);
        }
        Ok(left)
    }

    /// The operator that comes next, its level, and how many tokens it takes.
    fn binary_operator(&self) -> Option<(Operator, Level, usize)> {
        use Operator::{Function, Plain};
        let piece = self.peek()?;
        let follows = |ahead: usize, token: &Token| {
            let touches = match (self.peek_at(ahead - 1), self.peek_at(ahead)) {
                (Some(one), Some(next)) => one.touches(next),
                _ => false,
            };
            touches && self.is_at(ahead, token)
        };
        let one = |op: BinaryOperator, level: Level| Some((Plain(op), level, 1));
        match &piece.token {
            Token::Mul => one(BinaryOperator::Multiply, Level::Product),
            Token::Div => one(BinaryOperator::Divide, Level::Product),
            Token::Mod => one(BinaryOperator::Modulo, Level::Product),
            Token::Plus => one(BinaryOperator::Plus, Level::Sum),
            Token::Minus => one(BinaryOperator::Minus, Level::Sum),
            Token::StringConcat => one(BinaryOperator::StringConcat, Level::Sum),
            Token::Ampersand => one(BinaryOperator::BitwiseAnd, Level::And),
            Token::Caret => one(BinaryOperator::BitwiseXor, Level::Xor),
            Token::Pipe => one(BinaryOperator::BitwiseOr, Level::Or),
            Token::ShiftLeft => Some((Function("shiftleft"), Level::Shift, 1)),
            Token::Gt if follows(1, &Token::Gt) && follows(2, &Token::Gt) => {
                Some((Function("shiftrightunsigned"), Level::Shift, 3))
            }
            Token::Gt if follows(1, &Token::Gt) => Some((Function("shiftright"), Level::Shift, 2)),
            Token::Eq | Token::DoubleEq => one(BinaryOperator::Eq, Level::Comparison),
            Token::Neq => one(BinaryOperator::NotEq, Level::Comparison),
            Token::Lt => one(BinaryOperator::Lt, Level::Comparison),
            Token::LtEq => one(BinaryOperator::LtEq, Level::Comparison),
            Token::Gt => one(BinaryOperator::Gt, Level::Comparison),
            Token::GtEq => one(BinaryOperator::GtEq, Level::Comparison),
            Token::Spaceship => one(BinaryOperator::Spaceship, Level::Comparison),
            Token::ExclamationMark if follows(1, &Token::Lt) => {
                Some((Plain(BinaryOperator::GtEq), Level::Comparison, 2))
            }
            Token::ExclamationMark if follows(1, &Token::Gt) => {
                Some((Plain(BinaryOperator::LtEq), Level::Comparison, 2))
            }
            Token::Word(_) if piece.is_keyword("DIV") => {
                one(BinaryOperator::MyIntegerDivide, Level::Product)
            }
            _ => None,
        }
    }

    /// A value with signs before it.
    fn unary(&mut self) -> Result<Expr> {
        let op = match self.peek().map(|piece| &piece.token) {
            Some(Token::Minus)
                if matches!(
                    self.peek_at(1),
                    Some(Piece {
                        token: Token::Number(..),
                        ..
                    })
                ) =>
            {
                self.next += 1;
                let number = self.number("-")?;
                return self.accesses(number);
            }
            Some(Token::Minus) => UnaryOperator::Minus,
            Some(Token::Plus) => UnaryOperator::Plus,
            Some(Token::Tilde) => UnaryOperator::BitwiseNot,
            _ => return self.primary(),
        };
        self.next += 1;
        let expr = match self.unary()? {
            // Its text would be taken for a longer one behind the sign.
            interval @ Expr::Interval(_) => Box::new(Expr::Nested(Box::new(interval))),
            value => Box::new(value),
        };
        Ok(Expr::UnaryOp { op, expr })
    }

    /// A name, with or without backticks.
    fn identifier(&mut self) -> Result<Ident> {
        match self.peek() {
            Some(Piece {
                token: Token::Word(word),
                span,
                ..
            }) => {
                self.next += 1;
                Ok(name(&word.value, word.quote_style, *span))
            }
            Some(piece) if matches!(piece.token, Token::Char(letter) if !letter.is_ascii()) => {
                Err(self.wrong(piece, &no_letter(self.shown(piece))))
            }
            _ => Err(self.expected("a name")),
        }
    }

    /// Whether a word is a name where it stands: what comes behind it goes on with a value, and begins none.
    fn stands_as_name(&self, ahead: usize) -> bool {
        const BEHIND: [&str; 14] = [
            "AND", "OR", "IN", "IS", "LIKE", "ILIKE", "RLIKE", "REGEXP", "BETWEEN", "DIV", "THEN",
            "WHEN", "ELSE", "END",
        ];
        match self.peek_at(ahead) {
            None => true,
            Some(piece) => match &piece.token {
                Token::Word(_) => BEHIND.iter().any(|keyword| piece.is_keyword(keyword)),
                Token::LParen
                | Token::LBracket
                | Token::Number(..)
                | Token::Minus
                | Token::Plus
                | Token::Tilde
                | Token::ExclamationMark
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_) => false,
                _ => true,
            },
        }
    }

    /// Refuses a query in parentheses.
    fn no_query(&self) -> Result<()> {
        let Some(piece) = self.peek() else {
            return Ok(());
        };
        let is_query = self.is_any_keyword_at(0, &["SELECT", "WITH", "VALUES", "FROM", "TABLE"])
            && !self.stands_as_name(1);
        let is_query = is_query
            || self.is_any_keyword_at(0, &["SELECT", "WITH"])
                && matches!(self.peek_at(1), Some(next) if next.token == Token::Mul);
        match is_query {
            true => Err(self.wrong(piece, "a subquery cannot stand in an expression")),
            false => Ok(()),
        }
    }
}

/// What an operator becomes.
enum Operator {
    Plain(BinaryOperator),
    Function(&'static str),
}

impl Operator {
    fn of(self, left: Expr, right: Expr) -> Expr {
        match self {
            Self::Plain(op) => binary(left, op, right),
            Self::Function(name) => call(name, vec![left, right]),
        }
    }
}

fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    Expr::BinaryOp { left, op, right }
}

fn not(value: Expr) -> Expr {
    Expr::UnaryOp {
        op: UnaryOperator::Not,
        expr: Box::new(value),
    }
}

/// The level above one: what stands to the right of an operator binds more tightly.
fn tighter(level: Level) -> Level {
    match level {
        Level::Comparison => Level::Or,
        Level::Or => Level::Xor,
        Level::Xor => Level::And,
        Level::And => Level::Shift,
        Level::Shift => Level::Sum,
        Level::Sum => Level::Product,
        Level::Product | Level::Sign => Level::Sign,
    }
}

fn name(value: &str, quote_style: Option<char>, span: Span) -> Ident {
    let value = match quote_style {
        Some('`') => value.replace("``", "`"),
        _ => value.to_owned(),
    };
    Ident {
        value,
        quote_style,
        span,
    }
}

fn no_letter(shown: &str) -> String {
    let is_quote = |letter: char| "“”„‘’‚«»".contains(letter);
    if shown.starts_with(is_quote) {
        return format!("`{shown}` is no quote of a text: a text stands in ' or \"");
    }
    if !shown.starts_with(char::is_alphanumeric) {
        return format!(
            "`{shown}` is no operator: operators are written in ASCII; a name with it stands in backticks"
        );
    }
    format!(
        "`{shown}` is no letter of a plain name: a name with letters beyond a-z, digits and _ stands in backticks"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parse_expression(text).unwrap().to_string()
    }

    /// The message about a text, and what stands at its place.
    fn refused(text: &str) -> (String, &str) {
        let error = parse_expression(text).unwrap_err();
        (error.message, &text[error.at..])
    }

    #[test]
    fn operators_bind_as_in_spark() {
        for (text, same) in [
            ("a div 2 + 1", "(a div 2) + 1"),
            ("a || b + c", "(a || b) + c"),
            ("1 + a << 2", "(1 + a) << 2"),
            ("a & b | c", "(a & b) | c"),
            ("a ^ b & c", "a ^ (b & c)"),
            ("a << 1 > 5", "(a << 1) > 5"),
            ("~a * 2", "(~a) * 2"),
            ("not a = b", "not (a = b)"),
            ("a = b is null", "(a = b) is null"),
            ("a between b and c and d", "(a between b and c) and d"),
            ("a or b and c", "a or (b and c)"),
            ("a - b - c", "(a - b) - c"),
        ] {
            let without = |text: &str| shown(text).replace(['(', ')'], "");
            assert_eq!(without(text), without(same));
            let (one, other) = (
                parse_expression(text).unwrap(),
                parse_expression(same).unwrap(),
            );
            assert_eq!(plain(one), plain(other), "{text}");
        }
    }

    /// An expression without its parentheses and places.
    fn plain(mut expression: Expr) -> String {
        use datafusion::sql::sqlparser::ast::visit_expressions_mut;
        use std::ops::ControlFlow;
        let _: ControlFlow<()> = visit_expressions_mut(&mut expression, |part| {
            while let Expr::Nested(inner) = part {
                *part = std::mem::replace(inner, Expr::Tuple(Vec::new()));
            }
            if let Expr::BinaryOp { op, left, right } = part {
                let both = [left, right]
                    .map(|side| std::mem::replace(&mut **side, Expr::Tuple(Vec::new())));
                let [left, right] = both;
                *part = call(&format!("op {op}"), vec![left, right]);
            }
            ControlFlow::Continue(())
        });
        expression.to_string()
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
            ("1.5BD", "spark_literal('1.5', 'decimal(2,1)')"),
            ("1e3BD", "spark_literal('1000', 'decimal(4,0)')"),
            ("0.05", "spark_literal('0.05', 'decimal(2,2)')"),
            ("15", "15"),
            ("-128Y", "spark_literal('-128', 'tinyint')"),
            ("a -1L", "a - spark_literal('1', 'bigint')"),
            ("a IN (1, -15)", "a IN (1, -15)"),
        ] {
            assert_eq!(shown(text), sql);
        }
    }

    #[test]
    fn a_broken_text_is_told_in_sqls_terms_where_it_breaks() {
        for (text, message, place) in [
            ("a +", "an expression is expected after `+`", "+"),
            ("upper(a", "`(` is not closed: `)` is missing", "(a"),
            ("(a))", "`)` closes nothing", ")"),
            ("a b c", "an operator is expected between `b` and `c`", "c"),
            (
                "case when a then b",
                "`WHEN`, `ELSE` or `END` is expected after `b`",
                "b",
            ),
            ("a like", "an expression is expected after `like`", "like"),
            ("'abc", "the text is not closed: a `'` is missing", "'abc"),
            (
                "`abc",
                "the name is not closed: a backtick is missing",
                "`abc",
            ),
            (
                "a /* b",
                "the comment is not closed: `*/` is missing",
                "/* b",
            ),
            (
                "a in (select 1)",
                "a subquery cannot stand in an expression",
                "select 1)",
            ),
            (
                "é + 1",
                "`é` is no letter of a plain name: a name with letters beyond a-z, digits and _ stands in backticks",
                "é + 1",
            ),
            (
                "a = “b”",
                "`“` is no quote of a text: a text stands in ' or \"",
                "“b”",
            ),
            (
                "a ≥ 1",
                "`≥` is no operator: operators are written in ASCII; a name with it stands in backticks",
                "≥ 1",
            ),
            (
                "like 'b'",
                "an expression is expected, not `like`",
                "like 'b'",
            ),
            (
                "a like any 'b'",
                "`(` is expected after `any`, not `'b'`",
                "'b'",
            ),
        ] {
            assert_eq!(refused(text), (message.to_owned(), place), "{text}");
        }
    }
}
