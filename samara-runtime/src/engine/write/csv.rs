//! Csv files as Spark writes them.

use datafusion::arrow::array::{Array as _, RecordBatch};
use datafusion::common::DataFusionError;

use crate::engine::compression::Compression;
use crate::engine::csv_characters::Characters;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::text::times::{self, Side, Times};
use crate::engine::text::zone::Zone;
use crate::engine::types::DataType;
use crate::engine::write::file_text::file_text;

const KNOWN: [&str; 16] = [
    "header",
    "delimiter",
    "sep",
    "quote",
    "escape",
    "charToEscapeQuoteEscaping",
    "comment",
    "nullValue",
    "emptyValue",
    "quoteAll",
    "escapeQuotes",
    "ignoreLeadingWhiteSpace",
    "ignoreTrailingWhiteSpace",
    "lineSep",
    "encoding",
    "compression",
];

/// Whether a column of this type can be written.
pub(super) fn holds(kind: &DataType) -> bool {
    !matches!(
        kind,
        DataType::Struct(_) | DataType::Array(_) | DataType::Map(..) | DataType::Void
    )
}

/// The options of the csv writer, with Spark's defaults.
#[derive(Debug, Clone)]
pub(crate) struct CsvOptions {
    header: bool,
    delimiter: String,
    quote: char,
    escape: char,
    null_value: String,
    empty_value: String,
    comment: Option<char>,
    quote_all: bool,
    escape_quotes: bool,
    trim_start: bool,
    trim_end: bool,
    line_end: String,
    compression: Compression,
    times: Times,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: false,
            delimiter: ",".to_owned(),
            quote: '"',
            escape: '\\',
            null_value: String::new(),
            empty_value: "\"\"".to_owned(),
            comment: None,
            quote_all: false,
            escape_quotes: true,
            trim_start: true,
            trim_end: true,
            line_end: "\n".to_owned(),
            compression: Compression::None,
            times: Times::default(),
        }
    }
}

