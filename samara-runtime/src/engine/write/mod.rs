//! Writing frames to files as Spark does: part files and `_SUCCESS` in a directory that changes in one step.

mod csv;
pub(crate) mod json;
mod publish;
mod text;

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt as _;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::engine::boundary::Work;
use crate::engine::compression::{Compression, FileWriter};
use crate::engine::option::{self, OptionError, OptionValue};
use crate::engine::types::Schema;
use crate::engine::{DataFrame, Format, Pairs};
use crate::error::{Error, Result};
use crate::step::{Measured, measure_current};
use crate::variables;
use publish::{StagedFile, Staging};

/// Output that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Columns that a text file cannot hold.
    #[error(
        "a text file holds one column of strings; this frame has {columns}, or one of another type"
    )]
    NotOneText {
        /// How many columns there are.
        columns: usize,
    },
    /// There is output already, and the mode is `error`.
    #[error("`{location}` exists already (mode errorifexists)")]
    Exists {
        /// The location.
        location: String,
    },
    /// The location is a file; output is a directory.
    #[error("`{location}` is a file, and output is a directory")]
    NotADirectory {
        /// The location.
        location: String,
    },
    /// The location is where a file system is mounted, which cannot change places with another directory.
    #[error("`{location}` is a mount point: write to a directory inside it")]
    MountPoint {
        /// The location.
        location: String,
    },
    /// The operating system could not write.
    #[error("cannot write `{path}`: {source}")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A frame without columns.
    #[error("the output has no columns")]
    NoColumns,
    /// Two columns of the same name, which no file can hold.
    #[error("the output has two columns `{name}`: select or drop one")]
    DuplicateColumn {
        /// The name.
        name: String,
    },
    /// A type that the format has no way to write.
    #[error("column `{column}` is {kind}, which {format} cannot hold")]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its type.
        kind: String,
        /// The format.
        format: &'static str,
    },
}

impl WriteError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// What happens to output that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaveMode {
    /// It is replaced, in one step.
    Overwrite,
    /// It stays, and the new files come beside it, in one step.
    Append,
    /// It stays, and nothing is written.
    Ignore,
    /// The write fails. Spark's default.
    #[default]
    ErrorIfExists,
}

impl SaveMode {
    /// The mode of a Spark name, in any case.
    ///
    /// ```
    /// assert_eq!(samara::SaveMode::from_name("Overwrite"), Some(samara::SaveMode::Overwrite));
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().as_str() {
            "overwrite" => Self::Overwrite,
            "append" => Self::Append,
            "ignore" => Self::Ignore,
            "error" | "errorifexists" | "default" => Self::ErrorIfExists,
            _ => return None,
        })
    }
}

/// Checks a writer's options without writing.
///
/// # Errors
///
/// [`OptionError`] names the first option that is unknown, not supported yet, or holds a wrong value.
pub fn check_options(format: Format, options: &[(&str, &str)]) -> Result<(), OptionError> {
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).map(drop),
        Format::Json => json::parse_options(values).map(drop),
        Format::Text => text::TextOptions::parse(values).map(drop),
    }
}

/// Checks that a format can hold the columns of a schema.
///
/// # Errors
///
/// [`WriteError::NoColumns`]; [`WriteError::DuplicateColumn`]; [`WriteError::UnsupportedType`] for a nested type in csv;
/// [`WriteError::NotOneText`] for text.
pub fn check_schema(format: Format, schema: &Schema) -> Result<(), WriteError> {
    use crate::engine::DataType as T;
    if schema.fields.is_empty() {
        return Err(WriteError::NoColumns);
    }
    if format == Format::Text {
        return match schema.fields.as_slice() {
            [column] if column.data_type == T::String => Ok(()),
            columns => Err(WriteError::NotOneText {
                columns: columns.len(),
            }),
        };
    }
    for (index, field) in schema.fields.iter().enumerate() {
        if schema.fields[..index]
            .iter()
            .any(|other| other.name.to_lowercase() == field.name.to_lowercase())
        {
            return Err(WriteError::DuplicateColumn {
                name: field.name.clone(),
            });
        }
        let nested = matches!(field.data_type, T::Struct(_) | T::Array(_) | T::Map(..));
        if format == Format::Csv && (nested || field.data_type == T::Binary) {
            let (column, kind) = (field.name.clone(), field.data_type.to_string());
            return Err(WriteError::UnsupportedType {
                column,
                kind,
                format: format.name(),
            });
        }
    }
    Ok(())
}

