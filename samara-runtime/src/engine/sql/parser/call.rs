//! Calls of functions, and those that have words between their arguments: `TRIM(LEADING 'x' FROM t)`, `DATEDIFF(DAY, a, b)`.

use datafusion::sql::sqlparser::ast::{
    CastKind, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgOperator, FunctionArgumentList, FunctionArguments, Ident, NullTreatment, ObjectName,
    ObjectNamePart, OrderByExpr, OrderByOptions, WindowFrame, WindowSpec, WindowType,
};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::{Parser, Result};
use crate::engine::sql::dialect::Piece;
use crate::engine::sql::functions::{TIMESTAMP_ADD, TIMESTAMP_DIFF};
use crate::engine::sql::spark_function::string;

/// The units of `timestampadd` and its like.
const UNITS: [&str; 11] = [
    "YEAR",
    "QUARTER",
    "MONTH",
    "WEEK",
    "DAY",
    "DAYOFYEAR",
    "HOUR",
    "MINUTE",
    "SECOND",
    "MILLISECOND",
    "MICROSECOND",
];

impl Parser<'_> {
    /// A call behind the name of its function.
    pub(super) fn call(&mut self, mut path: Vec<Ident>) -> Result<Expr> {
        let is_builtin = |ident: &Ident| ident.value.eq_ignore_ascii_case("builtin");
        let is_system = |ident: &Ident| ident.value.eq_ignore_ascii_case("system");
        match &path[..] {
            [first, _] if is_builtin(first) => drop(path.remove(0)),
            [first, second, _] if is_system(first) && is_builtin(second) => drop(path.drain(..2)),
            _ => {}
        }
        let special = match &path[..] {
            [name] if name.quote_style.is_none() => self.special(name)?,
            _ => None,
        };
        match special {
            Some(special) => Ok(special),
            None => self.plain(path),
        }
    }

    /// A call with words between its arguments.
    fn special(&mut self, name: &Ident) -> Result<Option<Expr>> {
        let upper = name.value.to_uppercase();
        let begin = self.next;
        let special = match upper.as_str() {
            "CAST" => Some(self.cast(CastKind::Cast)?),
            "TRY_CAST" => Some(self.cast(CastKind::TryCast)?),
            "STRUCT" => Some(self.structure()?),
            "EXTRACT" => Some(self.extract(name)?),
            "POSITION" => self.with_words(name, &["IN"])?,
            "SUBSTRING" | "SUBSTR" => self.with_words(name, &["FROM", "FOR"])?,
            "OVERLAY" => self.with_words(name, &["PLACING", "FROM", "FOR"])?,
            "TRIM" => self.trim(name)?,
            "IDENTIFIER" => {
                let message = "IDENTIFIER(…) is not supported: write the name itself";
                return Err(self.wrong(&self.pieces[self.next - 1], message));
            }
            "TIMESTAMPADD" | "DATEADD" | "DATE_ADD" | "TIMESTAMPDIFF" | "DATEDIFF"
            | "DATE_DIFF" | "TIMEDIFF" => self.with_unit(name, &upper)?,
            _ => None,
        };
        if special.is_none() {
            self.next = begin;
        }
        Ok(special)
    }

    fn structure(&mut self) -> Result<Expr> {
        let opened = self.open()?;
        let mut values = Vec::new();
        while !self.is(&Token::RParen) {
            values.push(self.named_expression()?);
            if !self.take(&Token::Comma) {
                break;
            }
            if self.is(&Token::RParen) {
                return Err(self.expected("an expression"));
            }
        }
        self.close(opened, &Token::RParen, "`,` or ")?;
        let fields = Vec::new();
        Ok(Expr::Struct { values, fields })
    }

    fn extract(&mut self, name: &Ident) -> Result<Expr> {
        let opened = self.open()?;
        let field = self.identifier()?.value;
        self.expect_keyword("FROM")?;
        let source = self.expression()?;
        self.close(opened, &Token::RParen, "")?;
        let part = Ident {
            value: "date_part".to_owned(),
            ..name.clone()
        };
        Ok(function(part, vec![string(&field), source]))
    }

    /// Arguments with words in place of commas; nothing, if there is a comma.
    fn with_words(&mut self, name: &Ident, words: &[&str]) -> Result<Option<Expr>> {
        let opened = self.open()?;
        if self.is(&Token::RParen) {
            return Ok(None);
        }
        // In `POSITION(a IN b)`, IN is no operator of the first argument.
        let mut arguments = vec![match words {
            ["IN"] => self.value(super::Level::Comparison)?,
            _ => self.expression()?,
        }];
        if self.is(&Token::Comma) || self.is(&Token::RParen) {
            return Ok(None);
        }
        for (at, word) in words.iter().enumerate() {
            match self.take_keyword(word) {
                true => arguments.push(self.expression()?),
                false if at > 0 && *word == "FOR" => break,
                false => return Err(self.expected(&format!("`,` or `{word}`"))),
            }
        }
        self.close(opened, &Token::RParen, "")?;
        Ok(Some(function(name.clone(), arguments)))
    }

    /// `TRIM([BOTH | LEADING | TRAILING] [letters] FROM text)`.
    fn trim(&mut self, name: &Ident) -> Result<Option<Expr>> {
        let opened = self.open()?;
        let side = self
            .peek()
            .and_then(Piece::keyword)
            .filter(|word| matches!(word.as_str(), "BOTH" | "LEADING" | "TRAILING"))
            .filter(|_| !self.is_at(1, &Token::RParen) && !self.is_at(1, &Token::Comma));
        self.next += usize::from(side.is_some());
        let letters = match self.is_keyword("FROM") && !self.stands_as_name(1)
            || self.is_keyword("FROM") && self.is_at(1, &Token::LParen)
            || self.is_keyword("FROM")
                && matches!(
                    self.peek_at(1),
                    Some(Piece {
                        token: Token::Word(_),
                        ..
                    })
                ) {
            true => None,
            false if self.is(&Token::RParen) => return Ok(None),
            false => Some(self.expression()?),
        };
        if !self.take_keyword("FROM") {
            return match side {
                None => Ok(None),
                Some(_) => Err(self.expected("`FROM`")),
            };
        }
        let text = self.expression()?;
        self.close(opened, &Token::RParen, "")?;
        let trimmed = match side.as_deref() {
            Some("LEADING") => "ltrim",
            Some("TRAILING") => "rtrim",
            _ => "trim",
        };
        let name = Ident {
            value: trimmed.to_owned(),
            ..name.clone()
        };
        Ok(Some(function(
            name,
            letters.into_iter().chain([text]).collect(),
        )))
    }

    /// `DATEADD(unit, number, moment)` and its like; nothing, where there is no unit.
    fn with_unit(&mut self, name: &Ident, upper: &str) -> Result<Option<Expr>> {
        let opened = self.open()?;
        let always = matches!(upper, "TIMESTAMPADD" | "TIMESTAMPDIFF" | "TIMEDIFF");
        let unit = self.peek();
        let word = unit.and_then(Piece::keyword);
        let is_unit = word.as_deref().is_some_and(|word| UNITS.contains(&word));
        let quoted = unit.is_some_and(|unit| unit.quoted().is_some());
        if !self.is_at(1, &Token::Comma) && !always {
            return Ok(None);
        }
        let begin = self.next;
        let mut arguments = match self.is(&Token::RParen) {
            true => Vec::new(),
            false => self.arguments_up_to(opened)?,
        };
        if arguments.len() == 2 && !always {
            return Ok(None);
        }
        let adds = upper.ends_with("ADD");
        let takes = match adds {
            true => "a unit, a number and a moment",
            false => "a unit and two moments",
        };
        let at = self.pieces.get(begin).unwrap_or(&self.pieces[opened]);
        if arguments.len() != 3 {
            let message = format!(
                "`{}` takes {takes}, as {upper}(DAY, …, …), not {} arguments",
                name.value.to_lowercase(),
                arguments.len()
            );
            return Err(self.wrong(&self.pieces[opened - 1], &message));
        }
        let no_part = !adds && word.as_deref() == Some("DAYOFYEAR");
        if !is_unit || no_part {
            let units = UNITS.iter().filter(|unit| adds || **unit != "DAYOFYEAR");
            let units: Vec<&str> = units.copied().collect();
            let message = match quoted {
                true => format!("a unit stands without quotes: {}", units.join(", ")),
                false => format!(
                    "`{}` is no unit; units are {}",
                    self.shown(at),
                    units.join(", ")
                ),
            };
            return Err(self.wrong(at, &message));
        }
        arguments[0] = string(&word.unwrap_or_default());
        let name = Ident {
            value: if adds { TIMESTAMP_ADD } else { TIMESTAMP_DIFF }.to_owned(),
            ..name.clone()
        };
        Ok(Some(function(name, arguments)))
    }

    fn arguments_up_to(&mut self, opened: usize) -> Result<Vec<Expr>> {
        self.list(opened, "an expression")
    }

    /// A call of a function in its plain form.
    fn plain(&mut self, path: Vec<Ident>) -> Result<Expr> {
        let opened = self.open()?;
        self.no_query()?;
        let has_more =
            |parser: &Self| !parser.is_at(1, &Token::RParen) && !parser.is_at(1, &Token::Comma);
        let duplicate_treatment = match () {
            () if self.is_keyword("DISTINCT") && has_more(self) => {
                Some(DuplicateTreatment::Distinct)
            }
            () if self.is_keyword("ALL") && has_more(self) => Some(DuplicateTreatment::All),
            () => None,
        };
        self.next += usize::from(duplicate_treatment.is_some());
        let mut args = Vec::new();
        while !self.is(&Token::RParen) {
            args.push(self.argument()?);
            if self.take_treatment().is_some() || !self.take(&Token::Comma) {
                break;
            }
            if self.is(&Token::RParen) {
                return Err(self.expected("an expression"));
            }
        }
        self.close(opened, &Token::RParen, "`,` or ")?;
        let parts = path.into_iter().map(ObjectNamePart::Identifier);
        let mut call = Function {
            name: ObjectName(parts.collect()),
            uses_odbc_syntax: false,
            parameters: FunctionArguments::None,
            args: FunctionArguments::List(FunctionArgumentList {
                duplicate_treatment: duplicate_treatment
                    .filter(|kind| *kind == DuplicateTreatment::Distinct),
                args,
                clauses: Vec::new(),
            }),
            filter: None,
            null_treatment: None,
            over: None,
            within_group: Vec::new(),
        };
        self.clauses(&mut call)?;
        Ok(Expr::Function(call))
    }

    fn argument(&mut self) -> Result<FunctionArg> {
        if self.is(&Token::Mul) && (self.is_at(1, &Token::RParen) || self.is_at(1, &Token::Comma)) {
            self.next += 1;
            return Ok(FunctionArg::Unnamed(FunctionArgExpr::Wildcard));
        }
        if self.is_at(1, &Token::RArrow) {
            let name = self.identifier()?;
            self.next += 1;
            let arg = FunctionArgExpr::Expr(self.expression()?);
            let operator = FunctionArgOperator::RightArrow;
            return Ok(FunctionArg::Named {
                name,
                arg,
                operator,
            });
        }
        let value = self.expression()?;
        Ok(FunctionArg::Unnamed(FunctionArgExpr::Expr(value)))
    }

    /// `IGNORE NULLS` or `RESPECT NULLS`.
    fn take_treatment(&mut self) -> Option<NullTreatment> {
        if self.take_keywords(&["IGNORE", "NULLS"]) {
            return Some(NullTreatment::IgnoreNulls);
        }
        self.take_keywords(&["RESPECT", "NULLS"])
            .then_some(NullTreatment::RespectNulls)
    }

    /// What may stand behind the arguments.
    fn clauses(&mut self, call: &mut Function) -> Result<()> {
        if self.take_keywords(&["WITHIN", "GROUP"]) {
            let opened = self.open()?;
            call.within_group = self.order()?;
            self.close(opened, &Token::RParen, "`,` or ")?;
        }
        if self.is_keyword("FILTER") && self.is_at(1, &Token::LParen) {
            self.next += 1;
            let opened = self.open()?;
            self.expect_keyword("WHERE")?;
            call.filter = Some(Box::new(self.expression()?));
            self.close(opened, &Token::RParen, "")?;
        }
        call.null_treatment = self.take_treatment();
        if self.is_keyword("OVER") && !self.stands_as_name(1)
            || self.is_keyword("OVER")
                && matches!(
                    self.peek_at(1),
                    Some(Piece {
                        token: Token::Word(_),
                        ..
                    })
                )
        {
            self.next += 1;
            call.over = Some(self.window()?);
        }
        Ok(())
    }

    fn window(&mut self) -> Result<WindowType> {
        if !self.is(&Token::LParen) {
            return Ok(WindowType::NamedWindow(self.identifier()?));
        }
        let opened = self.open()?;
        let mut partition_by = Vec::new();
        if self.take_keywords(&["PARTITION", "BY"]) || self.take_keywords(&["DISTRIBUTE", "BY"]) {
            partition_by.push(self.expression()?);
            while self.take(&Token::Comma) {
                partition_by.push(self.expression()?);
            }
        }
        let order_by = match self.is_any_keyword_at(0, &["ORDER", "SORT"]) {
            true => self.order()?,
            false => Vec::new(),
        };
        let window_frame = self.frame()?;
        self.close(opened, &Token::RParen, "PARTITION BY, ORDER BY or ")?;
        Ok(WindowType::WindowSpec(WindowSpec {
            window_name: None,
            partition_by,
            order_by,
            window_frame,
        }))
    }

    /// The frame of a window: its rows are not looked at, since none is supported.
    fn frame(&mut self) -> Result<Option<WindowFrame>> {
        if !self.is_any_keyword_at(0, &["ROWS", "RANGE"]) {
            return Ok(None);
        }
        self.next += 1;
        let between = self.take_keyword("BETWEEN");
        self.bound()?;
        if between {
            self.expect_keyword("AND")?;
            self.bound()?;
        }
        Ok(Some(WindowFrame::default()))
    }

    fn bound(&mut self) -> Result<()> {
        if self.take_keywords(&["CURRENT", "ROW"]) {
            return Ok(());
        }
        if !self.take_keyword("UNBOUNDED") {
            self.value(super::Level::Comparison)?;
        }
        match self.take_keyword("PRECEDING") || self.take_keyword("FOLLOWING") {
            true => Ok(()),
            false => Err(self.expected("PRECEDING or FOLLOWING")),
        }
    }

    /// `ORDER BY a DESC NULLS LAST, b`.
    fn order(&mut self) -> Result<Vec<OrderByExpr>> {
        if !self.take_keyword("SORT") {
            self.expect_keyword("ORDER")?;
        }
        self.expect_keyword("BY")?;
        let mut keys = vec![self.key()?];
        while self.take(&Token::Comma) {
            keys.push(self.key()?);
        }
        Ok(keys)
    }

    fn key(&mut self) -> Result<OrderByExpr> {
        let expr = self.expression()?;
        let asc = match self.take_keyword("ASC") {
            true => Some(true),
            false => self.take_keyword("DESC").then_some(false),
        };
        let nulls_first = match self.take_keyword("NULLS") {
            true if self.take_keyword("FIRST") => Some(true),
            true if self.take_keyword("LAST") => Some(false),
            true => return Err(self.expected("FIRST or LAST")),
            false => None,
        };
        Ok(OrderByExpr {
            expr,
            options: OrderByOptions { asc, nulls_first },
            with_fill: None,
        })
    }
}

fn function(name: Ident, arguments: Vec<Expr>) -> Expr {
    let arguments = arguments.into_iter().map(FunctionArgExpr::Expr);
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(name)]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments.map(FunctionArg::Unnamed).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}
