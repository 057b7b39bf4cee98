//! Casts of arrays, maps and structs: of what is in them.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, ListArray, MapArray, StructArray,
};
use datafusion::arrow::compute::{is_not_null, not, nullif};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::utils::remove_list_null_values;
use datafusion::common::{Result, plan_err};

use crate::engine::DataType;
use crate::engine::sql::cast::Cast;
use crate::engine::sql::declared::retyped;

/// Nested values as others of the same shape.
///
/// # Errors
///
/// If a value within cannot be cast, and the cast fails for it.
pub(super) fn cast_nested(array: &ArrayRef, how: &Cast<'_>) -> Result<ArrayRef> {
    let within = |array: &ArrayRef, to: &DataType| Cast { to, ..*how }.apply(array);
    match (how.to, how.to.to_arrow()) {
        (DataType::Array(to), ArrowType::List(element)) => {
            // What is behind a null is no value, and must not fail.
            let lists = remove_list_null_values(array)?;
            let lists = lists.as_list::<i32>();
            let values = within(lists.values(), to)?;
            Ok(Arc::new(ListArray::try_new(
                element,
                lists.offsets().clone(),
                values,
                lists.nulls().cloned(),
            )?))
        }
        (DataType::Map(key, value), ArrowType::Map(entries, sorted)) => {
            let maps = array.as_map();
            let sides = [within(maps.keys(), key)?, within(maps.values(), value)?];
            let ArrowType::Struct(pair) = entries.data_type() else {
                return plan_err!("the entries of a map are {}", entries.data_type());
            };
            let pairs = StructArray::try_new(pair.clone(), sides.to_vec(), None)?;
            Ok(Arc::new(MapArray::try_new(
                Arc::clone(&entries),
                maps.offsets().clone(),
                pairs,
                maps.nulls().cloned(),
                sorted,
            )?))
        }
        (DataType::Struct(fields), ArrowType::Struct(members)) => {
            let absent = not(&is_not_null(array)?)?;
            let columns = array.as_struct().columns().iter().zip(fields);
            let columns =
                columns.map(|(column, field)| within(&nullif(column, &absent)?, &field.data_type));
            let structs = StructArray::try_new(
                members,
                columns.collect::<Result<_>>()?,
                array.nulls().cloned(),
            )?;
            Ok(Arc::new(structs))
        }
        (_, kind) => retyped(array, &kind),
    }
}
