//! Reading files as Spark's sources do.

mod charset;
pub(crate) mod columns;
mod csv;
mod files;
pub(crate) mod findings;
mod infer;
mod inspect;
pub(crate) mod json;
pub(crate) mod lenient;
pub(crate) mod lines;
mod records;
pub(crate) mod reject;
pub(crate) mod scan;
pub mod text;
mod tokens;
mod typed;

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use crate::engine::frame::DataFrame;
use crate::engine::option::{self, OptionError, OptionValue};
use crate::engine::read::typed::{Typed, TypedOptions};
use crate::engine::rehearsal::Rehearsal;
use crate::engine::session::Session;
use crate::engine::stack::on_deep_stack;
use crate::engine::types::{DataType, Field, Schema};
use crate::engine::{Format, Pairs};
use crate::error::{Error, Result};
use crate::location::Location;

/// Input that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The location names nothing that can be read.
    #[error("nothing to read at `{location}`: {why}")]
    NoInput {
        /// The location as it was given.
        location: String,
        /// What was looked for.
        why: String,
    },
    /// The operating system could not read a file.
    #[error("cannot read `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that is compressed by a codec that is not here.
    #[error(
        "`{path}` is compressed in a way that cannot be read; gzip (.gz), bzip2 (.bz2), zstd (.zst) and deflate can"
    )]
    Compressed {
        /// The file.
        path: PathBuf,
    },
    /// A directory whose name is the value of a column, `year=2024`.
    #[error("partitioned directories are not supported yet: `{path}`")]
    Partitioned {
        /// The directory.
        path: PathBuf,
    },
    /// A record, or a file that is one, that is too large.
    #[error("`{path}` has a record of more than 2 GiB, the most that can be read as one")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A header with another name, or of another width, than the schema has, where `enforceSchema` is false.
    #[error("`{path}`: the header says `{header}` where the schema says `{column}`")]
    Header {
        /// The file.
        path: PathBuf,
        /// The name in the file.
        header: String,
        /// The name in the schema.
        column: String,
    },
    /// A file that is not of its format, is damaged, or holds other columns than were declared.
    #[error("`{path}` cannot be read as {format}: {problem}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The format.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// A malformed record: under the mode FAILFAST, or one that no mode allows.
    #[error("`{path}`, line {line}: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with the record.
        message: String,
    },
    /// Nothing is read but the column for malformed records.
    #[error(
        "the column of corrupt records is read alone: a record is only judged by the columns that are read with it"
    )]
    CorruptAlone,
}

/// The column for the text of malformed records, if the schema has it, by Spark's default.
pub(crate) const CORRUPT_RECORD: &str = "_corrupt_record";

/// What becomes of a malformed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    /// A field that does not parse becomes null.
    #[default]
    Permissive,
    /// The record is left out.
    DropMalformed,
    /// The read fails.
    FailFast,
}

impl Mode {
    fn parse(option: &OptionValue<'_>) -> Result<Self, OptionError> {
        match option.value.to_uppercase().as_str() {
            "PERMISSIVE" => Ok(Self::Permissive),
            "DROPMALFORMED" => Ok(Self::DropMalformed),
            "FAILFAST" => Ok(Self::FailFast),
            _ => Err(option.error(format!(
                "`{}` is none of PERMISSIVE, DROPMALFORMED and FAILFAST",
                option.value
            ))),
        }
    }
}

/// Checks a reader's options without reading.
///
/// # Errors
///
/// [`OptionError`] names the first option that is unknown, not supported yet, or holds a wrong value.
///
/// # Examples
///
/// ```
/// use samara::engine::{Format, read};
///
/// let error = read::check_options(Format::Csv, &[("haeder", "true")]).unwrap_err();
/// assert_eq!(error.suggestion.as_deref(), Some("header"));
/// ```
pub fn check_options(format: Format, options: &[(&str, &str)]) -> Result<(), OptionError> {
    option::refuse_contradictions(options)?;
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).map(drop),
        Format::Json => json::JsonOptions::parse(values).map(drop),
        Format::Text => text::TextOptions::parse(values).map(drop),
        Format::Parquet => TypedOptions::parse(Typed::Parquet, values).map(drop),
        Format::Avro => TypedOptions::parse(Typed::Avro, values).map(drop),
        Format::Orc => TypedOptions::parse(Typed::Orc, values).map(drop),
    }
}