/// Writes a frame to files, as Spark's `DataFrameWriter` does. Whatever the frame's plan holds is run by it.
#[must_use = "a writer writes nothing until csv or json is called"]
#[derive(Debug)]
pub struct Writer {
    frame: DataFrame,
    options: Pairs,
    mode: SaveMode,
    schema_export: Option<String>,
}

impl Writer {
    pub(crate) fn new(frame: DataFrame) -> Self {
        Self {
            frame,
            options: Pairs::new(),
            mode: SaveMode::default(),
            schema_export: None,
        }
    }

    /// Sets an option, by the name that Spark has for it.
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets what happens to output that exists already.
    pub fn mode(mut self, mode: SaveMode) -> Self {
        self.mode = mode;
        self
    }

    /// Also writes the schema of the output, as Spark's JSON, to a file.
    pub fn schema_export(mut self, path: &str) -> Self {
        self.schema_export = Some(path.to_owned());
        self
    }

    /// Writes csv files into the directory `location`. `${NAME}` in it is a variable of the run.
    ///
    /// # Errors
    ///
    /// Whatever goes wrong in the options, in the steps before, or in writing. The output is then as it was before.
    pub fn csv(self, location: &str) -> Result<()> {
        let options = csv::CsvOptions::parse(self.option_values())?;
        self.save(location, Encoder::Csv(options))
    }

    /// Writes json files, one object a line, into the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`].
    pub fn json(self, location: &str) -> Result<()> {
        let compression = json::parse_options(self.option_values())?;
        self.save(location, Encoder::Json(compression))
    }

    /// Writes text files, a line for each row of the frame's one column, into the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`], and if there is another column, or it holds no texts.
    pub fn text(self, location: &str) -> Result<()> {
        let options = text::TextOptions::parse(self.option_values())?;
        self.save(location, Encoder::Text(options))
    }

    fn option_values(&self) -> impl Iterator<Item = OptionValue<'_>> {
        self.options
            .iter()
            .map(|(name, value)| OptionValue { name, value })
    }

    /// Writes the schema beside its place before anything is published, so that what may fail has been done by then.
    fn stage_schema(&self, schema: &Schema) -> Result<Option<StagedFile>> {
        let Some(path) = &self.schema_export else {
            return Ok(None);
        };
        let path = variables::resolve(path)?;
        Ok(Some(StagedFile::write(&path, schema.to_json().as_bytes())?))
    }

    fn save(self, location: &str, encoder: Encoder) -> Result<()> {
        let location = &variables::resolve(location)?;
        let schema = self.frame.schema()?;
        check_schema(encoder.format(), &schema)?;
        let export = self.stage_schema(&schema)?;
        let measured = match Staging::open(location, self.mode)? {
            None => {
                tracing::info!("`{location}` exists already and stays as it is (mode ignore)");
                Measured {
                    input_rows: Some(0),
                    output_rows: Some(0),
                    ..Measured::default()
                }
            }
            Some(staging) => {
                let output = Output {
                    encoder,
                    names: self.frame.names.clone(),
                    write_id: Uuid::new_v4(),
                    directory: staging.path().to_owned(),
                };
                let measured = run(self.frame, output)?;
                staging.publish()?;
                measured
            }
        };
        if let Some(export) = export {
            export.publish()?;
        }
        measure_current(Measured {
            destination: Some(location.clone()),
            ..measured
        });
        Ok(())
    }
}

#[derive(Debug, Clone)]
enum Encoder {
    Csv(csv::CsvOptions),
    Json(Compression),
    Text(text::TextOptions),
}

impl Encoder {
    fn format(&self) -> Format {
        match self {
            Self::Csv(_) => Format::Csv,
            Self::Json(_) => Format::Json,
            Self::Text(_) => Format::Text,
        }
    }

    fn compression(&self) -> Compression {
        match self {
            Self::Csv(options) => options.compression(),
            Self::Json(compression) => *compression,
            Self::Text(options) => options.compression,
        }
    }

    fn head(&self, names: &[String]) -> String {
        match self {
            Self::Csv(options) => options.head(names),
            Self::Json(_) | Self::Text(_) => String::new(),
        }
    }

    fn encode(
        &self,
        names: &[String],
        batch: &RecordBatch,
        out: &mut String,
    ) -> Result<(), DataFusionError> {
        match self {
            Self::Csv(options) => options.encode(batch, out),
            Self::Json(_) => json::encode(names, batch, out),
            Self::Text(options) => options.encode(batch, out),
        }
    }
}

