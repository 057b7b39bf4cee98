//! Writing frames to files as Spark does: part files and `_SUCCESS` in a directory that changes in one step.

mod csv;
mod file_text;
pub(crate) mod json;
mod load;
mod part_file;
mod publish;
mod text;
mod typed;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt as _;
use uuid::Uuid;

use crate::engine::compression::Compression;
use crate::engine::option::{self, OptionError, OptionValue};
use crate::engine::problem::Problem;
use crate::engine::read;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::types::{Field, Schema};
use crate::engine::{DataFrame, Format, Pairs};
use crate::error::Result;
use crate::location::Location;
pub use load::Load;
use part_file::PartFile;
use typed::TypedOptions;

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
    /// Two loads that run together write to one location, and the second replaces what the first writes.
    #[error(
        "two loads of this job write to `{location}`: the second would replace the output of the first"
    )]
    WrittenTwice {
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
    /// A type that the format can hold, and that is not written yet.
    #[error(
        "column `{column}` is {kind}, which is not written to {format} yet: cast it, or write another format"
    )]
    NotSupported {
        /// The column.
        column: String,
        /// Its type.
        kind: String,
        /// The format.
        format: &'static str,
    },
    /// A name that the format does not have.
    #[error("`{column}` is not a name in {format}, which has letters, digits and `_` in names")]
    Name {
        /// The column.
        column: String,
        /// The format.
        format: &'static str,
    },
    /// A file that its format's library could not write.
    #[error("cannot write `{path}` as {format}: {problem}")]
    Failed {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// Why.
        problem: String,
    },
}

impl WriteError {
    fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    fn failed(path: &Path, format: Format) -> impl FnOnce(Problem) -> Self {
        let (path, format) = (path.to_owned(), format.name());
        move |problem| Self::Failed {
            path,
            format,
            problem: problem.to_string(),
        }
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
    option::refuse_contradictions(options)?;
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).map(drop),
        Format::Json => json::JsonOptions::parse(values).map(drop),
        Format::Text => text::TextOptions::parse(values).map(drop),
        Format::Parquet => TypedOptions::parquet(values).map(drop),
        Format::Avro => TypedOptions::avro(values).map(drop),
        Format::Orc => TypedOptions::orc(values).map(drop),
    }
}

/// Checks that a format can hold the columns of a schema.
///
/// # Errors
///
/// [`WriteError::NoColumns`]; [`WriteError::DuplicateColumn`]; [`WriteError::UnsupportedType`] for a nested type in csv, or a map in avro
/// whose keys are no strings; [`WriteError::Name`] for a name that avro does not have; [`WriteError::NotSupported`] for decimals and nested
/// types in ORC; [`WriteError::NotOneText`] for text.
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
    let mut names = HashSet::new();
    for field in &schema.fields {
        if !names.insert(field.name.to_lowercase()) {
            return Err(WriteError::DuplicateColumn {
                name: field.name.clone(),
            });
        }
        check_column(format, field)?;
    }
    Ok(())
}

fn check_column(format: Format, field: &Field) -> Result<(), WriteError> {
    let (column, kind) = (field.name.clone(), field.data_type.to_string());
    let name = format.name();
    if format == Format::Avro && !typed::is_name_in_avro(&column) {
        let format = name;
        return Err(WriteError::Name { column, format });
    }
    let holds = match format {
        Format::Csv => csv::holds(&field.data_type),
        Format::Orc if field.data_type.holds_void() => false,
        Format::Parquet | Format::Avro if field.data_type.holds_void() => {
            return Err(WriteError::NotSupported {
                column,
                kind,
                format: name,
            });
        }
        Format::Avro => typed::avro_holds(&field.data_type),
        Format::Orc if !typed::orc_holds(&field.data_type) => {
            return Err(WriteError::NotSupported {
                column,
                kind,
                format: name,
            });
        }
        _ => true,
    };
    match holds {
        true => Ok(()),
        false => Err(WriteError::UnsupportedType {
            column,
            kind,
            format: name,
        }),
    }
}