/// Whether a reader without a schema knows its columns: those of csv, all strings, of text, and of files that say them. Options that are
/// wrong know none.
pub fn knows_columns(format: Format, options: &[(&str, &str)]) -> bool {
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).is_ok_and(|options| !options.infer_types),
        Format::Json => false,
        Format::Text | Format::Parquet | Format::Avro | Format::Orc => true,
    }
}

/// The columns of files that say them, as they are now; none if the location holds a variable, or there is nothing to read.
///
/// # Errors
///
/// [`ReadError::Unreadable`] for a file that is not of its format, or has a column of a type that Spark has none for.
pub fn columns_of_files(
    session: &Session,
    format: Format,
    location: &str,
    options: &[(&str, &str)],
) -> Result<Option<Schema>, ReadError> {
    let typed = match format {
        Format::Csv | Format::Json | Format::Text => return Ok(None),
        Format::Parquet => Typed::Parquet,
        Format::Avro => Typed::Avro,
        Format::Orc => Typed::Orc,
    };
    if location.contains("${") {
        return Ok(None);
    }
    let reader = options
        .iter()
        .fold(session.read(), |reader, (name, value)| {
            reader.option(name, value)
        });
    let frame = reader.typed(location, typed);
    match frame.and_then(|frame| frame.schema()) {
        Ok(schema) => Ok(Some(schema)),
        Err(Error::Read(error @ ReadError::Unreadable { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Checks the files that are at a location now, if it holds no variable: that there are some is not asked.
///
/// # Errors
///
/// [`ReadError::Partitioned`] and [`ReadError::Compressed`], for what cannot be read whatever it holds.
pub fn check_files(location: &str, options: &[(&str, &str)]) -> Result<()> {
    if location.contains("${") {
        return Ok(());
    }
    let mut selection = files::Selection::default();
    for option in option::values(options) {
        selection.take(&option)?;
    }
    match files::list(&Location::parse(location)?, &selection) {
        Err(Error::Read(ReadError::NoInput { .. } | ReadError::Io { .. })) => Ok(()),
        listed => listed.map(drop),
    }
}

/// The columns of files that no schema declares, with their types, inferred from the values as Spark does it.
///
/// # Errors
///
/// [`ReadError::NoInput`] if there is nothing at the location; [`Error::Schema`] if there is no record, or two columns have one name.
///
/// # Examples
///
/// ```
/// use samara::engine::{Format, read};
///
/// # let path = std::env::temp_dir().join("samara-infer-doc.json");
/// std::fs::write(&path, r#"{"id": 1, "price": 2.5, "tags": ["new"]}"#)?;
/// let columns = read::infer(Format::Json, &[], path.to_str().unwrap())?;
/// assert_eq!(columns[0], ("id".to_owned(), "bigint".to_owned()));
/// assert_eq!(columns[2], ("tags".to_owned(), "array<string>".to_owned()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn infer(format: Format, options: &[(&str, &str)], location: &str) -> Result<Pairs> {
    on_deep_stack(|| inferred(format, options, location))
}

fn inferred(format: Format, options: &[(&str, &str)], location: &str) -> Result<Pairs> {
    let values = option::values(options);
    match format {
        Format::Csv => {
            let options = csv::CsvOptions::parse(values)?;
            match options.infer_types {
                true => infer::csv(location, &options),
                false => columns_of_csv(location, &options),
            }
        }
        Format::Json => infer::json(location, &json::JsonOptions::parse(values)?),
        Format::Text => Ok(vec![(text::VALUE.to_owned(), "string".to_owned())]),
        // They say it themselves: see `columns_of_files`.
        Format::Parquet | Format::Avro | Format::Orc => Ok(Pairs::new()),
    }
}

/// What a run of the frame would fail by in the files that it reads, by the columns that are read of them.
pub(crate) fn faults_of(frame: &DataFrame) -> Vec<ReadError> {
    on_deep_stack(|| faults_in_plan(frame))
}

fn faults_in_plan(frame: &DataFrame) -> Vec<ReadError> {
    let Ok(plan) = frame.session.state().optimize(&frame.plan) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    // Only a source of another kind could end it early.
    let _walked = plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Some(table) = source_as_provider(&scan.source)?.downcast_ref::<scan::FileTable>()
        {
            faults.extend(table.faults(scan.projection.as_deref()));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    faults
}

/// Reads files into a frame, as Spark's `DataFrameReader` does.
///
/// The files are found at once, and read when a step writes what was made of them.
///
/// # Examples
///
/// ```
/// # let dir = tempfile(); fn tempfile() -> std::path::PathBuf { std::env::temp_dir().join("samara-reader-doc.csv") }
/// std::fs::write(&dir, "id,name\n1,Ada\n")?;
/// let session = samara::Session::new(&samara::RunSettings::default())?;
/// let people = session
///     .read()
///     .option("header", "true")
///     .schema([("id", "bigint"), ("name", "string")])
///     .csv(dir.to_str().unwrap())?;
/// assert_eq!(people.columns(), ["id", "name"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a reader reads nothing until csv or json is called"]
#[derive(Debug)]
pub struct Reader {
    session: Session,
    options: Pairs,
    schema: Pairs,
}

impl Reader {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session,
            options: Pairs::new(),
            schema: Pairs::new(),
        }
    }

    /// Sets an option, by the name that Spark has for it.
    pub fn option(mut self, name: &str, value: &str) -> Self {
        self.options.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the columns: their names and their types in Spark's simple form, `bigint`, `decimal(10,2)`, `array<string>`.
    pub fn schema<'a>(self, columns: impl AsRef<[(&'a str, &'a str)]>) -> Self {
        self.columns(columns.as_ref())
    }

    fn columns(mut self, columns: &[(&str, &str)]) -> Self {
        self.schema = columns
            .iter()
            .map(|(name, kind)| (String::from(*name), String::from(*kind)))
            .collect();
        self
    }

    /// Reads csv files: a file, a directory, or a glob pattern. Every column is nullable. `${NAME}` in the location is a variable of the run.
    ///
    /// Without a schema, every column is a string, and the header of the first file names it; without a header it is `_c0`, `_c1` and so on. With
    /// the option `inferSchema` the values in the files say the types, as in Spark: the files are read once more for that.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] and [`Error::UnknownType`] for what was set before;
    /// [`Error::Schema`] for a type that csv files cannot hold; [`ReadError`] for a location that names nothing, or files
    /// that cannot be read yet. What is wrong inside the files shows when the frame is written.
    pub fn csv(mut self, location: &str) -> Result<DataFrame> {
        let options = csv::CsvOptions::parse(self.option_values())?;
        let options = options.in_session(self.session.zone());
        if self.schema.is_empty() {
            self.schema = match options.infer_types {
                true => infer::csv(location, &options)?,
                false => columns_of_csv(location, &options)?,
            };
        }
        self.scan(location, scan::Decoder::Csv(options))
    }

    /// Reads json files, one object a line: a file, a directory, or a glob pattern. Every column is nullable.
    ///
    /// Without a schema, the values in the files say the columns and their types, as in Spark: the files are read once more for that.
    ///
    /// # Errors
    ///
    /// As [`Reader::csv`]; the keys of a map are strings.
    pub fn json(mut self, location: &str) -> Result<DataFrame> {
        let options = json::JsonOptions::parse(self.option_values())?;
        let options = options.in_session(self.session.zone());
        if self.schema.is_empty() {
            self.schema = infer::json(location, &options)?;
        }
        self.scan(location, scan::Decoder::Json(options))
    }

    /// Reads text files, a row for each line, into one column of strings, `value` if no schema names it.
    ///
    /// # Errors
    ///
    /// As [`Reader::csv`]; [`Error::Schema`] for a schema of more than one column, or of another type.
    pub fn text(mut self, location: &str) -> Result<DataFrame> {
        let mut options = text::TextOptions::parse(self.option_values())?;
        options.selection.in_zone(self.session.zone());
        if self.schema.is_empty() {
            self = self.schema([(text::VALUE, "string")]);
        }
        self.scan(location, scan::Decoder::Text(options))
    }

    /// Reads parquet files: a file, a directory, or a glob pattern. Every column is nullable.
    ///
    /// Columns are found by name, in any case; one that a file does not have is null in it. Without a schema, the columns are those of the first
    /// file, or of all of them with the option `mergeSchema`.
    ///
    /// # Errors
    ///
    /// As [`Reader::csv`]. A file that holds a column as another type than the schema's fails the step that reads it, unless Spark reads the one
    /// as the other, without a loss.
    pub fn parquet(self, location: &str) -> Result<DataFrame> {
        self.typed(location, Typed::Parquet)
    }

    /// Reads avro files, as [`Reader::parquet`] does parquet files.
    ///
    /// # Errors
    ///
    /// As [`Reader::parquet`].
    pub fn avro(self, location: &str) -> Result<DataFrame> {
        self.typed(location, Typed::Avro)
    }

    /// Reads ORC files, as [`Reader::parquet`] does parquet files.
    ///
    /// # Errors
    ///
    /// As [`Reader::parquet`].
    pub fn orc(self, location: &str) -> Result<DataFrame> {
        self.typed(location, Typed::Orc)
    }

    fn typed(self, location: &str, typed: Typed) -> Result<DataFrame> {
        let mut options = TypedOptions::parse(typed, self.option_values())?;
        options.selection.in_zone(self.session.zone());
        if !self.schema.is_empty() {
            return self.scan(location, scan::Decoder::Typed(typed, options));
        }
        let resolved = Location::resolve(location)?;
        let rehearsal = Rehearsal::current();
        if let Some(fields) = rehearsal.and_then(|rehearsal| rehearsal.columns_written(&resolved)) {
            return self.session.frame_without_rows(fields);
        }
        let files = files::list(&resolved, &options.selection)?;
        let Some(schema) = typed::infer(typed, files.clone(), &options)? else {
            return Err(Error::Read(ReadError::NoInput {
                location: location.to_owned(),
                why: "there is no file to take the columns from, and no schema is declared"
                    .to_owned(),
            }));
        };
        let decoder = scan::Decoder::Typed(typed, options);
        if let Some(rehearsal) = Rehearsal::current() {
            inspect::faults(&files, &schema, &decoder)
                .into_iter()
                .for_each(|fault| rehearsal.note(fault));
        }
        self.table(scan::FileTable::new(files, schema, decoder))
    }

    fn option_values(&self) -> impl Iterator<Item = OptionValue<'_>> {
        self.options
            .iter()
            .map(|(name, value)| OptionValue { name, value })
    }

    fn scan(self, location: &str, decoder: scan::Decoder) -> Result<DataFrame> {
        let schema = schema_of(
            self.schema
                .iter()
                .map(|(name, kind)| (name.as_str(), kind.as_str())),
        )?;
        check_types(&schema, &decoder)?;
        let location = Location::resolve(location)?;
        if let Some(rehearsal) = Rehearsal::current() {
            return self.rehearse(&rehearsal, &location, schema, decoder);
        }
        let files = files::list(&location, decoder.selection())?;
        self.table(scan::FileTable::new(files, schema, decoder))
    }

    fn table(self, table: scan::FileTable) -> Result<DataFrame> {
        let plan = LogicalPlanBuilder::scan("input", provider_as_source(Arc::new(table)), None)?
            .build()?;
        DataFrame::unqualified(self.session, plan)
    }

    /// Looks at the files. What an earlier step is to write is a frame without rows.
    fn rehearse(
        self,
        rehearsal: &Rehearsal,
        location: &Location,
        schema: Schema,
        decoder: scan::Decoder,
    ) -> Result<DataFrame> {
        if rehearsal.is_written(location) {
            return self.session.frame_without_rows(schema.fields);
        }
        let files = files::list(location, decoder.selection())?;
        inspect::faults(&files, &schema, &decoder)
            .into_iter()
            .for_each(|fault| rehearsal.note(fault));
        self.table(scan::FileTable::new(files, schema, decoder))
    }
}

/// The columns that csv files have by themselves: strings, named by the first record there is.
fn columns_of_csv(location: &str, options: &csv::CsvOptions) -> Result<Pairs> {
    let resolved = Location::resolve(location)?;
    let rehearsal = Rehearsal::current();
    if let Some(fields) = rehearsal.and_then(|rehearsal| rehearsal.columns_written(&resolved)) {
        return Ok(columns_of_written(fields, options));
    }
    for path in files::list(&resolved, &options.selection)? {
        let part = files::Part {
            path,
            start: 0,
            end: u64::MAX,
        };
        let quotes = Some(options).filter(|options| options.multi_line);
        let mut records = records::Records::open(&part, &options.form, quotes)?;
        while let Some(line) = records.next()? {
            if options.is_record(&line.text) {
                let names = options.column_names(&line.text).into_iter();
                return Ok(names.map(|name| (name, "string".to_owned())).collect());
            }
        }
    }
    Err(Error::Schema(format!(
        "no schema is declared, and there is no record at `{location}` to take the columns from"
    )))
}

/// As [`columns_of_csv`], of files that an earlier step would have written by now.
fn columns_of_written(fields: Vec<Field>, options: &csv::CsvOptions) -> Pairs {
    let named = |(index, field): (usize, Field)| match options.header {
        true => (field.name, "string".to_owned()),
        false => (format!("_c{index}"), "string".to_owned()),
    };
    fields.into_iter().enumerate().map(named).collect()
}

/// Refuses types that files of a format cannot hold.
fn check_types(schema: &Schema, decoder: &scan::Decoder) -> Result<()> {
    if matches!(decoder, scan::Decoder::Text(_)) && schema.fields.len() != 1 {
        let message = "a text file has one column, of strings";
        return Err(Error::Schema(message.to_owned()));
    }
    for Field {
        name, data_type, ..
    } in &schema.fields
    {
        let why = match (decoder, data_type) {
            (
                scan::Decoder::Csv(_),
                DataType::Struct(_) | DataType::Array(_) | DataType::Map(..),
            ) => "csv files hold no nested values",
            (scan::Decoder::Typed(Typed::Parquet | Typed::Avro, _), kind) if kind.holds_void() => {
                continue;
            }
            (_, kind) if kind.holds_void() => "a column of nothing but null is not read from files",
            (scan::Decoder::Json(_), kind) if has_other_keys(kind) => {
                "the keys of a map in json are strings"
            }
            (scan::Decoder::Text(_), kind) if *kind != DataType::String => {
                "a text file has one column, of strings"
            }
            _ => continue,
        };
        return Err(Error::Schema(format!(
            "column `{name}` is {data_type}: {why}"
        )));
    }
    let corrupt = schema
        .fields
        .iter()
        .find(|field| Some(field.name.as_str()) == decoder.corrupt_record());
    match corrupt {
        Some(field) if field.data_type != DataType::String => Err(Error::Schema(format!(
            "column `{}` is {}: the text of corrupt records is a string",
            field.name, field.data_type
        ))),
        _ => Ok(()),
    }
}

/// Whether there is a map in the type whose keys are no strings.
fn has_other_keys(data_type: &DataType) -> bool {
    match data_type {
        DataType::Map(key, value) => **key != DataType::String || has_other_keys(value),
        DataType::Array(element) => has_other_keys(element),
        DataType::Struct(fields) => fields.iter().any(|field| has_other_keys(&field.data_type)),
        _ => false,
    }
}

/// The schema with the given columns, every one nullable.
pub(crate) fn schema_of<'a>(columns: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Schema> {
    let field = |(name, kind): (&str, &str)| {
        Ok(Field {
            name: name.to_owned(),
            data_type: kind.parse()?,
            nullable: true,
        })
    };
    Ok(Schema {
        fields: columns.map(field).collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, decoder: scan::Decoder) -> Result<()> {
        check_types(&schema_of([("c", kind)].into_iter())?, &decoder)
    }

    #[test]
    fn types_that_a_format_cannot_hold_are_refused_before_anything_is_read() {
        let csv = || scan::Decoder::Csv(csv::CsvOptions::default());
        let json = || scan::Decoder::Json(json::JsonOptions::default());
        for kind in ["map<int,int>", "array<struct<a:map<date,string>>>"] {
            let message = check(kind, json()).unwrap_err().to_string();
            assert!(
                message.contains("the keys of a map in json are strings"),
                "{message}"
            );
        }
        assert!(check("map<string,int>", json()).is_ok());
        assert!(matches!(check("array<int>", csv()), Err(Error::Schema(_))));
        assert!(check("binary", csv()).is_ok());
    }
}
