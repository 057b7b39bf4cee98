//! Java's `StrictMath`, to the last digit: the functions of fdlibm that the crate `libm` computes in another way.
//!
//! Ported from fdlibm 5.3, of which this is the notice:
//!
//! > Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//! > Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute this software is freely granted,
//! > provided that this notice is preserved.

// The digits are those of the source, and one can look them up there.
#![allow(clippy::excessive_precision, clippy::approx_constant)]

const LN2_HIGH: f64 = 6.931_471_803_691_238_164_90e-01;
const LN2_LOW: f64 = 1.908_214_929_270_587_700_02e-10;
const LN2: f64 = 6.931_471_805_599_452_862_27e-01;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// The upper half of a number: sign, exponent and the first digits.
fn high(x: f64) -> i32 {
    (x.to_bits() >> 32) as i32
}

fn with_high(x: f64, high: i32) -> f64 {
    f64::from_bits((x.to_bits() & 0xffff_ffff) | (u64::from(high.cast_unsigned()) << 32))
}

/// A positive number as what is left of it beside the power of two: a number in the ordinary range, its upper half, and that power.
fn scaled(x: f64) -> (f64, i32, i32) {
    if high(x) < 0x0010_0000 {
        let x = x * TWO_54;
        return (x, high(x), -54);
    }
    (x, high(x), 0)
}

/// What a logarithm is where it is no number, or none that has to be computed.
fn edge_of_log(x: f64) -> Option<f64> {
    match x {
        0.0 => Some(f64::NEG_INFINITY),
        x if x < 0.0 => Some(f64::NAN),
        x if !x.is_finite() => Some(x),
        _ => None,
    }
}

