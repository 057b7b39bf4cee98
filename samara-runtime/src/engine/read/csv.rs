//! Csv files as Spark's `csv` source reads them.
//!
//! A tokenizer of our own, since Spark tells an empty field (null, always) from an empty quoted one (the text of `emptyValue`), which csv
//! libraries do not. Either is null if it equals `nullValue`, and so by default both are.

use std::path::Path;

use memchr::memmem;

use crate::engine::csv_characters::Characters;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::charset::Charset;
use crate::engine::read::columns::{ColumnBuilder, ValueRules};
use crate::engine::read::files::{self, Selection};
use crate::engine::read::lines::{LineEnd, TextForm};
use crate::engine::read::reject::{Reject, misfit};
use crate::engine::read::tokens::Tokenizer;
use crate::engine::read::{CORRUPT_RECORD, Mode, ReadError};
use crate::engine::text::times::{self, Side};
use crate::engine::text::zone::Zone;
use crate::engine::types::Field;

const KNOWN: [&str; 25] = [
    "header",
    "enforceSchema",
    "delimiter",
    "sep",
    "quote",
    "escape",
    "charToEscapeQuoteEscaping",
    "unescapedQuoteHandling",
    "comment",
    "nullValue",
    "emptyValue",
    "nanValue",
    "positiveInf",
    "negativeInf",
    "mode",
    "columnNameOfCorruptRecord",
    "ignoreLeadingWhiteSpace",
    "ignoreTrailingWhiteSpace",
    "encoding",
    "lineSep",
    "multiLine",
    "maxColumns",
    "maxCharsPerColumn",
    "inferSchema",
    "preferDate",
];

/// What stands for a separator of several bytes while a record is taken apart: it is in no text.
const SEPARATOR: u8 = 0xff;

/// The options of the csv reader, with Spark's defaults.
#[derive(Debug, Clone)]
pub(crate) struct CsvOptions {
    pub header: bool,
    /// Whether a header need not name the columns of the schema.
    pub enforce_schema: bool,
    pub mode: Mode,
    /// The column for the text of records that are malformed, if the schema has it.
    pub corrupt_record: String,
    pub comment: Option<u8>,
    /// Whether quotes may hold line ends.
    pub multi_line: bool,
    pub form: TextForm,
    /// Whether the values are to say the types, where no schema does.
    pub infer_types: bool,
    /// Whether a date is taken for one, and not for a timestamp, where types are inferred.
    pub prefer_date: bool,
    pub rules: ValueRules,
    pub selection: Selection,
    tokenizer: Tokenizer,
    separator: String,
    null_value: String,
    empty_value: String,
    max_columns: usize,
    max_characters: Option<usize>,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: false,
            enforce_schema: true,
            mode: Mode::default(),
            corrupt_record: CORRUPT_RECORD.to_owned(),
            comment: None,
            multi_line: false,
            form: TextForm::default(),
            infer_types: false,
            prefer_date: true,
            rules: ValueRules::default(),
            selection: Selection::default(),
            separator: ",".to_owned(),
            max_columns: 20_480,
            max_characters: None,
            tokenizer: Tokenizer {
                delimiter: b',',
                newline: b',',
                quote: b'"',
                escape: b'\\',
                trim_start: false,
                trim_end: false,
            },
            null_value: String::new(),
            empty_value: String::new(),
        }
    }
}

