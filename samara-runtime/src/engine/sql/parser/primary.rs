//! What operators stand between: constants, names, calls, what is in parentheses, and the fields and elements of those.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CaseWhen, CastKind, DataType as SqlType, Expr, Ident, LambdaFunction,
    LambdaFunctionParameter, LambdaSyntax, ObjectName, ObjectNamePart, OneOrManyWithParens,
    Subscript, Value,
};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Level, Parser, Result, no_letter};
use crate::engine::DataType;
use crate::engine::sql::dialect::Piece;

/// The words behind a type that belong to it.
const OF_TYPES: [&str; 13] = [
    "WITH", "WITHOUT", "LOCAL", "TIME", "ZONE", "COLLATE", "YEAR", "MONTH", "DAY", "HOUR",
    "MINUTE", "SECOND", "TO",
];

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Result<Expr> {
        let value = self.first_part()?;
        self.accesses(value)
    }

    /// A value with what is taken out of it, or made of it: `.field`, `[element]`, `::type`, `COLLATE name`.
    pub(super) fn accesses(&mut self, mut value: Expr) -> Result<Expr> {
        loop {
            if self.is(&Token::Period) {
                value = self.field(value)?;
            } else if self.is(&Token::LBracket) {
                value = self.element(value)?;
            } else if self.take(&Token::DoubleColon) {
                let data_type = self.data_type()?;
                value = cast(CastKind::DoubleColon, value, &data_type);
            } else if self.is_keyword("COLLATE") && !self.stands_as_name(1) {
                self.next += 1;
                self.collation()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn field(&mut self, value: Expr) -> Result<Expr> {
        self.next += 1;
        if let Some(star) = self.peek().filter(|piece| piece.token == Token::Mul) {
            let message = "`*` is not supported in an expression: name the fields";
            return Err(self.wrong(star, message));
        }
        let field = self.identifier()?;
        Ok(match value {
            Expr::Identifier(first) => Expr::CompoundIdentifier(vec![first, field]),
            Expr::CompoundIdentifier(mut path) => {
                path.push(field);
                Expr::CompoundIdentifier(path)
            }
            other => accessed(other, AccessExpr::Dot(Expr::Identifier(field))),
        })
    }

    fn element(&mut self, value: Expr) -> Result<Expr> {
        let opened = self.next;
        self.next += 1;
        let index = self.value(Level::Comparison)?;
        self.close(opened, &Token::RBracket, "")?;
        Ok(accessed(
            value,
            AccessExpr::Subscript(Subscript::Index { index }),
        ))
    }

    /// Only the collation that all texts have is known.
    fn collation(&mut self) -> Result<()> {
        let at = self.peek();
        let name = self.identifier()?;
        match (name.value.eq_ignore_ascii_case("UTF8_BINARY"), at) {
            (false, Some(at)) => {
                let message = "collations other than UTF8_BINARY are not supported yet";
                Err(self.wrong(at, message))
            }
            _ => Ok(()),
        }
    }

    fn first_part(&mut self) -> Result<Expr> {
        let Some(piece) = self.peek() else {
            return Err(self.expected("an expression"));
        };
        match &piece.token {
            Token::Number(..) => self.number(""),
            Token::SingleQuotedString(_) | Token::DoubleQuotedString(_) => self.texts(),
            Token::HexStringLiteral(_) if self.shown(piece).starts_with(['0']) => {
                let message = "Spark has no number in hexadecimal digits; X'1F' is bytes, conv('1F', 16, 10) a text";
                Err(self.wrong(piece, message))
            }
            Token::HexStringLiteral(digits) => {
                let bytes = self.bytes(piece, digits)?;
                self.next += 1;
                Ok(bytes)
            }
            Token::LParen => self.parenthesis(),
            Token::Word(word) if word.quote_style.is_none() => self.word(piece),
            Token::Word(_) => self.name_or_call(),
            Token::Mul => {
                Err(self.wrong(piece, "`*` cannot stand in an expression: name the columns"))
            }
            Token::LBracket => {
                let message = "an array is written array(…), not in brackets";
                Err(self.wrong(piece, message))
            }
            Token::LBrace => {
                let message = "a map is written map(…), a struct struct(…), not in braces";
                Err(self.wrong(piece, message))
            }
            Token::Char(letter) if !letter.is_ascii() => {
                Err(self.wrong(piece, &no_letter(self.shown(piece))))
            }
            Token::Placeholder(_) | Token::Question | Token::Colon => {
                let message = "parameters (`?`, `:name`) are not supported: write the value";
                Err(self.wrong(piece, message))
            }
            Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::DoubleQuotedByteStringLiteral(_)
            | Token::DollarQuotedString(_) => {
                let message = "Spark has no such literal; it has 'text', r'text', X'1F', DATE '…' and TIMESTAMP '…'";
                Err(self.wrong(piece, message))
            }
            Token::RParen if self.next == 0 => Err(self.wrong(piece, "`)` closes nothing")),
            _ => Err(self.expected("an expression")),
        }
    }

    /// What a word outside of backticks begins.
    fn word(&mut self, piece: &Piece) -> Result<Expr> {
        let keyword = piece.keyword().unwrap_or_default();
        let call_follows = self.is_at(1, &Token::LParen);
        if let Some(text) = self.peek_at(1).filter(|next| next.quoted().is_some()) {
            return self.word_before_text(&keyword, piece, text);
        }
        let is_constant = !call_follows;
        match keyword.as_str() {
            "TRUE" | "FALSE" if is_constant => {
                self.next += 1;
                Ok(Expr::Value(
                    Value::Boolean(keyword == "TRUE").with_span(piece.span),
                ))
            }
            "NULL" if is_constant => {
                self.next += 1;
                Ok(Expr::Value(Value::Null.with_span(piece.span)))
            }
            "CASE" if !self.stands_as_name(1) || self.is_any_keyword_at(1, &["WHEN"]) => {
                self.case()
            }
            "INTERVAL" if self.begins_interval() => self.interval(),
            "AND" | "OR" | "IN" | "IS" | "LIKE" | "ILIKE" | "RLIKE" | "REGEXP" | "BETWEEN"
            | "DIV" | "THEN" | "WHEN" | "ELSE" | "AS" | "ESCAPE"
                if !call_follows && !self.stands_as_name(1) =>
            {
                Err(self.expected("an expression"))
            }
            "WHEN" | "THEN" | "ELSE" | "END" if self.cases > 0 && !call_follows => {
                Err(self.expected("an expression"))
            }
            _ => self.name_or_call(),
        }
    }

    fn name_or_call(&mut self) -> Result<Expr> {
        let name = self.identifier()?;
        if self.is(&Token::Arrow) {
            return self.lambda(vec![name]);
        }
        match self.is(&Token::LParen) {
            true => self.call(vec![name]),
            false => self.qualified(name),
        }
    }

    /// A name, or the call of a function whose name has dots: `builtin.upper(t)`.
    fn qualified(&mut self, first: Ident) -> Result<Expr> {
        let mut path = vec![first];
        let begin = self.next;
        while self.is(&Token::Period)
            && matches!(
                self.peek_at(1),
                Some(Piece {
                    token: Token::Word(_),
                    ..
                })
            )
        {
            self.next += 1;
            path.push(self.identifier()?);
        }
        if path.len() > 1 && self.is(&Token::LParen) {
            return self.call(path);
        }
        self.next = begin;
        let first = path.swap_remove(0);
        Ok(Expr::Identifier(first))
    }

    /// The lambda of some parameters, before its arrow.
    fn lambda(&mut self, names: Vec<Ident>) -> Result<Expr> {
        self.next += 1;
        let mut parameters: Vec<LambdaFunctionParameter> = names
            .into_iter()
            .map(|name| LambdaFunctionParameter {
                name,
                data_type: None,
            })
            .collect();
        let params = match parameters.len() {
            1 => OneOrManyWithParens::One(parameters.remove(0)),
            _ => OneOrManyWithParens::Many(parameters),
        };
        Ok(Expr::Lambda(LambdaFunction {
            params,
            body: Box::new(self.expression()?),
            syntax: LambdaSyntax::Arrow,
        }))
    }

    /// `(a, b) -> …`, `(a, b)` as a struct, or one value in parentheses.
    fn parenthesis(&mut self) -> Result<Expr> {
        if let Some(names) = self.parameters() {
            return self.lambda(names);
        }
        let opened = self.open()?;
        self.no_query()?;
        let first = self.named_expression()?;
        if !self.is(&Token::Comma) {
            self.close(opened, &Token::RParen, "an operator or ")?;
            return match first {
                Expr::Named { name, .. } => Err(self.wrong_at(
                    self.pieces[opened].start,
                    &format!("a value in parentheses has no name, and this has `{name}`"),
                )),
                value => Ok(Expr::Nested(Box::new(value))),
            };
        }
        let mut values = vec![first];
        while self.take(&Token::Comma) {
            values.push(self.named_expression()?);
        }
        self.close(opened, &Token::RParen, "`,` or ")?;
        let fields = Vec::new();
        Ok(Expr::Struct { values, fields })
    }

    /// The names of the parameters of a lambda that has several, up to its arrow.
    fn parameters(&mut self) -> Option<Vec<Ident>> {
        let begin = self.next;
        let names = self.some_parameters();
        if names.is_none() {
            self.next = begin;
        }
        names
    }

    fn some_parameters(&mut self) -> Option<Vec<Ident>> {
        self.open().ok()?;
        let mut names = vec![self.identifier().ok()?];
        while self.take(&Token::Comma) {
            names.push(self.identifier().ok()?);
        }
        let closed = self.take(&Token::RParen);
        (closed && self.is(&Token::Arrow) && names.len() > 1).then_some(names)
    }

    fn case(&mut self) -> Result<Expr> {
        self.next += 1;
        self.cases += 1;
        let operand = match self.is_keyword("WHEN") {
            true => None,
            false => Some(Box::new(self.expression()?)),
        };
        let mut conditions = Vec::new();
        while self.take_keyword("WHEN") {
            let condition = self.expression()?;
            self.expect_keyword("THEN")?;
            let result = self.expression()?;
            conditions.push(CaseWhen { condition, result });
        }
        if conditions.is_empty() {
            return Err(self.expected("`WHEN`"));
        }
        let else_result = match self.take_keyword("ELSE") {
            true => Some(Box::new(self.expression()?)),
            false => None,
        };
        if !self.take_keyword("END") {
            let what = match else_result {
                Some(_) => "`END`",
                None => "`WHEN`, `ELSE` or `END`",
            };
            return Err(self.expected(what));
        }
        self.cases -= 1;
        Ok(Expr::Case {
            case_token: AttachedToken::empty(),
            end_token: AttachedToken::empty(),
            operand,
            conditions,
            else_result,
        })
    }

    /// `CAST(value AS type)` behind its name.
    pub(super) fn cast(&mut self, kind: CastKind) -> Result<Expr> {
        let opened = self.open()?;
        let value = self.expression()?;
        self.expect_keyword("AS")?;
        let data_type = self.data_type()?;
        self.close(opened, &Token::RParen, "")?;
        Ok(cast(kind, value, &data_type))
    }

    fn data_type(&mut self) -> Result<DataType> {
        let Some(first) = self.peek() else {
            return Err(self.expected("a type"));
        };
        self.identifier().map_err(|_| self.expected("a type"))?;
        self.type_arguments()?;
        while self.is_any_keyword_at(0, &OF_TYPES) {
            let collates = self.is_keyword("COLLATE");
            self.next += 1;
            if collates {
                self.identifier()?;
            }
            self.type_arguments()?;
        }
        let end = self.pieces[self.next - 1].end;
        let text = &self.text[first.start..end];
        text.parse::<DataType>()
            .map_err(|error| self.wrong(first, &error.to_string()))
    }

    /// What stands in parentheses or in `<` and `>` behind the name of a type.
    fn type_arguments(&mut self) -> Result<()> {
        let opened = self.next;
        let mut open = 0_usize;
        while let Some(piece) = self.peek() {
            match &piece.token {
                Token::LParen | Token::Lt => open += 1,
                Token::RParen | Token::Gt if open > 0 => open -= 1,
                Token::Neq => {}
                _ if open > 0 => {}
                _ => break,
            }
            self.next += 1;
            if open == 0 {
                break;
            }
        }
        match open {
            0 => Ok(()),
            _ => {
                let open = &self.pieces[opened];
                let message = format!("`{}` of a type is not closed", self.shown(open));
                Err(self.wrong(open, &message))
            }
        }
    }
}

fn accessed(value: Expr, access: AccessExpr) -> Expr {
    match value {
        Expr::CompoundFieldAccess {
            root,
            mut access_chain,
        } => {
            access_chain.push(access);
            Expr::CompoundFieldAccess { root, access_chain }
        }
        root => Expr::CompoundFieldAccess {
            root: Box::new(root),
            access_chain: vec![access],
        },
    }
}

fn cast(kind: CastKind, value: Expr, to: &DataType) -> Expr {
    let name = ObjectNamePart::Identifier(Ident::new(to.to_string()));
    Expr::Cast {
        kind,
        expr: Box::new(value),
        data_type: SqlType::Custom(ObjectName(vec![name]), Vec::new()),
        array: false,
        format: None,
    }
}
