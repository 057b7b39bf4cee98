//! The text of structs, arrays and maps, as Spark's `CAST` gives it: `{1, x}`, `[1, null]`, `{k -> 1}`.

use std::ops::Range;

use datafusion::arrow::array::{Array, ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::Result;

use crate::engine::sql::cast::{TextOf, to_text};
use crate::engine::text::zone::Zone;

/// The text of every value of a column of structs, arrays or maps; null for null. Instants are shown in the zone.
pub(crate) fn nested_to_text(array: &ArrayRef, zone: Zone) -> Result<StringArray> {
    match array.data_type() {
        DataType::Struct(_) => structs(array, zone),
        DataType::Map(..) => maps(array, zone),
        _ => lists(array, zone),
    }
}

fn structs(array: &ArrayRef, zone: Zone) -> Result<StringArray> {
    let members = array.as_struct().columns().iter();
    let members = members
        .map(|member| texts(member, zone))
        .collect::<Result<Vec<_>>>()?;
    Ok(each(array, |row| {
        let values = members.iter().map(|member| shown(member, row).to_owned());
        format!("{{{}}}", values.collect::<Vec<_>>().join(", "))
    }))
}

fn lists(array: &ArrayRef, zone: Zone) -> Result<StringArray> {
    let list = array.as_list::<i32>();
    let elements = texts(list.values(), zone)?;
    Ok(each(array, |row| {
        let values = places(list.value_offsets(), row).map(|at| shown(&elements, at));
        format!("[{}]", values.collect::<Vec<_>>().join(", "))
    }))
}

fn maps(array: &ArrayRef, zone: Zone) -> Result<StringArray> {
    let map = array.as_map();
    let (keys, values) = (texts(map.keys(), zone)?, texts(map.values(), zone)?);
    Ok(each(array, |row| {
        let entries = places(map.value_offsets(), row);
        let entries = entries.map(|at| format!("{} -> {}", shown(&keys, at), shown(&values, at)));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
    }))
}

fn texts(array: &ArrayRef, zone: Zone) -> Result<StringArray> {
    match array.data_type() {
        DataType::Null => Ok(StringArray::new_null(array.len())),
        _ => to_text(array, TextOf::Cast(zone)),
    }
}

fn each(array: &ArrayRef, text: impl Fn(usize) -> String) -> StringArray {
    let rows = 0..array.len();
    rows.map(|row| array.is_valid(row).then(|| text(row)))
        .collect()
}

fn shown(texts: &StringArray, row: usize) -> &str {
    match texts.is_valid(row) {
        true => texts.value(row),
        false => "null",
    }
}

/// Where the values of a row lie. Offsets are never negative.
fn places(offsets: &[i32], row: usize) -> Range<usize> {
    let at = |index: usize| usize::try_from(offsets[index]).unwrap_or(0);
    at(row)..at(row + 1)
}