pub(super) fn log(x: f64) -> f64 {
    if let Some(edge) = edge_of_log(x) {
        return edge;
    }
    let (x, high, power) = scaled(x);
    let digits = high & 0x000f_ffff;
    let carry = (digits + 0x95f64) & 0x0010_0000;
    let f = with_high(x, digits | (carry ^ 0x3ff0_0000)) - 1.0;
    let power = f64::from(power + (high >> 20) - 1023 + (carry >> 20));
    let (by_high, by_low) = (power * LN2_HIGH, power * LN2_LOW);
    if 0x000f_ffff & (2 + digits) < 3 {
        let r = f * f * (0.5 - 0.333_333_333_333_333_33 * f);
        return match (f == 0.0, power == 0.0) {
            (true, true) => 0.0,
            (true, false) => by_high + by_low,
            (false, true) => f - r,
            (false, false) => by_high - ((r - by_low) - f),
        };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w
        * (3.999_999_999_940_941_908e-01
            + w * (2.222_219_843_214_978_396e-01 + w * 1.531_383_769_920_937_332e-01));
    let odd = z
        * (6.666_666_666_666_735_130e-01
            + w * (2.857_142_874_366_239_149e-01
                + w * (1.818_357_216_161_805_012e-01 + w * 1.479_819_860_510_586_591e-01)));
    let r = odd + even;
    if ((digits - 0x6147a) | (0x6b851 - digits)) > 0 {
        let half = 0.5 * f * f;
        match power == 0.0 {
            true => f - (half - s * (half + r)),
            false => by_high - ((half - (s * (half + r) + by_low)) - f),
        }
    } else {
        match power == 0.0 {
            true => f - s * (f - r),
            false => by_high - ((s * (f - r) - by_low) - f),
        }
    }
}

pub(super) fn log10(x: f64) -> f64 {
    const PER_LN10: f64 = 4.342_944_819_032_518_166_68e-01;
    const LOG10_2_HIGH: f64 = 3.010_299_956_636_117_713_06e-01;
    const LOG10_2_LOW: f64 = 3.694_239_077_158_930_786_16e-13;
    if let Some(edge) = edge_of_log(x) {
        return edge;
    }
    let (x, high, power) = scaled(x);
    let power = power + (high >> 20) - 1023;
    let below_one = i32::from(power < 0);
    let digits = (high & 0x000f_ffff) | ((0x3ff - below_one) << 20);
    let power = f64::from(power + below_one);
    power * LOG10_2_LOW + PER_LN10 * log(with_high(x, digits)) + power * LOG10_2_HIGH
}

pub(super) fn log1p(x: f64) -> f64 {
    let high_x = high(x);
    let size = high_x & 0x7fff_ffff;
    if x <= -1.0 || !x.is_finite() {
        return match x == -1.0 {
            true => f64::NEG_INFINITY,
            false if x < 0.0 => f64::NAN,
            false => x,
        };
    }
    if size < 0x3e20_0000 {
        return if size < 0x3c90_0000 {
            x
        } else {
            x - x * x * 0.5
        };
    }
    // 1 + x has the digits `f`, a power of two, and what was rounded away.
    let near_one = high_x < 0x3fda_827a && (high_x > 0 || high_x <= 0xbfd2_bec3_u32.cast_signed());
    let (f, high_f, power, rounded) = if near_one {
        (x, 1, 0, 0.0)
    } else {
        let sum = if high_x < 0x4340_0000 { 1.0 + x } else { x };
        let power = (high(sum) >> 20) - 1023;
        let rounded = match high_x < 0x4340_0000 {
            true if power > 0 => (1.0 - (sum - x)) / sum,
            true => (x - (sum - 1.0)) / sum,
            false => 0.0,
        };
        let digits = high(sum) & 0x000f_ffff;
        if digits < 0x6a09e {
            let f = with_high(sum, digits | 0x3ff0_0000) - 1.0;
            (f, digits, power, rounded)
        } else {
            let f = with_high(sum, digits | 0x3fe0_0000) - 1.0;
            (f, (0x0010_0000 - digits) >> 2, power + 1, rounded)
        }
    };
    let half = 0.5 * f * f;
    let power = f64::from(power);
    let (by_high, by_low) = (power * LN2_HIGH, power * LN2_LOW + rounded);
    if high_f == 0 {
        let r = half * (1.0 - 0.666_666_666_666_666_66 * f);
        return match (f == 0.0, power == 0.0) {
            (true, true) => 0.0,
            (true, false) => by_high + by_low,
            (false, true) => f - r,
            (false, false) => by_high - ((r - by_low) - f),
        };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z
        * (6.666_666_666_666_735_130e-01
            + z * (3.999_999_999_940_941_908e-01
                + z * (2.857_142_874_366_239_149e-01
                    + z * (2.222_219_843_214_978_396e-01
                        + z * (1.818_357_216_161_805_012e-01
                            + z * (1.531_383_769_920_937_332e-01
                                + z * 1.479_819_860_510_586_591e-01))))));
    match power == 0.0 {
        true => f - (half - s * (half + r)),
        false => by_high - ((half - (s * (half + r) + by_low)) - f),
    }
}

pub(super) fn cbrt(x: f64) -> f64 {
    if !x.is_finite() || x == 0.0 {
        return x;
    }
    let size = x.abs();
    // A third of the exponent gives the first five bits.
    let third = |x: f64| high(x) / 3;
    let mut root = if high(size) < 0x0010_0000 {
        let scaled = TWO_54 * size;
        with_high(scaled, third(scaled) + 696_219_795)
    } else {
        with_high(0.0, third(size) + 715_094_163)
    };
    let s = 5.428_571_428_571_428_159_06e-01 + root * root / size * root;
    root *= 3.571_428_571_428_571_507_87e-01
        + 1.607_142_857_142_857_206_30
            / (s + 1.414_285_714_285_714_368_19 - 7.053_061_224_489_796_110_50e-01 / s);
    root = with_high(0.0, high(root) + 1);
    let r = size / (root * root);
    root += root * ((r - root) / (root + root + r));
    root.copysign(x)
}

pub(super) fn sinh(x: f64) -> f64 {
    let (size, top) = (x.abs(), high(x) & 0x7fff_ffff);
    let half = 0.5_f64.copysign(x);
    match top {
        0x7ff0_0000.. => x + x,
        _ if top < 0x3e30_0000 => x,
        _ if top < 0x4036_0000 => {
            let t = libm::expm1(size);
            half * match top < 0x3ff0_0000 {
                true => 2.0 * t - t * t / (t + 1.0),
                false => t + t / (t + 1.0),
            }
        }
        _ => exp_times(half, size),
    }
}

pub(super) fn cosh(x: f64) -> f64 {
    let (size, top) = (x.abs(), high(x) & 0x7fff_ffff);
    match top {
        0x7ff0_0000.. => x * x,
        _ if top < 0x3fd6_2e43 => {
            let t = libm::expm1(size);
            let w = 1.0 + t;
            match top < 0x3c80_0000 {
                true => w,
                false => 1.0 + (t * t) / (w + w),
            }
        }
        _ if top < 0x4036_0000 => {
            let t = libm::exp(size);
            0.5 * t + 0.5 / t
        }
        _ => exp_times(0.5, size),
    }
}

/// Half of e to that power, also where that power alone is too great.
fn exp_times(half: f64, power: f64) -> f64 {
    if high(power) < 0x4086_2e42 {
        return half * libm::exp(power);
    }
    let root = libm::exp(0.5 * power);
    half * root * root
}

pub(super) fn tanh(x: f64) -> f64 {
    let (size, top) = (x.abs(), high(x) & 0x7fff_ffff);
    let value = match top {
        _ if x.is_nan() => return x,
        _ if top < 0x3c80_0000 => return x * (1.0 + x),
        _ if top < 0x3ff0_0000 => {
            let t = libm::expm1(-2.0 * size);
            -t / (t + 2.0)
        }
        _ if top < 0x4036_0000 => 1.0 - 2.0 / (libm::expm1(2.0 * size) + 2.0),
        _ => 1.0,
    };
    if x < 0.0 { -value } else { value }
}

pub(super) fn asinh(x: f64) -> f64 {
    let (size, top) = (x.abs(), high(x) & 0x7fff_ffff);
    let value = match top {
        0x7ff0_0000.. => return x + x,
        _ if top < 0x3e30_0000 => return x,
        _ if top > 0x41b0_0000 => log(size) + LN2,
        _ if top > 0x4000_0000 => log(2.0 * size + 1.0 / ((x * x + 1.0).sqrt() + size)),
        _ => {
            let t = x * x;
            log1p(size + t / (1.0 + (1.0 + t).sqrt()))
        }
    };
    value.copysign(x)
}

pub(super) fn acosh(x: f64) -> f64 {
    const TWO_28: f64 = 268_435_456.0;
    match x {
        1.0 => 0.0,
        x if x >= TWO_28 => log(x) + LN2,
        x if x > 2.0 => log(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt())),
        x if x > 1.0 => {
            let t = x - 1.0;
            log1p(t + (2.0 * t + t * t).sqrt())
        }
        _ => f64::NAN,
    }
}

pub(super) fn atan2(y: f64, x: f64) -> f64 {
    use std::f64::consts::{FRAC_PI_2, PI};
    const PI_LOW: f64 = 1.224_646_799_147_353_177_2e-16;
    let steep = ((high(y) & 0x7fff_ffff) - (high(x) & 0x7fff_ffff)) >> 20 > 60;
    let ordinary = x.is_finite() && y.is_finite() && x != 0.0 && y != 0.0;
    if !(ordinary && steep) {
        return libm::atan2(y, x);
    }
    let angle = FRAC_PI_2 + 0.5 * PI_LOW;
    match (y < 0.0, x < 0.0) {
        (false, false) => angle,
        (true, false) => -angle,
        (false, true) => PI - (angle - PI_LOW),
        (true, true) => (angle - PI_LOW) - PI,
    }
}

pub(super) fn hypot(x: f64, y: f64) -> f64 {
    if x.is_infinite() || y.is_infinite() {
        return f64::INFINITY;
    }
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let (mut a, mut b) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
    if b == 0.0 || high(a) - high(b) > 0x03c0_0000 {
        return a + b;
    }
    // Squares must neither overflow nor vanish: numbers of an ordinary size, and what their root is to be multiplied by.
    let mut unit = 1.0;
    let mut scale = |by: i32| {
        let factor = f64::from_bits(((1023 + by) as u64) << 52);
        (a, b, unit) = (a * factor, b * factor, unit / factor);
    };
    if high(x.abs().max(y.abs())) > 0x5f30_0000 {
        scale(-600);
    }
    if high(x.abs().min(y.abs())) < 0x20b0_0000 {
        scale(600);
    }
    unit * root_of_squares(a, b)
}

/// The root of `a² + b²` of numbers whose squares are ordinary, `a` not less than `b`.
fn root_of_squares(a: f64, b: f64) -> f64 {
    let upper = |x: f64| with_high(0.0, high(x));
    let difference = a - b;
    if difference > b {
        let first = upper(a);
        return (first * first - (b * -b - (a - first) * (a + first))).sqrt();
    }
    let (double, first) = (a + a, upper(b));
    let other = with_high(0.0, high(a) + 0x0010_0000);
    let rest = other * (b - first) + (double - other) * b;
    (other * first - (difference * -difference - rest)).sqrt()
}
