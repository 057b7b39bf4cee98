//! Where Spark derives that a value may be null, and the engine derives something else.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator};

use crate::engine::sql::declared::{Declared, without_nulls};

/// When the value of a function may be null.
#[derive(Debug, Clone, Copy)]
enum Nullable {
    Never,
    WithAnyArgument,
}

/// The value under the type that Spark gives it.
///
/// # Errors
///
/// If an argument has no type.
pub(crate) fn with_sparks_nulls(value: Expr, schema: &DFSchema) -> Result<Expr> {
    let (kind, nullable) = match &value {
        Expr::BinaryExpr(BinaryExpr {
            op: Operator::IsNotDistinctFrom,
            ..
        }) => (DataType::Boolean, false),
        Expr::ScalarFunction(function) => of_function(function, &value, schema)?,
        _ => return Ok(value),
    };
    let is_known = value.get_type(schema)? == kind && value.nullable(schema)? == nullable;
    Ok(match is_known {
        true => value,
        false => Declared::call(value, kind, nullable),
    })
}

fn of_function(
    function: &ScalarFunction,
    value: &Expr,
    schema: &DFSchema,
) -> Result<(DataType, bool)> {
    let name = function.func.name();
    let flags = function.args.iter().map(|value| value.nullable(schema));
    let any_nullable = flags.collect::<Result<Vec<_>>>()?.contains(&true);
    let is_null = match rule(name) {
        Some(Nullable::Never) => false,
        Some(Nullable::WithAnyArgument) => any_nullable,
        None => value.nullable(schema)?,
    };
    let kind = value.get_type(schema)?;
    let kind = match (name, kind) {
        ("array" | "make_array", DataType::List(element)) => {
            of_array(element, &function.args, any_nullable, schema)?
        }
        (_, kind) => kind,
    };
    Ok((kind, is_null))
}

/// The type of an array of values.
fn of_array(
    element: FieldRef,
    values: &[Expr],
    nullable: bool,
    schema: &DFSchema,
) -> Result<DataType> {
    let types = values.iter().map(|value| uncast(value).get_type(schema));
    let types = types.collect::<Result<Vec<_>>>()?;
    let made_of = match &types[..] {
        [first, rest @ ..] if rest.iter().all(|kind| kind == first) => first,
        _ => element.data_type(),
    };
    Ok(match nullable {
        false => without_nulls(made_of),
        true => DataType::List(Arc::new(Field::new(element.name(), made_of.clone(), true))),
    })
}

/// An array before it was given the type that it has in common with others.
fn uncast(value: &Expr) -> &Expr {
    match value {
        Expr::Cast(cast) if matches!(cast.field.data_type(), DataType::List(_)) => &cast.expr,
        other => other,
    }
}

/// Spark's rule for a function of the engine; nothing, where the engine has the same. Those of our own say it themselves.
fn rule(name: &str) -> Option<Nullable> {
    Some(match name {
        "array" | "make_array" | "rand" | "random" => Nullable::Never,
        "md5" | "negative" | "nanvl" => Nullable::WithAnyArgument,
        _ => return None,
    })
}
