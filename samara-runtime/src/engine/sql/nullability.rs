//! Where Spark derives that a value may be null, and the engine derives something else.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable as _, Operator};

use crate::engine::sql::declared::{Declared, without_nulls};

/// When the value of a function may be null.
#[derive(Debug, Clone, Copy)]
enum Nullable {
    Always,
    Never,
    WithAnyArgument,
    WithAllArguments,
    WithFirstArgument,
    WithSecondArgument,
}

/// What an array holds.
#[derive(Debug, Clone, Copy)]
enum Elements {
    /// No nulls, whatever the arguments hold.
    NotNull,
    /// What the first argument holds, which is an array.
    OfFirst,
    /// What arrays hold that are all arguments: nulls, if any of them does.
    OfAny,
    /// As [`Elements::OfAny`], but nulls only if all of them do.
    OfAll,
    /// The first argument, many times.
    First,
    /// The arguments.
    Arguments,
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
    let arguments = &function.args;
    let nullable = |value: &Expr| value.nullable(schema);
    let flags = arguments.iter().map(nullable).collect::<Result<Vec<_>>>()?;
    let is_null = match rule(name) {
        Some(Nullable::Always) => true,
        Some(Nullable::Never) => false,
        Some(Nullable::WithAnyArgument) => flags.contains(&true),
        Some(Nullable::WithAllArguments) => !flags.contains(&false),
        Some(Nullable::WithFirstArgument) => flags.first().is_some_and(|first| *first),
        Some(Nullable::WithSecondArgument) => flags.get(1).is_some_and(|second| *second),
        None => nullable(value)?,
    };
    let kind = value.get_type(schema)?;
    if name == "named_struct"
        && let DataType::Struct(fields) = &kind
    {
        return Ok((of_struct(fields, arguments, schema)?, is_null));
    }
    let kind = match elements(name) {
        Some(elements) => of_array(elements, &kind, arguments, schema)?,
        None => kind,
    };
    Ok((kind, is_null))
}

/// The fields of a struct of names and values.
fn of_struct(fields: &Fields, arguments: &[Expr], schema: &DFSchema) -> Result<DataType> {
    let values = arguments.iter().skip(1).step_by(2);
    let fields = fields.iter().zip(values).map(|(field, value)| {
        let (kind, nullable) = (value.get_type(schema)?, value.nullable(schema)?);
        Ok(Field::new(field.name(), kind, nullable))
    });
    Ok(DataType::Struct(fields.collect::<Result<_>>()?))
}

fn of_array(
    elements: Elements,
    kind: &DataType,
    arguments: &[Expr],
    schema: &DFSchema,
) -> Result<DataType> {
    let DataType::List(element) = kind else {
        return Ok(kind.clone());
    };
    let types = arguments.iter().map(|value| uncast(value).get_type(schema));
    let types = types.collect::<Result<Vec<_>>>()?;
    let held: Vec<bool> = types.iter().filter_map(holds_nulls).collect();
    let nulls = match elements {
        Elements::NotNull => false,
        Elements::OfFirst => held.first().is_none_or(|first| *first),
        Elements::OfAny => held.contains(&true),
        Elements::OfAll => !held.contains(&false),
        Elements::First => arguments[0].nullable(schema)?,
        Elements::Arguments => {
            let nullable = arguments.iter().map(|value| value.nullable(schema));
            nullable.collect::<Result<Vec<_>>>()?.contains(&true)
        }
    };
    let made_of = match (elements, &types[..]) {
        (Elements::First | Elements::Arguments, [first, rest @ ..])
            if rest.iter().all(|kind| kind == first) =>
        {
            first
        }
        _ => element.data_type(),
    };
    Ok(match nulls {
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

fn holds_nulls(kind: &DataType) -> Option<bool> {
    match kind {
        DataType::List(element) => Some(element.is_nullable()),
        _ => None,
    }
}

fn elements(name: &str) -> Option<Elements> {
    Some(match name {
        "array_compact" | "split" => Elements::NotNull,
        "array_distinct" | "array_except" | "array_remove" | "array_remove_all" | "slice" => {
            Elements::OfFirst
        }
        "array_union" => Elements::OfAny,
        "array_intersect" => Elements::OfAll,
        "array_repeat" => Elements::First,
        "array" | "make_array" => Elements::Arguments,
        _ => return None,
    })
}

/// Spark's rule for a function, by its name in the engine; nothing, where the engine has the same.
fn rule(name: &str) -> Option<Nullable> {
    Some(match name {
        "floor" | "date_trunc" | "trunc" => Nullable::Always,
        "array" | "make_array" | "map" | "named_struct" | "pi" | "rand" | "random" => {
            Nullable::Never
        }
        "array_repeat" => Nullable::WithSecondArgument,
        "greatest" | "least" => Nullable::WithAllArguments,
        "concat_ws" | "array_join" | "array_to_string" => Nullable::WithFirstArgument,
        "upper" | "lower" | "trim" | "btrim" | "ltrim" | "rtrim" | "bit_length"
        | "octet_length" | "reverse" | "initcap" | "hex" | "md5" | "soundex" | "repeat"
        | "lpad" | "rpad" | "left" | "replace" | "translate" | "starts_with" | "ends_with"
        | "contains" | "split" | "regexp_replace" | "regexp_like" | "regexp_count"
        | "levenshtein" | "char" | "chr" | "space" | "find_in_set" | "overlay" | "substr_index"
        | "substring_index" | "power" | "pow" | "atan2" | "hypot" | "negative" | "nanvl"
        | "hour" | "minute" | "second" | "to_char" | "make_date" | "size" | "cardinality"
        | "array_contains" | "array_has" | "array_distinct" | "slice" | "array_union"
        | "array_intersect" | "array_except" | "array_overlap" | "arrays_overlap"
        | "array_has_any" | "array_remove" | "array_remove_all" | "array_compact" | "map_keys"
        | "map_values" | "map_entries" => Nullable::WithAnyArgument,
        _ => return None,
    })
}
