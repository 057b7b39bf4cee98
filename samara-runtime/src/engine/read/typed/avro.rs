//! Avro files.

use std::io::BufReader;
use std::path::PathBuf;

use arrow_avro::reader::{Reader, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, SCHEMA_METADATA_KEY};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Fields, SchemaRef};
use datafusion::physical_plan::metrics::Count;
use serde_json::{Value, json};

use crate::engine::problem::Problem;
use crate::engine::read::files::Part;
use crate::engine::read::typed::avro_blocks;
use crate::engine::read::typed::input::{Counted, Input};
use crate::engine::read::typed::{Batches, TypedFile};

struct AvroFile {
    path: PathBuf,
    input: Input,
    schema: SchemaRef,
    /// The schema to read by, if it is not that of the file.
    wanted: Option<AvroSchema>,
}

pub(super) fn open(part: &Part, bytes_read: Count) -> Result<Box<dyn TypedFile>, Problem> {
    let input = Input::open(&part.path, bytes_read).map_err(Problem::new)?;
    let reader = reader(&input, ReaderBuilder::new())?;
    let written = reader.avro_header().get(SCHEMA_METADATA_KEY);
    let written = serde_json::from_slice(written.unwrap_or_default()).map_err(Problem::new)?;
    let wanted = as_spark_reads(&written);
    let wanted = (wanted != written).then(|| AvroSchema::new(wanted.to_string()));
    let schema = match &wanted {
        None => reader.schema(),
        Some(wanted) => self::reader(&input, reading(Some(wanted)))?.schema(),
    };
    Ok(Box::new(AvroFile {
        path: part.path.clone(),
        input,
        schema,
        wanted,
    }))
}

fn reading(wanted: Option<&AvroSchema>) -> ReaderBuilder {
    match wanted {
        None => ReaderBuilder::new(),
        Some(wanted) => ReaderBuilder::new().with_reader_schema(wanted.clone()),
    }
}

fn reader(input: &Input, builder: ReaderBuilder) -> Result<Reader<BufReader<Counted>>, Problem> {
    let begin = input.at(0).map_err(Problem::new)?;
    builder.build(begin).map_err(Problem::new)
}

/// The schema with the types that Spark has for some: a uuid is a text, and two numbers of which one is wider are the wider one.
fn as_spark_reads(written: &Value) -> Value {
    match written {
        Value::Object(kind)
            if kind.get("logicalType") == Some(&json!("uuid"))
                && kind.get("type") == Some(&json!("string")) =>
        {
            json!("string")
        }
        Value::Object(kind) => {
            let nested = ["type", "fields", "items", "values"];
            let members = kind
                .iter()
                .map(|(key, value)| match nested.contains(&key.as_str()) {
                    true => (key.clone(), as_spark_reads(value)),
                    false => (key.clone(), value.clone()),
                });
            Value::Object(members.collect())
        }
        Value::Array(members) => {
            let members: Vec<Value> = members.iter().map(as_spark_reads).collect();
            wider(members)
        }
        other => other.clone(),
    }
}

/// The types of a union without one that the other holds.
fn wider(mut kinds: Vec<Value>) -> Value {
    let others = kinds.iter().filter(|kind| **kind != json!("null")).count();
    for (narrow, wide) in [("int", "long"), ("float", "double")] {
        let (narrow, wide) = (json!(narrow), json!(wide));
        if others == 2 && kinds.contains(&narrow) && kinds.contains(&wide) {
            kinds.retain(|kind| *kind != narrow);
            if let [one] = kinds.as_slice() {
                return one.clone();
            }
        }
    }
    Value::Array(kinds)
}

/// The rows of a file, which end when there have been as many as its blocks say.
struct Rows {
    reader: Reader<BufReader<Counted>>,
    left: u64,
}

impl Iterator for Rows {
    type Item = Result<RecordBatch, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.reader.next() {
            Some(Ok(batch)) => {
                self.left = self.left.wrapping_sub(batch.num_rows() as u64);
                Some(Ok(batch))
            }
            Some(Err(error)) => Some(Err(Problem::new(error))),
            None if self.left == 0 => None,
            None => {
                self.left = 0;
                Some(Err(Problem::new(
                    "it does not hold the rows that its blocks say",
                )))
            }
        }
    }
}

impl TypedFile for AvroFile {
    fn fields(&self) -> &Fields {
        self.schema.fields()
    }

    fn read(self: Box<Self>, columns: &[usize], rows_per_batch: usize) -> Result<Batches, Problem> {
        let builder = reading(self.wanted.as_ref())
            .with_batch_size(rows_per_batch)
            .with_projection(columns.to_vec());
        let reader = reader(&self.input, builder)?;
        Ok(Box::new(Rows {
            reader,
            left: avro_blocks::rows(&self.path)?,
        }))
    }
}
