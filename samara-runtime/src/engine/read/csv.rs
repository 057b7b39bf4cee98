//! Csv files as Spark's `csv` source reads them.
//!
//! A tokenizer of our own, since Spark tells an empty field (null, always) from an empty quoted one (the text of `emptyValue`), which csv
//! libraries do not. Either is null if it equals `nullValue`, and so by default both are.

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::Mode;
use crate::engine::read::columns::ColumnBuilder;
use crate::engine::read::tokens::Tokenizer;
use crate::engine::types::Field;

const KNOWN: [&str; 16] = [
    "header",
    "delimiter",
    "sep",
    "quote",
    "escape",
    "comment",
    "nullValue",
    "emptyValue",
    "mode",
    "ignoreLeadingWhiteSpace",
    "ignoreTrailingWhiteSpace",
    "encoding",
    "inferSchema",
    "multiLine",
    "dateFormat",
    "timestampFormat",
];

/// The options of the csv reader, with Spark's defaults.
#[derive(Debug, Clone)]
pub(crate) struct CsvOptions {
    pub header: bool,
    pub mode: Mode,
    pub comment: Option<u8>,
    /// Whether the values are to say the types, where no schema does.
    pub infer_types: bool,
    tokenizer: Tokenizer,
    null_value: String,
    empty_value: String,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: false,
            mode: Mode::default(),
            comment: None,
            infer_types: false,
            tokenizer: Tokenizer {
                delimiter: b',',
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
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        let tokenizer = &mut parsed.tokenizer;
        for option in options {
            match option.name.to_lowercase().as_str() {
                "header" => parsed.header = option.boolean()?,
                "delimiter" | "sep" => tokenizer.delimiter = option.byte()?,
                "quote" => tokenizer.quote = option.optional_byte()?.unwrap_or(0),
                "escape" => tokenizer.escape = option.optional_byte()?.unwrap_or(0),
                "comment" => parsed.comment = option.optional_byte()?,
                "nullvalue" => parsed.null_value = option.value.to_owned(),
                "emptyvalue" => parsed.empty_value = option.value.to_owned(),
                "mode" => parsed.mode = Mode::parse(&option)?,
                "ignoreleadingwhitespace" => tokenizer.trim_start = option.boolean()?,
                "ignoretrailingwhitespace" => tokenizer.trim_end = option.boolean()?,
                "encoding" | "charset" => option.only("UTF-8")?,
                "inferschema" => parsed.infer_types = option.boolean()?,
                "multiline" => option.only("false")?,
                "dateformat" => option.only("yyyy-MM-dd")?,
                "timestampformat" => {
                    return Err(option
                        .error("not supported yet: timestamps are read in Spark's default forms"));
                }
                _ => return Err(option.unknown(&KNOWN)),
            }
        }
        Ok(parsed)
    }
}

/// Decodes lines of csv into columns.
pub(crate) struct CsvDecoder {
    options: CsvOptions,
    width: usize,
    /// For each field of a line: the column that it goes to.
    targets: Vec<Option<usize>>,
    names: Vec<String>,
}

impl CsvDecoder {
    pub fn new(options: CsvOptions, fields: &[Field], projection: &[usize]) -> Self {
        let target = |field: usize| projection.iter().position(|index| *index == field);
        Self {
            options,
            width: fields.len(),
            targets: (0..fields.len()).map(target).collect(),
            names: fields.iter().map(|field| field.name.clone()).collect(),
        }
    }

    /// Whether a line holds a record.
    pub fn is_record(&self, line: &str) -> bool {
        self.options.is_record(line)
    }

    /// Appends a line's record. The error says what is wrong with a malformed one, which is appended all the same, with null for what did not
    /// parse.
    pub fn push_line(&self, line: &str, columns: &mut [ColumnBuilder]) -> Result<(), String> {
        let mut outcome = Ok(());
        let mut fields = 0;
        self.options.tokenizer.tokens(line, |token| {
            if let Some(Some(target)) = self.targets.get(fields) {
                let column = &mut columns[*target];
                match self.options.value(token.as_deref()) {
                    None => column.push_null(),
                    Some(text) if column.push_csv(text) => {}
                    Some(text) => {
                        outcome = Err(format!(
                            "`{text}` does not fit column `{}`",
                            self.names[fields]
                        ))
                    }
                }
            }
            fields += 1;
        });
        for target in self.targets.iter().skip(fields).flatten() {
            columns[*target].push_null();
        }
        if fields != self.width {
            outcome = Err(format!(
                "{fields} fields where the schema has {}",
                self.width
            ));
        }
        outcome
    }

    /// The first header name that is not the schema's, with the schema's: Spark goes by position, but a person should know.
    pub fn header_mismatch(&self, line: &str) -> Option<(String, String)> {
        let mut mismatch = None;
        let mut names = self.names.iter();
        self.options.tokenizer.tokens(line, |token| {
            let header = token.as_deref().unwrap_or("").trim();
            if let Some(name) = names.next()
                && mismatch.is_none()
                && !name.eq_ignore_ascii_case(header)
            {
                mismatch = Some((header.to_owned(), name.clone()));
            }
        });
        mismatch
    }
}

impl CsvOptions {
    /// The names of the columns, by the first record: those of a header, numbered where two are alike; `_c0`, `_c1` and so on where there is
    /// none, or one is empty (Spark, `CSVUtils.makeSafeHeader`).
    pub fn column_names(&self, first: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        self.tokenizer.tokens(first, |token| {
            let name = token.as_deref().and_then(|text| self.value(Some(text)));
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

    /// Whether a line holds a record: it is neither blank nor a comment.
    pub fn is_record(&self, line: &str) -> bool {
        let blank = line.bytes().all(|byte| byte <= b' ');
        !blank && (self.comment.is_none() || line.as_bytes().first() != self.comment.as_ref())
    }

    /// What a token stands for: nothing for null.
    fn value<'a>(&'a self, token: Option<&'a str>) -> Option<&'a str> {
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
        options.tokenizer.tokens(line, |token| {
            fields.push(options.value(token.as_deref()).map(str::to_owned))
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
