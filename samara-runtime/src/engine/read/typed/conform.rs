//! From the columns of a file to those that were asked for: by name, or by position where an orc file has no names, and by the conversions that
//! Spark's reader of the format makes.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, ListArray, MapArray, RecordBatch, RecordBatchOptions,
    StructArray, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{DataType as Arrow, FieldRef, Fields, SchemaRef};
use datafusion::arrow::error::ArrowError;

use crate::engine::problem::Problem;
use crate::engine::read::findings::mismatch;
use crate::engine::read::typed::Typed;
use crate::engine::read::typed::kind::{entry, kind_of};
use crate::engine::types::{DataType, Field};

/// A column of a file that is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    /// A type that is not read as another.
    #[error("column `{column}` is {found} in the file, which is not read as {declared}")]
    Type {
        column: String,
        found: String,
        declared: String,
    },
    /// A type that Spark has none for.
    #[error("column `{column}` is {found}, which has no type here: declare a schema without it")]
    NoType { column: String, found: String },
    /// Names that differ in their case alone.
    #[error("there are two columns `{column}`, if the case of letters does not count")]
    Ambiguous { column: String },
    /// Columns that are found by their positions, and too few that are declared to tell which were left out.
    #[error(
        "its {found} columns are found by position, and {declared} are declared: declare all of them, in their order"
    )]
    Positions { found: usize, declared: usize },
}

/// How the columns of one file become those that were asked for.
pub(crate) struct Conform {
    /// The columns to read, ascending.
    columns: Vec<usize>,
    /// For each column asked for, which of those it is and what becomes of it.
    sources: Vec<Source>,
    schema: SchemaRef,
    unmatched: Option<String>,
}

/// The columns that a schema declares, and which of them are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declared<'a> {
    pub fields: &'a [Field],
    pub projection: &'a [usize],
    /// Whether columns of orc files are found by position, whatever their names are.
    pub by_position: bool,
}

impl Conform {
    /// # Errors
    ///
    /// If a column that is there cannot be read as it was asked for.
    pub fn new(
        typed: Typed,
        found: &Fields,
        declared: Declared<'_>,
        schema: SchemaRef,
    ) -> Result<Self, Mismatch> {
        let by_position = typed == Typed::Orc && (declared.by_position || has_no_names(found));
        if by_position && declared.fields.len() < found.len() {
            return Err(Mismatch::Positions {
                found: found.len(),
                declared: declared.fields.len(),
            });
        }
        let index_of = |position: usize| match by_position {
            true => Ok(Some(position).filter(|position| *position < found.len())),
            false => index_of(found, &declared.fields[position].name),
        };
        let source = |position: &usize| {
            Source::of(
                typed,
                found,
                index_of(*position)?,
                &declared.fields[*position],
            )
        };
        let sources = declared.projection.iter().map(source);
        let mut sources = sources.collect::<Result<Vec<_>, _>>()?;
        let is_found = |position| !matches!(index_of(position), Ok(None));
        let unmatched = match (0..declared.fields.len()).any(is_found) {
            true => unmatched_fields(
                found,
                sources.iter().zip(declared.projection),
                declared.fields,
            ),
            false => Some(mismatch(names(found), names_of(declared.fields))),
        };
        let mut columns: Vec<usize> = sources.iter().filter_map(|source| source.index).collect();
        columns.sort_unstable();
        columns.dedup();
        for index in sources
            .iter_mut()
            .filter_map(|source| source.index.as_mut())
        {
            *index = columns.partition_point(|column| column < index);
        }
        Ok(Self {
            columns,
            sources,
            schema,
            unmatched,
        })
    }

    /// What the file has in place of the declared columns, or of the fields of a struct, if it has none of them.
    pub fn unmatched(&self) -> Option<&str> {
        self.unmatched.as_deref()
    }

    /// The columns of the file to read.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The rows of those columns, as they were asked for.
    ///
    /// # Errors
    ///
    /// If a value does not fit its type.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, Problem> {
        let rows = batch.num_rows();
        let convert = |(source, field): (&Source, &FieldRef)| {
            let column = source.convert(batch.columns(), field.data_type(), rows);
            column.map_err(|error| Problem::new(format!("column `{}`: {error}", field.name())))
        };
        let columns = self.sources.iter().zip(self.schema.fields()).map(convert);
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(Problem::new)
    }
}

/// Whether an orc file has the names that Hive gave columns before it wrote their own: then Spark finds them by position.
fn has_no_names(found: &Fields) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_no_name = |name: &str| name.strip_prefix("_col").is_some_and(is_number);
    !found.is_empty() && found.iter().all(|field| is_no_name(field.name()))
}

fn names(found: &Fields) -> impl Iterator<Item = &str> {
    found.iter().map(|field| field.name().as_str())
}

fn names_of(declared: &[Field]) -> impl Iterator<Item = &str> {
    declared.iter().map(|field| field.name.as_str())
}

