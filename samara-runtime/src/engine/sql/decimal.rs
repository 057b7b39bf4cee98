//! Arithmetic on the unscaled values of decimals, with Spark's result types and rounding.

use std::cmp::Ordering;

use datafusion::arrow::datatypes::i256;

/// The most digits that a decimal has.
const MAX_PRECISION: i32 = 38;
/// The digits behind the point that a result keeps, if it had them, when it must lose some (Spark, `DecimalType.MINIMUM_ADJUSTED_SCALE`).
const MINIMUM_ADJUSTED_SCALE: i32 = 6;

/// A decimal's precision and scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    pub precision: u8,
    pub scale: i8,
}

impl Shape {
    /// The type of that many digits, cut to what a decimal can hold as Spark's `DecimalType.adjustPrecisionScale` does.
    fn adjusted(precision: i32, scale: i32) -> Self {
        let (precision, scale) = if precision <= MAX_PRECISION {
            (precision, scale)
        } else {
            let whole = precision - scale;
            let least = scale.min(MINIMUM_ADJUSTED_SCALE);
            (MAX_PRECISION, (MAX_PRECISION - whole).max(least))
        };
        Self {
            precision: u8::try_from(precision).unwrap_or(38),
            scale: i8::try_from(scale).unwrap_or(0),
        }
    }

    fn digits(self) -> (i32, i32) {
        (i32::from(self.precision), i32::from(self.scale))
    }

    /// The type of a sum or a difference.
    pub fn of_sum(self, other: Self) -> Self {
        let ((p1, s1), (p2, s2)) = (self.digits(), other.digits());
        let scale = s1.max(s2);
        Self::adjusted((p1 - s1).max(p2 - s2) + scale + 1, scale)
    }

    /// The type of a product.
    pub fn of_product(self, other: Self) -> Self {
        let ((p1, s1), (p2, s2)) = (self.digits(), other.digits());
        Self::adjusted(p1 + p2 + 1, s1 + s2)
    }

    /// The type of a quotient.
    pub fn of_quotient(self, other: Self) -> Self {
        let ((p1, s1), (p2, s2)) = (self.digits(), other.digits());
        let scale = MINIMUM_ADJUSTED_SCALE.max(s1 + p2 + 1);
        Self::adjusted(p1 - s1 + s2 + scale, scale)
    }

    /// The type of a remainder.
    pub fn of_remainder(self, other: Self) -> Self {
        let ((p1, s1), (p2, s2)) = (self.digits(), other.digits());
        let scale = s1.max(s2);
        Self::adjusted((p1 - s1).min(p2 - s2) + scale, scale)
    }

    /// The value, if its digits fit.
    pub fn fitting(self, unscaled: i128) -> Option<i128> {
        let limit = 10_u128.checked_pow(u32::from(self.precision))?;
        (unscaled.unsigned_abs() < limit).then_some(unscaled)
    }

    /// A value at another scale as one of this type, rounded half up; nothing if it does not fit.
    pub fn rescaled(self, unscaled: i128, scale: i8) -> Option<i128> {
        let shift = i32::from(self.scale) - i32::from(scale);
        let value = match u32::try_from(shift) {
            Ok(up) if unscaled != 0 => unscaled.checked_mul(10_i128.checked_pow(up)?)?,
            Ok(_) => 0,
            Err(_) => match 10_i128.checked_pow(shift.unsigned_abs()) {
                Some(divisor) => divided_half_up(unscaled, divisor),
                None => 0,
            },
        };
        self.fitting(value)
    }

    /// A value of more digits at another scale as one of this type, rounded half up; nothing if it does not fit.
    pub fn narrowed(self, wide: i256, scale: i32) -> Option<i128> {
        let value = match u32::try_from(scale - i32::from(self.scale)) {
            Ok(down) => wide_half_up(wide, ten_to(down)?)?,
            Err(_) => wide.checked_mul(ten_to((i32::from(self.scale) - scale).unsigned_abs())?)?,
        };
        self.fitting(value.to_i128()?)
    }

