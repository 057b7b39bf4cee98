//! Building columns from the text of fields: csv tokens and raw json values.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray,
    NullBufferBuilder, NullBuilder, StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes as arrow;

use crate::engine::read::json::{Slots, elements, entries};
use crate::engine::read::lenient::{self, Dialect};
use crate::engine::text::numbers::{
    Float, java_float, java_integer, parse_decimal_of_file, scala_boolean,
};
use crate::engine::text::times::Times;
use crate::engine::types::{DataType, Field};

/// How much of a json value fits its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// All of it.
    Whole,
    /// All but some field inside, which is null.
    Partly,
    /// Nothing: the value is null.
    Not,
    /// Nothing of it, nor of its record.
    Never,
}

/// How texts in files are taken for values, by the options.
#[derive(Debug, Clone)]
pub(crate) struct ValueRules {
    pub times: Times,
    pub json: Dialect,
    /// What stands for the numbers in csv that have no digits.
    pub nan: String,
    pub positive_infinity: String,
    pub negative_infinity: String,
}

impl Default for ValueRules {
    fn default() -> Self {
        Self {
            times: Times::default(),
            json: Dialect::default(),
            nan: "NaN".to_owned(),
            positive_infinity: "Inf".to_owned(),
            negative_infinity: "-Inf".to_owned(),
        }
    }
}

impl Fit {
    fn when(fits: bool) -> Self {
        if fits { Self::Whole } else { Self::Not }
    }
}