/// The first struct among the columns, at any depth, in which none of the declared fields is.
fn unmatched_fields<'a>(
    found: &Fields,
    sources: impl Iterator<Item = (&'a Source, &'a usize)>,
    declared: &[Field],
) -> Option<String> {
    let mut columns = sources.filter_map(|(source, position)| {
        Some((found[source.index?].data_type(), &declared[*position]))
    });
    columns.find_map(|(found, field)| {
        let unmatched = unmatched_inside(found, &field.data_type)?;
        Some(format!("in `{}` {unmatched}", field.name))
    })
}

fn unmatched_inside(found: &Arrow, wanted: &DataType) -> Option<String> {
    match (found, wanted) {
        (Arrow::Struct(fields), DataType::Struct(wanted)) => {
            let pairs: Vec<_> = wanted
                .iter()
                .filter_map(|field| Some((index_of(fields, &field.name).ok()??, field)))
                .collect();
            if pairs.is_empty() && !wanted.is_empty() {
                return Some(mismatch(names(fields), names_of(wanted)));
            }
            let mut pairs = pairs.into_iter();
            pairs.find_map(|(index, field)| {
                unmatched_inside(fields[index].data_type(), &field.data_type)
            })
        }
        (Arrow::List(item) | Arrow::LargeList(item), DataType::Array(element)) => {
            unmatched_inside(item.data_type(), element)
        }
        (Arrow::Map(entries, _), DataType::Map(key, value)) => {
            let (from_key, from_value) = entry(entries)?;
            unmatched_inside(from_key.data_type(), key)
                .or_else(|| unmatched_inside(from_value.data_type(), value))
        }
        _ => None,
    }
}

/// The arrays that the fields of a struct come from.
fn sources(typed: Typed, found: &Fields, wanted: &[Field]) -> Result<Vec<Source>, Mismatch> {
    let source = |field: &Field| Source::of(typed, found, index_of(found, &field.name)?, field);
    wanted.iter().map(source).collect()
}

/// The index of the one column of that name, in any case.
fn index_of(fields: &Fields, name: &str) -> Result<Option<usize>, Mismatch> {
    let lower = name.to_lowercase();
    let mut found = (0..fields.len()).filter(|index| fields[*index].name().to_lowercase() == lower);
    match (found.next(), found.next()) {
        (index, None) => Ok(index),
        _ => Err(Mismatch::Ambiguous {
            column: name.to_owned(),
        }),
    }
}

/// Spark's name of a type in a file, or Arrow's where Spark has none.
fn name_of(found: &Arrow) -> String {
    kind_of(found).map_or_else(|| found.to_string(), |kind| kind.to_string())
}

/// Where a column or a field comes from: nowhere, if the file has none of its name.
struct Source {
    index: Option<usize>,
    conversion: Conversion,
}

impl Source {
    fn of(
        typed: Typed,
        found: &Fields,
        index: Option<usize>,
        wanted: &Field,
    ) -> Result<Self, Mismatch> {
        let Some(index) = index else {
            return Ok(Self {
                index: None,
                conversion: Conversion::Same,
            });
        };
        let conversion = Conversion::of(typed, found[index].data_type(), &wanted.data_type);
        let mismatch = || Mismatch::Type {
            column: wanted.name.clone(),
            found: name_of(found[index].data_type()),
            declared: wanted.data_type.to_string(),
        };
        Ok(Self {
            index: Some(index),
            conversion: conversion?.ok_or_else(mismatch)?,
        })
    }

    fn convert(
        &self,
        arrays: &[ArrayRef],
        to: &Arrow,
        rows: usize,
    ) -> Result<ArrayRef, ArrowError> {
        match self.index {
            Some(index) => self.conversion.apply(&arrays[index], to),
            None => Ok(new_null_array(to, rows)),
        }
    }
}

/// What becomes of the values of a column.
enum Conversion {
    Same,
    /// Another type of single values; one that does not fit is an error.
    Cast,
    /// Null, whatever they are.
    Void,
    Struct(Vec<Source>),
    List(Box<Conversion>),
    Map(Box<(Conversion, Conversion)>),
}

impl Conversion {
    /// None if the format does not read the one as the other.
    fn of(typed: Typed, found: &Arrow, wanted: &DataType) -> Result<Option<Self>, Mismatch> {
        Ok(match (found, wanted) {
            (Arrow::Struct(fields), DataType::Struct(wanted)) => {
                Some(Self::Struct(sources(typed, fields, wanted)?))
            }
            (Arrow::List(item) | Arrow::LargeList(item), DataType::Array(element)) => {
                Self::of(typed, item.data_type(), element)?
                    .map(|element| Self::List(Box::new(element)))
            }
            (Arrow::Map(entries, _), DataType::Map(key, value)) => match entry(entries) {
                Some((from_key, from_value)) => Self::of(typed, from_key.data_type(), key)?
                    .zip(Self::of(typed, from_value.data_type(), value)?)
                    .map(|pair| Self::Map(Box::new(pair))),
                None => None,
            },
            (Arrow::Null, DataType::Void) => Some(Self::Void),
            // Spark writes a column of no values as booleans.
            (Arrow::Null, DataType::Boolean) if typed == Typed::Parquet => Some(Self::Cast),
            _ if *found == wanted.to_arrow() => Some(Self::Same),
            _ => reads_as(typed, found, wanted).then_some(Self::Cast),
        })
    }