impl CsvOptions {
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Times without an option that says their zone are in the session's.
    pub fn in_session(mut self, zone: Zone) -> Self {
        self.times.in_session(zone);
        self
    }

    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        let options: Vec<OptionValue<'_>> = options.collect();
        for option in &options {
            match option.name.to_lowercase().as_str() {
                "header" => parsed.header = option.boolean()?,
                "delimiter" | "sep" => parsed.delimiter = option.separator()?,
                // Without a quote, Spark quotes by the character NUL.
                "quote" => parsed.quote = option.optional_byte()?.unwrap_or(0).into(),
                "escape" => parsed.escape = option.optional_byte()?.unwrap_or(0).into(),
                "chartoescapequoteescaping" => option.only("\\")?,
                "comment" => parsed.comment = option.optional_byte()?.map(char::from),
                "nullvalue" => parsed.null_value = option.value.to_owned(),
                "emptyvalue" => parsed.empty_value = option.value.to_owned(),
                "quoteall" => parsed.quote_all = option.boolean()?,
                "escapequotes" => parsed.escape_quotes = option.boolean()?,
                "ignoreleadingwhitespace" => parsed.trim_start = option.boolean()?,
                "ignoretrailingwhitespace" => parsed.trim_end = option.boolean()?,
                "linesep" => parsed.line_end = option.written_line_end()?,
                "encoding" | "charset" => option.only("UTF-8")?,
                "compression" | "codec" => {
                    parsed.compression = Compression::of_option(option)?;
                }
                _ if parsed.times.take(option, Side::Writer)? => {}
                _ => return Err(option.unknown(&[&KNOWN[..], &times::OPTIONS].concat())),
            }
        }
        parsed.characters().check(&options)?;
        Ok(parsed)
    }

    fn characters(&self) -> Characters {
        Characters {
            separator: self.delimiter.clone(),
            quote: self.quote,
            escape: self.escape,
            comment: self.comment,
            line_end: Some(self.line_end.clone()),
        }
    }

    /// The header line, if there is to be one.
    pub fn head(&self, names: &[String]) -> String {
        let mut line = String::new();
        if self.header {
            let shown = names.iter().map(|name| Some(self.shown(name, names)));
            self.write_cells(shown, &mut line);
        }
        line
    }

    pub fn encode(&self, batch: &RecordBatch, out: &mut String) -> Result<(), DataFusionError> {
        let columns = batch
            .columns()
            .iter()
            .map(|column| file_text(column, &self.times))
            .collect::<Result<Vec<_>, _>>()?;
        for row in 0..batch.num_rows() {
            let cells = columns
                .iter()
                .map(|column| column.is_valid(row).then(|| column.value(row)));
            self.write_line(cells, out);
        }
        Ok(())
    }

    /// A name in the header. Names that differ by blanks and case alone keep their blanks, and an empty one among them has quotes: univocity
    /// takes them for literals.
    fn shown<'a>(&self, name: &'a str, names: &[String]) -> &'a str {
        let normal = |name: &str| name.trim_matches(is_blank).to_lowercase();
        let clashes = |other: &String| other != name && normal(other) == normal(name);
        match names.iter().any(clashes) {
            true if name.is_empty() => "''",
            true if !normal(name).is_empty() => name,
            _ => self.trimmed(name),
        }
    }

    fn write_line<'a>(&self, cells: impl Iterator<Item = Option<&'a str>>, out: &mut String) {
        self.write_cells(cells.map(|cell| cell.map(|text| self.trimmed(text))), out);
    }

    fn write_cells<'a>(&self, cells: impl Iterator<Item = Option<&'a str>>, out: &mut String) {
        let start = out.len();
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                out.push_str(&self.delimiter);
            }
            match cell {
                None if self.quote_all => self.write_cell(&self.null_value, out),
                None => out.push_str(&self.null_value),
                Some("") => out.push_str(&self.empty_value),
                // At the beginning of a line it would make the line a comment.
                Some(text) if index == 0 && text.starts_with(|c| Some(c) == self.comment) => {
                    self.write_quoted(text, out);
                }
                Some(text) => self.write_cell(text, out),
            }
        }
        // Spark writes no empty line: the null of an only column has none.
        if out.len() > start {
            out.push_str(&self.line_end);
        }
    }

    fn trimmed<'a>(&self, mut text: &'a str) -> &'a str {
        if self.trim_start {
            text = text.trim_start_matches(is_blank);
        }
        if self.trim_end {
            text = text.trim_end_matches(is_blank);
        }
        text
    }

    fn write_cell(&self, text: &str, out: &mut String) {
        let special = |c: char| matches!(c, '\n' | '\r') || (c == self.quote && self.escape_quotes);
        let needs_quotes = text.contains(&self.delimiter)
            || text.contains(special)
            || text.starts_with(self.quote);
        if !self.quote_all && !needs_quotes {
            return out.push_str(text);
        }
        self.write_quoted(text, out);
    }

    fn write_quoted(&self, text: &str, out: &mut String) {
        out.push(self.quote);
        for character in text.chars() {
            if character == self.quote || (character == self.escape && self.escape != self.quote) {
                out.push(self.escape);
            }
            out.push(character);
        }
        out.push(self.quote);
    }
}

/// What univocity takes for white space: everything up to the space.
fn is_blank(character: char) -> bool {
    character <= ' '
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(cells: &[Option<&str>], options: &[(&str, &str)]) -> String {
        let values = options
            .iter()
            .map(|(name, value)| OptionValue { name, value });
        let mut out = String::new();
        CsvOptions::parse(values)
            .unwrap()
            .write_line(cells.iter().copied(), &mut out);
        out
    }

    #[test]
    fn null_is_an_empty_field_and_the_empty_string_is_quoted() {
        assert_eq!(line(&[Some("a"), None, Some("")], &[]), "a,,\"\"\n");
    }

    #[test]
    fn what_would_be_read_otherwise_is_quoted() {
        assert_eq!(
            line(
                &[
                    Some("a,b"),
                    Some("say \"x\""),
                    Some("two\nlines"),
                    Some("\\")
                ],
                &[]
            ),
            "\"a,b\",\"say \\\"x\\\"\",\"two\nlines\",\\\n"
        );
        assert_eq!(
            line(
                &[Some("a"), Some("b")],
                &[("sep", "|"), ("quoteAll", "true")]
            ),
            "\"a\"|\"b\"\n"
        );
    }
}
