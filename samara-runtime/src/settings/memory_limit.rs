//! How much memory the engine may use.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use thiserror::Error;

/// An amount of memory above zero.
///
/// Written as whole or decimal number and unit: `B`, `KB` `MB` `GB` `TB` (powers of 1000) or `KiB` `MiB` `GiB` `TiB`
/// (powers of 1024), in any case; without a unit it is bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryLimit(NonZeroU64);

impl MemoryLimit {
    /// The limit in bytes.
    pub fn bytes(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}B", self.0)
    }
}

impl FromStr for MemoryLimit {
    type Err = MemoryLimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let split = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let factor = bytes_of(unit.trim_start())?;
        let number: f64 = number.parse().map_err(|_| MemoryLimitError::Number)?;
        let bytes = number * factor;
        // 2^53: the largest amount that is exact, 8 PiB.
        if !(1.0..=9_007_199_254_740_992.0).contains(&bytes) {
            return Err(MemoryLimitError::Range);
        }
        NonZeroU64::new(bytes as u64)
            .map(Self)
            .ok_or(MemoryLimitError::Range)
    }
}

/// Why a text is no [`MemoryLimit`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MemoryLimitError {
    /// It does not begin with a number.
    #[error("expected a number and a unit, such as 512MB or 2GiB")]
    Number,
    /// The number is followed by something else than a unit.
    #[error("unknown unit `{0}`: expected B, KB, MB, GB, TB, KiB, MiB, GiB or TiB")]
    Unit(String),
    /// The amount is less than a byte, or more than any machine has.
    #[error("expected at least one byte and at most 8192TiB")]
    Range,
}

fn bytes_of(unit: &str) -> Result<f64, MemoryLimitError> {
    match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Ok(1.0),
        "kb" => Ok(1e3),
        "mb" => Ok(1e6),
        "gb" => Ok(1e9),
        "tb" => Ok(1e12),
        "kib" => Ok(1024.0),
        "mib" => Ok(1024.0 * 1024.0),
        "gib" => Ok(1024.0 * 1024.0 * 1024.0),
        "tib" => Ok(1024.0 * 1024.0 * 1024.0 * 1024.0),
        _ => Err(MemoryLimitError::Unit(unit.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_limits_are_read_with_their_units() {
        let cases = [
            ("1", 1),
            ("512MB", 512_000_000),
            ("2GiB", 2 << 30),
            ("1.5 kb", 1500),
            ("64mib", 64 << 20),
            ("10B", 10),
        ];
        for (text, bytes) in cases {
            assert_eq!(
                text.parse::<MemoryLimit>().map(MemoryLimit::bytes),
                Ok(bytes),
                "{text}"
            );
        }
    }

    #[test]
    fn a_memory_limit_that_makes_no_sense_is_refused() {
        let cases = [
            ("", MemoryLimitError::Number),
            ("MB", MemoryLimitError::Number),
            ("1.2.3MB", MemoryLimitError::Number),
            ("-1", MemoryLimitError::Unit("-1".into())),
            ("1XB", MemoryLimitError::Unit("XB".into())),
            ("0", MemoryLimitError::Range),
            ("99999999TB", MemoryLimitError::Range),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<MemoryLimit>(), Err(error), "{text}");
        }
    }
}
