//! Spark's deviations, variances, `skewness` and `kurtosis`: by its own sums of powers (`CentralMomentAgg`), so that the last digit is Spark's, too.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Expr, Signature, Volatility,
};

/// Standard deviation of a sample.
pub(super) fn stddev(value: Expr) -> Expr {
    call(Shape::Stddev, value)
}

/// Standard deviation of all there are.
pub(super) fn stddev_pop(value: Expr) -> Expr {
    call(Shape::StddevPop, value)
}

/// Variance of a sample.
pub(super) fn variance(value: Expr) -> Expr {
    call(Shape::Variance, value)
}

/// Variance of all there are.
pub(super) fn var_pop(value: Expr) -> Expr {
    call(Shape::VarPop, value)
}

/// How lopsided the values are.
pub(super) fn skewness(value: Expr) -> Expr {
    call(Shape::Skewness, value)
}

/// How heavy the tails of the values are, beside those of a normal distribution.
pub(super) fn kurtosis(value: Expr) -> Expr {
    call(Shape::Kurtosis, value)
}

fn call(shape: Shape, value: Expr) -> Expr {
    AggregateUDF::from(Moment::new(shape)).call(vec![value])
}

/// What is said of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shape {
    Stddev,
    StddevPop,
    Variance,
    VarPop,
    Skewness,
    Kurtosis,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Moment {
    shape: Shape,
    signature: Signature,
}

impl Moment {
    fn new(shape: Shape) -> Self {
        Self {
            shape,
            signature: Signature::exact(vec![DataType::Float64], Volatility::Immutable),
        }
    }
}

impl AggregateUDFImpl for Moment {
    fn name(&self) -> &str {
        match self.shape {
            Shape::Stddev => "stddev",
            Shape::StddevPop => "stddev_pop",
            Shape::Variance => "variance",
            Shape::VarPop => "var_pop",
            Shape::Skewness => "skewness",
            Shape::Kurtosis => "kurtosis",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |part| Field::new(format!("{}[{part}]", args.name), DataType::Float64, false);
        Ok(["n", "mean", "m2", "m3", "m4"]
            .map(|part| Arc::new(field(part)))
            .to_vec())
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Accumulated {
            moments: Moments::default(),
            shape: self.shape,
        }))
    }
}

#[derive(Debug)]
struct Accumulated {
    moments: Moments,
    shape: Shape,
}

impl Accumulator for Accumulated {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let values = values[0].as_primitive::<Float64Type>();
        values
            .iter()
            .flatten()
            .for_each(|value| self.moments.add(value));
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let parts: Vec<_> = states
            .iter()
            .map(|part| part.as_primitive::<Float64Type>())
            .collect();
        for row in 0..parts[0].len() {
            self.moments = self.moments.and(Moments {
                n: parts[0].value(row),
                mean: parts[1].value(row),
                m2: parts[2].value(row),
                m3: parts[3].value(row),
                m4: parts[4].value(row),
            });
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let Moments {
            n,
            mean,
            m2,
            m3,
            m4,
        } = self.moments;
        Ok([n, mean, m2, m3, m4].map(ScalarValue::from).to_vec())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(ScalarValue::Float64(match self.shape {
            Shape::Stddev => self.moments.variance().map(f64::sqrt),
            Shape::StddevPop => self.moments.variance_of_all().map(f64::sqrt),
            Shape::Variance => self.moments.variance(),
            Shape::VarPop => self.moments.variance_of_all(),
            Shape::Skewness => self.moments.skewness(),
            Shape::Kurtosis => self.moments.kurtosis(),
        }))
    }

    fn size(&self) -> usize {
        size_of_val(self)
    }
}

/// The number of values, their mean, and the sums of the powers of their distances from it.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    m2: f64,
    m3: f64,
    m4: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        let delta = value - self.mean;
        let delta_n = delta / self.n;
        let (delta2, delta_n2) = (delta * delta, delta_n * delta_n);
        self.mean += delta_n;
        self.m2 += delta * (delta - delta_n);
        self.m3 = self.m3 - 3.0 * delta_n * self.m2 + delta * (delta2 - delta_n2);
        self.m4 = self.m4 - 4.0 * delta_n * self.m3 - 6.0 * delta_n2 * self.m2
            + delta * (delta * delta2 - delta_n * delta_n2);
    }

    fn and(self, other: Self) -> Self {
        let (n1, n2) = (self.n, other.n);
        let n = n1 + n2;
        let delta = other.mean - self.mean;
        let delta_n = if n == 0.0 { 0.0 } else { delta / n };
        Self {
            n,
            mean: self.mean + delta_n * n2,
            m2: self.m2 + other.m2 + delta * delta_n * n1 * n2,
            m3: self.m3
                + other.m3
                + delta_n * delta_n * delta * n1 * n2 * (n1 - n2)
                + 3.0 * delta_n * (n1 * other.m2 - n2 * self.m2),
            m4: self.m4
                + other.m4
                + delta_n * delta_n * delta_n * delta * n1 * n2 * (n1 * n1 - n1 * n2 + n2 * n2)
                + 6.0 * delta_n * delta_n * (n1 * n1 * other.m2 + n2 * n2 * self.m2)
                + 4.0 * delta_n * (n1 * other.m3 - n2 * self.m3),
        }
    }

    fn variance(&self) -> Option<f64> {
        (self.n > 1.0).then(|| self.m2 / (self.n - 1.0))
    }

    fn variance_of_all(&self) -> Option<f64> {
        (self.n > 0.0).then(|| self.m2 / self.n)
    }

    fn skewness(&self) -> Option<f64> {
        let spread = self.n != 0.0 && self.m2 != 0.0;
        spread.then(|| self.n.sqrt() * self.m3 / (self.m2 * self.m2 * self.m2).sqrt())
    }

    fn kurtosis(&self) -> Option<f64> {
        let spread = self.n != 0.0 && self.m2 != 0.0;
        spread.then(|| self.n * self.m4 / (self.m2 * self.m2) - 3.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_parts_are_those_of_the_whole() {
        let of = |values: &[f64]| {
            let mut moments = Moments::default();
            values.iter().for_each(|value| moments.add(*value));
            moments
        };
        let (whole, parts) = (
            of(&[1.0, 2.0, 4.0, 8.0]),
            of(&[1.0, 2.0]).and(of(&[4.0, 8.0])),
        );
        let close = |one: Option<f64>, other: Option<f64>| (one.unwrap() - other.unwrap()).abs();
        assert!(close(whole.skewness(), parts.skewness()) < 1e-12);
        assert!(close(whole.kurtosis(), parts.kurtosis()) < 1e-12);
    }

    #[test]
    fn values_that_are_all_equal_have_no_shape() {
        let mut moments = Moments::default();
        assert_eq!(moments.skewness(), None);
        moments.add(3.0);
        moments.add(3.0);
        assert_eq!((moments.skewness(), moments.kurtosis()), (None, None));
    }
}
