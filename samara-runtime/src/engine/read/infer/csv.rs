//! The types of csv columns, as Spark's `CSVInferSchema` tries them: int, bigint, decimal, double, date, timestamp, boolean, string.

use super::Seen;
use crate::engine::read::columns::csv_number;
use crate::engine::read::csv::CsvOptions;
use crate::engine::read::files::Part;
use crate::engine::read::records::Records;
use crate::engine::text::numbers::{JavaDecimal, java_integer, scala_boolean};
use crate::engine::text::pattern::Pattern;
use crate::engine::types::{DataType, Field, Schema};
use crate::error::Result;

/// The columns, named by the first record there is.
pub(super) fn infer(files: &[Part], options: &CsvOptions) -> Result<Schema> {
    let types = Types::new(options);
    let quotes = Some(options).filter(|options| options.multi_line);
    let mut first: Option<String> = None;
    let mut names = Vec::new();
    let mut seen: Vec<Seen> = Vec::new();
    for file in files {
        let mut records = Records::open(file, &options.form, quotes)?;
        let mut is_first_of_file = true;
        while let Some(record) = records.next()? {
            let text = record.text.as_ref();
            if !options.is_record(text) {
                continue;
            }
            if first.is_none() {
                names = options.column_names(text);
                seen = vec![Seen::Null; names.len()];
            }
            let is_header = match options.multi_line {
                true => is_first_of_file,
                // A header is left out wherever it comes again, as in Spark.
                false => first.as_deref().is_none_or(|first| first == text),
            };
            is_first_of_file = false;
            first.get_or_insert_with(|| text.to_owned());
            if !(options.header && is_header) {
                types.add_record(text, &mut seen);
            }
        }
    }
    let columns = names.into_iter().zip(seen);
    let fields = columns.map(|(name, seen)| Field {
        name,
        data_type: seen.data_type(false).unwrap_or(DataType::String),
        nullable: true,
    });
    Ok(Schema {
        fields: fields.collect(),
    })
}

struct Types<'a> {
    options: &'a CsvOptions,
    /// Dates without a pattern of their own have to be written in full.
    date: Option<Pattern>,
}

impl<'a> Types<'a> {
    fn new(options: &'a CsvOptions) -> Self {
        let has_pattern = options.rules.times.has_date_pattern();
        let date = Pattern::to_read("yyyy-MM-dd").ok();
        Self {
            options,
            date: date.filter(|_| !has_pattern),
        }
    }

    fn add_record(&self, record: &str, seen: &mut [Seen]) {
        let mut columns = seen.iter_mut();
        self.options.tokens(record, |token| {
            let value = self.options.value(token).filter(|text| !text.is_empty());
            if let Some(column) = columns.next()
                && let Some(text) = value
            {
                self.add(text, column);
            }
        });
    }

    /// Only what a column may still be is tried.
    fn add(&self, text: &str, column: &mut Seen) {
        let tried = match column {
            Seen::Null | Seen::Integer => self.integer(text),
            Seen::Long => self.long(text),
            Seen::Decimal(..) => self.decimal(text),
            Seen::Double => self.double(text),
            Seen::Date => self.date(text),
            Seen::Timestamp => self.timestamp(text),
            Seen::Boolean => boolean(text),
            Seen::String | Seen::Array(_) | Seen::Struct(_) => return,
        };
        *column = match (std::mem::replace(column, Seen::Null), tried) {
            (Seen::Date, Seen::Timestamp) | (Seen::Timestamp, Seen::Date)
                if !self.options.rules.times.reads_dates_as_timestamps() =>
            {
                Seen::String
            }
            (before, tried) => before.or(tried),
        };
    }

    fn integer(&self, text: &str) -> Seen {
        match java_integer::<i32>(text) {
            Some(_) => Seen::Integer,
            None => self.long(text),
        }
    }

    fn long(&self, text: &str) -> Seen {
        match java_integer::<i64>(text) {
            Some(_) => Seen::Long,
            None => self.decimal(text),
        }
    }

    /// A number with nothing behind its point.
    fn decimal(&self, text: &str) -> Seen {
        match JavaDecimal::parse(text) {
            Some(number) if number.scale == 0 && number.precision() <= super::MOST_DIGITS => {
                Seen::Decimal(number.precision(), 0)
            }
            _ => self.double(text),
        }
    }

    fn double(&self, text: &str) -> Seen {
        match csv_number::<f64>(text, &self.options.rules) {
            Some(_) => Seen::Double,
            None if self.options.prefer_date => self.date(text),
            None => self.timestamp(text),
        }
    }

    fn date(&self, text: &str) -> Seen {
        let date = match &self.date {
            Some(pattern) => pattern.parse_date(text),
            None => self.options.rules.times.parse_date(text),
        };
        match date {
            Some(_) => Seen::Date,
            None => self.timestamp(text),
        }
    }

    fn timestamp(&self, text: &str) -> Seen {
        match self.options.rules.times.parse_timestamp(text) {
            Some(_) => Seen::Timestamp,
            None => boolean(text),
        }
    }
}

fn boolean(text: &str) -> Seen {
    match scala_boolean(text) {
        Some(_) => Seen::Boolean,
        None => Seen::String,
    }
}
