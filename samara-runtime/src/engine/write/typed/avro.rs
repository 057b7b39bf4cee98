//! Avro files as Spark writes them.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use arrow_avro::compression::CompressionCodec;
use arrow_avro::schema::SCHEMA_METADATA_KEY;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{AvroWriter, WriterBuilder};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use serde_json::{Value, json};

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::types::{DataType, Field, Schema};
use crate::engine::write::typed::{Problem, TypedWriter, arrow_of, nullable, with_types};

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
        let schema = nullable(schema);
        let avro = record(&self.record, &self.namespace, &schema.fields).to_string();
        let metadata = HashMap::from([(SCHEMA_METADATA_KEY.to_owned(), avro)]);
        let columns = ArrowSchema::new_with_metadata(arrow_of(&stored(schema)).fields, metadata);
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

/// The type of a record, as Spark's `SchemaConverters.toAvroType` has it.
fn record(name: &str, namespace: &str, fields: &[Field]) -> Value {
    let inner = match namespace {
        "" => name.to_owned(),
        namespace => format!("{namespace}.{name}"),
    };
    let field = |field: &Field| {
        let kind = type_of(&field.data_type, &field.name, &inner);
        json!({"name": field.name, "type": [kind, "null"]})
    };
    let fields: Vec<Value> = fields.iter().map(field).collect();
    let mut record = json!({"type": "record", "name": name, "fields": fields});
    if !namespace.is_empty() {
        record["namespace"] = namespace.into();
    }
    record
}

fn type_of(kind: &DataType, name: &str, namespace: &str) -> Value {
    match kind {
        DataType::Boolean => json!("boolean"),
        DataType::Byte | DataType::Short | DataType::Integer => json!("int"),
        DataType::Long => json!("long"),
        DataType::Float => json!("float"),
        DataType::Double => json!("double"),
        DataType::String => json!("string"),
        DataType::Binary => json!("bytes"),
        DataType::Date => json!({"type": "int", "logicalType": "date"}),
        DataType::Timestamp => json!({"type": "long", "logicalType": "timestamp-micros"}),
        DataType::TimestampNtz => json!({"type": "long", "logicalType": "local-timestamp-micros"}),
        DataType::Decimal(precision, scale) => json!({
            "type": "fixed", "name": "fixed", "namespace": format!("{namespace}.{name}"), "size": bytes_of(*precision),
            "logicalType": "decimal", "precision": precision, "scale": scale,
        }),
        DataType::Array(element) => {
            json!({"type": "array", "items": [type_of(element, name, namespace), "null"]})
        }
        DataType::Map(_, value) => {
            json!({"type": "map", "values": [type_of(value, name, namespace), "null"]})
        }
        DataType::Struct(fields) => record(name, namespace, fields),
    }
}

/// The fewest bytes that hold every number of so many digits.
fn bytes_of(precision: u8) -> usize {
    let holds = |bytes: &usize| 10_i128.pow(precision.into()) <= 1 << (8 * bytes - 1);
    (1..16).find(holds).unwrap_or(16)
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
