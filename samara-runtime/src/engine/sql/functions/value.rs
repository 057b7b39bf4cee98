//! Values of rows: read from columns, and collected into one.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryArray, BinaryBuilder, BooleanArray, BooleanBuilder,
    Decimal128Array, Decimal128Builder, Float32Array, Float32Builder, Float64Array, Float64Builder,
    Int8Array, Int8Builder, Int16Array, Int16Builder, Int32Array, Int32Builder, Int64Array,
    Int64Builder, ListArray, ListBuilder, PrimitiveArray, StringArray, StringBuilder,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Date32Type, TimestampMicrosecondType};
use datafusion::common::{Result, not_impl_err};

use crate::engine::sql::coercion::is_text;

/// What a row comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Bytes(Vec<u8>),
    Truth(bool),
    /// A whole number of any width, a date's days, a moment's microseconds.
    Whole(i64),
    Double(f64),
    /// The digits of a decimal of the result's scale.
    Decimal(i128),
    Texts(Vec<String>),
}

impl Value {
    pub fn int(value: impl TryInto<i64>) -> Self {
        // Lengths and places in a text fit, and so does every narrower number.
        Self::Whole(value.try_into().unwrap_or(i64::MAX))
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Whole(i64::from(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Whole(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Double(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Truth(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// A column of arguments.
pub(super) enum Column<'a> {
    Text(&'a StringArray),
    Bytes(&'a BinaryArray),
    Truth(&'a BooleanArray),
    Byte(&'a Int8Array),
    Short(&'a Int16Array),
    Int(&'a Int32Array),
    Long(&'a Int64Array),
    Float(&'a Float32Array),
    Double(&'a Float64Array),
    Date(&'a PrimitiveArray<Date32Type>),
    Moment(&'a PrimitiveArray<TimestampMicrosecondType>),
    Decimal(&'a Decimal128Array),
    /// Nothing but nulls.
    Nothing,
}

impl<'a> Column<'a> {
    /// The array in the one layout that its type has here.
    pub fn plain(array: &ArrayRef) -> Result<ArrayRef> {
        Ok(match array.data_type() {
            ArrowType::Utf8 => Arc::clone(array),
            kind if is_text(kind) => cast(array, &ArrowType::Utf8)?,
            ArrowType::LargeBinary | ArrowType::BinaryView => cast(array, &ArrowType::Binary)?,
            _ => Arc::clone(array),
        })
    }

    pub fn of(array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            ArrowType::Utf8 => Self::Text(array.as_string()),
            ArrowType::Binary => Self::Bytes(array.as_binary()),
            ArrowType::Boolean => Self::Truth(array.as_boolean()),
            ArrowType::Int8 => Self::Byte(array.as_primitive()),
            ArrowType::Int16 => Self::Short(array.as_primitive()),
            ArrowType::Int32 => Self::Int(array.as_primitive()),
            ArrowType::Int64 => Self::Long(array.as_primitive()),
            ArrowType::Float32 => Self::Float(array.as_primitive()),
            ArrowType::Float64 => Self::Double(array.as_primitive()),
            ArrowType::Date32 => Self::Date(array.as_primitive()),
            ArrowType::Timestamp(..) => Self::Moment(array.as_primitive()),
            ArrowType::Decimal128(..) => Self::Decimal(array.as_primitive()),
            ArrowType::Null => Self::Nothing,
            other => return not_impl_err!("values of {other} are not read row by row"),
        })
    }

    pub fn text(&self, at: usize) -> &'a str {
        match self {
            Self::Text(array) => array.value(at),
            _ => unreachable!("the parameter takes text, and arguments are cast to it"),
        }
    }

    pub fn bytes(&self, at: usize) -> &'a [u8] {
        match self {
            Self::Text(array) => array.value(at).as_bytes(),
            Self::Bytes(array) => array.value(at),
            _ => unreachable!("the parameter takes bytes, and arguments are cast to it"),
        }
    }

    pub fn truth(&self, at: usize) -> bool {
        match self {
            Self::Truth(array) => array.value(at),
            _ => unreachable!("the parameter takes a boolean, and arguments are cast to it"),
        }
    }

    pub fn whole(&self, at: usize) -> i64 {
        match self {
            Self::Byte(array) => array.value(at).into(),
            Self::Short(array) => array.value(at).into(),
            Self::Int(array) => array.value(at).into(),
            Self::Long(array) => array.value(at),
            Self::Date(array) => array.value(at).into(),
            Self::Moment(array) => array.value(at),
            Self::Truth(array) => array.value(at).into(),
            _ => unreachable!("the parameter takes whole numbers, and arguments are cast to it"),
        }
    }

    /// Whether its values are instants, which clocks show by their zone.
    pub fn is_instant(&self) -> bool {
        matches!(self, Self::Moment(array) if array.timezone().is_some())
    }

    pub fn double(&self, at: usize) -> f64 {
        match self {
            Self::Float(array) => array.value(at).into(),
            Self::Double(array) => array.value(at),
            _ => unreachable!("the parameter takes doubles, and arguments are cast to it"),
        }
    }

    pub fn decimal(&self, at: usize) -> (i128, i8) {
        match self {
            Self::Decimal(array) => (array.value(at), array.scale()),
            other => (other.whole(at).into(), 0),
        }
    }
}

/// Collects the values of a column.
pub(super) enum Builder {
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Truth(BooleanBuilder),
    Byte(Int8Builder),
    Short(Int16Builder),
    Int(Int32Builder),
    Long(Int64Builder),
    Float(Float32Builder),
    Double(Float64Builder),
    Decimal(Decimal128Builder),
    Texts(ListBuilder<StringBuilder>),
}

impl Builder {
    pub fn of(kind: &ArrowType, rows: usize) -> Result<Self> {
        Ok(match kind {
            ArrowType::Utf8 | ArrowType::Null => Self::Text(StringBuilder::new()),
            ArrowType::Binary => Self::Bytes(BinaryBuilder::new()),
            ArrowType::Boolean => Self::Truth(BooleanBuilder::with_capacity(rows)),
            ArrowType::Int8 => Self::Byte(Int8Builder::with_capacity(rows)),
            ArrowType::Int16 => Self::Short(Int16Builder::with_capacity(rows)),
            ArrowType::Int32 | ArrowType::Date32 => Self::Int(Int32Builder::with_capacity(rows)),
            ArrowType::Int64 | ArrowType::Timestamp(..) => {
                Self::Long(Int64Builder::with_capacity(rows))
            }
            ArrowType::Float32 => Self::Float(Float32Builder::with_capacity(rows)),
            ArrowType::Float64 => Self::Double(Float64Builder::with_capacity(rows)),
            ArrowType::Decimal128(..) => {
                Self::Decimal(Decimal128Builder::with_capacity(rows).with_data_type(kind.clone()))
            }
            ArrowType::List(_) => Self::Texts(ListBuilder::new(StringBuilder::new())),
            other => return not_impl_err!("values of {other} are not built row by row"),
        })
    }

    pub fn push(&mut self, value: Value) -> Result<()> {
        match (self, value) {
            (builder, Value::Null) => builder.push_null(),
            (Self::Text(builder), Value::Text(value)) => builder.append_value(value),
            (Self::Bytes(builder), Value::Bytes(value)) => builder.append_value(value),
            (Self::Bytes(builder), Value::Text(value)) => builder.append_value(value),
            (Self::Truth(builder), Value::Truth(value)) => builder.append_value(value),
            (Self::Byte(builder), Value::Whole(value)) => {
                builder.append_option(value.try_into().ok())
            }
            (Self::Short(builder), Value::Whole(value)) => {
                builder.append_option(value.try_into().ok())
            }
            (Self::Int(builder), Value::Whole(value)) => {
                builder.append_option(value.try_into().ok())
            }
            (Self::Long(builder), Value::Whole(value)) => builder.append_value(value),
            // A float was widened to be computed with.
            #[allow(clippy::cast_possible_truncation)]
            (Self::Float(builder), Value::Double(value)) => builder.append_value(value as f32),
            (Self::Double(builder), Value::Double(value)) => builder.append_value(value),
            (Self::Decimal(builder), Value::Decimal(value)) => builder.append_value(value),
            (Self::Texts(builder), Value::Texts(values)) => {
                builder.append_value(values.into_iter().map(Some));
            }
            (_, other) => return not_impl_err!("the result {other:?} is of another type"),
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Bytes(builder) => builder.append_null(),
            Self::Truth(builder) => builder.append_null(),
            Self::Byte(builder) => builder.append_null(),
            Self::Short(builder) => builder.append_null(),
            Self::Int(builder) => builder.append_null(),
            Self::Long(builder) => builder.append_null(),
            Self::Float(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Decimal(builder) => builder.append_null(),
            Self::Texts(builder) => builder.append_null(),
        }
    }

    pub fn finish(self, kind: &ArrowType) -> Result<ArrayRef> {
        let array: ArrayRef = match self {
            Self::Text(mut builder) => Arc::new(builder.finish()),
            Self::Bytes(mut builder) => Arc::new(builder.finish()),
            Self::Truth(mut builder) => Arc::new(builder.finish()),
            Self::Byte(mut builder) => Arc::new(builder.finish()),
            Self::Short(mut builder) => Arc::new(builder.finish()),
            Self::Int(mut builder) => Arc::new(builder.finish()),
            Self::Long(mut builder) => Arc::new(builder.finish()),
            Self::Float(mut builder) => Arc::new(builder.finish()),
            Self::Double(mut builder) => Arc::new(builder.finish()),
            Self::Decimal(mut builder) => Arc::new(builder.finish()),
            Self::Texts(mut builder) => return texts(builder.finish(), kind),
        };
        if array.data_type() == kind {
            Ok(array)
        } else {
            Ok(cast(&array, kind)?)
        }
    }
}

/// The same lists with the field that the result has.
fn texts(lists: ListArray, kind: &ArrowType) -> Result<ArrayRef> {
    let ArrowType::List(element) = kind else {
        return not_impl_err!("{kind} is no list of texts");
    };
    let (_, offsets, values, nulls) = lists.into_parts();
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(element),
        offsets,
        values,
        nulls,
    )?))
}
