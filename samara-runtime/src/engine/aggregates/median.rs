//! Spark's `median`: the middle of the values, NaN beyond all others; of two in the middle, the lower one and half of what is between them.

use std::mem::take;
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};

/// The median of doubles.
pub(super) fn median(value: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<AggregateUDF>> =
        LazyLock::new(|| Arc::new(AggregateUDF::from(Median::new())));
    FUNCTION.call(vec![value])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Median {
    signature: Signature,
}

impl Median {
    fn new() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for Median {
    fn name(&self) -> &str {
        "median"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let values = DataType::new_list(DataType::Float64, true);
        let name = format!("{}[values]", args.name);
        Ok(vec![Arc::new(Field::new(name, values, false))])
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Values::default()))
    }
}

#[derive(Debug, Default)]
struct Values(Vec<f64>);

impl Accumulator for Values {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<Float64Type>();
        self.0.extend(values.iter().flatten());
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let lists = states[0].as_list::<i32>();
        (0..lists.len()).try_for_each(|state| self.update_batch(&[lists.value(state)]))
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let values: Vec<ScalarValue> = self.0.iter().copied().map(ScalarValue::from).collect();
        let list = ScalarValue::new_list_nullable(&values, &DataType::Float64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(middle(take(&mut self.0))))
    }

    fn size(&self) -> usize {
        size_of_val(self) + self.0.capacity() * size_of::<f64>()
    }
}

fn middle(mut values: Vec<f64>) -> Option<f64> {
    // Any NaN is the greatest, whatever its sign. Of two zeros the negative one is the first.
    for value in values.iter_mut().filter(|value| value.is_nan()) {
        *value = f64::NAN;
    }
    values.sort_unstable_by(f64::total_cmp);
    let (lower, upper) = (values.len().checked_sub(1)? / 2, values.len() / 2);
    let (lower, upper) = (values[lower], values[upper]);
    Some(match lower == upper {
        true => lower,
        false => lower + (upper - lower) * 0.5,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_values_in_the_middle_it_is_between_them_by_sparks_arithmetic() {
        assert_eq!(middle(vec![]), None);
        assert_eq!(middle(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(middle(vec![99.99, 0.1]), Some(50.045));
        assert!(middle(vec![f64::NEG_INFINITY, 0.0]).unwrap().is_nan());
        assert_eq!(middle(vec![f64::INFINITY; 2]), Some(f64::INFINITY));
    }

    #[test]
    fn a_zero_keeps_its_sign_and_the_negative_one_stands_first() {
        let bits = |values| middle(values).map(f64::to_bits);
        assert_eq!(bits(vec![0.0, -0.0]), Some((-0.0_f64).to_bits()));
        assert_eq!(bits(vec![0.0, 0.0, -0.0]), Some(0.0_f64.to_bits()));
    }

    #[test]
    fn a_nan_is_the_greatest_value() {
        assert_eq!(middle(vec![-f64::NAN, 1.0, 2.0]), Some(2.0));
        assert!(middle(vec![f64::NAN, f64::NAN, 2.0]).unwrap().is_nan());
    }
}
