//! Spark's `greatest` and `least` of floating point numbers: a NaN is greater than any number, and of two zeros, which are equal, the first stays as it is.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, ArrowPrimitiveType, AsArray as _, PrimitiveArray,
};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float32Type, Float64Type};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};

use crate::engine::sql::arithmetic::columnar;

/// The call of `greatest` or `least` with values of one floating type.
pub(crate) fn of_floats(name: &str, values: Vec<Expr>) -> Expr {
    let wanted = match name {
        "greatest" => Ordering::Greater,
        _ => Ordering::Less,
    };
    ScalarUDF::from(OfFloats {
        wanted,
        signature: Signature::variadic_any(Volatility::Immutable),
    })
    .call(values)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct OfFloats {
    /// How a value that is taken compares to those before it.
    wanted: Ordering,
    signature: Signature,
}

impl ScalarUDFImpl for OfFloats {
    fn name(&self) -> &str {
        match self.wanted {
            Ordering::Greater => "greatest",
            _ => "least",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        Ok(arguments[0].clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let kind = args.arg_fields[0].data_type().clone();
        let nullable = args.arg_fields.iter().all(|value| value.is_nullable());
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let taken = match arrays[0].data_type() {
            DataType::Float32 => taken::<Float32Type>(&arrays, self.wanted),
            DataType::Float64 => taken::<Float64Type>(&arrays, self.wanted),
            other => return plan_err!("{other} is no floating type"),
        };
        columnar(taken, &args.args)
    }
}

fn taken<T>(arrays: &[ArrayRef], wanted: Ordering) -> ArrayRef
where
    T: ArrowPrimitiveType,
    T::Native: Into<f64>,
{
    let columns: Vec<&PrimitiveArray<T>> =
        arrays.iter().map(|array| array.as_primitive()).collect();
    let of_row = |row: usize| {
        let values = columns.iter().filter(|column| column.is_valid(row));
        let values = values.map(|column| column.value(row));
        values.reduce(
            |best, value| match order(value.into(), best.into()) == wanted {
                true => value,
                false => best,
            },
        )
    };
    Arc::new(
        (0..arrays[0].len())
            .map(of_row)
            .collect::<PrimitiveArray<T>>(),
    )
}

/// The order of numbers, zeros equal, with NaN behind them.
fn order(left: f64, right: f64) -> Ordering {
    let known = left.partial_cmp(&right);
    known.unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_of_any_sign_is_the_greatest_and_zeros_are_equal() {
        assert_eq!(order(-f64::NAN, f64::INFINITY), Ordering::Greater);
        assert_eq!(order(f64::NAN, -f64::NAN), Ordering::Equal);
        assert_eq!(order(-0.0, 0.0), Ordering::Equal);
    }
}
