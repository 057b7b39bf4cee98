//! Spark SQL expressions: from their text to the engine's expressions.

pub(crate) mod arithmetic;
pub(crate) mod cast;
mod cast_number;
pub(crate) mod coercion;
pub(crate) mod constants;
pub(crate) mod decimal;
pub(crate) mod declared;
mod dialect;
pub(crate) mod functions;
pub(crate) mod nested;
mod nested_text;
pub(crate) mod normal;
mod nullability;
pub(crate) mod spark_function;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::DataFusionError;
use datafusion::common::tree_node::TreeNode as _;
use datafusion::logical_expr::{Expr, ExprSchemable as _, ScalarUDF};
use datafusion::sql::sqlparser::ast::Spanned as _;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CastKind, Expr as SqlExpr, Function, Ident, ObjectName, ObjectNamePart, Subscript,
    VisitMut as _, VisitorMut,
};
use datafusion::sql::sqlparser::parser::ParserError;
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::coercion::spark_types;
use crate::engine::sql::dialect::parse_expression;
use crate::engine::sql::functions::catalog::{self, Status};
use crate::engine::sql::functions::map::pair_of;
use crate::engine::sql::nested::SparkItem;
use crate::engine::sql::spark_function::{call, in_engine_terms, string};
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result, sentence};

/// Spark's functions that neither DataFusion nor `datafusion-spark` has.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    let mut all = vec![
        ScalarUDF::from(SparkCast::ansi()),
        ScalarUDF::from(SparkCast::trying()),
        ScalarUDF::from(SparkCast::of_literal()),
        ScalarUDF::from(SparkItem::new()),
    ];
    all.extend(functions::functions());
    all
}

impl DataFrame {
    /// A Spark SQL expression over this frame's columns.
    pub(crate) fn expression(&self, text: &str) -> Result<Expr> {
        let wrong = |message: String, offset| Error::Expression {
            expression: text.to_owned(),
            message,
            offset,
        };
        if let Some(at) = text.find("${") {
            let message = "Spark takes `${…}` in an expression for a variable of its configuration, which there is none of; write `$` and `{` apart, as in `concat('$', '{')`";
            return Err(wrong(message.to_owned(), Some(at)));
        }
        let state = self.session.state();
        let mut parsed = parse_expression(text).map_err(|error| {
            let (message, offset) = syntax_error(&error, text);
            wrong(message, offset)
        })?;
        let mut names = SparkNames { frame: self, text };
        if let ControlFlow::Break(error) = parsed.expr.visit(&mut names) {
            return Err(error);
        }
        let schema = self.plan.schema();
        let planned = state.create_logical_expr_from_sql_expr(parsed, schema);
        let expression = planned.map_err(|error| wrong(sentence(&error), None))?;
        let typed = expression
            .transform_up(|node| spark_types(node, schema))
            .map_err(|error| wrong(sentence(&error), None))?;
        typed
            .data
            .get_type(schema)
            .map_err(|error| wrong(sentence(&error), None))?;
        Ok(typed.data)
    }
}

/// Resolves columns without regard to case, and lets `CAST` be Spark's.
struct SparkNames<'a> {
    frame: &'a DataFrame,
    text: &'a str,
}

