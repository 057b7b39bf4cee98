//! Spark's `round`: half up, of the decimal that a double shows as text.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Float64Type, Int32Type};
use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature, Volatility,
};

use crate::engine::DataType;
use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::cast_number::decimal_as_double;
use crate::engine::text;

/// A call of `round` in Spark's terms; as it is, where the engine's does the same.
///
/// # Errors
///
/// If the type of the argument is not known.
pub(crate) fn spark_round(function: ScalarFunction, schema: &DFSchema) -> Result<Expr> {
    let digits = match function.args.get(1) {
        None => Some(0),
        Some(Expr::Literal(ScalarValue::Int32(Some(digits)), _)) => i8::try_from(*digits).ok(),
        Some(_) => None,
    };
    let (Some(value), Some(digits @ 0..)) = (function.args.first(), digits) else {
        return Ok(Expr::ScalarFunction(function));
    };
    Ok(match value.get_type(schema)? {
        ArrowType::Decimal128(precision, scale) => {
            let kept = digits.min(scale);
            let whole = i16::from(precision) - i16::from(scale) + 1;
            let precision = u8::try_from((whole + i16::from(kept)).min(38)).unwrap_or(38);
            SparkCast::call(value.clone(), &DataType::Decimal(precision, kept))
        }
        ArrowType::Float64 => {
            let digits = Expr::Literal(ScalarValue::Int32(Some(i32::from(digits))), None);
            ScalarUDF::from(SparkRound::new()).call(vec![value.clone(), digits])
        }
        _ => Expr::ScalarFunction(function),
    })
}

/// A double with so many digits behind the point.
#[derive(Debug, PartialEq, Eq, Hash)]
struct SparkRound {
    signature: Signature,
}

impl SparkRound {
    fn new() -> Self {
        Self {
            signature: Signature::any(2, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for SparkRound {
    fn name(&self) -> &str {
        "spark_round"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let values = arrays[0].as_primitive::<Float64Type>();
        let digits = cast(&arrays[1], &ArrowType::Int32)?;
        let digits = digits.as_primitive::<Int32Type>();
        let rows = values.iter().zip(digits);
        let rounded: Float64Array = rows
            .map(|(value, digits)| Some(rounded(value?, i8::try_from(digits?).unwrap_or(38))))
            .collect();
        columnar(Arc::new(rounded) as ArrayRef, &args.args)
    }
}

/// A double that is too large to be rounded has no digits behind the point.
fn rounded(value: f64, digits: i8) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let mut shown = String::new();
    text::write_f64(&mut shown, value);
    match text::parse_decimal(&shown, 38, digits) {
        Some(unscaled) => decimal_as_double(unscaled, digits),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_rounded_by_what_its_text_shows() {
        for (value, digits, result) in [
            (1.005, 2, 1.01),
            (2.5, 0, 3.0),
            (-2.5, 0, -3.0),
            (1e300, 2, 1e300),
            (f64::INFINITY, 2, f64::INFINITY),
        ] {
            assert_eq!(rounded(value, digits), result);
        }
    }
}
