//! The Spark type of what stands in a file.

use datafusion::arrow::datatypes::{DataType as Arrow, FieldRef, Fields, TimeUnit};

use crate::engine::read::typed::conform::Mismatch;
use crate::engine::types::{DataType, Field, Schema};

/// The columns of a file, every one nullable.
pub(super) fn schema_of(fields: &Fields) -> Result<Schema, Mismatch> {
    let column = |field: &FieldRef| {
        let found = || Mismatch::NoType {
            column: field.name().clone(),
            found: field.data_type().to_string(),
        };
        Ok(Field {
            name: field.name().clone(),
            data_type: kind_of(field.data_type()).ok_or_else(found)?,
            nullable: true,
        })
    };
    Ok(Schema {
        fields: fields.iter().map(column).collect::<Result<_, _>>()?,
    })
}

/// The type that holds every value of a type; none if Spark has none.
pub(super) fn kind_of(found: &Arrow) -> Option<DataType> {
    Some(match found {
        Arrow::Null => DataType::Void,
        Arrow::Boolean => DataType::Boolean,
        Arrow::Int8 => DataType::Byte,
        Arrow::Int16 | Arrow::UInt8 => DataType::Short,
        Arrow::Int32 | Arrow::UInt16 => DataType::Integer,
        Arrow::Int64 | Arrow::UInt32 => DataType::Long,
        Arrow::UInt64 => DataType::Decimal(20, 0),
        Arrow::Float32 => DataType::Float,
        Arrow::Float64 => DataType::Double,
        Arrow::Decimal128(precision, scale) | Arrow::Decimal256(precision, scale)
            if (1..=38).contains(precision) =>
        {
            DataType::Decimal(*precision, *scale)
        }
        Arrow::Utf8 | Arrow::LargeUtf8 => DataType::String,
        Arrow::Dictionary(_, value) => kind_of(value)?,
        Arrow::Binary | Arrow::LargeBinary | Arrow::FixedSizeBinary(_) => DataType::Binary,
        Arrow::Date32 => DataType::Date,
        Arrow::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, zone) => match zone {
            Some(_) => DataType::Timestamp,
            None => DataType::TimestampNtz,
        },
        Arrow::List(item) | Arrow::LargeList(item) => {
            DataType::Array(Box::new(kind_of(item.data_type())?))
        }
        Arrow::Map(entries, _) => {
            let (key, value) = entry(entries)?;
            DataType::Map(
                Box::new(kind_of(key.data_type())?),
                Box::new(kind_of(value.data_type())?),
            )
        }
        Arrow::Struct(fields) => DataType::Struct(schema_of(fields).ok()?.fields),
        _ => return None,
    })
}

/// The key and the value of a map's entries.
pub(super) fn entry(entries: &FieldRef) -> Option<(&FieldRef, &FieldRef)> {
    match entries.data_type() {
        Arrow::Struct(pair) if pair.len() == 2 => Some((&pair[0], &pair[1])),
        _ => None,
    }
}