/// A column that grows by a value at a time. A value that does not parse becomes null, and the push says so.
pub(crate) enum ColumnBuilder {
    Byte(Int8Builder),
    Short(Int16Builder),
    Integer(Int32Builder),
    Long(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder, u8, i8),
    String(StringBuilder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    TimestampNtz(TimestampMicrosecondBuilder),
    Binary(BinaryBuilder),
    Struct(StructBuilder),
    Array(ListBuilder),
    Map(MapBuilder),
    Void(NullBuilder),
}

/// Applies one expression to whichever builder of single values there is, and another to each nested one.
macro_rules! each {
    ($column:expr, $b:ident => $single:expr, $n:ident => $nested:expr) => {
        match $column {
            Self::Byte($b) => $single,
            Self::Short($b) => $single,
            Self::Integer($b) => $single,
            Self::Long($b) => $single,
            Self::Float($b) => $single,
            Self::Double($b) => $single,
            Self::Decimal($b, ..) => $single,
            Self::String($b) => $single,
            Self::Boolean($b) => $single,
            Self::Date($b) => $single,
            Self::Timestamp($b) => $single,
            Self::TimestampNtz($b) => $single,
            Self::Binary($b) => $single,
            Self::Void($b) => $single,
            Self::Struct($n) => $nested,
            Self::Array($n) => $nested,
            Self::Map($n) => $nested,
        }
    };
}

/// Appends what was parsed, null for nothing, and says whether there was something.
macro_rules! append {
    ($builder:expr, $value:expr) => {{
        let value = $value;
        let parsed = value.is_some();
        $builder.append_option(value);
        parsed
    }};
}

impl ColumnBuilder {
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Byte => Self::Byte(Int8Builder::new()),
            DataType::Short => Self::Short(Int16Builder::new()),
            DataType::Integer => Self::Integer(Int32Builder::new()),
            DataType::Long => Self::Long(Int64Builder::new()),
            DataType::Float => Self::Float(Float32Builder::new()),
            DataType::Double => Self::Double(Float64Builder::new()),
            DataType::Decimal(p, s) => Self::Decimal(
                Decimal128Builder::new().with_data_type(arrow::DataType::Decimal128(*p, *s)),
                *p,
                *s,
            ),
            DataType::String => Self::String(StringBuilder::new()),
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Date => Self::Date(Date32Builder::new()),
            DataType::Timestamp => Self::Timestamp(timestamps(data_type)),
            DataType::TimestampNtz => Self::TimestampNtz(timestamps(data_type)),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::Struct(fields) => Self::Struct(StructBuilder::new(fields)),
            DataType::Array(element) => Self::Array(ListBuilder::new(data_type, element)),
            DataType::Map(key, value) => Self::Map(MapBuilder::new(data_type, key, value)),
            DataType::Void => Self::Void(NullBuilder::new()),
        }
    }

    pub fn push_null(&mut self) {
        each!(self, builder => builder.append_null(), nested => nested.push_null());
    }

    /// Appends a line of a text file.
    pub fn push_text(&mut self, text: &str) {
        match self {
            Self::String(b) => b.append_value(text),
            _ => self.push_null(),
        }
    }

    /// Appends a csv token, by the rules of Spark's `UnivocityParser.makeConverter`; nested types do not occur in csv.
    pub fn push_csv(&mut self, token: &str, rules: &ValueRules) -> bool {
        match self {
            Self::Byte(b) => append!(b, java_integer(token)),
            Self::Short(b) => append!(b, java_integer(token)),
            Self::Integer(b) => append!(b, java_integer(token)),
            Self::Long(b) => append!(b, java_integer(token)),
            Self::Float(b) => append!(b, csv_number(token, rules)),
            Self::Double(b) => append!(b, csv_number(token, rules)),
            Self::Decimal(b, p, s) => append!(b, parse_decimal_of_file(token, *p, *s)),
            Self::String(b) => append!(b, Some(token)),
            Self::Boolean(b) => append!(b, scala_boolean(token)),
            Self::Date(b) => append!(b, rules.times.parse_date(token)),
            Self::Timestamp(b) => append!(b, rules.times.parse_timestamp(token)),
            Self::TimestampNtz(b) => append!(b, rules.times.parse_timestamp_ntz(token)),
            Self::Binary(b) => append!(b, Some(token.as_bytes())),
            Self::Struct(_) | Self::Array(_) | Self::Map(_) | Self::Void(_) => {
                self.push_null();
                false
            }
        }
    }

    /// Appends a json value, by the rules of Spark's `JacksonParser.makeConverter`.
    pub fn push_json(&mut self, raw: &str, rules: &ValueRules) -> Fit {
        let dialect = rules.json;
        if raw == "null" {
            self.push_null();
            return Fit::Whole;
        }
        Fit::when(match self {
            Self::Byte(b) => append!(b, json_byte(raw)),
            Self::Short(b) => append!(b, raw.parse().ok()),
            Self::Integer(b) => append!(b, raw.parse().ok()),
            Self::Long(b) => append!(b, raw.parse().ok()),
            Self::Float(b) => append!(
                b,
                json_f64(raw, dialect).map(|double| match raw.parse() {
                    Ok(float) if double != 0.0 => float,
                    _ => double as f32,
                })
            ),
            Self::Double(b) => append!(b, json_f64(raw, dialect)),
            Self::Decimal(b, p, s) => {
                append!(b, parse_decimal_of_file(&json_text(raw, dialect), *p, *s))
            }
            Self::String(b) => append!(b, Some(json_text(raw, dialect))),
            Self::Boolean(b) => append!(b, raw.parse().ok()),
            Self::Date(b) => append!(b, json_date(raw, rules)),
            Self::Timestamp(b) => append!(b, json_timestamp(raw, rules)),
            Self::TimestampNtz(b) => append!(
                b,
                json_string(raw, dialect).and_then(|text| rules.times.parse_timestamp_ntz(&text))
            ),
            Self::Binary(b) => match json_string(raw, dialect) {
                Some(text) => {
                    let is_whole = append!(b, jackson_base64(&text));
                    return match is_whole || is_skipped_after(&text) {
                        true => Fit::when(is_whole),
                        false => Fit::Never,
                    };
                }
                None => append!(b, None::<&[u8]>),
            },
            Self::Struct(b) => return b.push_json(raw, rules),
            Self::Array(b) => return b.push_json(raw, rules),
            Self::Map(b) => return b.push_json(raw, rules),
            Self::Void(b) => {
                b.append_null();
                false
            }
        })
    }

    pub fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()), nested => nested.finish())
    }
}

fn timestamps(data_type: &DataType) -> TimestampMicrosecondBuilder {
    TimestampMicrosecondBuilder::new().with_data_type(data_type.to_arrow())
}

/// A number as Spark's csv source takes it: the three names that the options have, and otherwise what Java's `Double.parseDouble` takes.
pub(crate) fn csv_number<T: Float>(token: &str, rules: &ValueRules) -> Option<T> {
    let name = if token == rules.nan {
        "NaN"
    } else if token == rules.negative_infinity {
        "-inf"
    } else if token == rules.positive_infinity {
        "inf"
    } else {
        return java_float(token);
    };
    name.parse().ok()
}