impl CsvOptions {
    /// Times without an option that says their zone are in the session's.
    pub fn in_session(mut self, zone: Zone) -> Self {
        self.rules.times.in_session(zone);
        self.selection.in_zone(self.rules.times.zone());
        self
    }

    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        let options: Vec<OptionValue<'_>> = options.collect();
        for option in &options {
            if !parsed.take(option)? {
                return Err(
                    option.unknown(&[&KNOWN[..], &times::OPTIONS, &files::OPTIONS].concat())
                );
            }
        }
        parsed.characters().check(&options)?;
        parsed.settle();
        Ok(parsed)
    }

    fn characters(&self) -> Characters {
        let line_end = match &self.form.line_end {
            LineEnd::Exactly(end) => Some(end.clone()),
            LineEnd::Any | LineEnd::AsTheFirst => None,
        };
        Characters {
            separator: self.separator.clone(),
            quote: self.tokenizer.quote.into(),
            escape: self.tokenizer.escape.into(),
            comment: self.comment.map(char::from),
            line_end,
        }
    }

    /// What ends a line, which is at most two characters.
    fn line_end(&self, option: &OptionValue<'_>) -> Result<LineEnd, OptionError> {
        match option.value.chars().count() {
            0..=2 => option.line_end(),
            _ => Err(option.error("what ends a line of csv has two characters at most")),
        }
    }

    /// Takes an option, if it is one.
    fn take(&mut self, option: &OptionValue<'_>) -> Result<bool, OptionError> {
        let tokenizer = &mut self.tokenizer;
        match option.name.to_lowercase().as_str() {
            "header" => self.header = option.boolean()?,
            "enforceschema" => self.enforce_schema = option.boolean()?,
            "delimiter" | "sep" => self.separator = option.separator()?,
            "quote" => tokenizer.quote = option.optional_byte()?.unwrap_or(0),
            "escape" => tokenizer.escape = option.optional_byte()?.unwrap_or(0),
            "chartoescapequoteescaping" => option.only("\\")?,
            "unescapedquotehandling" => option.only("STOP_AT_DELIMITER")?,
            "comment" => self.comment = option.optional_byte()?,
            "nullvalue" => self.null_value = option.value.to_owned(),
            "emptyvalue" => self.empty_value = option.value.to_owned(),
            "nanvalue" => self.rules.nan = option.value.to_owned(),
            "positiveinf" => self.rules.positive_infinity = option.value.to_owned(),
            "negativeinf" => self.rules.negative_infinity = option.value.to_owned(),
            "mode" => self.mode = Mode::parse(option)?,
            "columnnameofcorruptrecord" => self.corrupt_record = option.value.to_owned(),
            "ignoreleadingwhitespace" => tokenizer.trim_start = option.boolean()?,
            "ignoretrailingwhitespace" => tokenizer.trim_end = option.boolean()?,
            "encoding" | "charset" => self.form.charset = Charset::parse(option)?,
            "linesep" => self.form.line_end = self.line_end(option)?,
            "multiline" => self.multi_line = option.boolean()?,
            "maxcolumns" => match option.number()? {
                0 => return Err(option.error("a record has one column at least")),
                columns => self.max_columns = columns,
            },
            "maxcharspercolumn" => match option.number::<i64>()? {
                -1 => self.max_characters = None,
                1.. => self.max_characters = Some(option.number()?),
                _ => return Err(option.error("write -1 for no limit, or a limit of 1 and more")),
            },
            "inferschema" => self.infer_types = option.boolean()?,
            "preferdate" => self.prefer_date = option.boolean()?,
            "samplingratio" => return Err(option.no_sampling()),
            _ => {
                return Ok(
                    self.rules.times.take(option, Side::Reader)? || self.selection.take(option)?
                );
            }
        }
        Ok(true)
    }

    /// Sets what follows from several options.
    fn settle(&mut self) {
        self.tokenizer.delimiter = match self.separator.as_bytes() {
            [byte] => *byte,
            _ => SEPARATOR,
        };
        self.tokenizer.newline = self.tokenizer.delimiter;
        if self.multi_line {
            self.tokenizer.newline = match &self.form.line_end {
                LineEnd::Exactly(end) if end.len() == 1 => end.as_bytes()[0],
                _ => b'\n',
            };
            if self.form.line_end == LineEnd::Any {
                self.form.line_end = LineEnd::AsTheFirst;
            }
        }
    }

    /// What stands for the end of a line in a record that goes over several.
    pub fn newline(&self) -> char {
        self.tokenizer.newline.into()
    }

    pub fn quote(&self) -> u8 {
        self.tokenizer.quote
    }

    /// Whether a record goes on in the next line.
    pub fn is_open(&self, text: &str) -> bool {
        self.is_record(text) && self.tokens(text, |_| {})
    }

    /// Splits a record into its fields, as [`Tokenizer::tokens`] does.
    pub fn tokens(&self, record: &str, mut on_token: impl FnMut(Option<&str>)) -> bool {
        if self.tokenizer.delimiter != SEPARATOR {
            return self.tokenizer.tokens(record.as_bytes(), |token| {
                on_token(token.as_deref().map(String::from_utf8_lossy).as_deref());
            });
        }
        let replaced = replace(record.as_bytes(), self.separator.as_bytes(), &[SEPARATOR]);
        self.tokenizer.tokens(&replaced, |token| {
            let token = token.map(|token| replace(&token, &[SEPARATOR], self.separator.as_bytes()));
            on_token(token.as_deref().map(String::from_utf8_lossy).as_deref());
        })
    }
}

/// The text with every occurrence of a part replaced by another.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut start = 0;
    for at in memmem::find_iter(text, from) {
        replaced.extend_from_slice(&text[start..at]);
        replaced.extend_from_slice(to);
        start = at + from.len();
    }
    replaced.extend_from_slice(&text[start..]);
    replaced
}

