//! Values within values: the fields of structs, the elements of arrays, the values of maps.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, UInt64Array, make_comparator};
use datafusion::arrow::compute::{SortOptions, cast, is_not_null, not, nullif, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Int64Type};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, lit,
};

use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::spark_type;

/// `value[key]`: a field of a struct by its name, in any case, an element of an array by its index, from 0, or a value of a map by its key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SparkItem {
    signature: Signature,
}

impl SparkItem {
    pub const NAME: &str = "spark_item";

    /// A field of a struct, or a value of a map whose keys are texts.
    pub fn call(value: Expr, name: &str) -> Expr {
        ScalarUDF::from(Self::new()).call(vec![value, lit(name)])
    }

    pub fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for SparkItem {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        plan_err!("the type of an item depends on its name")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [value, key] = args.arg_fields else {
            return plan_err!("an item needs a value and a key");
        };
        let (kind, nullable) = match value.data_type() {
            ArrowType::Struct(fields) => {
                let name = field_name(args.scalar_arguments[1])?;
                let member = &fields[place(fields, name)?];
                (member.data_type().clone(), member.is_nullable())
            }
            ArrowType::List(element) if key.data_type().is_integer() => {
                (element.data_type().clone(), element.is_nullable())
            }
            ArrowType::Map(entries, _) => {
                let [of_key, of_value] = pair(entries)?;
                check_key(of_key.data_type(), key.data_type())?;
                (of_value.data_type().clone(), true)
            }
            other => {
                return plan_err!(
                    "[] takes a field of a struct, an element of an array or a value of a map; this is {other}"
                );
            }
        };
        let nullable = nullable || value.is_nullable() || key.is_nullable();
        Ok(Arc::new(Field::new(Self::NAME, kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let item = match arrays[0].data_type() {
            ArrowType::Struct(fields) => {
                let ColumnarValue::Scalar(name) = &args.args[1] else {
                    return plan_err!("the name of a field must be a literal");
                };
                member(&arrays[0], place(fields, field_name(Some(name))?)?)?
            }
            ArrowType::Map(..) => value_of(&arrays[0], &arrays[1])?,
            _ => element(&arrays[0], &arrays[1])?,
        };
        columnar(item, &args.args)
    }
}

fn field_name(name: Option<&ScalarValue>) -> Result<&str> {
    match name.and_then(ScalarValue::try_as_str) {
        Some(Some(name)) => Ok(name),
        _ => plan_err!("the name of a field must be a literal"),
    }
}

fn place(fields: &[FieldRef], name: &str) -> Result<usize> {
    let lower = name.to_lowercase();
    let found = fields
        .iter()
        .position(|field| field.name().to_lowercase() == lower);
    found.ok_or_else(|| DataFusionError::Plan(format!("no field `{name}` in this struct")))
}

/// A field of structs; null where the struct is.
fn member(structs: &ArrayRef, place: usize) -> Result<ArrayRef> {
    let values = structs.as_struct().column(place);
    Ok(nullif(values, &not(&is_not_null(structs)?)?)?)
}

/// An element of arrays; null where the array or the index is, an error where there is none.
fn element(arrays: &ArrayRef, indices: &ArrayRef) -> Result<ArrayRef> {
    let lists = arrays.as_list::<i32>();
    let indices = cast(indices, &ArrowType::Int64)?;
    let indices = indices.as_primitive::<Int64Type>();
    let at = |row: usize| {
        if lists.is_null(row) || indices.is_null(row) {
            return Ok(None);
        }
        let (index, length) = (indices.value(row), lists.value_length(row));
        if index < 0 || index >= i64::from(length) {
            return exec_err!("there is no element {index} in an array of {length}");
        }
        Ok(u64::try_from(i64::from(lists.value_offsets()[row]) + index).ok())
    };
    let places: UInt64Array = (0..lists.len()).map(at).collect::<Result<_>>()?;
    Ok(take(lists.values(), &places, None)?)
}

fn pair(entries: &FieldRef) -> Result<[&FieldRef; 2]> {
    match entries.data_type() {
        ArrowType::Struct(fields) if fields.len() == 2 => Ok([&fields[0], &fields[1]]),
        other => plan_err!("a map has keys and values, and this is {other}"),
    }
}

/// Refuses a key that would have to be cast to be one of the map's, but for whole numbers.
fn check_key(of_map: &ArrowType, key: &ArrowType) -> Result<()> {
    let fits = of_map == key || of_map.is_integer() && key.is_integer();
    match fits {
        true => Ok(()),
        false => plan_err!(
            "the keys of this map are of type {}, and the one looked up is of type {}",
            spark_type(of_map)?,
            spark_type(key)?
        ),
    }
}

/// A value of maps by its key; null where there is none.
fn value_of(maps: &ArrayRef, keys: &ArrayRef) -> Result<ArrayRef> {
    let maps = maps.as_map();
    let keys = cast(keys, maps.keys().data_type())?;
    let compare = make_comparator(maps.keys(), &keys, SortOptions::default())?;
    let at = |row: usize| {
        if maps.is_null(row) || keys.is_null(row) {
            return None;
        }
        let (from, to) = (maps.value_offsets()[row], maps.value_offsets()[row + 1]);
        let mut entries = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
        let found = entries.find(|entry| compare(*entry, row).is_eq());
        found.and_then(|entry| u64::try_from(entry).ok())
    };
    let places: UInt64Array = (0..maps.len()).map(at).collect();
    Ok(take(maps.values(), &places, None)?)
}