/// The text of a json string; nothing for any other value.
fn json_string(raw: &str, dialect: Dialect) -> Option<Cow<'_, str>> {
    lenient::unescape(raw, dialect)
}

/// The text of a json string, and of any other value its json.
fn json_text(raw: &str, dialect: Dialect) -> Cow<'_, str> {
    json_string(raw, dialect).unwrap_or(Cow::Borrowed(raw))
}

/// A byte, signed or not: Jackson's `getByteValue` takes 128 to 255 too, and gives what has the same bits.
fn json_byte(raw: &str) -> Option<i8> {
    let value: i16 = raw.parse().ok()?;
    (-128..=255).contains(&value).then_some(value as i8)
}

/// A json number, or one of the names, quoted or not, that stand for what json cannot write.
fn json_f64(raw: &str, dialect: Dialect) -> Option<f64> {
    let text = json_text(raw, dialect);
    match text.as_ref() {
        "NaN" | "+INF" | "+Infinity" | "Infinity" | "-INF" | "-Infinity"
            if !dialect.numbers_by_name =>
        {
            None
        }
        "NaN" => Some(f64::NAN),
        "+INF" | "+Infinity" | "Infinity" => Some(f64::INFINITY),
        "-INF" | "-Infinity" => Some(f64::NEG_INFINITY),
        _ if raw == "-0" => Some(0.0),
        _ if raw.starts_with(['"', '\'']) => None,
        number => number.parse().ok(),
    }
}

/// Bits that are left over are no matter, as in Jackson.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// Bytes from base64, as Jackson decodes it: with blanks between groups of four characters.
fn jackson_base64(text: &str) -> Option<Vec<u8>> {
    let mut length = 0;
    let is_kept = |character: &char| {
        let is_blank = length % 4 == 0 && *character <= ' ';
        length += usize::from(!is_blank);
        !is_blank
    };
    let text: String = text.chars().filter(is_kept).collect();
    BASE64.decode(text).ok()
}

/// Whether Jackson finds the end of a text that is no base64: not where it stops inside of a character of several bytes, and then the
/// whole record is lost.
fn is_skipped_after(text: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/= \t\r\n".contains(c);
    text.chars()
        .find(|c| !is_base64(*c))
        .is_none_or(|c| c.is_ascii())
}

/// A date's text, or the days since 1970 as a text, unless dates have a pattern.
fn json_date(raw: &str, rules: &ValueRules) -> Option<i32> {
    let text = json_string(raw, rules.json)?;
    match rules.times.parse_date(&text) {
        None if !rules.times.has_date_pattern() => text.parse().ok(),
        date => date,
    }
}

/// A timestamp's text, or the seconds since 1970.
fn json_timestamp(raw: &str, rules: &ValueRules) -> Option<i64> {
    match json_string(raw, rules.json) {
        Some(text) => rules.times.parse_timestamp(&text),
        None => raw.parse::<i64>().ok()?.checked_mul(1_000_000),
    }
}

/// A struct column.
pub(crate) struct StructBuilder {
    fields: Vec<Field>,
    slots: Slots,
    columns: Vec<ColumnBuilder>,
    valid: NullBufferBuilder,
}

impl StructBuilder {
    fn new(fields: &[Field]) -> Self {
        Self {
            slots: Slots::new(fields.iter().map(|field| field.name.as_str())),
            columns: fields
                .iter()
                .map(|field| ColumnBuilder::new(&field.data_type))
                .collect(),
            fields: fields.to_vec(),
            valid: NullBufferBuilder::new(0),
        }
    }

    fn push_null(&mut self) {
        self.columns.iter_mut().for_each(ColumnBuilder::push_null);
        self.valid.append_null();
    }

    fn push_json(&mut self, raw: &str, rules: &ValueRules) -> Fit {
        let Some(values) = self.slots.fill(raw, rules.json) else {
            self.push_null();
            return Fit::Not;
        };
        self.valid.append_non_null();
        let mut fit = Fit::Whole;
        for (column, value) in self.columns.iter_mut().zip(values) {
            match value {
                Some(value) => match column.push_json(value, rules) {
                    Fit::Whole => {}
                    Fit::Never => fit = Fit::Never,
                    Fit::Partly | Fit::Not if fit == Fit::Never => {}
                    Fit::Partly | Fit::Not => fit = Fit::Partly,
                },
                None => column.push_null(),
            }
        }
        fit
    }