impl VisitorMut for SparkNames<'_> {
    type Break = Error;

    fn pre_visit_expr(&mut self, node: &mut SqlExpr) -> ControlFlow<Error> {
        match node {
            SqlExpr::Identifier(name) => match self.frame.index(&name.value) {
                Ok(index) => *name = self.plan_name(index),
                Err(error) => return ControlFlow::Break(self.at(error, name)),
            },
            SqlExpr::Function(function) => {
                lower_case(&mut function.name);
                self.known(function)?;
                return self.one_row_at_a_time(function);
            }
            SqlExpr::CompoundFieldAccess { access_chain, .. } => {
                access_chain.iter_mut().for_each(field_as_key);
            }
            SqlExpr::Subquery(_) | SqlExpr::Exists { .. } | SqlExpr::InSubquery { .. } => {
                return self.refuse("a subquery cannot stand in an expression", node.span());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, node: &mut SqlExpr) -> ControlFlow<Error> {
        let new = match node {
            SqlExpr::Cast {
                kind,
                expr,
                data_type,
                ..
            } => {
                let Ok(to) = data_type.to_string().parse::<DataType>() else {
                    let message = format!("`{data_type}` is not a type");
                    return self.refuse(&message, Span::empty());
                };
                let name = match kind {
                    CastKind::TryCast => SparkCast::TRYING,
                    _ => SparkCast::ANSI,
                };
                call(name, vec![(**expr).clone(), string(&to.to_string())])
            }
            SqlExpr::CompoundIdentifier(path) => self.nested(path)?,
            ref other => match in_engine_terms(other) {
                Some(Ok(new)) => new,
                Some(Err(message)) => return self.refuse(&message, other.span()),
                None => return ControlFlow::Continue(()),
            },
        };
        *node = new;
        ControlFlow::Continue(())
    }
}

impl SparkNames<'_> {
    fn plan_name(&self, index: usize) -> Ident {
        Ident::with_quote('`', self.frame.plan.schema().field(index).name())
    }

    fn refuse<T>(&self, message: &str, span: Span) -> ControlFlow<Error, T> {
        ControlFlow::Break(Error::Expression {
            expression: self.text.to_owned(),
            message: message.to_owned(),
            offset: byte_offset(self.text, span.start.line, span.start.column),
        })
    }

    /// Refuses functions that Spark does not have, and those of Spark's that are not supported.
    fn known(&self, function: &Function) -> ControlFlow<Error> {
        let name = function.name.to_string();
        let message = match catalog::status(&name) {
            _ if name == SparkCast::LITERAL => return ControlFlow::Continue(()),
            Status::Supported | Status::OfManyRows => return ControlFlow::Continue(()),
            Status::Refused(reason) => format!("`{name}`: {reason}"),
            Status::Unknown => match catalog::nearest(&name) {
                Some(nearest) => {
                    format!("Spark has no function `{name}`; did you mean `{nearest}`?")
                }
                None => format!("Spark has no function `{name}`"),
            },
        };
        self.refuse(&message, function.name.span())
    }

    /// Refuses functions that need more than one row.
    fn one_row_at_a_time(&self, function: &Function) -> ControlFlow<Error> {
        let state = self.frame.session.state();
        let name = function.name.to_string();
        if function.over.is_some() || state.window_functions().contains_key(&name) {
            let message = format!("the window function `{name}` cannot stand in an expression");
            return self.refuse(&message, function.name.span());
        }
        let scalar = state.scalar_functions().contains_key(&name);
        if !scalar && state.aggregate_functions().contains_key(&name) {
            let message = format!(
                "`{name}` summarises many rows: it can stand in groupby and aggregate, not in an expression"
            );
            return self.refuse(&message, function.name.span());
        }
        ControlFlow::Continue(())
    }

    /// A field of a struct column: `column.field`.
    fn nested(&self, path: &[Ident]) -> ControlFlow<Error, SqlExpr> {
        let Some((first, fields)) = path.split_first() else {
            return self.refuse("an empty name", Span::empty());
        };
        let index = match self.frame.index(&first.value) {
            Ok(index) => index,
            Err(error) => return self.no_struct(path, first, error),
        };
        let mut kind = self.frame.plan.schema().field(index).data_type().clone();
        let mut value = SqlExpr::Identifier(self.plan_name(index));
        for name in fields {
            if let Ok(pair) = pair_of(&kind) {
                value = call(SparkItem::NAME, vec![value, string(&name.value)]);
                kind = pair[1].data_type().clone();
                continue;
            }
            let ArrowType::Struct(members) = &kind else {
                let message = format!(
                    "`{}` has no field `{}`: it is no struct",
                    first.value, name.value
                );
                return self.refuse(&message, name.span);
            };
            let lower = name.value.to_lowercase();
            let Some(member) = members.iter().find(|m| m.name().to_lowercase() == lower) else {
                let message = format!("no field `{}` in `{}`", name.value, first.value);
                return self.refuse(&message, name.span);
            };
            value = call(SparkItem::NAME, vec![value, string(member.name())]);
            kind = member.data_type().clone();
        }
        ControlFlow::Continue(value)
    }

    /// A name with a dot whose first part is no column.
    fn no_struct(
        &self,
        path: &[Ident],
        first: &Ident,
        error: Error,
    ) -> ControlFlow<Error, SqlExpr> {
        let parts: Vec<&str> = path.iter().map(|part| part.value.as_str()).collect();
        let whole = parts.join(".");
        if !self.frame.indices(&whole).is_empty() {
            let message = format!("a name with a dot must stand in backticks: `{whole}`");
            return self.refuse(&message, first.span);
        }
        ControlFlow::Break(self.at(error, first))
    }

    fn at(&self, error: Error, name: &Ident) -> Error {
        let offset = byte_offset(self.text, name.span.start.line, name.span.start.column);
        match error {
            Error::UnknownColumn {
                name, candidates, ..
            } => Error::UnknownColumn {
                name,
                candidates,
                offset,
            },
            Error::AmbiguousColumn { .. } => Error::Expression {
                expression: self.text.to_owned(),
                message: error.to_string(),
                offset,
            },
            other => other,
        }
    }
}

/// `.field` as `['field']`: its name is no column's.
fn field_as_key(access: &mut AccessExpr) {
    if let AccessExpr::Dot(SqlExpr::Identifier(name)) = access {
        let index = string(&name.value);
        *access = AccessExpr::Subscript(Subscript::Index { index });
    }
}

fn lower_case(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            ident.value = ident.value.to_lowercase();
        }
    }
}

/// A parser's message without its place, and the place.
fn syntax_error(error: &DataFusionError, text: &str) -> (String, Option<usize>) {
    let message = match error.find_root() {
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::TokenizerError(message) | ParserError::ParserError(message) => {
                message.clone()
            }
            ParserError::RecursionLimitExceeded => "the expression is nested too deeply".to_owned(),
        },
        _ => sentence(error),
    };
    let Some((what, place)) = message.rsplit_once(" at Line: ") else {
        return (message, None);
    };
    let place = place
        .split_once(", Column: ")
        .and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
    (
        what.to_owned(),
        place.and_then(|(line, column)| byte_offset(text, line, column)),
    )
}

/// Line and column, both from 1, as an offset in bytes.
fn byte_offset(text: &str, line: u64, column: u64) -> Option<usize> {
    let line_start: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line.checked_sub(1)?).ok()?)
        .map(str::len)
        .sum();
    let column = usize::try_from(column.checked_sub(1)?).ok()?;
    let within = text[line_start..]
        .char_indices()
        .map(|(at, _)| at)
        .nth(column);
    Some(within.map_or(text.len(), |at| line_start + at))
}
