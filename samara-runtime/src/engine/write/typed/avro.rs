//! Avro files as Spark writes them.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow_avro::compression::CompressionCodec;
use arrow_avro::schema::{AVRO_NAME_METADATA_KEY, AVRO_NAMESPACE_METADATA_KEY};
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{AvroWriter, WriterBuilder};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::problem::Problem;
use crate::engine::types::{DataType, Field, Schema};
use crate::engine::write::typed::{TypedWriter, arrow_of, nullable, with_types};

/// The options of the avro writer.
#[derive(Debug, Clone)]
pub(crate) struct AvroOptions {
    codec: Option<CompressionCodec>,
    record: String,
    namespace: String,
}

impl AvroOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self {
            codec: Some(CompressionCodec::Snappy),
            record: "topLevelRecord".to_owned(),
            namespace: String::new(),
        };
        for option in options {
            match option.name.to_lowercase().as_str() {
                "compression" => parsed.codec = parse_codec(&option)?,
                "recordname" => parsed.record = name(&option, false)?,
                "recordnamespace" => parsed.namespace = name(&option, true)?,
                _ => {
                    let known = ["compression", "recordName", "recordNamespace"];
                    return Err(option.unknown(&known));
                }
            }
        }
        Ok(parsed)
    }

    pub fn writer(&self, file: File, schema: &Schema) -> Result<Box<dyn TypedWriter>, Problem> {
        // Nested records get names of their own, and `null` is the first of two types: what Spark writes differs in that, and reads both.
        let names = [
            (AVRO_NAME_METADATA_KEY, &self.record),
            (AVRO_NAMESPACE_METADATA_KEY, &self.namespace),
        ];
        let names = names.into_iter().filter(|(_, name)| !name.is_empty());
        let metadata = names.map(|(key, name)| (key.to_owned(), name.clone()));
        let columns = arrow_of(&stored(nullable(schema)));
        let columns = columns.with_metadata(metadata.collect());
        let file = BufWriter::with_capacity(256 * 1024, file);
        let writer = WriterBuilder::new(columns.clone())
            .with_compression(self.codec)
            .build::<_, AvroOcfFormat>(file);
        Ok(Box::new(AvroFile {
            writer: writer.map_err(Problem::new)?,
            columns: Arc::new(columns),
        }))
    }
}

fn parse_codec(option: &OptionValue<'_>) -> Result<Option<CompressionCodec>, OptionError> {
    Ok(Some(match option.value.to_lowercase().as_str() {
        "uncompressed" => return Ok(None),
        "snappy" => CompressionCodec::Snappy,
        "deflate" => CompressionCodec::Deflate,
        "bzip2" => CompressionCodec::Bzip2,
        "xz" => CompressionCodec::Xz,
        "zstandard" => CompressionCodec::ZStandard,
        _ => {
            let message = "expected uncompressed, snappy, deflate, bzip2, xz or zstandard";
            return Err(option.error(message));
        }
    }))
}

/// A name by the specification; that of a namespace has several, with dots between, or none.
fn name(option: &OptionValue<'_>, is_namespace: bool) -> Result<String, OptionError> {
    let mut parts = option.value.split('.');
    let fits = match is_namespace {
        true => option.value.is_empty() || parts.all(is_name),
        false => is_name(option.value),
    };
    match fits {
        true => Ok(option.value.to_owned()),
        false => Err(option.error(format!("`{}` is not a name in avro", option.value))),
    }
}

/// Whether avro has such names: of letters, digits and `_`, without a digit in front.
pub(in crate::engine::write) fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_part) && name.starts_with(|c: char| !c.is_ascii_digit())
}

/// Whether a column of this type can be written: the keys of a map are texts, and names are names.
pub(in crate::engine::write) fn holds(kind: &DataType) -> bool {
    match kind {
        DataType::Map(key, value) => **key == DataType::String && holds(value),
        DataType::Array(element) => holds(element),
        DataType::Struct(fields) => fields
            .iter()
            .all(|field| is_name(&field.name) && holds(&field.data_type)),
        _ => true,
    }
}

/// The types that the library is given: avro's smallest integer is the `int`.
fn stored(schema: Schema) -> Schema {
    let field = |field: Field| Field {
        data_type: stored_type(field.data_type),
        ..field
    };
    Schema {
        fields: schema.fields.into_iter().map(field).collect(),
    }
}

fn stored_type(kind: DataType) -> DataType {
    let boxed = |kind: Box<DataType>| Box::new(stored_type(*kind));
    match kind {
        DataType::Byte | DataType::Short => DataType::Integer,
        DataType::Array(element) => DataType::Array(boxed(element)),
        DataType::Map(key, value) => DataType::Map(key, boxed(value)),
        DataType::Struct(fields) => DataType::Struct(stored(Schema { fields }).fields),
        other => other,
    }
}

struct AvroFile {
    writer: AvroWriter<BufWriter<File>>,
    columns: SchemaRef,
}

impl TypedWriter for AvroFile {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Problem> {
        let batch = with_types(batch, &self.columns)?;
        self.writer.write(&batch).map_err(Problem::new)
    }

    fn finish(mut self: Box<Self>) -> Result<File, Problem> {
        self.writer.finish().map_err(Problem::new)?;
        self.writer.into_inner().into_inner().map_err(Problem::new)
    }
}
