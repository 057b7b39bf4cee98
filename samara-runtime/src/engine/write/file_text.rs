//! The text of values as csv and json files hold it.

use std::fmt::Write as _;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Date32Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Result;

use crate::engine::sql::cast::{TextOf, texts, to_text};
use crate::engine::text::times::Times;

/// The text of every value of a column without nested values, null for null.
pub(super) fn file_text(array: &ArrayRef, times: &Times) -> Result<StringArray> {
    match array.data_type() {
        DataType::Date32 => {
            let dates = array.as_primitive::<Date32Type>().iter();
            Ok(texts(dates, |out, days| times.write_date(out, days)))
        }
        DataType::Timestamp(_, zone) => {
            let micros = DataType::Timestamp(TimeUnit::Microsecond, zone.clone());
            let micros = cast(array, &micros)?;
            let micros = micros.as_primitive::<TimestampMicrosecondType>().iter();
            Ok(match zone {
                Some(_) => texts(micros, |out, micros| times.write_timestamp(out, micros)),
                None => texts(micros, |out, micros| times.write_timestamp_ntz(out, micros)),
            })
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            let bytes = cast(array, &DataType::Binary)?;
            Ok(texts(bytes.as_binary::<i32>().iter(), write_bytes))
        }
        _ => to_text(array, TextOf::File),
    }
}

/// Bytes in hexadecimal: `[61 FF]`.
fn write_bytes(out: &mut String, bytes: &[u8]) {
    out.push('[');
    for (index, byte) in bytes.iter().enumerate() {
        let separator = if index > 0 { " " } else { "" };
        // Writing to a `String` cannot fail.
        let _ = write!(out, "{separator}{byte:02X}");
    }
    out.push(']');
}
