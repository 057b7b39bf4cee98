//! Floating point numbers as they are compared: `-0.0` is `0.0`, and there is one `NaN`, the greatest value.
//!
//! The engine orders floats by their bits, where `-0.0` is less than `0.0` and a `NaN` may be less than anything.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, make_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::engine::sql::arithmetic::columnar;

/// A value as it is compared, if its type has floats in it; else the value.
pub(crate) fn normal(value: Expr, kind: &DataType) -> Expr {
    if !holds_float(kind) {
        return value;
    }
    ScalarUDF::from(Normal {
        signature: Signature::any(1, Volatility::Immutable),
    })
    .call(vec![value])
}

fn holds_float(kind: &DataType) -> bool {
    match kind {
        DataType::Struct(members) => members.iter().any(|member| holds_float(member.data_type())),
        DataType::List(element) => holds_float(element.data_type()),
        simple => simple.is_floating(),
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Normal {
    signature: Signature,
}

impl ScalarUDFImpl for Normal {
    fn name(&self) -> &str {
        "normal"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [value] = args.arg_fields else {
            return plan_err!("one value is made normal at a time");
        };
        let (kind, nullable) = (value.data_type().clone(), value.is_nullable());
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        columnar(normalized(&arrays[0])?, &args.args)
    }
}

/// Values as they are compared.
pub(crate) fn normalized(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::Float32 => {
            let floats = array.as_primitive::<Float32Type>();
            let normal = |value: f32| {
                if value.is_nan() {
                    f32::NAN
                } else {
                    value + 0.0
                }
            };
            Arc::new(floats.unary::<_, Float32Type>(normal)) as ArrayRef
        }
        DataType::Float64 => {
            let doubles = array.as_primitive::<Float64Type>();
            let normal = |value: f64| {
                if value.is_nan() {
                    f64::NAN
                } else {
                    value + 0.0
                }
            };
            Arc::new(doubles.unary::<_, Float64Type>(normal)) as ArrayRef
        }
        DataType::Struct(_) | DataType::List(_) => {
            let data = array.to_data();
            let members = data.child_data().iter();
            let members =
                members.map(|member| Ok(normalized(&make_array(member.clone()))?.to_data()));
            let members = members.collect::<Result<_>>()?;
            make_array(data.into_builder().child_data(members).build()?)
        }
        _ => Arc::clone(array),
    })
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::Float64Array;

    use super::*;

    #[test]
    fn zeros_and_nans_have_one_form() {
        let odd: ArrayRef = Arc::new(Float64Array::from(vec![-0.0, -f64::NAN, -1.5]));
        let normal = normalized(&odd).unwrap();
        let bits: Vec<u64> = normal
            .as_primitive::<Float64Type>()
            .values()
            .iter()
            .map(|value| value.to_bits())
            .collect();
        assert_eq!(bits, [0.0, f64::NAN, -1.5].map(f64::to_bits));
    }
}
