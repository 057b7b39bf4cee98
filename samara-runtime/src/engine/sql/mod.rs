//! Spark SQL expressions: from their text to the engine's expressions.

pub(crate) mod arithmetic;
pub(crate) mod cast;
mod cast_moment;
mod cast_nested;
mod cast_number;
pub(crate) mod coercion;
pub(crate) mod compiled;
mod connective;
pub(crate) mod constants;
pub(crate) mod decimal;
pub(crate) mod declared;
mod depth;
mod dialect;
pub(crate) mod functions;
mod interval;
pub(crate) mod nested;
mod nested_text;
pub(crate) mod normal;
mod nullability;
mod parser;
mod scope;
pub(crate) mod session_zone;
pub(crate) mod spark_function;
#[cfg(test)]
mod tests;
mod widened;
pub(crate) mod window;

use std::ops::ControlFlow;
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DataFusionError, plan_err};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable as _, ScalarUDF};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::sqlparser::ast::Spanned as _;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, CastKind, Expr as SqlExpr, ExprWithAlias, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Subscript, Value, VisitMut as _,
    VisitorMut, visit_expressions,
};
use datafusion::sql::sqlparser::tokenizer::Span;

use crate::engine::aggregates::Aggregate;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::coercion::spark_types;
use crate::engine::sql::compiled::compiled_if_deep;
use crate::engine::sql::connective::flatten;
use crate::engine::sql::functions::catalog::{self, Status};
use crate::engine::sql::functions::lambda::{higher_order, is_higher_order};
use crate::engine::sql::functions::map::pair_of;
use crate::engine::sql::functions::{TIMESTAMP_ADD, TIMESTAMP_DIFF};
use crate::engine::sql::nested::SparkItem;
use crate::engine::sql::parser::parse_expression;
use crate::engine::sql::scope::{Planned, Scope};
use crate::engine::sql::spark_function::{by_place, call, copies, in_engine_terms, string};
use crate::engine::stack::on_deep_stack;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

/// Spark's functions that neither DataFusion nor `datafusion-spark` has.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    let mut all = vec![
        ScalarUDF::from(SparkCast::ansi()),
        ScalarUDF::from(SparkCast::trying()),
        ScalarUDF::from(SparkCast::of_literal()),
        ScalarUDF::from(SparkItem::new()),
    ];
    all.extend(connective::functions());
    all.extend(functions::functions());
    all
}

impl DataFrame {
    /// A Spark SQL expression over this frame's columns, of one row at a time.
    pub(crate) fn expression(&self, text: &str) -> Result<Expr> {
        on_deep_stack(|| Scope::of(self, text).parsed())
    }

    /// A Spark SQL expression over this frame's columns, with functions of windows: for a [projection](DataFrame::project) only.
    pub(crate) fn windowed_expression(&self, text: &str) -> Result<Expr> {
        on_deep_stack(|| Scope::of(self, text).with_windows().parsed())
    }
}

/// What the parser writes for constants and for calls with words between their arguments.
const OF_SYNTAX: [&str; 3] = [SparkCast::LITERAL, TIMESTAMP_ADD, TIMESTAMP_DIFF];

/// In a longer text, the part that fails is not looked for: each part is planned for that.
const MOST_SEARCHED: usize = 10_000;

/// Why `${` is refused.
const VARIABLE: &str = "Spark takes `${…}` in an expression for a variable of its configuration, which there is none of; write `$` and `{` apart, as in `concat('$', '{')`";

