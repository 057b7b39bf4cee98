//! Json files as Spark writes them: an object a line, fields that are null left out.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch, StringArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::DataFusionError;

use crate::engine::compression::Compression;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::text::times::{self, Side, Times};
use crate::engine::text::zone::Zone;
use crate::engine::write::file_text::file_text;

const KNOWN: [&str; 4] = ["compression", "encoding", "ignoreNullFields", "lineSep"];

/// The options of the json writer, with Spark's defaults.
#[derive(Debug, Clone)]
pub(crate) struct JsonOptions {
    pub compression: Compression,
    line_end: String,
    /// Whether fields that are null are left out.
    leaves_out_nulls: bool,
    times: Times,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            compression: Compression::None,
            line_end: "\n".to_owned(),
            leaves_out_nulls: true,
            times: Times::default(),
        }
    }
}

impl JsonOptions {
    /// Times without an option that says their zone are in the session's.
    pub fn in_session(mut self, zone: Zone) -> Self {
        self.times.in_session(zone);
        self
    }

    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            match option.name.to_lowercase().as_str() {
                "compression" | "codec" => parsed.compression = Compression::of_option(&option)?,
                "encoding" | "charset" => option.only("UTF-8")?,
                "linesep" => parsed.line_end = option.written_line_end()?,
                "ignorenullfields" => parsed.leaves_out_nulls = option.boolean()?,
                _ if parsed.times.take(&option, Side::Writer)? => {}
                _ => return Err(option.unknown(&[&KNOWN[..], &times::OPTIONS].concat())),
            }
        }
        Ok(parsed)
    }

    /// The json of each value of a column, null for null.
    pub fn texts(&self, array: &ArrayRef) -> Result<StringArray, DataFusionError> {
        let column = JsonColumn::new(array, self)?;
        let text = |row| {
            let mut out = String::new();
            column.write(row, self, &mut out);
            (!column.is_null(row)).then_some(out)
        };
        Ok((0..array.len()).map(text).collect())
    }

    pub fn encode(
        &self,
        names: &[String],
        batch: &RecordBatch,
        out: &mut String,
    ) -> Result<(), DataFusionError> {
        let columns = batch.columns().iter();
        let columns = columns
            .map(|column| JsonColumn::new(column, self))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            self.write_object(names, &columns, row, out);
            out.push_str(&self.line_end);
        }
        Ok(())
    }

    fn write_object(&self, names: &[String], columns: &[JsonColumn], row: usize, out: &mut String) {
        out.push('{');
        let is_written = |index: &usize| !(self.leaves_out_nulls && columns[*index].is_null(row));
        let present = (0..columns.len()).filter(is_written);
        separated(present, out, |index, out| {
            write_string(&names[index], out);
            out.push(':');
            columns[index].write(row, self, out);
        });
        out.push('}');
    }
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
    fn new(array: &ArrayRef, options: &JsonOptions) -> Result<Self, DataFusionError> {
        let nulls = array.nulls().cloned();
        Ok(match array.data_type() {
            DataType::Struct(fields) => {
                let columns = array
                    .as_struct()
                    .columns()
                    .iter()
                    .map(|column| Self::new(column, options))
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
                    Box::new(Self::new(list.values(), options)?),
                    nulls,
                )
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let keys = key_texts(map.keys(), options)?;
                Self::Map(
                    map.offsets().clone(),
                    keys,
                    Box::new(Self::new(map.values(), options)?),
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
                Self::Bare(file_text(array, &options.times)?)
            }
            _ => Self::Quoted(file_text(array, &options.times)?),
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

    fn write(&self, row: usize, options: &JsonOptions, out: &mut String) {
        if self.is_null(row) {
            return out.push_str("null");
        }
        match self {
            Self::Bare(texts) => match texts.value(row) {
                text @ ("NaN" | "Infinity" | "-Infinity") => write_string(text, out),
                text => out.push_str(text),
            },
            Self::Quoted(texts) => write_string(texts.value(row), out),
            Self::Struct(names, columns, _) => options.write_object(names, columns, row, out),
            Self::Array(offsets, elements, _) => {
                out.push('[');
                separated(entries(offsets, row), out, |element, out| {
                    elements.write(element, options, out)
                });
                out.push(']');
            }
            Self::Map(offsets, keys, values, _) => {
                out.push('{');
                separated(entries(offsets, row), out, |entry, out| {
                    write_string(keys.value(entry), out);
                    out.push(':');
                    values.write(entry, options, out);
                });
                out.push('}');
            }
        }
    }
}

/// The keys of maps as Spark writes them: by the value within, so days and microseconds since 1970 for times, and a struct or an array in brackets.
/// (Of binaries Spark writes the address of a Java object; here they are base64, as everywhere else.)
fn key_texts(keys: &ArrayRef, options: &JsonOptions) -> Result<StringArray, DataFusionError> {
    Ok(match keys.data_type() {
        DataType::Date32 => as_text(&cast(keys, &DataType::Int32)?)?,
        DataType::Timestamp(_, zone) => {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            as_text(&cast(&cast(keys, &micros)?, &DataType::Int64)?)?
        }
        DataType::Binary => keys
            .as_binary::<i32>()
            .iter()
            .map(|value| value.map(|value| BASE64_STANDARD.encode(value)))
            .collect(),
        DataType::Struct(_) => {
            let columns = keys.as_struct().columns().iter();
            let columns = columns
                .map(|column| key_texts(column, options))
                .collect::<Result<Vec<_>, _>>()?;
            let row = |row| in_brackets(columns.iter().map(|column| or_null(column, row)));
            (0..keys.len())
                .map(|at| keys.is_valid(at).then(|| row(at)))
                .collect()
        }
        DataType::List(_) => {
            let list = keys.as_list::<i32>();
            let elements = key_texts(list.values(), options)?;
            let row =
                |row| in_brackets(entries(list.offsets(), row).map(|at| or_null(&elements, at)));
            (0..keys.len())
                .map(|at| keys.is_valid(at).then(|| row(at)))
                .collect()
        }
        _ => file_text(keys, &options.times)?,
    })
}

fn as_text(array: &ArrayRef) -> Result<StringArray, DataFusionError> {
    Ok(cast(array, &DataType::Utf8)?.as_string::<i32>().clone())
}

fn or_null(texts: &StringArray, row: usize) -> &str {
    match texts.is_null(row) {
        true => "null",
        false => texts.value(row),
    }
}

fn in_brackets<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(","))
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

/// A string as Jackson writes it: codes of control characters in capitals.
fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control @ ..' ' => out.push_str(&format!("\\u{:04X}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}
