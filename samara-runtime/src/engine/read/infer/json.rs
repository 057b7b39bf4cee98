//! The types of json values, as Spark's `JsonInferSchema` has them: columns are sorted by their names, and strings are never more than that
//! unless options ask for it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::{MOST_DIGITS, Seen, fields_of};
use crate::engine::read::files::Part;
use crate::engine::read::json::{JsonOptions, elements, entries};
use crate::engine::read::lenient::{self, has_broken_key, is_blank, is_too_deep, unescape};
use crate::engine::read::lines::{self, Line};
use crate::engine::read::records::Records;
use crate::engine::read::reject::malformed;
use crate::engine::read::{Mode, ReadError};
use crate::engine::text::numbers::{JavaDecimal, without_commas};
use crate::engine::types::Schema;
use crate::error::{Error, Result};

/// The columns that the records have, sorted by their names.
pub(super) fn infer(files: &[Part], options: &JsonOptions) -> Result<Schema> {
    let mut root = Root {
        options,
        columns: BTreeMap::new(),
        repeated: RefCell::default(),
    };
    for file in files {
        if options.multi_line {
            let mut text = Vec::new();
            let document = lines::document(file, &options.form, &mut text)?;
            if root.add(&document).is_err() {
                return Err(not_json(file, 1).into());
            }
            continue;
        }
        let mut records = Records::open(file, &options.form, None)?;
        while let Some(line) = records.next()? {
            if root.add(&line).is_err() {
                return Err(not_json(file, records.line()?).into());
            }
        }
    }
    if let Some(key) = root.repeated.take() {
        return Err(Error::Schema(format!(
            "an object has the key `{key}` twice: declare a schema"
        )));
    }
    Ok(Schema {
        fields: fields_of(root.columns, options.inference.drops_all_null),
    })
}

fn not_json(file: &Part, line: u64) -> ReadError {
    malformed(
        &file.path,
        line,
        "the record is not a json object".to_owned(),
    )
}

/// A record is malformed where the mode allows none.
struct Refused;

struct Root<'a> {
    options: &'a JsonOptions,
    columns: BTreeMap<String, Seen>,
    /// A key that an object has twice, which no schema can.
    repeated: RefCell<Option<String>>,
}

impl Root<'_> {
    fn add(&mut self, line: &Line<'_>) -> std::result::Result<(), Refused> {
        let text = line.text.trim_matches([' ', '\t', '\r', '\n']);
        if is_blank(text, self.options.rules.json) {
            return Ok(());
        }
        let rules = self.options.rules.json;
        let is_readable =
            !line.is_broken && !is_too_deep(text, rules) && !has_broken_key(text, rules);
        let text = Some(text).filter(|_| is_readable);
        let record = text.and_then(|text| self.seen(text));
        match record {
            Some(Seen::Struct(columns)) => self.merge(columns),
            Some(Seen::Null) => {}
            Some(Seen::Array(element)) => match *element {
                Seen::Struct(columns) => self.merge(columns),
                Seen::Null => {}
                _ => return self.add_malformed(),
            },
            _ => return self.add_malformed(),
        }
        Ok(())
    }

    fn merge(&mut self, columns: BTreeMap<String, Seen>) {
        self.columns = super::union(std::mem::take(&mut self.columns), columns);
    }

    /// A malformed record asks for the column that holds its text.
    fn add_malformed(&mut self) -> std::result::Result<(), Refused> {
        match self.options.mode {
            Mode::Permissive => {
                let column = self.options.corrupt_record.clone();
                self.merge(BTreeMap::from([(column, Seen::String)]));
                Ok(())
            }
            Mode::DropMalformed => Ok(()),
            Mode::FailFast => Err(Refused),
        }
    }

    /// The type of a value; nothing, if it is no json.
    fn seen(&self, raw: &str) -> Option<Seen> {
        let dialect = self.options.rules.json;
        match raw.as_bytes().first()? {
            b'{' => {
                let mut fields = BTreeMap::new();
                for (key, value) in entries(raw, dialect)? {
                    let seen = self.seen(value)?;
                    if fields.insert(key.to_string(), seen).is_some() {
                        self.repeated.replace(Some(key.into_owned()));
                    }
                }
                Some(Seen::Struct(fields))
            }
            b'[' => {
                let elements = elements(raw, dialect)?.into_iter();
                let element = elements
                    .map(|element| self.seen(element))
                    .try_fold(Seen::Null, |all, element| Some(all.or(element?)));
                Some(Seen::Array(Box::new(element?)))
            }
            b'"' | b'\'' => Some(self.string(&unescape(raw, dialect)?)),
            // No decimal is `NaN` or infinite, which makes the record malformed to Spark.
            _ if self.options.inference.prefers_decimal && lenient::is_number_by_name(raw) => None,
            _ => Some(self.primitive(raw)),
        }
    }

    fn string(&self, text: &str) -> Seen {
        let inference = &self.options.inference;
        if text.is_empty() {
            return Seen::Null;
        }
        let number = Some(text).filter(|_| inference.prefers_decimal);
        // `0.05` has one digit and a scale of two, which is no type: Spark leaves it text.
        if let Some((digits, scale)) = number.and_then(digits_of)
            && (scale..=MOST_DIGITS).contains(&digits)
        {
            return Seen::Decimal(digits, scale);
        }
        match self.options.rules.times.parse_timestamp(text) {
            Some(_) if inference.timestamps => Seen::Timestamp,
            _ => Seen::String,
        }
    }

    fn primitive(&self, raw: &str) -> Seen {
        let inference = &self.options.inference;
        match raw {
            "null" => Seen::Null,
            _ if inference.primitives_as_string => Seen::String,
            "true" | "false" => Seen::Boolean,
            _ if raw.parse::<i64>().is_ok() => Seen::Long,
            _ => {
                let is_whole = raw
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-');
                let number = Some(raw).filter(|_| is_whole || inference.prefers_decimal);
                match number.and_then(digits_of) {
                    Some((digits, scale)) if digits.max(scale) <= MOST_DIGITS => {
                        Seen::Decimal(digits.max(scale), scale)
                    }
                    _ => Seen::Double,
                }
            }
        }
    }
}

/// The digits and the scale that Java's `BigDecimal` has of a number's text; nothing for a scale below zero, which no type has.
fn digits_of(text: &str) -> Option<(i32, i32)> {
    let decimal = JavaDecimal::parse(&without_commas(text))?;
    (decimal.scale >= 0).then(|| (decimal.precision(), decimal.scale))
}