    fn finish(&mut self) -> ArrayRef {
        let fields: arrow::Fields = self.fields.iter().map(Field::to_arrow).collect();
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let length = self.valid.len();
        let valid = self.valid.finish();
        match StructArray::try_new_with_length(fields, columns, valid, length) {
            Ok(array) => Arc::new(array),
            Err(error) => unreachable!("the columns were built from the fields: {error}"),
        }
    }
}

/// How an array or a map fits whose members fit so: every one of them is pushed.
fn whole_of(members: impl Iterator<Item = Fit>) -> Fit {
    members.fold(Fit::Whole, |whole, member| match (whole, member) {
        (Fit::Never, _) | (_, Fit::Never) => Fit::Never,
        (Fit::Not, _) | (_, Fit::Not) => Fit::Not,
        (Fit::Partly, _) | (_, Fit::Partly) => Fit::Partly,
        _ => Fit::Whole,
    })
}

/// An array column.
pub(crate) struct ListBuilder {
    data_type: DataType,
    element: Box<ColumnBuilder>,
    lengths: Vec<usize>,
    valid: NullBufferBuilder,
}

impl ListBuilder {
    fn new(data_type: &DataType, element: &DataType) -> Self {
        Self {
            data_type: data_type.clone(),
            element: Box::new(ColumnBuilder::new(element)),
            lengths: Vec::new(),
            valid: NullBufferBuilder::new(0),
        }
    }

    fn push_null(&mut self) {
        self.lengths.push(0);
        self.valid.append_null();
    }

    /// One element that does not fit makes the array null; what was pushed of it then belongs to no array that is seen.
    fn push_json(&mut self, raw: &str, rules: &ValueRules) -> Fit {
        let Some(elements) = elements(raw, rules.json) else {
            self.push_null();
            return Fit::Not;
        };
        self.lengths.push(elements.len());
        let fits = elements
            .into_iter()
            .map(|element| self.element.push_json(element, rules));
        let fit = whole_of(fits);
        self.valid.append(!matches!(fit, Fit::Not | Fit::Never));
        fit
    }

    fn finish(&mut self) -> ArrayRef {
        let arrow::DataType::List(field) = self.data_type.to_arrow() else {
            unreachable!("an array's type is a list")
        };
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        Arc::new(ListArray::new(
            field,
            offsets,
            self.element.finish(),
            self.valid.finish(),
        ))
    }
}

/// A map column.
pub(crate) struct MapBuilder {
    data_type: DataType,
    keys: Box<ColumnBuilder>,
    values: Box<ColumnBuilder>,
    lengths: Vec<usize>,
    valid: NullBufferBuilder,
}

impl MapBuilder {
    fn new(data_type: &DataType, key: &DataType, value: &DataType) -> Self {
        Self {
            data_type: data_type.clone(),
            keys: Box::new(ColumnBuilder::new(key)),
            values: Box::new(ColumnBuilder::new(value)),
            lengths: Vec::new(),
            valid: NullBufferBuilder::new(0),
        }
    }

    fn push_null(&mut self) {
        self.lengths.push(0);
        self.valid.append_null();
    }

    /// One value that does not fit makes the map null; what was pushed of it then belongs to no map that is seen.
    fn push_json(&mut self, raw: &str, rules: &ValueRules) -> Fit {
        let Some(entries) = entries(raw, rules.json) else {
            self.push_null();
            return Fit::Not;
        };
        self.lengths.push(entries.len());
        let fits = entries.into_iter().map(|(key, value)| {
            self.keys.push_csv(&key, rules);
            self.values.push_json(value, rules)
        });
        let fit = whole_of(fits);
        self.valid.append(!matches!(fit, Fit::Not | Fit::Never));
        fit
    }

    fn finish(&mut self) -> ArrayRef {
        let arrow::DataType::Map(entries, _) = self.data_type.to_arrow() else {
            unreachable!("a map's type is a map")
        };
        let arrow::DataType::Struct(pair) = entries.data_type() else {
            unreachable!("a map's entries are a struct")
        };
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        let pairs = StructArray::new(
            pair.clone(),
            vec![self.keys.finish(), self.values.finish()],
            None,
        );
        Arc::new(MapArray::new(
            entries,
            offsets,
            pairs,
            self.valid.finish(),
            false,
        ))
    }
}
