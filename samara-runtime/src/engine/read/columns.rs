//! Building columns from the text of fields: csv tokens and raw json values.

use std::borrow::Cow;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use datafusion::arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int8Builder, Int16Builder, Int32Builder, Int64Builder, ListArray, MapArray,
    NullBufferBuilder, StringBuilder, StructArray, TimestampMicrosecondBuilder,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes as arrow;
use serde_json::value::RawValue;

use crate::engine::read::json::{ObjectEntries, Slots};
use crate::engine::text;
use crate::engine::types::{DataType, Field};

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
    Binary(BinaryBuilder),
    Struct(StructBuilder),
    Array(ListBuilder),
    Map(MapBuilder),
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
            Self::Binary($b) => $single,
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
            DataType::Timestamp | DataType::TimestampNtz => Self::Timestamp(
                TimestampMicrosecondBuilder::new().with_data_type(data_type.to_arrow()),
            ),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            DataType::Struct(fields) => Self::Struct(StructBuilder::new(fields)),
            DataType::Array(element) => Self::Array(ListBuilder::new(data_type, element)),
            DataType::Map(key, value) => Self::Map(MapBuilder::new(data_type, key, value)),
        }
    }

    pub fn push_null(&mut self) {
        each!(self, builder => builder.append_null(), nested => nested.push_null());
    }

    /// Appends a csv token, by the rules of Spark's `UnivocityParser.makeConverter`; nested types do not occur in csv.
    pub fn push_csv(&mut self, token: &str) -> bool {
        match self {
            Self::Byte(b) => append!(b, token.parse().ok()),
            Self::Short(b) => append!(b, token.parse().ok()),
            Self::Integer(b) => append!(b, token.parse().ok()),
            Self::Long(b) => append!(b, token.parse().ok()),
            Self::Float(b) => append!(
                b,
                text::parse_f64(token).map(|_| token.trim().parse().unwrap_or(f32::NAN))
            ),
            Self::Double(b) => append!(b, text::parse_f64(token)),
            Self::Decimal(b, p, s) => {
                append!(b, text::parse_decimal(&token.replace(',', ""), *p, *s))
            }
            Self::String(b) => append!(b, Some(token)),
            Self::Boolean(b) => append!(b, token.to_ascii_lowercase().parse().ok()),
            Self::Date(b) => append!(b, text::parse_date(token)),
            Self::Timestamp(b) => append!(b, text::parse_timestamp(token)),
            Self::Binary(b) => append!(b, Some(token.as_bytes())),
            Self::Struct(_) | Self::Array(_) | Self::Map(_) => {
                self.push_null();
                false
            }
        }
    }

    /// Appends a json value, by the rules of Spark's `JacksonParser.makeConverter`.
    pub fn push_json(&mut self, value: &RawValue) -> bool {
        let raw = value.get();
        if raw == "null" {
            self.push_null();
            return true;
        }
        match self {
            Self::Byte(b) => append!(b, raw.parse().ok()),
            Self::Short(b) => append!(b, raw.parse().ok()),
            Self::Integer(b) => append!(b, raw.parse().ok()),
            Self::Long(b) => append!(b, raw.parse().ok()),
            Self::Float(b) => append!(
                b,
                json_f64(raw).map(|double| raw.parse().unwrap_or(double as f32))
            ),
            Self::Double(b) => append!(b, json_f64(raw)),
            Self::Decimal(b, p, s) => append!(b, text::parse_decimal(&json_text(raw), *p, *s)),
            Self::String(b) => append!(b, Some(json_text(raw))),
            Self::Boolean(b) => append!(b, raw.parse().ok()),
            Self::Date(b) => append!(b, json_string(raw).and_then(|text| text::parse_date(&text))),
            Self::Timestamp(b) => append!(b, json_timestamp(raw)),
            Self::Binary(b) => append!(
                b,
                json_string(raw).and_then(|text| BASE64_STANDARD.decode(text.as_ref()).ok())
            ),
            Self::Struct(b) => b.push_json(value),
            Self::Array(b) => b.push_json(value),
            Self::Map(b) => b.push_json(value),
        }
    }

    pub fn finish(&mut self) -> ArrayRef {
        each!(self, builder => Arc::new(builder.finish()), nested => nested.finish())
    }
}

/// The text of a json string; nothing for any other value.
fn json_string(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(raw).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The text of a json string, and of any other value its json.
fn json_text(raw: &str) -> Cow<'_, str> {
    json_string(raw).unwrap_or(Cow::Borrowed(raw))
}

/// A json number, or one of the strings that stand for what json cannot write.
fn json_f64(raw: &str) -> Option<f64> {
    match json_string(raw) {
        None => raw.parse().ok(),
        Some(name)
            if matches!(
                name.as_ref(),
                "NaN" | "Infinity" | "-Infinity" | "+INF" | "INF" | "-INF"
            ) =>
        {
            match name.as_ref() {
                "NaN" => Some(f64::NAN),
                name if name.starts_with('-') => Some(f64::NEG_INFINITY),
                _ => Some(f64::INFINITY),
            }
        }
        Some(_) => None,
    }
}

/// A timestamp's text, or the seconds since 1970.
fn json_timestamp(raw: &str) -> Option<i64> {
    match json_string(raw) {
        Some(text) => text::parse_timestamp(&text),
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

    fn push_json(&mut self, value: &RawValue) -> bool {
        let Some(values) = self.slots.fill(value.get()) else {
            self.push_null();
            return false;
        };
        self.valid.append_non_null();
        self.columns
            .iter_mut()
            .zip(values)
            .fold(true, |ok, (column, value)| match value {
                Some(value) => column.push_json(value) && ok,
                None => {
                    column.push_null();
                    ok
                }
            })
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

    fn push_json(&mut self, value: &RawValue) -> bool {
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(value.get()) else {
            self.push_null();
            return false;
        };
        self.lengths.push(elements.len());
        self.valid.append_non_null();
        let mut ok = true;
        for element in elements {
            ok &= self.element.push_json(element);
        }
        ok
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

    fn push_json(&mut self, value: &RawValue) -> bool {
        let Ok(ObjectEntries(entries)) = serde_json::from_str(value.get()) else {
            self.push_null();
            return false;
        };
        self.lengths.push(entries.len());
        self.valid.append_non_null();
        entries.into_iter().fold(true, |ok, (key, value)| {
            self.keys.push_csv(&key);
            self.values.push_json(value) && ok
        })
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
