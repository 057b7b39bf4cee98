//! Parquet files as Spark writes them.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::problem::Problem;
use crate::engine::types::Schema;
use crate::engine::write::typed::{TypedWriter, arrow_of, nullable, with_types};

/// A row group is written when it has this many bytes, which are in memory until then; so many has one of Spark.
const ROW_GROUP_BYTES: usize = 128 * 1024 * 1024;

/// The options of the parquet writer.
#[derive(Debug, Clone)]
pub(crate) struct ParquetOptions {
    codec: Codec,
}

#[derive(Debug, Clone, Copy)]
enum Codec {
    None,
    Snappy,
    Gzip,
    Lz4,
    Lz4Raw,
    Zstd,
    Brotli,
}

impl ParquetOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut codec = Codec::Snappy;
        for option in options {
            match option.name.to_lowercase().as_str() {
                "compression" | "parquet.compression" => codec = Codec::parse(&option)?,
                _ => return Err(option.unknown(&["compression"])),
            }
        }
        Ok(Self { codec })
    }

    pub fn extension(&self) -> String {
        let codec = match self.codec {
            Codec::None => "",
            Codec::Snappy => ".snappy",
            Codec::Gzip => ".gz",
            Codec::Lz4 => ".lz4hadoop",
            Codec::Lz4Raw => ".lz4raw",
            Codec::Zstd => ".zstd",
            Codec::Brotli => ".br",
        };
        format!("{codec}.parquet")
    }

    pub fn writer(&self, file: File, schema: &Schema) -> Result<Box<dyn TypedWriter>, Problem> {
        let columns = Arc::new(arrow_of(&nullable(schema)));
        let properties = WriterProperties::builder()
            .set_compression(self.codec.into())
            .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
            // Elements of lists and maps get the names of the specification.
            .set_coerce_types(true)
            .set_key_value_metadata(Some(metadata(schema)))
            .build();
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true)
            .with_schema_root("spark_schema".to_owned());
        let file = BufWriter::with_capacity(256 * 1024, file);
        let writer = ArrowWriter::try_new_with_options(file, Arc::clone(&columns), options);
        Ok(Box::new(ParquetWriter {
            writer: writer.map_err(Problem::new)?,
            columns,
        }))
    }
}

/// What Spark's reader looks for: its own schema, and that dates are not of the old calendar.
fn metadata(schema: &Schema) -> Vec<KeyValue> {
    let entry = |key: &str, value| KeyValue::new(key.to_owned(), Some(value));
    vec![
        entry("org.apache.spark.version", "4.0.0".to_owned()),
        entry(
            "org.apache.spark.sql.parquet.row.metadata",
            schema.to_json(),
        ),
    ]
}

impl Codec {
    fn parse(option: &OptionValue<'_>) -> Result<Self, OptionError> {
        Ok(match option.value.to_lowercase().as_str() {
            "none" | "uncompressed" => Self::None,
            "snappy" => Self::Snappy,
            "gzip" => Self::Gzip,
            "lz4" => Self::Lz4,
            "lz4_raw" => Self::Lz4Raw,
            "zstd" => Self::Zstd,
            "brotli" => Self::Brotli,
            _ => {
                let message = "expected none, snappy, gzip, lz4, lz4_raw, zstd or brotli";
                return Err(option.error(message));
            }
        })
    }
}

impl From<Codec> for Compression {
    fn from(codec: Codec) -> Self {
        match codec {
            Codec::None => Self::UNCOMPRESSED,
            Codec::Snappy => Self::SNAPPY,
            Codec::Gzip => Self::GZIP(parquet::basic::GzipLevel::default()),
            Codec::Lz4 => Self::LZ4,
            Codec::Lz4Raw => Self::LZ4_RAW,
            Codec::Zstd => Self::ZSTD(parquet::basic::ZstdLevel::default()),
            Codec::Brotli => Self::BROTLI(parquet::basic::BrotliLevel::default()),
        }
    }
}

struct ParquetWriter {
    writer: ArrowWriter<BufWriter<File>>,
    columns: SchemaRef,
}

impl TypedWriter for ParquetWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Problem> {
        let batch = with_types(batch, &self.columns)?;
        self.writer.write(&batch).map_err(Problem::new)
    }

    fn finish(self: Box<Self>) -> Result<File, Problem> {
        let file = self.writer.into_inner().map_err(Problem::new)?;
        file.into_inner().map_err(Problem::new)
    }
}
