//! Values within values: the fields of structs, the elements of arrays, the values of maps.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, ListArray, UInt64Array};
use datafusion::arrow::compute::{cast, is_not_null, not, nullif, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Int64Type};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility, lit,
};

use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::{SparkCast, spark_type};
use crate::engine::sql::coercion::{is_text, widened};
use crate::engine::sql::functions::map::{pair_of, values_by_key};

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
            map @ ArrowType::Map(..) => (pair_of(map)?[1].data_type().clone(), true),
            ArrowType::List(element) => {
                let member = member_of(element, args.scalar_arguments[1])?;
                let kind = member.data_type().clone();
                let nullable = element.is_nullable() || member.is_nullable();
                (ArrowType::new_list(kind, nullable), false)
            }
            other => {
                return plan_err!(
                    "[] takes a field of a struct, an element of an array or a value of a map; this is {}",
                    spark_type(other)?
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
            ArrowType::Map(..) => values_by_key(&arrays[0], &arrays[1])?,
            ArrowType::List(element)
                if matches!(element.data_type(), ArrowType::Struct(_))
                    && is_text(arrays[1].data_type()) =>
            {
                members(&arrays[0], element, &args)?
            }
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

/// The field of the structs in an array.
fn member_of<'a>(element: &'a FieldRef, name: Option<&ScalarValue>) -> Result<&'a FieldRef> {
    match element.data_type() {
        ArrowType::Struct(fields) => Ok(&fields[place(fields, field_name(name)?)?]),
        other => plan_err!(
            "the index of an array is a whole number, and these elements of type {} have no fields",
            spark_type(other)?
        ),
    }
}

/// A field of each struct in arrays.
fn members(arrays: &ArrayRef, element: &FieldRef, args: &ScalarFunctionArgs) -> Result<ArrayRef> {
    let (ArrowType::Struct(fields), ColumnarValue::Scalar(name)) =
        (element.data_type(), &args.args[1])
    else {
        return plan_err!("the name of a field must be a literal");
    };
    let lists = arrays.as_list::<i32>();
    let values = member(lists.values(), place(fields, field_name(Some(name))?)?)?;
    let ArrowType::List(made) = args.return_field.data_type() else {
        return plan_err!("the fields of structs in an array are an array");
    };
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(made),
        lists.offsets().clone(),
        values,
        lists.nulls().cloned(),
    )?))
}

/// The key or the index, cast to what the value is looked up by; the name of a field stays one.
///
/// # Errors
///
/// For a key that is not cast to the map's keys without being asked for.
pub(crate) fn with_fitting_key(
    mut function: ScalarFunction,
    schema: &DFSchema,
) -> Result<ScalarFunction> {
    let [value, key] = &mut function.args[..] else {
        return plan_err!("an item needs a value and a key");
    };
    let from = key.get_type(schema)?;
    match value.get_type(schema)? {
        ArrowType::List(_) if from.is_null() => {
            *key = widened(key, &from, &ArrowType::Int32)?;
        }
        map @ ArrowType::Map(..) => {
            let to = pair_of(&map)?[0].data_type();
            if !is_cast_to_key(&from, to) {
                return plan_err!(
                    "the keys of this map are of type {}, and the one looked up is of type {}",
                    spark_type(to)?,
                    spark_type(&from)?
                );
            }
            if from != *to && !from.is_nested() {
                *key = SparkCast::call(key.clone(), &spark_type(to)?);
            }
        }
        _ => {}
    }
    Ok(function)
}

/// Whether Spark's `AnsiTypeCoercion` casts a key.
fn is_cast_to_key(from: &ArrowType, to: &ArrowType) -> bool {
    let is_moment = |kind: &ArrowType| matches!(kind, ArrowType::Date32 | ArrowType::Timestamp(..));
    match (from, to) {
        (from, to) if from.is_nested() || to.is_nested() => from.equals_datatype(to),
        (from, to) => {
            from == to
                || from.is_null()
                || is_text(from)
                || is_text(to)
                || from.is_numeric() && to.is_numeric()
                || is_moment(from) && is_moment(to)
        }
    }
}
