//! The digits of doubles and floats as `Double.toString` and `Float.toString` of Java 17 choose them.
//!
//! Those are not always the fewest that tell a number from its neighbours (JDK-4511638): the steps below are Java's, with its estimates, its
//! three kinds of arithmetic and their different ends, since its answers follow from those.

use std::cmp::Ordering;

/// Digits, and where the point stands: the number is `0.d₁d₂d₃…` times ten to the power of `exponent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digits {
    pub digits: Vec<u8>,
    pub exponent: i32,
}

/// The bits of a double behind its first one.
const FRACTION_BITS: i32 = 52;

/// The digits of a double that is finite and above zero.
pub(super) fn of_f64(value: f64) -> Digits {
    let bits = value.to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let exponent = (bits >> FRACTION_BITS & 0x7ff) as i32;
    let significant = 64 - fraction.leading_zeros() as i32;
    match exponent {
        0 => {
            let shift = FRACTION_BITS + 1 - significant;
            develop(1 - shift - 1023, fraction << shift, significant)
        }
        _ => develop(
            exponent - 1023,
            fraction | 1 << FRACTION_BITS,
            FRACTION_BITS + 1,
        ),
    }
}

/// The digits of a float that is finite and above zero.
pub(super) fn of_f32(value: f32) -> Digits {
    const FLOAT_BITS: i32 = 23;
    let bits = u64::from(value.to_bits());
    let fraction = bits & ((1 << FLOAT_BITS) - 1);
    let exponent = (bits >> FLOAT_BITS & 0xff) as i32;
    let significant = 64 - fraction.leading_zeros() as i32;
    let (exponent, fraction, significant) = match exponent {
        0 => {
            let shift = FLOAT_BITS + 1 - significant;
            (1 - shift, fraction << shift, significant)
        }
        _ => (exponent, fraction | 1 << FLOAT_BITS, FLOAT_BITS + 1),
    };
    let fraction = fraction << (FRACTION_BITS - FLOAT_BITS);
    develop(exponent - 127, fraction, significant)
}

/// The number of bits of a power of five, as Java estimates it.
fn bits_of_five_to(power: i32) -> i32 {
    match power {
        0 => 0,
        1..=26 => 64 - 5_u64.pow(power as u32).leading_zeros() as i32,
        _ => 3 * power,
    }
}

/// The digits of `fraction`, which has 53 bits, times two to the power of `exponent` - 52.
fn develop(exponent: i32, fraction: u64, significant: i32) -> Digits {
    let zeros = fraction.trailing_zeros() as i32;
    let bits = FRACTION_BITS + 1 - zeros;
    let below_point = (bits - exponent - 1).max(0);
    if below_point == 0 && (-21..=62).contains(&exponent) && bits < 64 {
        return of_whole(exponent, fraction, significant);
    }
    let decimal = estimated_exponent(fraction, exponent);
    let (b5, s5) = ((-decimal).max(0), decimal.max(0));
    let mut b2 = b5 + below_point + exponent;
    let mut s2 = s5 + below_point;
    let mut m2 = b2 - significant;
    b2 -= bits - 1;
    let common = b2.min(s2);
    (b2, s2, m2) = (b2 - common, s2 - common, m2 - common);
    if bits == 1 {
        m2 -= 1;
    }
    if m2 < 0 {
        (b2, s2, m2) = (b2 - m2, s2 - m2, 0);
    }
    let bits_of_b = bits + b2 + bits_of_five_to(b5);
    let bits_of_ten_s = s2 + 1 + bits_of_five_to(s5 + 1);
    let fraction = fraction >> zeros;
    // Where a margin of that many bits overflows, Java stops.
    let width = match bits_of_b.max(bits_of_ten_s) {
        ..32 => Some(31),
        32..64 => Some(63),
        _ => None,
    };
    let (b5, s5) = (b5 as u32, s5 as u32);
    let (b2, s2, m2) = (b2 as u32, s2 as u32, m2 as u32);
    match width {
        Some(_) => Division {
            value: u128::from(fraction) * 5_u128.pow(b5) << b2,
            divisor: 5_u128.pow(s5) << s2,
            margin: 10 * 5_u128.pow(b5) << m2,
            ten: 10 * 5_u128.pow(s5) << s2,
            width,
        }
        .digits(decimal),
        None => Division {
            value: Natural::new(fraction, b5, b2),
            divisor: Natural::new(1, s5, s2),
            margin: Natural::new(10, b5, m2),
            ten: Natural::new(10, s5, s2),
            width,
        }
        .digits(decimal),
    }
}

/// The digits of a whole number, rounded where they say nothing.
fn of_whole(exponent: i32, fraction: u64, significant: i32) -> Digits {
    let mut whole = match exponent - FRACTION_BITS {
        left @ 0.. => fraction << left,
        right => fraction >> -right,
    };
    let mut zeros = 0;
    let insignificant = exponent - significant - 1;
    if insignificant > 1 {
        // As many digits as two to this power has before its last one.
        zeros = insignificant * 30_103 / 100_000;
        let unit = 10_u64.pow(zeros as u32);
        whole = whole / unit + u64::from(zeros > 0 && whole % unit >= unit / 2);
    }
    let text = whole.to_string();
    let digits = text.trim_end_matches('0').bytes().map(|digit| digit - b'0');
    Digits {
        digits: digits.collect(),
        exponent: text.len() as i32 + zeros,
    }
}

