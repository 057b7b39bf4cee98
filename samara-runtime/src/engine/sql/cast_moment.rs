//! `CAST` between days, instants and what clocks show: the session's time zone says at which instant clocks show what.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, PrimitiveArray, TimestampMicrosecondArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{ArrowPrimitiveType, Date32Type, TimestampMicrosecondType};
use datafusion::common::{Result, exec_err};

use crate::engine::DataType;
use crate::engine::sql::cast::Cast;

/// Whether this is a day, an instant, or what clocks show.
pub(crate) fn is_moment(kind: &DataType) -> bool {
    matches!(
        kind,
        DataType::Date | DataType::Timestamp | DataType::TimestampNtz
    )
}

/// Casts values of one of these types to another. A moment beyond the last timestamp fails the cast, or becomes null.
pub(crate) fn cast_moment(array: &ArrayRef, from: &DataType, how: &Cast<'_>) -> Result<ArrayRef> {
    let zone = how.zone;
    let micros = || array.as_primitive::<TimestampMicrosecondType>();
    let instants: TimestampMicrosecondArray = match (from, how.to) {
        (DataType::Date, DataType::Timestamp) => {
            let days = array.as_primitive::<Date32Type>();
            each(days, how, |days| zone.start_of_day(i64::from(days)))?
        }
        (DataType::TimestampNtz, DataType::Timestamp) => {
            each(micros(), how, |local| zone.to_utc(local))?
        }
        (DataType::Timestamp, DataType::TimestampNtz) => {
            each(micros(), how, |instant| zone.of_utc(instant))?
        }
        (DataType::Timestamp, DataType::Date) => {
            let days: PrimitiveArray<Date32Type> = each(micros(), how, |instant| {
                i32::try_from(zone.clock(instant).days).ok()
            })?;
            return Ok(Arc::new(days));
        }
        // A day and what clocks show have no zone.
        _ => return Ok(cast(array, &how.to.to_arrow())?),
    };
    Ok(Arc::new(instants.with_data_type(how.to.to_arrow())))
}

fn each<From: ArrowPrimitiveType, To: ArrowPrimitiveType>(
    values: &PrimitiveArray<From>,
    how: &Cast<'_>,
    convert: impl Fn(From::Native) -> Option<To::Native>,
) -> Result<PrimitiveArray<To>> {
    let converted = |value: Option<From::Native>| match value.map(&convert) {
        Some(None) if how.failing => exec_err!(
            "a moment is beyond the last {}; try_cast gives null instead of this error",
            how.to
        ),
        Some(value) => Ok(value),
        None => Ok(None),
    };
    values.iter().map(converted).collect()
}
