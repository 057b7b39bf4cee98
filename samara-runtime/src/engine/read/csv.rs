//! Csv files as Spark's `csv` source reads them.
//!
//! A tokenizer of our own, since Spark tells an empty field (null) from an empty quoted one (the empty string), which csv libraries do not.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::Mode;
use crate::engine::read::columns::ColumnBuilder;
use crate::engine::types::Field;

const KNOWN: [&str; 15] = [
    "header",
    "delimiter",
    "sep",
    "quote",
    "escape",
    "comment",
    "nullValue",
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
    delimiter: u8,
    quote: Option<u8>,
    escape: Option<u8>,
    null_value: String,
    trim_start: bool,
    trim_end: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            header: false,
            mode: Mode::default(),
            comment: None,
            delimiter: b',',
            quote: Some(b'"'),
            escape: Some(b'\\'),
            null_value: String::new(),
            trim_start: false,
            trim_end: false,
        }
    }
}

impl CsvOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            match option.name.to_lowercase().as_str() {
                "header" => parsed.header = option.boolean()?,
                "delimiter" | "sep" => parsed.delimiter = option.byte()?,
                "quote" => parsed.quote = option.optional_byte()?,
                "escape" => parsed.escape = option.optional_byte()?,
                "comment" => parsed.comment = option.optional_byte()?,
                "nullvalue" => parsed.null_value = option.value.to_owned(),
                "mode" => parsed.mode = Mode::parse(&option)?,
                "ignoreleadingwhitespace" => parsed.trim_start = option.boolean()?,
                "ignoretrailingwhitespace" => parsed.trim_end = option.boolean()?,
                "encoding" | "charset" => option.only("UTF-8")?,
                // With a schema, Spark infers nothing, whatever the option says.
                "inferschema" => drop(option.boolean()?),
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

    /// Appends a line's record. The error says what is wrong with a malformed one, which is appended all the same, with null for what did not
    /// parse.
    pub fn push_line(&self, line: &str, columns: &mut [ColumnBuilder]) -> Result<(), String> {
        let mut outcome = Ok(());
        let mut fields = 0;
        self.options.tokens(line, |token| {
            if let Some(Some(target)) = self.targets.get(fields) {
                let column = &mut columns[*target];
                match self.options.value(&token) {
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
        self.options.tokens(line, |token| {
            if let Some(name) = names.next()
                && mismatch.is_none()
                && !name.eq_ignore_ascii_case(token.text.trim())
            {
                mismatch = Some((token.text.trim().to_owned(), name.clone()));
            }
        });
        mismatch
    }
}

struct Token<'a> {
    text: Cow<'a, str>,
    quoted: bool,
}

impl CsvOptions {
    fn value<'a>(&self, token: &'a Token<'_>) -> Option<&'a str> {
        let text = token.text.as_ref();
        (text != self.null_value || (token.quoted && text.is_empty())).then_some(text)
    }

    /// Splits a line into its fields.
    fn tokens<'a>(&self, line: &'a str, mut on_token: impl FnMut(Token<'a>)) {
        let mut rest = line;
        loop {
            let (token, after) = self.take_token(rest);
            on_token(token);
            match after {
                Some(after) => rest = after,
                None => return,
            }
        }
    }

    /// Takes a field off the front; what follows its delimiter, if there is one.
    fn take_token<'a>(&self, rest: &'a str) -> (Token<'a>, Option<&'a str>) {
        let start = if self.trim_start || self.quote.is_some() {
            rest.trim_start_matches([' ', '\t'])
        } else {
            rest
        };
        if let Some(quote) = self.quote
            && start.as_bytes().first() == Some(&quote)
            && let Some((text, after)) = self.take_quoted(&start[1..], quote)
        {
            return (Token { text, quoted: true }, after);
        }
        let (field, after) = match memchr(self.delimiter, rest.as_bytes()) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        let field = if self.trim_start {
            field.trim_start()
        } else {
            field
        };
        let field = if self.trim_end {
            field.trim_end()
        } else {
            field
        };
        (
            Token {
                text: Cow::Borrowed(field),
                quoted: false,
            },
            after,
        )
    }

    /// Takes the rest of a quoted field. Nothing if its quotes are not in order: then the field is taken as it stands, quotes included (Spark
    /// parses with univocity's `STOP_AT_DELIMITER`).
    fn take_quoted<'a>(&self, rest: &'a str, quote: u8) -> Option<(Cow<'a, str>, Option<&'a str>)> {
        let bytes = rest.as_bytes();
        let escape = self.escape.unwrap_or(quote);
        let mut text = Cow::Borrowed("");
        let mut from = 0;
        loop {
            let at = from + memchr2(quote, escape, &bytes[from..])?;
            let escapes = bytes[at] == escape
                && matches!(bytes.get(at + 1), Some(next) if *next == quote || *next == escape);
            if escapes {
                text.to_mut().push_str(&rest[from..at]);
                text.to_mut().push(char::from(bytes[at + 1]));
                from = at + 2;
            } else if bytes[at] == quote {
                push(&mut text, &rest[from..at]);
                let after = rest[at + 1..].trim_start_matches([' ', '\t']);
                return match after.as_bytes().first() {
                    None => Some((text, None)),
                    Some(byte) if *byte == self.delimiter => Some((text, Some(&after[1..]))),
                    Some(_) => None,
                };
            } else {
                push(&mut text, &rest[from..=at]);
                from = at + 1;
            }
        }
    }
}

fn push<'a>(text: &mut Cow<'a, str>, more: &'a str) {
    if text.is_empty() {
        *text = Cow::Borrowed(more);
    } else {
        text.to_mut().push_str(more);
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
            fields.push(options.value(&token).map(str::to_owned))
        });
        fields
    }

    fn some(texts: &[&str]) -> Vec<Option<String>> {
        texts.iter().map(|text| Some((*text).to_owned())).collect()
    }

    #[test]
    fn an_empty_field_is_null_and_an_empty_quoted_one_is_empty() {
        assert_eq!(
            fields(r#"a,,"",b,"#, &[]),
            [
                Some("a".into()),
                None,
                Some(String::new()),
                Some("b".into()),
                None
            ]
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
    fn a_quote_out_of_order_is_text() {
        assert_eq!(fields(r#"5" pipe,x"#, &[]), some(&["5\" pipe", "x"]));
        assert_eq!(fields(r#""open,x"#, &[]), some(&["\"open", "x"]));
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
    fn the_null_value_is_null() {
        assert_eq!(
            fields("NA,1", &[("nullValue", "NA")]),
            [None, Some("1".into())]
        );
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