/// How a frame is written to files, as Spark's `DataFrameWriter`.
#[must_use = "a writer writes nothing until csv or json is called, and what they give is run"]
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

    /// Csv files in the directory `location`. `${NAME}` in it is a variable of the run.
    ///
    /// # Errors
    ///
    /// A wrong option, a variable that is not set, columns that the format cannot hold.
    pub fn csv(self, location: &str) -> Result<Load> {
        let options = csv::CsvOptions::parse(self.option_values())?;
        let options = options.in_session(self.frame.session.zone());
        self.load(location, Encoder::Lines(LineEncoder::Csv(options)))
    }

    /// Json files, one object a line, in the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`].
    pub fn json(self, location: &str) -> Result<Load> {
        let options = json::JsonOptions::parse(self.option_values())?;
        let options = options.in_session(self.frame.session.zone());
        self.load(location, Encoder::Lines(LineEncoder::Json(options)))
    }

    /// Text files, a line for each row of the frame's one column, in the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`], and if there is another column, or it holds no texts.
    pub fn text(self, location: &str) -> Result<Load> {
        let options = text::TextOptions::parse(self.option_values())?;
        self.load(location, Encoder::Lines(LineEncoder::Text(options)))
    }

    /// Parquet files in the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`].
    pub fn parquet(self, location: &str) -> Result<Load> {
        let options = TypedOptions::parquet(self.option_values())?;
        self.load(location, Encoder::Typed(options))
    }

    /// Avro files in the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`], and for names and maps that avro does not have.
    pub fn avro(self, location: &str) -> Result<Load> {
        let options = TypedOptions::avro(self.option_values())?;
        self.load(location, Encoder::Typed(options))
    }

    /// ORC files in the directory `location`.
    ///
    /// # Errors
    ///
    /// As [`Writer::csv`], and for decimals and nested values.
    pub fn orc(self, location: &str) -> Result<Load> {
        let options = TypedOptions::orc(self.option_values())?;
        self.load(location, Encoder::Typed(options))
    }

    fn option_values(&self) -> impl Iterator<Item = OptionValue<'_>> {
        self.options
            .iter()
            .map(|(name, value)| OptionValue { name, value })
    }

    fn load(self, location: &str, encoder: Encoder) -> Result<Load> {
        if let Some(rehearsal) = Rehearsal::current() {
            return self.rehearse(&rehearsal, location, encoder);
        }
        let schema = self.frame.schema()?;
        check_schema(encoder.format(), &schema)?;
        let export = self.schema_export.as_deref().map(Location::resolve);
        Ok(Load {
            location: Location::resolve(location)?,
            export: export.transpose()?,
            frame: self.frame,
            schema,
            encoder,
            mode: self.mode,
            step: None,
        })
    }

    /// Looks whether all could be written; whatever could not is noted, and stops nothing.
    fn rehearse(self, rehearsal: &Rehearsal, location: &str, encoder: Encoder) -> Result<Load> {
        let schema = self.frame.schema()?;
        let places = [
            self.check_output(rehearsal, location, &schema),
            self.check_export(),
        ];
        for error in places.into_iter().filter_map(Result::err) {
            rehearsal.note(error);
        }
        if rehearsal.sees_columns() {
            if let Err(error) = check_schema(encoder.format(), &schema) {
                rehearsal.note(error);
            }
            for fault in read::faults_of(&self.frame) {
                rehearsal.note(fault);
            }
        }
        Ok(Load {
            // Of a load that is not run, it is the same which.
            location: Location::resolve(location).unwrap_or_default(),
            export: None,
            frame: self.frame,
            schema,
            encoder,
            mode: self.mode,
            step: None,
        })
    }

    fn check_output(&self, rehearsal: &Rehearsal, location: &str, schema: &Schema) -> Result<()> {
        let location = Location::resolve(location)?;
        let is_written = rehearsal.is_written(&location);
        rehearsal.write(&location, schema.clone());
        if is_written && self.mode == SaveMode::ErrorIfExists {
            let location = location.text().to_owned();
            return Err(WriteError::Exists { location }.into());
        }
        Ok(publish::check_output(&location, self.mode)?)
    }

    fn check_export(&self) -> Result<()> {
        let Some(path) = &self.schema_export else {
            return Ok(());
        };
        Ok(publish::check_file(&Location::resolve(path)?)?)
    }
}

/// How rows become files.
#[derive(Debug, Clone)]
enum Encoder {
    Lines(LineEncoder),
    Typed(TypedOptions),
}

impl Encoder {
    fn format(&self) -> Format {
        match self {
            Self::Lines(lines) => lines.format(),
            Self::Typed(options) => options.format(),
        }
    }

    /// What the name of a file ends with.
    fn extension(&self) -> String {
        match self {
            Self::Lines(lines) => lines.extension(),
            Self::Typed(options) => options.extension(),
        }
    }
}

/// How rows become lines of text.
#[derive(Debug, Clone)]
enum LineEncoder {
    Csv(csv::CsvOptions),
    Json(json::JsonOptions),
    Text(text::TextOptions),
}

impl LineEncoder {
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
            Self::Json(options) => options.compression,
            Self::Text(options) => options.compression,
        }
    }

    fn extension(&self) -> String {
        let (format, codec) = (self.format().extension(), self.compression().extension());
        format!(".{format}{codec}")
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
            Self::Json(options) => options.encode(names, batch, out),
            Self::Text(options) => options.encode(batch, out),
        }
    }
}

/// Where part files go, and what they look like.
struct Output {
    encoder: Encoder,
    names: Vec<String>,
    schema: Schema,
    write_id: Uuid,
    directory: PathBuf,
    /// How many bytes of rows a part file may hold back.
    most_held: usize,
}

/// What part files came to.
#[derive(Debug, Default, Clone, Copy)]
struct Part {
    rows: u64,
    batches: u64,
    bytes: u64,
    busy: Duration,
}

impl Part {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.batches += other.batches;
        self.bytes += other.bytes;
        self.busy += other.busy;
    }
}

async fn write_part(
    output: Arc<Output>,
    partition: usize,
    mut stream: SendableRecordBatchStream,
) -> Result<Part> {
    let mut part = Part::default();
    let mut file = None;
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
        file.write(&output.names, &batch)?;
        part.rows += batch.num_rows() as u64;
        part.batches += 1;
        part.busy += began.elapsed();
        // Rows that need no waiting for would never let the task be stopped.
        tokio::task::yield_now().await;
    }
    if let Some(file) = file {
        part.bytes = file.finish()?;
    }
    Ok(part)
}

#[cfg(test)]
mod tests;