/// Where part files go, and what they look like.
struct Output {
    encoder: Encoder,
    names: Vec<String>,
    write_id: Uuid,
    directory: PathBuf,
}

/// What one part file came to.
#[derive(Debug, Default)]
struct Part {
    rows: u64,
    batches: u64,
    bytes: u64,
    busy: Duration,
}

/// Runs the frame's plan, each partition into a file of its own.
fn run(frame: DataFrame, output: Output) -> Result<Measured> {
    let session = frame.session.clone();
    session.runtime().block_on(async {
        let plan = session.state().create_physical_plan(&frame.plan).await?;
        drop(frame);
        let total = write_parts(&plan, session.state().task_ctx(), output).await?;
        let work = Work::of(&plan);
        Ok(Measured {
            input_rows: Some(total.rows),
            output_rows: Some(total.rows),
            output_batches: Some(total.batches),
            input_bytes: None,
            output_bytes: Some(total.bytes),
            busy: Some(total.busy + work.busy),
            destination: None,
        })
    })
}

async fn write_parts(
    plan: &Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    output: Output,
) -> Result<Part> {
    let output = Arc::new(output);
    let mut tasks = JoinSet::new();
    for partition in 0..plan.properties().partitioning.partition_count() {
        let stream = plan.execute(partition, Arc::clone(&context))?;
        tasks.spawn(write_part(Arc::clone(&output), partition, stream));
    }
    let written = sum_of_parts(&mut tasks).await;
    // After a failure others are still writing: wait for their end, before the directory goes that they write into.
    tasks.shutdown().await;
    let mut total = written?;
    if total.batches == 0 {
        total.bytes = PartFile::create(&output, 0)?.finish()?;
    }
    Ok(total)
}

async fn sum_of_parts(tasks: &mut JoinSet<Result<Part>>) -> Result<Part> {
    let mut total = Part::default();
    while let Some(part) = tasks.join_next().await {
        let part = match part {
            Ok(part) => part?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => return Err(Error::other(error)),
            },
        };
        total.rows += part.rows;
        total.batches += part.batches;
        total.bytes += part.bytes;
        total.busy += part.busy;
    }
    Ok(total)
}

async fn write_part(
    output: Arc<Output>,
    partition: usize,
    mut stream: SendableRecordBatchStream,
) -> Result<Part> {
    let mut part = Part::default();
    let mut file = None;
    let mut text = String::new();
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        if batch.num_rows() == 0 {
            continue;
        }
        let began = Instant::now();
        let file = match &mut file {
            Some(file) => file,
            none => none.insert(PartFile::create(&output, partition)?),
        };
        text.clear();
        output.encoder.encode(&output.names, &batch, &mut text)?;
        file.write(&text)?;
        part.rows += batch.num_rows() as u64;
        part.batches += 1;
        part.busy += began.elapsed();
    }
    if let Some(file) = file {
        part.bytes = file.finish()?;
    }
    Ok(part)
}

/// One part file, named as Spark names them.
struct PartFile {
    path: PathBuf,
    file: BufWriter<Box<dyn FileWriter>>,
}

impl PartFile {
    fn create(output: &Output, partition: usize) -> Result<Self, WriteError> {
        let name = format!(
            "part-{partition:05}-{}-c000.{}{}",
            output.write_id,
            output.encoder.format().extension(),
            output.encoder.compression().extension(),
        );
        let path = output.directory.join(name);
        let file = File::create_new(&path)
            .and_then(|file| output.encoder.compression().writer(file))
            .map_err(WriteError::io(&path))?;
        let mut part = Self {
            path,
            file: BufWriter::with_capacity(256 * 1024, file),
        };
        part.write(&output.encoder.head(&output.names))?;
        Ok(part)
    }

    fn write(&mut self, text: &str) -> Result<(), WriteError> {
        self.file
            .write_all(text.as_bytes())
            .map_err(WriteError::io(&self.path))
    }

    /// Makes sure that the file is on disk; its size in bytes.
    fn finish(self) -> Result<u64, WriteError> {
        let Self { path, file } = self;
        let synced = || {
            let file = file.into_inner()?.finish()?;
            file.sync_all()?;
            Ok(file.metadata()?.len())
        };
        synced().map_err(WriteError::io(&path))
    }
}
