//! The columns of files that nobody declared: those of the first file, or with `mergeSchema` those of all of them.

use std::collections::HashSet;
use std::path::PathBuf;

use datafusion::physical_plan::metrics::Count;

use crate::engine::problem::Problem;
use crate::engine::read::ReadError;
use crate::engine::read::files::{Part, is_empty};
use crate::engine::read::typed::conform::Mismatch;
use crate::engine::read::typed::{Typed, TypedOptions};
use crate::engine::types::{DataType, Field, Schema};

/// None if there is no file that is not empty.
///
/// # Errors
///
/// For a file that cannot be read, one with a column that Spark has no type for, and one whose columns do not merge with those before it.
pub(in crate::engine::read) fn infer(
    typed: Typed,
    files: Vec<PathBuf>,
    options: &TypedOptions,
) -> Result<Option<Schema>, ReadError> {
    let mut merged: Option<Schema> = None;
    for path in files {
        if is_empty(&path)? {
            continue;
        }
        let part = Part {
            path,
            start: 0,
            end: u64::MAX,
        };
        let schema = columns(typed, &part)?;
        let all = match merged {
            None => schema,
            Some(all) => merge(all, schema)
                .map_err(|conflict| typed.unreadable(&part, Problem::new(conflict)))?,
        };
        if !options.merge_schema {
            return Ok(Some(all));
        }
        merged = Some(all);
    }
    Ok(merged)
}

fn columns(typed: Typed, part: &Part) -> Result<Schema, ReadError> {
    let schema = typed.open(part, Count::new())?.schema();
    let unique = schema.and_then(|schema| {
        let mut seen = HashSet::new();
        let mut fields = schema.fields.iter();
        match fields.find(|field| !seen.insert(field.name.to_lowercase())) {
            None => Ok(schema),
            Some(field) => Err(Mismatch::Ambiguous {
                column: field.name.clone(),
            }),
        }
    });
    unique.map_err(|mismatch| typed.unreadable(part, Problem::new(mismatch)))
}

/// Columns that are of one name and of two types.
#[derive(Debug, thiserror::Error)]
#[error("column `{column}` is {found}, and {before} in a file before (mergeSchema)")]
struct Conflict {
    column: String,
    found: DataType,
    before: DataType,
}

/// The columns of both, as Spark's `StructType.merge` has them.
fn merge(all: Schema, more: Schema) -> Result<Schema, Conflict> {
    Ok(Schema {
        fields: merge_fields(all.fields, more.fields)?,
    })
}

fn merge_fields(mut all: Vec<Field>, more: Vec<Field>) -> Result<Vec<Field>, Conflict> {
    for field in more {
        let name = field.name.to_lowercase();
        match all
            .iter_mut()
            .find(|known| known.name.to_lowercase() == name)
        {
            Some(known) => known.data_type = merge_types(&known.data_type, &field)?,
            None => all.push(field),
        }
    }
    Ok(all)
}

fn merge_types(before: &DataType, field: &Field) -> Result<DataType, Conflict> {
    let inner = |before: &DataType, found: &DataType| {
        merge_types(
            before,
            &Field {
                data_type: found.clone(),
                ..field.clone()
            },
        )
        .map(Box::new)
    };
    match (before, &field.data_type) {
        (before, found) if before == found => Ok(before.clone()),
        (DataType::Struct(all), DataType::Struct(more)) => {
            Ok(DataType::Struct(merge_fields(all.clone(), more.clone())?))
        }
        (DataType::Array(one), DataType::Array(other)) => Ok(DataType::Array(inner(one, other)?)),
        (DataType::Map(k, v), DataType::Map(key, value)) => {
            Ok(DataType::Map(inner(k, key)?, inner(v, value)?))
        }
        (DataType::Decimal(p, s), DataType::Decimal(precision, scale)) if s == scale => {
            Ok(DataType::Decimal(*p.max(precision), *s))
        }
        (before, found) => Err(Conflict {
            column: field.name.clone(),
            found: found.clone(),
            before: before.clone(),
        }),
    }
}
