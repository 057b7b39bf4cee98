//! Exponentials, logarithms, roots and angles: Java's `StrictMath`, to the last digit.
//!
//! `sin`, `cos` and `tan` are not here: Spark takes the processor's own, whose last digit differs between processors.

use datafusion::common::Result;

use crate::engine::DataType as T;
use crate::engine::sql::functions::fdlibm;
use crate::engine::sql::functions::function::{Row, SparkFunction, Takes};
use crate::engine::sql::functions::value::Value;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::Double;
    // Spark says of each function of one number that it may be null.
    let of_one = |name, body| SparkFunction::rows(name, &[Double], T::Double, body).may_be_null();
    let of_two = |name, body| SparkFunction::rows(name, &[Double, Double], T::Double, body);
    vec![
        of_one("exp", |row| Ok(libm::exp(row.double(0)).into())),
        of_one("expm1", |row| Ok(libm::expm1(row.double(0)).into())),
        of_one("ln", natural),
        of_two("log", logarithm).at_least(1).may_be_null(),
        of_one("log10", |row| Ok(above(row, 0.0, fdlibm::log10))),
        of_one("log1p", |row| Ok(above(row, -1.0, fdlibm::log1p))),
        of_one("log2", |row| {
            Ok(above(row, 0.0, |x| fdlibm::log(x) / fdlibm::log(2.0)))
        }),
        of_one("sqrt", |row| Ok(row.double(0).sqrt().into())),
        of_one("cbrt", |row| Ok(fdlibm::cbrt(row.double(0)).into())),
        of_one("sinh", |row| Ok(fdlibm::sinh(row.double(0)).into())),
        of_one("cosh", |row| Ok(fdlibm::cosh(row.double(0)).into())),
        of_one("tanh", |row| Ok(fdlibm::tanh(row.double(0)).into())),
        of_one("asin", |row| Ok(libm::asin(row.double(0)).into())),
        of_one("acos", |row| Ok(libm::acos(row.double(0)).into())),
        of_one("atan", |row| Ok(libm::atan(row.double(0)).into())),
        of_one("asinh", |row| Ok(fdlibm::asinh(row.double(0)).into())),
        of_one("acosh", |row| Ok(fdlibm::acosh(row.double(0)).into())),
        of_one("atanh", |row| {
            let x = row.double(0);
            Ok((0.5 * (fdlibm::log1p(x) - fdlibm::log1p(-x))).into())
        }),
        of_two("pow", power),
        of_two("power", power),
        of_two("hypot", |row| {
            Ok(fdlibm::hypot(row.double(0), row.double(1)).into())
        }),
        of_two("atan2", |row| {
            // As Spark's, whose zeros have no sign here.
            Ok(fdlibm::atan2(row.double(0) + 0.0, row.double(1) + 0.0).into())
        }),
    ]
}

/// The function of a number above a bound; null of others. A NaN is above all.
fn above(row: &Row<'_>, bound: f64, of: fn(f64) -> f64) -> Value {
    let value = row.double(0);
    (value > bound || value.is_nan()).then(|| of(value)).into()
}

fn natural(row: &Row<'_>) -> Result<Value> {
    Ok(above(row, 0.0, fdlibm::log))
}

/// The natural logarithm, or that to a base.
fn logarithm(row: &Row<'_>) -> Result<Value> {
    if row.len() == 1 {
        return natural(row);
    }
    let (base, value) = (row.double(0), row.double(1));
    let is_none = base <= 0.0 || value <= 0.0;
    Ok((!is_none)
        .then(|| fdlibm::log(value) / fdlibm::log(base))
        .into())
}

fn power(row: &Row<'_>) -> Result<Value> {
    Ok(libm::pow(row.double(0), row.double(1)).into())
}
