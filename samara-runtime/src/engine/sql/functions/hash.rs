//! Spark's hashes of values: `hash`, which is Murmur3, and `xxhash64`.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Int32Array, Int64Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Decimal128Type, Field, Float32Type, Float64Type, Int64Type,
};
use datafusion::common::{Result, plan_err};

use crate::engine::sql::functions::array::range;
use crate::engine::sql::functions::function::{SparkFunction, Takes};

/// The seed of both.
const SEED: u64 = 42;

pub(super) fn functions() -> Vec<SparkFunction> {
    let f = SparkFunction::columns;
    vec![
        f(
            "hash",
            &[Takes::Any],
            |call| Ok(Field::new(call.name, ArrowType::Int32, false)),
            |args, _| {
                let hashes = hashed(args, &Murmur3)?.into_iter();
                // The hash is in the lower half.
                let low = |hash: u64| {
                    u32::try_from(hash & u64::from(u32::MAX))
                        .unwrap_or(0)
                        .cast_signed()
                };
                Ok(Arc::new(hashes.map(low).collect::<Int32Array>()))
            },
        )
        .repeats()
        .with_common(without_maps),
        f(
            "xxhash64",
            &[Takes::Any],
            |call| Ok(Field::new(call.name, ArrowType::Int64, false)),
            |args, _| {
                let hashes = hashed(args, &XxHash64)?.into_iter();
                Ok(Arc::new(
                    hashes.map(u64::cast_signed).collect::<Int64Array>(),
                ))
            },
        )
        .repeats()
        .with_common(without_maps),
    ]
}

fn without_maps(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    fn has_map(kind: &ArrowType) -> bool {
        match kind {
            ArrowType::Map(..) => true,
            ArrowType::List(element) => has_map(element.data_type()),
            ArrowType::Struct(fields) => fields.iter().any(|field| has_map(field.data_type())),
            _ => false,
        }
    }
    if types.iter().any(has_map) {
        return plan_err!("maps have no hash, since equal maps may be in another order");
    }
    Ok(types.to_vec())
}

/// A way to hash, of a value and the hash of what comes before it.
trait Hasher {
    fn int(&self, value: i32, seed: u64) -> u64;
    fn long(&self, value: i64, seed: u64) -> u64;
    fn bytes(&self, value: &[u8], seed: u64) -> u64;
}

fn hashed(args: &[ArrayRef], hasher: &dyn Hasher) -> Result<Vec<u64>> {
    let rows = args.first().map_or(0, |arg| arg.len());
    let mut hashes = vec![SEED; rows];
    for arg in args {
        let column = Hashed::of(arg)?;
        for (row, hash) in hashes.iter_mut().enumerate() {
            *hash = column.hash(row, *hash, hasher);
        }
    }
    Ok(hashes)
}

/// A column in the terms of a hash: each value is an int, a long or bytes, or made of others.
enum Hashed {
    Nothing,
    Ints(ArrayRef),
    Longs(ArrayRef),
    Floats(ArrayRef),
    Doubles(ArrayRef),
    Decimals(ArrayRef, bool),
    Texts(ArrayRef),
    Bytes(ArrayRef),
    List(ArrayRef, Box<Hashed>),
    Struct(ArrayRef, Vec<Hashed>),
}

impl Hashed {
    fn of(array: &ArrayRef) -> Result<Self> {
        let longs = |array: &ArrayRef| -> Result<ArrayRef> { Ok(cast(array, &ArrowType::Int64)?) };
        Ok(match array.data_type() {
            ArrowType::Null => Self::Nothing,
            ArrowType::Boolean | ArrowType::Int8 | ArrowType::Int16 | ArrowType::Int32 => {
                Self::Ints(longs(array)?)
            }
            ArrowType::Date32 => Self::Ints(longs(&cast(array, &ArrowType::Int32)?)?),
            ArrowType::Int64 | ArrowType::Timestamp(..) => Self::Longs(longs(array)?),
            ArrowType::Float32 => Self::Floats(Arc::clone(array)),
            ArrowType::Float64 => Self::Doubles(Arc::clone(array)),
            ArrowType::Decimal128(precision, _) => {
                Self::Decimals(Arc::clone(array), *precision <= 18)
            }
            ArrowType::Utf8 => Self::Texts(Arc::clone(array)),
            ArrowType::Binary => Self::Bytes(Arc::clone(array)),
            ArrowType::List(_) => {
                let elements = Self::of(array.as_list::<i32>().values())?;
                Self::List(Arc::clone(array), Box::new(elements))
            }
            ArrowType::Struct(_) => {
                let fields = array.as_struct().columns().iter().map(Self::of);
                Self::Struct(Arc::clone(array), fields.collect::<Result<_>>()?)
            }
            other => return plan_err!("values of {other} have no hash"),
        })
    }

