//! Json files as Spark writes them: an object a line, fields that are null left out.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::DataFusionError;

use crate::engine::compression::Compression;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::sql::cast::{TimestampText, to_text};

const KNOWN: [&str; 3] = ["compression", "encoding", "ignoreNullFields"];

/// Checks the options of the json writer. Of those that it has, one changes anything.
pub(crate) fn parse_options<'a>(
    options: impl Iterator<Item = OptionValue<'a>>,
) -> Result<Compression, OptionError> {
    let mut compression = Compression::None;
    for option in options {
        match option.name.to_lowercase().as_str() {
            "compression" | "codec" => compression = Compression::of_option(&option)?,
            "encoding" | "charset" => option.only("UTF-8")?,
            "ignorenullfields" => option.only("true")?,
            "dateformat" => option.only("yyyy-MM-dd")?,
            "timestampformat" => {
                return Err(option.error(
                    "not supported yet: timestamps are written as 2024-01-15T10:30:45.000Z",
                ));
            }
            _ => return Err(option.unknown(&KNOWN)),
        }
    }
    Ok(compression)
}

pub(crate) fn encode(
    names: &[String],
    batch: &RecordBatch,
    out: &mut String,
) -> Result<(), DataFusionError> {
    let columns = batch
        .columns()
        .iter()
        .map(JsonColumn::new)
        .collect::<Result<Vec<_>, _>>()?;
    for row in 0..batch.num_rows() {
        write_object(names, &columns, row, out);
        out.push('\n');
    }
    Ok(())
}

/// The json of each value of a column, null for null.
pub(crate) fn texts(array: &ArrayRef) -> Result<StringArray, DataFusionError> {
    let column = JsonColumn::new(array)?;
    let text = |row| {
        let mut out = String::new();
        column.write(row, &mut out);
        (!column.is_null(row)).then_some(out)
    };
    Ok((0..array.len()).map(text).collect())
}

/// A column whose values can be written one by one.
enum JsonColumn {
    /// Numbers and booleans: as they are.
    Bare(StringArray),
    /// Everything that json has no type for: in quotes.
    Quoted(StringArray),
    Struct(Vec<String>, Vec<JsonColumn>, Option<NullBuffer>),
    Array(OffsetBuffer<i32>, Box<JsonColumn>, Option<NullBuffer>),
    Map(
        OffsetBuffer<i32>,
        StringArray,
        Box<JsonColumn>,
        Option<NullBuffer>,
    ),
}

impl JsonColumn {
    fn new(array: &ArrayRef) -> Result<Self, DataFusionError> {
        let nulls = array.nulls().cloned();
        Ok(match array.data_type() {
            DataType::Struct(fields) => {
                let columns = array
                    .as_struct()
                    .columns()
                    .iter()
                    .map(Self::new)
                    .collect::<Result<_, _>>()?;
                Self::Struct(
                    fields.iter().map(|field| field.name().clone()).collect(),
                    columns,
                    nulls,
                )
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                Self::Array(
                    list.offsets().clone(),
                    Box::new(Self::new(list.values())?),
                    nulls,
                )
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = to_text(map.keys(), TimestampText::Iso)?;
                Self::Map(
                    map.offsets().clone(),
                    keys,
                    Box::new(Self::new(map.values())?),
                    nulls,
                )
            }
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                let bytes = cast(array, &DataType::Binary)?;
                Self::Quoted(
                    bytes
                        .as_binary::<i32>()
                        .iter()
                        .map(|value| value.map(|value| BASE64_STANDARD.encode(value)))
                        .collect(),
                )
            }
            kind if kind.is_numeric() || *kind == DataType::Boolean => {
                Self::Bare(to_text(array, TimestampText::Iso)?)
            }
            _ => Self::Quoted(to_text(array, TimestampText::Iso)?),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bare(texts) | Self::Quoted(texts) => texts.is_null(row),
            Self::Struct(_, _, nulls) | Self::Array(_, _, nulls) | Self::Map(_, _, _, nulls) => {
                nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
            }
        }
    }

    fn write(&self, row: usize, out: &mut String) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        match self {
            Self::Bare(texts) => match texts.value(row) {
                text @ ("NaN" | "Infinity" | "-Infinity") => write_string(text, out),
                text => out.push_str(text),
            },
            Self::Quoted(texts) => write_string(texts.value(row), out),
            Self::Struct(names, columns, _) => write_object(names, columns, row, out),
            Self::Array(offsets, elements, _) => {
                out.push('[');
                separated(entries(offsets, row), out, |element, out| {
                    elements.write(element, out)
                });
                out.push(']');
            }
            Self::Map(offsets, keys, values, _) => {
                out.push('{');
                separated(entries(offsets, row), out, |entry, out| {
                    write_string(keys.value(entry), out);
                    out.push(':');
                    values.write(entry, out);
                });
                out.push('}');
            }
        }
    }
}

fn write_object(names: &[String], columns: &[JsonColumn], row: usize, out: &mut String) {
    out.push('{');
    let present = (0..columns.len()).filter(|index| !columns[*index].is_null(row));
    separated(present, out, |index, out| {
        write_string(&names[index], out);
        out.push(':');
        columns[index].write(row, out);
    });
    out.push('}');
}

fn entries(offsets: &OffsetBuffer<i32>, row: usize) -> std::ops::Range<usize> {
    let at = |index: usize| usize::try_from(offsets[index]).unwrap_or(0);
    at(row)..at(row + 1)
}

fn separated(
    items: impl Iterator<Item = usize>,
    out: &mut String,
    mut write: impl FnMut(usize, &mut String),
) {
    for (count, item) in items.enumerate() {
        if count > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push_str(&serde_json::Value::from(text).to_string());
}