/// Decodes lines of csv into columns.
pub(crate) struct CsvDecoder {
    options: CsvOptions,
    width: usize,
    /// For each field of a line: the column that it goes to.
    targets: Vec<Option<usize>>,
    names: Vec<String>,
    /// Whether a record of more or fewer fields is malformed. As in Spark, not where only some columns are read.
    judges_width: bool,
}

impl CsvDecoder {
    pub fn new(options: CsvOptions, fields: &[Field], projection: &[usize]) -> Self {
        let mut targets = vec![None; fields.len()];
        for (column, field) in projection.iter().enumerate().rev() {
            targets[*field] = Some(column);
        }
        Self {
            judges_width: options.multi_line || projection.len() == fields.len(),
            options,
            width: fields.len(),
            targets,
            names: fields.iter().map(|field| field.name.clone()).collect(),
        }
    }

    /// Whether a line holds a record.
    pub fn is_record(&self, line: &str) -> bool {
        self.options.is_record(line)
    }

    pub fn newline(&self) -> char {
        match self.options.multi_line {
            true => self.options.newline(),
            false => '\n',
        }
    }

    /// Whether the line is the header, and not blank or a comment before it. Warns of a header that is not the schema's; the error refuses it,
    /// where `enforceSchema` is false.
    pub fn check_header(&self, line: &str, path: &Path) -> Result<bool, ReadError> {
        if !self.is_record(line) {
            return Ok(false);
        }
        let Some((header, column)) = self.header_mismatch(line) else {
            return Ok(true);
        };
        if !self.options.enforce_schema {
            return Err(ReadError::Header {
                path: path.to_owned(),
                header,
                column,
            });
        }
        let path = path.display();
        tracing::warn!(
            "`{path}`: the header says `{header}` where the schema says `{column}`; columns are taken by position"
        );
        Ok(true)
    }

    /// Appends a line's record. The error says what is wrong with a malformed one, which is appended all the same, with null for what did not
    /// parse.
    pub fn push_line(&self, line: &str, columns: &mut [ColumnBuilder]) -> Result<(), Reject> {
        let mut outcome = Ok(());
        let mut longest = 0;
        let mut fields = 0;
        self.options.tokens(line, |token| {
            longest = longest.max(token.map_or(0, str::len));
            if let Some(Some(target)) = self.targets.get(fields) {
                let column = &mut columns[*target];
                match self.options.value(token) {
                    None => column.push_null(),
                    Some(text) if column.push_csv(text, &self.options.rules) => {}
                    Some(_) if outcome.is_ok() => {
                        outcome = Err(Reject::Fields(misfit(&self.names[fields])));
                    }
                    Some(_) => {}
                }
            }
            fields += 1;
        });
        for target in self.targets.iter().skip(fields).flatten() {
            columns[*target].push_null();
        }
        if fields != self.width && self.judges_width {
            outcome = Err(Reject::Fields(format!(
                "{fields} fields where the schema has {}",
                self.width
            )));
        }
        self.options.check_size(fields, longest)?;
        outcome
    }

    /// The first header name that is not the schema's, with the schema's: Spark goes by position, but a person should know.
    fn header_mismatch(&self, line: &str) -> Option<(String, String)> {
        let mut mismatch = None;
        let mut headers = 0;
        let mut names = self.names.iter();
        self.options.tokens(line, |token| {
            let header = token.unwrap_or("");
            if let Some(name) = names.next()
                && mismatch.is_none()
                && !name.eq_ignore_ascii_case(header)
            {
                mismatch = Some((header.to_owned(), name.clone()));
            }
            headers += 1;
        });
        if headers != self.width {
            let columns = |count| format!("{count} columns");
            return Some((columns(headers), columns(self.width)));
        }
        mismatch
    }
}

impl CsvOptions {
    /// The names of the columns, by the first record: those of a header, numbered where two are alike; `_c0`, `_c1` and so on where there is
    /// none, or one is empty (Spark, `CSVUtils.makeSafeHeader`).
    pub fn column_names(&self, first: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        self.tokens(first, |token| {
            let name = token.and_then(|text| self.value(Some(text)));
            tokens.push(name.filter(|_| self.header).unwrap_or_default().to_owned());
        });
        let is_alike = |name: &str| {
            let name = name.to_lowercase();
            tokens
                .iter()
                .filter(|other| other.to_lowercase() == name)
                .count()
                > 1
        };
        let named = |(index, name): (usize, &String)| match name.as_str() {
            "" => format!("_c{index}"),
            name if is_alike(name) => format!("{name}{index}"),
            name => name.to_owned(),
        };
        tokens.iter().enumerate().map(named).collect()
    }

