//! Spark SQL expressions: from their text to the engine's expressions.

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::config::Dialect;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DFSchema, DataFusionError, ScalarValue};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator, cast};
use datafusion::sql::sqlparser::ast::{
    self, CastKind, Expr as SqlExpr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, VisitMut as _, VisitorMut,
};
use datafusion::sql::sqlparser::parser::ParserError;

use crate::engine::cast::SparkCast;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result, sentence};

impl DataFrame {
    /// A Spark SQL expression over this frame's columns.
    pub(crate) fn expression(&self, text: &str) -> Result<Expr> {
        let wrong = |message: String, offset| Error::Expression {
            expression: text.to_owned(),
            message,
            offset,
        };
        let state = self.session.state();
        let mut parsed = state
            .sql_to_expr_with_alias(text, &Dialect::Spark)
            .map_err(|error| {
                let (message, offset) = syntax_error(&error, text);
                wrong(message, offset)
            })?;
        let mut names = SparkNames { frame: self, text };
        if let ControlFlow::Break(error) = parsed.expr.visit(&mut names) {
            return Err(error);
        }
        let schema = self.plan.schema();
        let planned = state.create_logical_expr_from_sql_expr(parsed, schema);
        let expression =
            planned.map_err(|error| wrong(sentence(&error), function_offset(&error, text)))?;
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
                Ok(index) => {
                    *name = Ident::with_quote('`', self.frame.plan.schema().field(index).name())
                }
                Err(error) => return ControlFlow::Break(self.at(error, name)),
            },
            SqlExpr::Function(function) => lower_case(&mut function.name),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, node: &mut SqlExpr) -> ControlFlow<Error> {
        if let SqlExpr::Cast {
            kind,
            expr,
            data_type,
            ..
        } = node
        {
            let Ok(to) = data_type.to_string().parse::<DataType>() else {
                let message = format!("`{data_type}` is not a type");
                return ControlFlow::Break(Error::Expression {
                    expression: self.text.to_owned(),
                    message,
                    offset: None,
                });
            };
            let name = if *kind == CastKind::TryCast {
                SparkCast::TRYING
            } else {
                SparkCast::ANSI
            };
            *node = call(name, vec![(**expr).clone(), string(&to.to_string())]);
        }
        ControlFlow::Continue(())
    }
}

impl SparkNames<'_> {
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

fn lower_case(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            ident.value = ident.value.to_lowercase();
        }
    }
}

fn call(name: &str, arguments: Vec<SqlExpr>) -> SqlExpr {
    SqlExpr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments
                .into_iter()
                .map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)))
                .collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

fn string(text: &str) -> SqlExpr {
    SqlExpr::Value(ast::Value::SingleQuotedString(text.to_owned()).with_empty_span())
}

/// Spark's types where the engine's differ: an integer literal is an INT if it fits, and `/` divides integers as doubles.
fn spark_types(
    node: Expr,
    schema: &DFSchema,
) -> std::result::Result<Transformed<Expr>, DataFusionError> {
    match node {
        Expr::Literal(ScalarValue::Int64(Some(value)), metadata) => {
            Ok(match i32::try_from(value) {
                Ok(value) => {
                    Transformed::yes(Expr::Literal(ScalarValue::Int32(Some(value)), metadata))
                }
                Err(_) => Transformed::no(Expr::Literal(ScalarValue::Int64(Some(value)), metadata)),
            })
        }
        Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Divide,
            right,
        }) if left.get_type(schema)?.is_integer() && right.get_type(schema)?.is_integer() => {
            let double = |side: Box<Expr>| Box::new(cast(*side, ArrowType::Float64));
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr {
                left: double(left),
                op: Operator::Divide,
                right: double(right),
            })))
        }
        other => Ok(Transformed::no(other)),
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

/// Where the function stands that the engine does not know.
fn function_offset(error: &DataFusionError, text: &str) -> Option<usize> {
    let message = sentence(error);
    let name = message
        .strip_prefix("Invalid function '")?
        .split('\'')
        .next()?;
    text.to_lowercase().find(name)
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
