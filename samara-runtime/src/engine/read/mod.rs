//! Reading files as Spark's sources do.

pub(crate) mod columns;
mod csv;
mod files;
pub(crate) mod json;
pub(crate) mod lenient;
mod lines;
pub(crate) mod scan;
pub mod text;
mod tokens;

use std::path::PathBuf;
use std::sync::Arc;

use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::LogicalPlanBuilder;

use crate::engine::frame::DataFrame;
use crate::engine::option::{self, OptionError, OptionValue};
use crate::engine::session::Session;
use crate::engine::types::{DataType, Field, Schema};
use crate::engine::{Format, Pairs};
use crate::error::{Error, Result};
use crate::variables;

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
    /// A file that would have to be read whole, and is too large for that.
    #[error("`{path}` is larger than 2 GiB, the most that can be read as one document (multiLine)")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A malformed record, under the mode FAILFAST.
    #[error("`{path}`, line {line}: {message} (mode FAILFAST)")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with the record.
        message: String,
    },
}

impl ReadError {
    fn malformed(path: PathBuf, line: u64, message: String) -> Self {
        Self::Malformed {
            path,
            line,
            message,
        }
    }
}

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
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).map(drop),
        Format::Json => json::JsonOptions::parse(values).map(drop),
        Format::Text => text::parse_options(values),
    }
}

/// Whether a reader without a schema knows its columns: those of csv, all strings, and of text. Options that are wrong know none.
pub fn knows_columns(format: Format, options: &[(&str, &str)]) -> bool {
    let values = option::values(options);
    match format {
        Format::Csv => csv::CsvOptions::parse(values).is_ok_and(|options| !options.infer_types),
        Format::Json => false,
        Format::Text => true,
    }
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
    /// Without a schema, every column is a string, and the header of the first file names it; without a header it is `_c0`, `_c1` and so on.
    ///
    /// # Errors
    ///
    /// [`Error::Option`] and [`Error::UnknownType`] for what was set before;
    /// [`Error::Schema`] for a type that csv files cannot hold; [`ReadError`] for a location that names nothing, or files
    /// that cannot be read yet. What is wrong inside the files shows when the frame is written.
    pub fn csv(mut self, location: &str) -> Result<DataFrame> {
        let options = csv::CsvOptions::parse(self.option_values())?;
        if self.schema.is_empty() {
            self.schema = columns_of_csv(location, &options)?;
        }
        self.scan(location, scan::Decoder::Csv(options))
    }

    /// Reads json files, one object a line: a file, a directory, or a glob pattern. Every column is nullable.
    ///
    /// # Errors
    ///
    /// As [`Reader::csv`]; the keys of a map are strings.
    pub fn json(self, location: &str) -> Result<DataFrame> {
        let options = json::JsonOptions::parse(self.option_values())?;
        self.scan(location, scan::Decoder::Json(options))
    }

    /// Reads text files, a row for each line, into one column of strings, `value` if no schema names it.
    ///
    /// # Errors
    ///
    /// As [`Reader::csv`]; [`Error::Schema`] for a schema of more than one column, or of another type.
    pub fn text(mut self, location: &str) -> Result<DataFrame> {
        text::parse_options(self.option_values())?;
        if self.schema.is_empty() {
            self = self.schema([(text::VALUE, "string")]);
        }
        self.scan(location, scan::Decoder::Text)
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
        let table = scan::FileTable::new(
            files::list(&variables::resolve(location)?)?,
            schema,
            decoder,
        );
        let plan = LogicalPlanBuilder::scan("input", provider_as_source(Arc::new(table)), None)?
            .build()?;
        DataFrame::unqualified(self.session, plan)
    }
}

/// The columns that csv files have by themselves: strings, named by the first record there is.
fn columns_of_csv(location: &str, options: &csv::CsvOptions) -> Result<Pairs> {
    if options.infer_types {
        return Err(Error::Schema(
            "inferring types from values is not supported yet: declare a schema, or leave out `inferSchema` to read strings"
                .to_owned(),
        ));
    }
    for path in files::list(&variables::resolve(location)?)? {
        let part = files::Part {
            path,
            start: 0,
            end: u64::MAX,
        };
        let mut lines = lines::Lines::open(&part)?;
        while let Some(line) = lines.next()? {
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

/// Refuses types that files of a format cannot hold.
fn check_types(schema: &Schema, decoder: &scan::Decoder) -> Result<()> {
    if matches!(decoder, scan::Decoder::Text) && schema.fields.len() != 1 {
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
            (scan::Decoder::Json(_), kind) if has_other_keys(kind) => {
                "the keys of a map in json are strings"
            }
            (scan::Decoder::Text, kind) if *kind != DataType::String => {
                "a text file has one column, of strings"
            }
            _ => continue,
        };
        return Err(Error::Schema(format!(
            "column `{name}` is {data_type}: {why}"
        )));
    }
    Ok(())
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