    /// A sum.
    pub fn sum(self, (a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i128> {
        let ((a, b), scale) = at_one_scale((a, sa), (b, sb))?;
        self.narrowed(a.checked_add(b)?, scale)
    }

    /// A difference.
    pub fn difference(self, (a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i128> {
        let ((a, b), scale) = at_one_scale((a, sa), (b, sb))?;
        self.narrowed(a.checked_sub(b)?, scale)
    }

    /// A product.
    pub fn product(self, (a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i128> {
        let product = i256::from_i128(a).checked_mul(i256::from_i128(b))?;
        self.narrowed(product, i32::from(sa) + i32::from(sb))
    }

    /// A quotient, rounded half up to this scale.
    pub fn quotient(self, (a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i128> {
        let shift = i32::from(self.scale) + i32::from(sb) - i32::from(sa);
        let (a, b) = shifted(a, b, shift)?;
        self.fitting(wide_half_up(a, b)?.to_i128()?)
    }

    /// A remainder, with the sign of the dividend.
    pub fn remainder(self, (a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i128> {
        let ((a, b), scale) = at_one_scale((a, sa), (b, sb))?;
        self.narrowed(a.checked_rem(b)?, scale)
    }
}

/// A quotient without its fraction.
pub(crate) fn whole_quotient((a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<i64> {
    let (a, b) = shifted(a, b, i32::from(sb) - i32::from(sa))?;
    i64::try_from(a.checked_div(b)?.to_i128()?).ok()
}

fn ten_to(power: u32) -> Option<i256> {
    i256::from_i128(10).checked_pow(power)
}

/// Dividend and divisor such that their quotient is 10^shift times that of the given.
fn shifted(a: i128, b: i128, shift: i32) -> Option<(i256, i256)> {
    let (a, b) = (i256::from_i128(a), i256::from_i128(b));
    let factor = ten_to(shift.unsigned_abs())?;
    Some(if shift >= 0 {
        (a.checked_mul(factor)?, b)
    } else {
        (a, b.checked_mul(factor)?)
    })
}

fn at_one_scale((a, sa): (i128, i8), (b, sb): (i128, i8)) -> Option<((i256, i256), i32)> {
    let scale = i32::from(sa.max(sb));
    let raised = |value: i128, from: i8| {
        let factor = ten_to((scale - i32::from(from)).unsigned_abs())?;
        i256::from_i128(value).checked_mul(factor)
    };
    Some(((raised(a, sa)?, raised(b, sb)?), scale))
}

fn divided_half_up(value: i128, divisor: i128) -> i128 {
    let (quotient, rest) = (value / divisor, value % divisor);
    let up = rest.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    quotient
        + if up {
            value.signum() * divisor.signum()
        } else {
            0
        }
}

fn wide_half_up(value: i256, divisor: i256) -> Option<i256> {
    let quotient = value.checked_div(divisor)?;
    let rest = value.checked_rem(divisor)?.checked_abs()?;
    let other_half = divisor.checked_abs()?.checked_sub(rest)?;
    if rest.cmp(&other_half) == Ordering::Less || rest == i256::ZERO {
        return Some(quotient);
    }
    quotient.checked_add(value.signum().checked_mul(divisor.signum())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(precision: u8, scale: i8) -> Shape {
        Shape { precision, scale }
    }

    #[test]
    fn results_have_sparks_types() {
        let (money, three) = (shape(10, 2), shape(1, 0));
        for (ours, spark) in [
            (money.of_sum(money), shape(11, 2)),
            (money.of_product(money), shape(21, 4)),
            (money.of_product(three), shape(12, 2)),
            (money.of_quotient(three), shape(14, 6)),
            (money.of_quotient(money), shape(23, 13)),
            (money.of_remainder(three), shape(3, 2)),
            (shape(38, 10).of_quotient(three), shape(38, 10)),
            (shape(38, 18).of_product(shape(38, 18)), shape(38, 6)),
        ] {
            assert_eq!(ours, spark);
        }
    }

    #[test]
    fn results_are_rounded_half_up_away_from_zero() {
        let two = shape(7, 6);
        assert_eq!(two.quotient((200, 2), (3, 0)), Some(666_667));
        assert_eq!(two.quotient((-200, 2), (3, 0)), Some(-666_667));
        assert_eq!(two.quotient((-1, 0), (3, 0)), Some(-333_333));
        assert_eq!(shape(5, 1).product((25, 1), (1, 1)), Some(3));
        assert_eq!(shape(5, 1).rescaled(-25, 2), Some(-3));
        assert_eq!(shape(5, 1).rescaled(24, 2), Some(2));
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        let largest = 10_i128.pow(38) - 1;
        assert_eq!(shape(38, 0).sum((largest, 0), (1, 0)), None);
        assert_eq!(shape(38, 0).product((largest, 0), (10, 0)), None);
        assert_eq!(shape(5, 2).rescaled(12_345_678, 2), None);
    }

    #[test]
    fn a_remainder_has_the_sign_of_the_dividend() {
        assert_eq!(shape(3, 2).remainder((-1250, 2), (3, 0)), Some(-50));
        assert_eq!(whole_quotient((-1250, 2), (2, 0)), Some(-6));
    }
}