impl Scope<'_> {
    fn parsed(&self) -> Result<Expr> {
        let text = self.text;
        if let Some(offset) = text.find("${") {
            return Err(Error::Expression {
                expression: text.to_owned(),
                message: VARIABLE.to_owned(),
                offset: Some(offset),
            });
        }
        let parsed = parse_expression(text).map_err(|error| Error::Expression {
            expression: text.to_owned(),
            message: error.message,
            offset: Some(error.at),
        })?;
        let planned = self.planned(parsed.clone())?;
        match self.failing_constant(&planned) {
            None => Ok(planned),
            Some(error) => Err(self.wrong(&error, self.place_of_failure(&parsed))),
        }
    }

    /// Why a part of an expression without columns fails for all rows.
    fn failing_constant(&self, planned: &Expr) -> Option<DataFusionError> {
        let config = self.state().config_options();
        let context = SimplifyContext::builder()
            .with_config_options(Arc::clone(config))
            .build();
        // The engine gives operands their types when it has the whole plan; what they do not fit fails there.
        let typed = ExprSimplifier::new(context).coerce(planned.clone(), &self.schema);
        constants::check_in(&typed.ok()?, &self.schema, config).err()
    }

    /// Where the smallest part of an expression stands that fails for all rows.
    fn place_of_failure(&self, parsed: &SqlExpr) -> Option<usize> {
        if self.text.len() > MOST_SEARCHED {
            return None;
        }
        let fails = |part: &SqlExpr| match self.planned(part.clone()) {
            Ok(planned) => self.failing_constant(&planned).is_some(),
            Err(_) => false,
        };
        let failing = visit_expressions(parsed, |part| match fails(part) {
            true => ControlFlow::Break(part.clone()),
            false => ControlFlow::Continue(()),
        });
        let ControlFlow::Break(outermost) = failing else {
            return None;
        };
        let innermost = innermost(outermost, &fails);
        let span = literal_of(&innermost).unwrap_or(innermost.span());
        byte_offset(self.text, span.start.line, span.start.column)
    }

    /// An expression over the columns and the variables of the scope, with Spark's types.
    fn planned(&self, mut expression: SqlExpr) -> Result<Expr> {
        let mut names = SparkNames {
            scope: self,
            planned: Planned::default(),
            copies: 1,
        };
        if let ControlFlow::Break(error) = expression.visit(&mut names) {
            return Err(error);
        }
        let planned = self.typed(expression, &names.planned);
        planned.map_err(|error| self.wrong(&error, None))
    }

    fn typed(&self, expr: SqlExpr, planned: &Planned) -> Result<Expr, DataFusionError> {
        let schema = planned.added_to(&self.schema)?;
        let parsed = ExprWithAlias { expr, alias: None };
        let whole = self
            .state()
            .create_logical_expr_from_sql_expr(parsed, &schema)?;
        let typed = whole.transform_up(|node| match planned.part(&node) {
            Some(part) => Ok(Transformed::yes(part.clone())),
            None => {
                let typed = spark_types(node, &self.schema)?;
                Ok(Transformed::yes(compiled_if_deep(typed.data, self)?))
            }
        })?;
        match typed.data.get_type(&self.schema)? {
            ArrowType::Interval(_) | ArrowType::Duration(_) => plan_err!(
                "intervals as values are not supported yet: an interval is added to a date or a timestamp, or subtracted"
            ),
            _ => Ok(typed.data),
        }
    }
}

/// The smallest part of an expression of which something holds, as it does of the whole.
fn innermost(whole: SqlExpr, holds: &impl Fn(&SqlExpr) -> bool) -> SqlExpr {
    let within = visit_expressions(&whole, |part| match *part != whole && holds(part) {
        true => ControlFlow::Break(part.clone()),
        false => ControlFlow::Continue(()),
    });
    match within {
        ControlFlow::Break(part) => innermost(part, holds),
        ControlFlow::Continue(()) => whole,
    }
}

/// The place of the text in an expression of one: that is what cannot be another type's value.
fn literal_of(expression: &SqlExpr) -> Option<Span> {
    let found = visit_expressions(expression, |part| match part {
        SqlExpr::Value(value)
            if matches!(value.value, Value::SingleQuotedString(_))
                && value.span != Span::empty() =>
        {
            ControlFlow::Break(value.span)
        }
        _ => ControlFlow::Continue(()),
    });
    found.break_value()
}

/// Resolves names without regard to case, lets `CAST` be Spark's, and plans the functions that take functions.
struct SparkNames<'a> {
    scope: &'a Scope<'a>,
    planned: Planned,
    /// How many times the calls around a place have what stands there.
    copies: usize,
}

/// What stands in more copies than this is refused.
const MOST_COPIES: usize = 1_000;