    /// The hash after this value; a null changes nothing.
    fn hash(&self, row: usize, seed: u64, hasher: &dyn Hasher) -> u64 {
        match self {
            Self::Nothing => seed,
            Self::Ints(array) if array.is_valid(row) => {
                // They were ints, or narrower.
                let value = i32::try_from(array.as_primitive::<Int64Type>().value(row));
                hasher.int(value.unwrap_or(0), seed)
            }
            Self::Longs(array) if array.is_valid(row) => {
                hasher.long(array.as_primitive::<Int64Type>().value(row), seed)
            }
            Self::Floats(array) if array.is_valid(row) => {
                let value = array.as_primitive::<Float32Type>().value(row);
                let bits = if value.is_nan() {
                    0x7fc0_0000
                } else {
                    (value + 0.0).to_bits()
                };
                hasher.int(bits.cast_signed(), seed)
            }
            Self::Doubles(array) if array.is_valid(row) => {
                let value = array.as_primitive::<Float64Type>().value(row);
                let bits = if value.is_nan() {
                    0x7ff8_0000_0000_0000
                } else {
                    (value + 0.0).to_bits()
                };
                hasher.long(bits.cast_signed(), seed)
            }
            Self::Decimals(array, short) if array.is_valid(row) => {
                let value = array.as_primitive::<Decimal128Type>().value(row);
                match i64::try_from(value) {
                    Ok(value) if *short => hasher.long(value, seed),
                    _ => hasher.bytes(&shortest(value), seed),
                }
            }
            Self::Texts(array) if array.is_valid(row) => {
                hasher.bytes(array.as_string::<i32>().value(row).as_bytes(), seed)
            }
            Self::Bytes(array) if array.is_valid(row) => {
                hasher.bytes(array.as_binary::<i32>().value(row), seed)
            }
            Self::List(array, elements) if array.is_valid(row) => {
                let places = range(array.as_list::<i32>(), row);
                places.fold(seed, |seed, at| elements.hash(at, seed, hasher))
            }
            Self::Struct(array, fields) if array.is_valid(row) => fields
                .iter()
                .fold(seed, |seed, field| field.hash(row, seed, hasher)),
            _ => seed,
        }
    }
}

/// A number's bytes, the first one first, as few as show its sign: Java's `BigInteger.toByteArray`.
fn shortest(value: i128) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let sign = if value < 0 { 0xff } else { 0 };
    let shows_sign = |byte: u8| (byte & 0x80 != 0) == (value < 0);
    let mut first = 0;
    while first < 15 && bytes[first] == sign && shows_sign(bytes[first + 1]) {
        first += 1;
    }
    bytes[first..].to_vec()
}

struct Murmur3;

impl Murmur3 {
    fn mixed(hash: u32, word: u32) -> u32 {
        let word = word
            .wrapping_mul(0xcc9e_2d51)
            .rotate_left(15)
            .wrapping_mul(0x1b87_3593);
        (hash ^ word)
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64)
    }

    fn finished(mut hash: u32, length: u32) -> u64 {
        hash ^= length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        u64::from(hash ^ (hash >> 16))
    }
}

fn low(value: u64) -> u32 {
    // Half of the bits.
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0)
}

impl Hasher for Murmur3 {
    fn int(&self, value: i32, seed: u64) -> u64 {
        Self::finished(Self::mixed(low(seed), value.cast_unsigned()), 4)
    }

    fn long(&self, value: i64, seed: u64) -> u64 {
        let value = value.cast_unsigned();
        let half = Self::mixed(low(seed), low(value));
        Self::finished(Self::mixed(half, low(value >> 32)), 8)
    }

