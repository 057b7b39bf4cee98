//! ORC files as Spark writes them, as far as the library can: no decimals, no nested values.

use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{
    DataType as Arrow, Field, Schema as ArrowSchema, SchemaRef, TimeUnit,
};
use orc_rust::ArrowWriterBuilder;
use orc_rust::compression::CompressionType;

use crate::engine::calendar::Calendar;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::problem::Problem;
use crate::engine::types::{DataType, Schema};
use crate::engine::write::typed::{TypedWriter, nullable, with_types};

/// The options of the ORC writer.
#[derive(Debug, Clone)]
pub(crate) struct OrcOptions {
    codec: Option<CompressionType>,
}

impl OrcOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut codec = Some(CompressionType::Zstd);
        for option in options {
            match option.name.to_lowercase().as_str() {
                "compression" | "orc.compress" => codec = parse_codec(&option)?,
                _ => return Err(option.unknown(&["compression"])),
            }
        }
        Ok(Self { codec })
    }

    pub fn extension(&self) -> String {
        let codec = match self.codec {
            None => "",
            Some(CompressionType::Snappy) => ".snappy",
            Some(CompressionType::Zlib) => ".zlib",
            Some(CompressionType::Lz4) => ".lz4",
            Some(_) => ".zstd",
        };
        format!("{codec}.orc")
    }

    pub fn writer(&self, file: File, schema: &Schema) -> Result<Box<dyn TypedWriter>, Problem> {
        let columns = Arc::new(columns(schema));
        Ok(Box::new(OrcWriter::begin(file, columns, self.codec)))
    }
}

fn parse_codec(option: &OptionValue<'_>) -> Result<Option<CompressionType>, OptionError> {
    Ok(Some(match option.value.to_lowercase().as_str() {
        "none" | "uncompressed" => return Ok(None),
        "snappy" => CompressionType::Snappy,
        "zlib" => CompressionType::Zlib,
        "zstd" => CompressionType::Zstd,
        "lz4" => CompressionType::Lz4,
        _ => return Err(option.error("expected none, snappy, zlib, zstd or lz4")),
    }))
}

/// Whether a column of this type can be written.
pub(in crate::engine::write) fn holds(kind: &DataType) -> bool {
    !matches!(
        kind,
        DataType::Decimal(..)
            | DataType::TimestampNtz
            | DataType::Struct(_)
            | DataType::Array(_)
            | DataType::Map(..)
    )
}

/// The columns as the library is given them: Spark writes a timestamp as the one without a time zone, in that of the writer.
fn columns(schema: &Schema) -> ArrowSchema {
    let column = |field: &crate::engine::types::Field| match field.data_type {
        DataType::Timestamp => {
            let local = Arrow::Timestamp(TimeUnit::Microsecond, None);
            Field::new(&field.name, local, true)
        }
        _ => field.to_arrow(),
    };
    ArrowSchema::new(
        nullable(schema)
            .fields
            .iter()
            .map(column)
            .collect::<Vec<_>>(),
    )
}

/// What hands the rows to the thread that writes the file: the library's writer cannot leave the thread on which it was made.
struct OrcWriter {
    batches: Option<SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<Result<File, Problem>>>,
    columns: SchemaRef,
}

impl OrcWriter {
    fn begin(file: File, columns: SchemaRef, codec: Option<CompressionType>) -> Self {
        let (batches, received) = sync_channel(1);
        let schema = Arc::clone(&columns);
        Self {
            batches: Some(batches),
            thread: Some(std::thread::spawn(move || {
                write_all(file, schema, codec, &received)
            })),
            columns,
        }
    }

    /// What the thread came to, once nothing more is sent.
    fn outcome(&mut self) -> Result<File, Problem> {
        self.batches = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(Problem::new("it was given up before")),
        }
    }
}

fn write_all(
    file: File,
    columns: SchemaRef,
    codec: Option<CompressionType>,
    batches: &Receiver<RecordBatch>,
) -> Result<File, Problem> {
    let mut buffered = BufWriter::with_capacity(256 * 1024, file);
    let mut builder = ArrowWriterBuilder::new(&mut buffered, columns);
    if let Some(codec) = codec {
        builder = builder.with_compression(codec);
    }
    let mut writer = builder.try_build().map_err(Problem::new)?;
    for batch in batches {
        writer.write(&batch).map_err(Problem::new)?;
    }
    writer.close().map_err(Problem::new)?;
    buffered.into_inner().map_err(Problem::new)
}

/// Days and instants of long ago as readers expect them of a file that says nothing of its calendar, as those of Spark.
fn in_old_calendar(batch: &RecordBatch) -> Result<RecordBatch, Problem> {
    let columns = batch.columns().iter();
    let columns = columns
        .map(|column| Calendar::ToOld.rebase(column))
        .collect();
    RecordBatch::try_new(batch.schema(), columns).map_err(Problem::new)
}

impl TypedWriter for OrcWriter {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Problem> {
        let batch = in_old_calendar(batch)?;
        let batch = with_types(&batch, &self.columns)?;
        match self.batches.as_ref().map(|batches| batches.send(batch)) {
            Some(Ok(())) => Ok(()),
            _ => self.outcome().map(drop),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<File, Problem> {
        self.outcome()
    }
}
