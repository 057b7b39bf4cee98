//! A digest that stays the same from release to release: FNV-1a of 128 bits, by its authors' constants.

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Tells contents apart; it is no protection against somebody who looks for two contents with one digest.
#[derive(Debug)]
pub struct Digest(u128);

impl Digest {
    /// The digest of nothing.
    pub fn new() -> Digest {
        Digest(OFFSET)
    }

    /// Adds one part. Its length counts too, so that `ab`, `c` differs from `a`, `bc`.
    pub fn add(&mut self, part: &[u8]) -> &mut Digest {
        for byte in part
            .iter()
            .copied()
            .chain((part.len() as u64).to_le_bytes())
        {
            self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(PRIME);
        }
        self
    }

    /// Sixteen hexadecimal digits, for the names of files.
    pub fn short(&self) -> String {
        let folded = (self.0 >> 64) ^ (self.0 & u128::from(u64::MAX));
        format!("{folded:016x}")
    }
}