    /// Words of four bytes, then each byte that is left as a word of its own, with its sign.
    fn bytes(&self, value: &[u8], seed: u64) -> u64 {
        let (words, rest) = value.as_chunks::<4>();
        let words = words.iter().map(|word| u32::from_le_bytes(*word));
        let rest = rest
            .iter()
            .map(|byte| i32::from(byte.cast_signed()).cast_unsigned());
        let hash = words.chain(rest).fold(low(seed), Self::mixed);
        // A value is shorter than 4 GiB.
        Self::finished(hash, u32::try_from(value.len()).unwrap_or(0))
    }
}

struct XxHash64;

impl XxHash64 {
    const P1: u64 = 0x9e37_79b1_85eb_ca87;
    const P2: u64 = 0xc2b2_ae3d_27d4_eb4f;
    const P3: u64 = 0x1656_67b1_9e37_79f9;
    const P4: u64 = 0x85eb_ca77_c2b2_ae63;
    const P5: u64 = 0x27d4_eb2f_1656_67c5;

    fn round(lane: u64, word: u64) -> u64 {
        lane.wrapping_add(word.wrapping_mul(Self::P2))
            .rotate_left(31)
            .wrapping_mul(Self::P1)
    }

    fn word(hash: u64, word: u64) -> u64 {
        (hash ^ Self::round(0, word))
            .rotate_left(27)
            .wrapping_mul(Self::P1)
            .wrapping_add(Self::P4)
    }

    fn half(hash: u64, half: u32) -> u64 {
        (hash ^ u64::from(half).wrapping_mul(Self::P1))
            .rotate_left(23)
            .wrapping_mul(Self::P2)
            .wrapping_add(Self::P3)
    }

    fn byte(hash: u64, byte: u8) -> u64 {
        (hash ^ u64::from(byte).wrapping_mul(Self::P5))
            .rotate_left(11)
            .wrapping_mul(Self::P1)
    }

    fn finished(mut hash: u64) -> u64 {
        hash = (hash ^ (hash >> 33)).wrapping_mul(Self::P2);
        hash = (hash ^ (hash >> 29)).wrapping_mul(Self::P3);
        hash ^ (hash >> 32)
    }

    /// Four lanes over blocks of 32 bytes.
    fn lanes(blocks: &[[u8; 32]], seed: u64) -> u64 {
        let mut lanes = [
            seed.wrapping_add(Self::P1).wrapping_add(Self::P2),
            seed.wrapping_add(Self::P2),
            seed,
            seed.wrapping_sub(Self::P1),
        ];
        for block in blocks {
            for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
                *lane = Self::round(*lane, u64::from_le_bytes(*word));
            }
        }
        let turned = lanes
            .iter()
            .zip([1, 7, 12, 18])
            .map(|(lane, by)| lane.rotate_left(by));
        let sum = turned.fold(0_u64, u64::wrapping_add);
        lanes.iter().fold(sum, |hash, lane| {
            (hash ^ Self::round(0, *lane))
                .wrapping_mul(Self::P1)
                .wrapping_add(Self::P4)
        })
    }
}

impl Hasher for XxHash64 {
    fn int(&self, value: i32, seed: u64) -> u64 {
        let hash = seed.wrapping_add(Self::P5).wrapping_add(4);
        Self::finished(Self::half(hash, value.cast_unsigned()))
    }

    fn long(&self, value: i64, seed: u64) -> u64 {
        let hash = seed.wrapping_add(Self::P5).wrapping_add(8);
        Self::finished(Self::word(hash, value.cast_unsigned()))
    }

    fn bytes(&self, value: &[u8], seed: u64) -> u64 {
        let (blocks, rest) = value.as_chunks::<32>();
        let start = if blocks.is_empty() {
            seed.wrapping_add(Self::P5)
        } else {
            Self::lanes(blocks, seed)
        };
        let mut hash = start.wrapping_add(u64::try_from(value.len()).unwrap_or(0));
        let (words, rest) = rest.as_chunks::<8>();
        hash = words.iter().fold(hash, |hash, word| {
            Self::word(hash, u64::from_le_bytes(*word))
        });
        let (halves, rest) = rest.as_chunks::<4>();
        hash = halves.iter().fold(hash, |hash, half| {
            Self::half(hash, u32::from_le_bytes(*half))
        });
        Self::finished(rest.iter().fold(hash, |hash, byte| Self::byte(hash, *byte)))
    }
}
