//! Functions of any values: what is checked, and types.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, NullArray, StringArray};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{DFSchema, Result, exec_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, ExprSchemable as _, lit};

use crate::engine::sql::cast::spark_type;
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, Boolean, Text};
    let f = SparkFunction::columns;
    vec![
        f(
            "typeof",
            &[Any],
            |call| Ok(Field::new(call.name, ArrowType::Utf8, false)),
            |args, _| {
                let name = named(args[0].data_type())?;
                Ok(Arc::new(StringArray::from(vec![name; args[0].len()])))
            },
        ),
        // Volatile, so that it is not computed where no row asks for it.
        f("raise_error", &[Text], nothing, |args, _| {
            fail_where(args, |row| {
                let texts = args[0].as_string::<i32>();
                Some(if texts.is_null(row) {
                    String::new()
                } else {
                    texts.value(row).to_owned()
                })
            })
        })
        .volatile(),
        f("assert_true", &[Boolean, Text], nothing, |args, _| {
            fail_where(args, |row| {
                let holds = args[0].as_boolean();
                let message = args.get(1).map(|arg| arg.as_string::<i32>());
                let text = || match message {
                    Some(texts) if texts.is_valid(row) => texts.value(row).to_owned(),
                    _ => "what assert_true was given is not true".to_owned(),
                };
                (holds.is_null(row) || !holds.value(row)).then(text)
            })
        })
        .at_least(1)
        .volatile(),
    ]
}

/// The name of a type, which is known before any value is.
pub(crate) fn type_name(function: &ScalarFunction, schema: &DFSchema) -> Result<Option<Expr>> {
    let ("typeof", [value]) = (function.name(), &function.args[..]) else {
        return Ok(None);
    };
    Ok(Some(lit(named(&value.get_type(schema)?)?)))
}

fn named(kind: &ArrowType) -> Result<String> {
    match kind {
        ArrowType::Null => Ok("void".to_owned()),
        kind => Ok(spark_type(kind)?.to_string()),
    }
}

/// NULL of no type of its own.
fn nothing(call: &Call<'_>) -> Result<Field> {
    Ok(call.nullable(ArrowType::Null))
}

/// Nulls, unless a row has a message.
fn fail_where(args: &[ArrayRef], message: impl Fn(usize) -> Option<String>) -> Result<ArrayRef> {
    let rows = args[0].len();
    match (0..rows).find_map(message) {
        Some(message) => exec_err!("{message}"),
        None => Ok(Arc::new(NullArray::new(rows))),
    }
}
