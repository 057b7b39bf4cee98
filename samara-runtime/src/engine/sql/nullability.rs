//! Where Spark derives that a value may be null, and the engine derives something else.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{Case, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator};

use crate::engine::sql::declared::{Declared, without_nulls};
use crate::engine::sql::nested::SparkItem;

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
        Expr::Case(case) => {
            let branches = case.when_then_expr.iter().map(|(_, then)| then);
            let results = branches.chain(&case.else_expr).map(Box::as_ref);
            (merged(&value, results, schema)?, of_case(case, schema)?)
        }
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
    if name == SparkItem::NAME {
        return item(function, value, any_nullable, schema);
    }
    if name == "coalesce" {
        return Ok((merged(value, function.args.iter(), schema)?, is_null));
    }
    let kind = value.get_type(schema)?;
    let kind = match (name, kind) {
        (name, DataType::List(element)) if is_array(name) => {
            of_array(element, &function.args, any_nullable, schema)?
        }
        (_, kind) => kind,
    };
    Ok((kind, is_null))
}

/// Of a CASE whose first condition is `true` only the first value counts; of any other all do, reached or not.
fn of_case(case: &Case, schema: &DFSchema) -> Result<bool> {
    if let Some((condition, then)) = case.when_then_expr.first()
        && is_true(condition)
    {
        return then.nullable(schema);
    }
    let branches = case.when_then_expr.iter().map(|(_, then)| then);
    let flags = branches
        .chain(&case.else_expr)
        .map(|value| value.nullable(schema));
    let flags = flags.collect::<Result<Vec<_>>>()?;
    Ok(case.else_expr.is_none() || flags.contains(&true))
}

fn is_true(condition: &Expr) -> bool {
    matches!(
        condition,
        Expr::Literal(ScalarValue::Boolean(Some(true)), _)
    )
}

/// An element of an array that was made of values is that value; of any other it may be null.
fn item(
    function: &ScalarFunction,
    value: &Expr,
    any_nullable: bool,
    schema: &DFSchema,
) -> Result<(DataType, bool)> {
    let [from, key] = &function.args[..] else {
        return Ok((value.get_type(schema)?, value.nullable(schema)?));
    };
    let nullable = match from.get_type(schema)? {
        DataType::List(_) => match (undeclared(from), key) {
            (Expr::ScalarFunction(array), Expr::Literal(ScalarValue::Int32(Some(at)), _))
                if is_array(array.func.name()) =>
            {
                let made_of = usize::try_from(*at).ok().and_then(|at| array.args.get(at));
                made_of.map_or(Ok(true), |value| value.nullable(schema))?
            }
            _ => true,
        },
        _ => value.nullable(schema)? || any_nullable,
    };
    Ok((value.get_type(schema)?, nullable))
}

fn is_array(name: &str) -> bool {
    matches!(name, "array" | "make_array")
}

/// A value without what was said of its nulls.
fn undeclared(value: &Expr) -> &Expr {
    match value {
        Expr::ScalarFunction(function) if Declared::is(function) => {
            function.args.first().map_or(value, undeclared)
        }
        other => other,
    }
}

/// The type of one of several values: where one of them may hold a null, so may it.
fn merged<'a>(
    value: &Expr,
    results: impl Iterator<Item = &'a Expr>,
    schema: &DFSchema,
) -> Result<DataType> {
    let kind = value.get_type(schema)?;
    if !kind.is_nested() {
        return Ok(kind);
    }
    let types = results.map(|result| uncast(result).get_type(schema));
    let types = types.collect::<Result<Vec<_>>>()?;
    Ok(types
        .iter()
        .fold(kind, |kind, other| with_nulls_of(&kind, other)))
}

/// A type, with nulls also where another one has them.
fn with_nulls_of(kind: &DataType, other: &DataType) -> DataType {
    let both = |field: &FieldRef, other: &FieldRef| {
        let kind = with_nulls_of(field.data_type(), other.data_type());
        let nullable = field.is_nullable() || other.is_nullable();
        Arc::new(Field::new(field.name(), kind, nullable))
    };
    match (kind, other) {
        (DataType::List(field), DataType::List(other)) => DataType::List(both(field, other)),
        (DataType::Map(field, sorted), DataType::Map(other, _)) => {
            DataType::Map(both(field, other), *sorted)
        }
        (DataType::Struct(fields), DataType::Struct(others)) if fields.len() == others.len() => {
            DataType::Struct(fields.iter().zip(others).map(|(a, b)| both(a, b)).collect())
        }
        _ => kind.clone(),
    }
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
    if types
        .windows(2)
        .any(|pair| !has_names_of(&pair[0], &pair[1]))
    {
        return plan_err!("the structs of an array have the same names of fields");
    }
    let made_of = match &types[..] {
        [first, rest @ ..] if rest.iter().all(|kind| kind == first) => first,
        _ => element.data_type(),
    };
    Ok(match nullable {
        false => without_nulls(made_of),
        true => DataType::List(Arc::new(Field::new(element.name(), made_of.clone(), true))),
    })
}

/// Whether two types are not both structs, or have the same names: by others the engine would match them, and lose values.
fn has_names_of(one: &DataType, other: &DataType) -> bool {
    let (DataType::Struct(fields), DataType::Struct(others)) = (one, other) else {
        return true;
    };
    let same = |(a, b): (&FieldRef, &FieldRef)| a.name().eq_ignore_ascii_case(b.name());
    fields.len() == others.len() && fields.iter().zip(others).all(same)
}

/// A nested value before it was given the type that it has in common with others.
fn uncast(value: &Expr) -> &Expr {
    match value {
        Expr::Cast(cast) if cast.field.data_type().is_nested() => &cast.expr,
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