impl VisitorMut for SparkNames<'_> {
    type Break = Error;

    fn pre_visit_expr(&mut self, node: &mut SqlExpr) -> ControlFlow<Error> {
        if let SqlExpr::BinaryOp { .. } = node {
            flatten(node);
            return ControlFlow::Continue(());
        }
        match node {
            SqlExpr::Identifier(name) if Planned::is_name(name) => {}
            SqlExpr::Identifier(name) => match self.scope.resolve(&name.value) {
                Ok((in_plan, _)) => *name = in_plan,
                Err(error) => match call_without_parentheses(name) {
                    Some(call) => {
                        *node = call;
                        return self.pre_visit_expr(node);
                    }
                    None => return ControlFlow::Break(self.at(error, name)),
                },
            },
            SqlExpr::Function(function) => {
                lower_case(&mut function.name);
                name_fields(function);
                self.known(function)?;
                self.has_a_place(function)?;
                self.copies = self.copies.saturating_mul(copies(function));
                if self.copies > MOST_COPIES {
                    let message = format!(
                        "`{}` is nested too deeply: what stands in it would be computed {} times",
                        function.name, self.copies
                    );
                    return self.refuse(&message, function.name.span());
                }
                if let Err(message) = by_place(function) {
                    return self.refuse(&message, function.name.span());
                }
                if is_higher_order(function) {
                    let part = self.higher_order(function)?;
                    // In parentheses, since it is no name.
                    *node = SqlExpr::Nested(Box::new(SqlExpr::Identifier(part)));
                }
            }
            SqlExpr::Struct { values, .. } => {
                for value in values {
                    self.named_as_declared(value);
                    named_as_field(value);
                }
            }
            SqlExpr::Lambda(_) => {
                let message = "a lambda has its place in a function that takes one";
                return self.refuse(message, node.span());
            }
            SqlExpr::CompoundFieldAccess { access_chain, .. } => {
                access_chain.iter_mut().for_each(field_as_key);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, node: &mut SqlExpr) -> ControlFlow<Error> {
        if let SqlExpr::Function(function) = node {
            self.copies /= copies(function);
        }
        let new = match node {
            SqlExpr::Cast {
                kind,
                expr,
                data_type,
                ..
            } => {
                let to = data_type.to_string().parse::<DataType>();
                let to = match to {
                    Ok(to) => to,
                    Err(error) => return ControlFlow::Break(error),
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
    fn higher_order(&mut self, function: &Function) -> ControlFlow<Error, Ident> {
        let offset = self.offset(function.name.span());
        match higher_order(function, self.scope, offset) {
            Ok(call) => ControlFlow::Continue(self.planned.keep(call)),
            Err(error) => ControlFlow::Break(error),
        }
    }

    /// A variable as a field of a struct, which has the name that the variable was declared by.
    fn named_as_declared(&self, value: &mut SqlExpr) {
        if let SqlExpr::Identifier(name) = value
            && let Some(declared) = self.scope.declared(&name.value)
        {
            let name = Ident::new(declared);
            let expr = Box::new(value.clone());
            *value = SqlExpr::Named { expr, name };
        }
    }

    fn offset(&self, span: Span) -> Option<usize> {
        byte_offset(self.scope.text, span.start.line, span.start.column)
    }

    fn refuse<T>(&self, message: &str, span: Span) -> ControlFlow<Error, T> {
        ControlFlow::Break(Error::Expression {
            expression: self.scope.text.to_owned(),
            message: message.to_owned(),
            offset: self.offset(span),
        })
    }

    /// Refuses functions that Spark does not have, and those of Spark's that are not supported.
    fn known(&self, function: &Function) -> ControlFlow<Error> {
        let name = function.name.to_string();
        let message = match catalog::status(&name) {
            _ if OF_SYNTAX.contains(&name.as_str()) => return ControlFlow::Continue(()),
            Status::Supported | Status::OfManyRows => return ControlFlow::Continue(()),
            Status::Refused(reason) => format!("`{name}`: {reason}"),
            Status::Unknown if catalog::is_operator(&name) => {
                format!("`{name}` is an operator here, not a function: it stands at its operands")
            }
            Status::Unknown => match catalog::nearest(&name) {
                Some(nearest) => {
                    format!("Spark has no function `{name}`; did you mean `{nearest}`?")
                }
                None => format!("Spark has no function `{name}`"),
            },
        };
        self.refuse(&message, function.name.span())
    }

    /// Refuses functions that need more rows than there are where they stand.
    fn has_a_place(&self, function: &mut Function) -> ControlFlow<Error> {
        let name = function.name.to_string();
        if window::is_of_window(function) {
            if !self.scope.windows {
                let message = format!("the window function `{name}` can stand in withColumn only");
                return self.refuse(&message, function.name.span());
            }
            return match window::in_engine_terms(function) {
                Ok(()) => ControlFlow::Continue(()),
                Err(message) => self.refuse(&message, function.name.span()),
            };
        }
        if catalog::status(&name) == Status::OfManyRows {
            let message = match Aggregate::named(&name) {
                Some(_) => format!(
                    "`{name}` summarises many rows: it can stand in groupby and aggregate, not in an expression"
                ),
                None => format!("`{name}` is a function of many rows that is not supported yet"),
            };
            return self.refuse(&message, function.name.span());
        }
        ControlFlow::Continue(())
    }

    /// A field of a struct column: `column.field`.
    fn nested(&self, path: &[Ident]) -> ControlFlow<Error, SqlExpr> {
        let Some((first, fields)) = path.split_first() else {
            return self.refuse("an empty name", Span::empty());
        };
        let (name, mut kind) = match self.scope.resolve(&first.value) {
            Ok(found) => found,
            Err(error) => return self.no_struct(path, first, error),
        };
        let mut value = SqlExpr::Identifier(name);
        for name in fields {
            if let Ok(pair) = pair_of(&kind) {
                value = call(SparkItem::NAME, vec![value, string(&name.value)]);
                kind = pair[1].data_type().clone();
                continue;
            }
            let (members, of_each) = match &kind {
                ArrowType::List(element) => (element.data_type(), true),
                other => (other, false),
            };
            let ArrowType::Struct(members) = members else {
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
            kind = match of_each {
                true => ArrowType::new_list(member.data_type().clone(), true),
                false => member.data_type().clone(),
            };
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
        if !self.scope.frame.indices(&whole).is_empty() {
            let message = format!("a name with a dot must stand in backticks: `{whole}`");
            return self.refuse(&message, first.span);
        }
        ControlFlow::Break(self.at(error, first))
    }

    fn at(&self, error: Error, name: &Ident) -> Error {
        let offset = self.offset(name.span);
        match error {
            Error::UnknownColumn {
                name, candidates, ..
            } => Error::UnknownColumn {
                name,
                candidates,
                offset,
            },
            Error::AmbiguousColumn { .. } => Error::Expression {
                expression: self.scope.text.to_owned(),
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

/// What is taken out of a struct or a map by its name has that name where it is a field again, as in Spark: `struct(s.a)`.
fn named_as_field(value: &mut SqlExpr) {
    let name = match value {
        SqlExpr::CompoundIdentifier(path) => path.last().map(|name| name.value.clone()),
        SqlExpr::CompoundFieldAccess { access_chain, .. } => match access_chain.last() {
            Some(AccessExpr::Dot(SqlExpr::Identifier(name))) => Some(name.value.clone()),
            Some(AccessExpr::Subscript(Subscript::Index {
                index: SqlExpr::Value(key),
            })) => key.value.clone().into_string(),
            _ => None,
        },
        _ => None,
    };
    if let Some(name) = name {
        let (expr, name) = (Box::new(value.clone()), Ident::new(name));
        *value = SqlExpr::Named { expr, name };
    }
}

/// A function that Spark calls by its name alone, where no column has that name.
fn call_without_parentheses(name: &Ident) -> Option<SqlExpr> {
    const NAMES: [&str; 6] = [
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "session_user",
        "user",
    ];
    let lower = name.value.to_lowercase();
    NAMES
        .contains(&lower.as_str())
        .then(|| call(&lower, Vec::new()))
}

/// Names the arguments of a function that makes fields of them.
fn name_fields(function: &mut Function) {
    if function.name.to_string() != "arrays_zip" {
        return;
    }
    if let FunctionArguments::List(list) = &mut function.args {
        for argument in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) = argument {
                named_as_field(value);
            }
        }
    }
}

fn lower_case(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            ident.value = ident.value.to_lowercase();
            ident.quote_style = None;
        }
    }
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
