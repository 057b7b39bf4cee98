//! Sums and averages of decimals: computed with more digits than Spark's decimals have, then brought back to these.

use std::sync::Arc;

use datafusion::arrow::array::{AsArray as _, Decimal128Array};
use datafusion::arrow::datatypes::{DataType as ArrowType, Decimal256Type, Field, FieldRef, i256};
use datafusion::common::{DataFusionError, Result, exec_err, plan_err};
use datafusion::functions_aggregate::expr_fn::{avg, sum as engine_sum};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};

use super::Summary;
use crate::engine::DataType;
use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::decimal::Shape;

/// Up to this precision the sum of any number of values that there can be fits the engine's narrower decimals.
const NARROW: u8 = 28;

/// A sum, with ten digits more; what does not fit is an error, or null.
pub(super) fn sum(value: Expr, kind: &ArrowType, failing: bool) -> Summary {
    match *kind {
        ArrowType::Decimal128(precision @ NARROW.., scale) => {
            let wide = cast(value, ArrowType::Decimal256(precision, scale));
            let to = Shape {
                precision: (precision + 10).min(38),
                scale,
            };
            Summary::then(engine_sum(wide), move |sum| Ok(narrowed(sum, to, failing)))
        }
        _ => Summary::of(engine_sum(value)),
    }
}

/// An average, with four digits more. The engine's own cuts digits off: with one digit more there is something to round.
pub(super) fn average(value: Expr, kind: &ArrowType, failing: bool) -> Summary {
    match *kind {
        ArrowType::Decimal128(precision @ NARROW.., scale) => {
            let wide = cast(value, ArrowType::Decimal256(precision + 1, scale + 1));
            let to = Shape {
                precision: (precision + 4).min(38),
                scale: (scale + 4).min(38),
            };
            Summary::then(avg(wide), move |mean| Ok(narrowed(mean, to, failing)))
        }
        ArrowType::Decimal128(precision, scale) => {
            let wider = cast(value, ArrowType::Decimal128(precision + 1, scale + 1));
            Summary::cast(avg(wider), DataType::Decimal(precision + 4, scale + 4))
        }
        _ => Summary::of(avg(value)),
    }
}

fn narrowed(value: Expr, to: Shape, failing: bool) -> Expr {
    ScalarUDF::from(Narrowed {
        to,
        failing,
        signature: Signature::any(1, Volatility::Immutable),
    })
    .call(vec![value])
}

/// A decimal of the engine's 256 bits as one of Spark's, rounded half up.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Narrowed {
    to: Shape,
    failing: bool,
    signature: Signature,
}

impl Narrowed {
    fn kind(&self) -> ArrowType {
        ArrowType::Decimal128(self.to.precision, self.to.scale)
    }

    fn narrow(&self, value: i256, scale: i8) -> Result<Option<i128>> {
        match self.to.narrowed(value, i32::from(scale)) {
            None if self.failing => exec_err!(
                "the sum of the values has more digits than decimal({},{}) has room for",
                self.to.precision,
                self.to.scale
            ),
            narrow => Ok(narrow),
        }
    }
}

impl ScalarUDFImpl for Narrowed {
    fn name(&self) -> &str {
        "narrowed"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        Ok(self.kind())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [value] = args.arg_fields else {
            return plan_err!("one value is narrowed at a time");
        };
        let nullable = value.is_nullable() || !self.failing;
        Ok(Arc::new(Field::new(self.name(), self.kind(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let ArrowType::Decimal256(_, scale) = *arrays[0].data_type() else {
            return plan_err!("only wide decimals can be narrowed");
        };
        let wide = arrays[0].as_primitive::<Decimal256Type>();
        let narrow = wide.iter().map(|value| match value {
            Some(value) => self.narrow(value, scale),
            None => Ok(None),
        });
        let narrow: Decimal128Array = narrow.collect::<Result<_, DataFusionError>>()?;
        columnar(Arc::new(narrow.with_data_type(self.kind())), &args.args)
    }
}