    fn apply(&self, array: &ArrayRef, to: &Arrow) -> Result<ArrayRef, ArrowError> {
        match (self, to) {
            (Self::Same, _) => Ok(Arc::clone(array)),
            (Self::Cast, _) => cast_with_options(array, to, &CHECKED),
            (Self::Void, _) => Ok(new_null_array(to, array.len())),
            (Self::Struct(sources), Arrow::Struct(fields)) => {
                let from = array.as_struct();
                let convert = |(source, field): (&Source, &FieldRef)| {
                    source.convert(from.columns(), field.data_type(), from.len())
                };
                let columns = sources.iter().zip(fields).map(convert);
                let columns = columns.collect::<Result<_, _>>()?;
                let (fields, nulls) = (fields.clone(), from.nulls().cloned());
                let array = StructArray::try_new_with_length(fields, columns, nulls, from.len())?;
                Ok(Arc::new(array))
            }
            (Self::List(element), Arrow::List(item)) => {
                let small = Arrow::List(Arc::new(match array.data_type() {
                    Arrow::List(item) | Arrow::LargeList(item) => item.as_ref().clone(),
                    other => return Err(unexpected(other)),
                }));
                let from = cast_with_options(array, &small, &CHECKED)?;
                let from = from.as_list::<i32>();
                let values = element.apply(from.values(), item.data_type())?;
                let (offsets, nulls) = (from.offsets().clone(), from.nulls().cloned());
                Ok(Arc::new(ListArray::try_new(
                    Arc::clone(item),
                    offsets,
                    values,
                    nulls,
                )?))
            }
            (Self::Map(pair), Arrow::Map(entries, sorted)) => {
                let from = array.as_map();
                let (key, value) = entry(entries).ok_or_else(|| unexpected(to))?;
                let keys = pair.0.apply(from.keys(), key.data_type())?;
                let values = pair.1.apply(from.values(), value.data_type())?;
                let fields = Fields::from(vec![Arc::clone(key), Arc::clone(value)]);
                let pairs = StructArray::try_new(fields, vec![keys, values], None)?;
                let (offsets, nulls) = (from.offsets().clone(), from.nulls().cloned());
                let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted)?;
                Ok(Arc::new(map))
            }
            (_, other) => Err(unexpected(other)),
        }
    }
}

const CHECKED: CastOptions<'static> = CastOptions {
    safe: false,
    format_options: datafusion::arrow::util::display::FormatOptions::new(),
};

fn unexpected(found: &Arrow) -> ArrowError {
    ArrowError::CastError(format!("{found} is not what was found when it was opened"))
}

/// Whether the reader of a format gives the values of a type as another one.
fn reads_as(typed: Typed, found: &Arrow, wanted: &DataType) -> bool {
    use DataType as T;
    let Some(kind) = kind_of(found) else {
        return false;
    };
    let is_signed = !matches!(
        found,
        Arrow::UInt8 | Arrow::UInt16 | Arrow::UInt32 | Arrow::UInt64
    );
    let is_small = matches!(kind, T::Byte | T::Short | T::Integer);
    kind == *wanted
        || match (&kind, wanted) {
            (T::Byte | T::Short | T::Integer, T::Byte | T::Short) => {
                typed != Typed::Orc || widens(&kind, wanted)
            }
            (T::Byte | T::Short | T::Integer, T::Integer | T::Long) => true,
            (T::Byte | T::Short | T::Integer, T::Double) | (T::Float, T::Double) => true,
            (T::Byte | T::Short | T::Integer | T::Long, T::Decimal(precision, scale)) => {
                let digits = if is_small { 10 } else { 20 };
                typed != Typed::Avro
                    && is_signed
                    && i16::from(*precision) - i16::from(*scale) >= digits
            }
            (T::Decimal(p, s), T::Decimal(precision, scale)) => {
                let more = i16::from(*scale) - i16::from(*s);
                more >= 0 && i16::from(*precision) - i16::from(*p) >= more
            }
            (T::String, T::Binary) => typed != Typed::Avro,
            (T::Binary, T::String) => typed == Typed::Parquet,
            (T::Timestamp, T::TimestampNtz) | (T::TimestampNtz, T::Timestamp) => {
                typed == Typed::Parquet
            }
            (T::Date, T::TimestampNtz) => typed == Typed::Parquet,
            // Spark stores it so.
            (T::Long, T::TimestampNtz) => typed == Typed::Orc,
            _ => false,
        }
}

fn widens(from: &DataType, to: &DataType) -> bool {
    matches!((from, to), (DataType::Byte, DataType::Short))
}