/// The power of ten of a number's first digit, or one more.
fn estimated_exponent(fraction: u64, exponent: i32) -> i32 {
    let one = 1023_u64 << FRACTION_BITS;
    let mantissa = f64::from_bits(one | (fraction & ((1 << FRACTION_BITS) - 1)));
    let estimate = (mantissa - 1.5) * 0.289_529_654
        + 0.176_091_259
        + f64::from(exponent) * 0.301_029_995_663_981;
    estimate.floor() as i32
}

/// A division that gives a digit at a time, until what is left is within a margin.
struct Division<N> {
    value: N,
    divisor: N,
    margin: N,
    /// Ten times the divisor.
    ten: N,
    width: Option<u32>,
}

/// The little arithmetic that a division needs.
trait Number {
    fn multiply(&mut self, factor: u32);
    fn bits(&self) -> u32;
    fn compare(&self, other: &Self) -> Ordering;
    fn plus(&self, other: &Self) -> Self;
    /// Takes another number away as often as it goes, which is less than ten times.
    fn take(&mut self, other: &Self) -> u8;
}

impl Number for u128 {
    fn multiply(&mut self, factor: u32) {
        *self *= Self::from(factor);
    }

    fn bits(&self) -> u32 {
        Self::BITS - self.leading_zeros()
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }

    fn plus(&self, other: &Self) -> Self {
        self + other
    }

    fn take(&mut self, other: &Self) -> u8 {
        let times = *self / other;
        *self %= other;
        times as u8
    }
}

impl<N: Number> Division<N> {
    fn digits(mut self, mut decimal: i32) -> Digits {
        let mut digits = Vec::with_capacity(18);
        let first = self.next_digit();
        let (mut low, mut high) = self.is_close();
        if first == 0 && !high {
            decimal -= 1;
        } else {
            digits.push(first);
        }
        // With an exponent there is always a digit behind the point.
        if !(-3..8).contains(&decimal) {
            (low, high) = (false, false);
        }
        while !low && !high {
            digits.push(self.next_digit());
            self.margin.multiply(10);
            (low, high) = self.is_close();
        }
        let mut digits = Digits {
            digits,
            exponent: decimal + 1,
        };
        if high && (!low || self.is_nearer_to_next(&digits)) {
            digits.round_up();
        }
        digits
    }

    fn next_digit(&mut self) -> u8 {
        let digit = self.value.take(&self.divisor);
        self.value.multiply(10);
        digit
    }

    /// Whether the digits so far, or those with the last one raised, are close enough.
    fn is_close(&self) -> (bool, bool) {
        if let Some(width) = self.width
            && self.margin.bits() > width
        {
            return (true, true);
        }
        let low = self.value.compare(&self.margin).is_lt();
        let above = self.value.plus(&self.margin);
        let order = above.compare(&self.ten);
        let high = match self.width {
            // A sum that overflows is below anything.
            Some(width) => order.is_gt() && above.bits() <= width,
            None => order.is_ge(),
        };
        (low, high)
    }

    fn is_nearer_to_next(&self, digits: &Digits) -> bool {
        let twice = self.value.plus(&self.value);
        let is_odd = digits.digits.last().is_some_and(|digit| digit % 2 == 1);
        match twice.compare(&self.ten) {
            Ordering::Equal => is_odd,
            order => order.is_gt(),
        }
    }
}

impl Digits {
    fn round_up(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        if let Some(first) = self.digits.first_mut() {
            *first = 1;
        }
        self.exponent += 1;
    }
}

/// A natural number of any size, its lowest part first.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Natural(Vec<u32>);

impl Natural {
    /// A factor times powers of five and of two.
    fn new(factor: u64, five: u32, two: u32) -> Self {
        let zeros = two as usize / 32;
        let mut number = Self(vec![0; zeros]);
        number.0.extend([factor as u32, (factor >> 32) as u32]);
        number.multiply(1 << (two % 32));
        for _ in 0..five / 13 {
            number.multiply(5_u32.pow(13));
        }
        number.multiply(5_u32.pow(five % 13));
        number
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        for (index, part) in self.0.iter_mut().enumerate() {
            let (less, under) = part.overflowing_sub(other.0.get(index).copied().unwrap_or(0));
            let (less, again) = less.overflowing_sub(u32::from(borrow));
            *part = less;
            borrow = under || again;
        }
        self.trim();
    }
}

impl Number for Natural {
    fn multiply(&mut self, factor: u32) {
        let mut carry = 0;
        for part in &mut self.0 {
            let product = u64::from(*part) * u64::from(factor) + carry;
            *part = product as u32;
            carry = product >> 32;
        }
        self.0.push(carry as u32);
        self.trim();
    }

    fn bits(&self) -> u32 {
        let last = self.0.last().map_or(0, |part| 32 - part.leading_zeros());
        last + 32 * (self.0.len().max(1) as u32 - 1)
    }

    fn compare(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn plus(&self, other: &Self) -> Self {
        let mut sum = Vec::with_capacity(self.0.len() + 1);
        let mut carry = 0;
        for index in 0..self.0.len().max(other.0.len()) {
            let part = |number: &Self| u64::from(number.0.get(index).copied().unwrap_or(0));
            let total = part(self) + part(other) + carry;
            sum.push(total as u32);
            carry = total >> 32;
        }
        sum.push(carry as u32);
        let mut sum = Self(sum);
        sum.trim();
        sum
    }

    fn take(&mut self, other: &Self) -> u8 {
        let mut times = 0;
        while self.compare(other).is_ge() {
            self.subtract(other);
            times += 1;
        }
        times
    }
}