    /// Refuses a record with more fields, or longer ones, than the options allow, whatever the mode.
    fn check_size(&self, fields: usize, longest: usize) -> Result<(), Reject> {
        let limit = self.max_columns;
        if fields > limit {
            let reason = format!("{fields} fields, more than maxColumns, {limit}");
            return Err(Reject::Fatal(reason));
        }
        match self.max_characters {
            Some(limit) if longest > limit => Err(Reject::Fatal(format!(
                "a field is longer than maxCharsPerColumn, {limit}"
            ))),
            _ => Ok(()),
        }
    }

    /// Whether a line holds a record: it is neither blank nor a comment. Where records may go over lines, blanks are a record, as in Spark,
    /// unless they are ignored.
    pub fn is_record(&self, line: &str) -> bool {
        let blank = match self.multi_line && !self.tokenizer.trim_start {
            true => line
                .as_bytes()
                .iter()
                .all(|byte| *byte == self.tokenizer.newline),
            false => line.bytes().all(|byte| byte <= b' '),
        };
        !blank && (self.comment.is_none() || line.as_bytes().first() != self.comment.as_ref())
    }

    /// What a token stands for: nothing for null.
    pub fn value<'a>(&'a self, token: Option<&'a str>) -> Option<&'a str> {
        let text = match token? {
            "" => &self.empty_value,
            text => text,
        };
        (text != self.null_value).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str, options: &[(&str, &str)]) -> Vec<Option<String>> {
        let values = options
            .iter()
            .map(|(name, value)| OptionValue { name, value });
        let options = CsvOptions::parse(values).unwrap();
        let mut fields = Vec::new();
        options.tokens(line, |token| {
            fields.push(options.value(token).map(str::to_owned));
        });
        fields
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_quoted_one_is_too_unless_null_is_another_text() {
        let line = r#""",,x"#;
        assert_eq!(fields(line, &[]), [None, None, text("x")]);
        assert_eq!(
            fields(line, &[("nullValue", "NA")]),
            [text(""), None, text("x")]
        );
        assert_eq!(
            fields(line, &[("emptyValue", "E")]),
            [text("E"), None, text("x")]
        );
    }

    #[test]
    fn quotes_hold_delimiters_and_escaped_quotes() {
        assert_eq!(
            fields(r#""a,b","c\"d",e"#, &[]),
            some(&["a,b", "c\"d", "e"])
        );
        assert_eq!(
            fields(r#""c""d",e"#, &[("escape", "\"")]),
            some(&["c\"d", "e"])
        );
        assert_eq!(
            fields(r#""back\slash",x"#, &[]),
            some(&[r"back\slash", "x"])
        );
        assert_eq!(
            fields("a|'b|c'", &[("sep", "|"), ("quote", "'")]),
            some(&["a", "b|c"])
        );
    }

    #[test]
    fn white_space_stays_unless_it_is_ignored() {
        assert_eq!(fields(" a , b", &[]), some(&[" a ", " b"]));
        let ignore = [
            ("ignoreLeadingWhiteSpace", "true"),
            ("ignoreTrailingWhiteSpace", "true"),
        ];
        assert_eq!(fields(" a , b", &ignore), some(&["a", "b"]));
    }

    #[test]
    fn the_null_value_is_null_quoted_or_not() {
        assert_eq!(
            fields(r#"NA,"NA",1"#, &[("nullValue", "NA")]),
            [None, None, text("1")]
        );
    }

    #[test]
    fn blank_lines_and_comments_are_no_records() {
        let options = CsvOptions {
            comment: Some(b'#'),
            ..CsvOptions::default()
        };
        for line in ["", " \t\u{1} ", "#a"] {
            assert!(!options.is_record(line), "{line}");
        }
        for line in ["a", " #a", "\u{3000}", "\"#a\""] {
            assert!(options.is_record(line), "{line}");
        }
    }

    #[test]
    fn without_a_schema_the_first_record_names_the_columns() {
        let names = |header, line| {
            let options = CsvOptions {
                header,
                ..CsvOptions::default()
            };
            options.column_names(line)
        };
        assert_eq!(names(true, "id,,Id,\"a b\""), ["id0", "_c1", "Id2", "a b"]);
        assert_eq!(names(false, "1,x"), ["_c0", "_c1"]);
    }

    #[test]
    fn an_unknown_option_suggests_the_nearest() {
        let error = CsvOptions::parse(
            [OptionValue {
                name: "delimeter",
                value: ",",
            }]
            .into_iter(),
        )
        .unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("delimiter"));
    }
}
