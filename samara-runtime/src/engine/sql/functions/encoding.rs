//! Texts and bytes in one another's terms: base64, character sets, digests, URLs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, exec_err};

use crate::engine::DataType as T;
use crate::engine::sql::functions::function::{Call, Row, SparkFunction, Takes};
use crate::engine::sql::functions::number::unhex;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Binary, Text, TextOrBinary};
    let f = SparkFunction::rows;
    vec![
        f("base64", &[Binary], T::String, |row| {
            Ok(STANDARD.encode(row.bytes(0)).into())
        }),
        f("unbase64", &[Text], T::Binary, |row| {
            match unbase64(row.text(0)) {
                Some(bytes) => Ok(bytes.into()),
                None => exec_err!("`{}` is no base64", row.text(0)),
            }
        }),
        f("encode", &[Text, Text], T::Binary, |row| {
            let charset = Charset::named(row.text(1))?;
            match charset.encoded(row.text(0)) {
                Some(bytes) => Ok(bytes.into()),
                None => exec_err!("`{}` cannot be written in {}", row.text(0), row.text(1)),
            }
        })
        .may_be_null(),
        f("decode", &[TextOrBinary, Text], T::String, |row| {
            let charset = Charset::named(row.text(1))?;
            match charset.decoded(row.bytes(0)) {
                Some(text) => Ok(text.into()),
                None => exec_err!("these bytes are no {}", row.text(1)),
            }
        })
        .may_be_null(),
        SparkFunction::typed_rows(
            "to_binary",
            &[Text, Text],
            bytes_field,
            |row| match bytes_of(row)? {
                Some(bytes) => Ok(bytes.into()),
                None => exec_err!("`{}` is no {}", row.text(0), row.text_or(1, "hex")),
            },
        )
        .at_least(1),
        f("try_to_binary", &[Text, Text], T::Binary, |row| {
            Ok(bytes_of(row).ok().flatten().into())
        })
        .at_least(1)
        .may_be_null(),
    ]
}

fn bytes_of(row: &Row<'_>) -> Result<Option<Vec<u8>>> {
    let text = row.text(0);
    match row.text_or(1, "hex").to_lowercase().as_str() {
        "hex" => Ok(unhex(text)),
        "utf-8" | "utf8" => Ok(Some(text.as_bytes().to_vec())),
        "base64"
            if text
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || "+/= \r\n\t".contains(letter)) =>
        {
            Ok(unbase64(text))
        }
        "base64" => Ok(None),
        other => exec_err!("`{other}` is not one of the formats hex, utf-8 and base64"),
    }
}

/// Refuses a character set that Spark does not have.
pub(super) fn check_charset(name: &str) -> Result<()> {
    Charset::named(name).map(drop)
}

/// Refuses a format that `to_binary` does not have.
pub(super) fn check_format(name: &str) -> Result<()> {
    match name.to_lowercase().as_str() {
        "hex" | "utf-8" | "utf8" | "base64" => Ok(()),
        _ => exec_err!("`{name}` is not one of the formats hex, utf-8 and base64"),
    }
}

/// Only hexadecimal digits may be none although the text is there, and the call does not fail (Spark, `ToBinary`).
fn bytes_field(call: &Call<'_>) -> Result<Field> {
    Ok(match call.text(1).map(str::to_lowercase).as_deref() {
        Some("base64") => call.strict(ArrowType::Binary),
        _ => call.nullable(ArrowType::Binary),
    })
}

/// Base64 as Java's MIME decoder reads it: what is none of its letters is passed over.
fn unbase64(text: &str) -> Option<Vec<u8>> {
    let letters = text
        .bytes()
        .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte));
    let mut letters: Vec<u8> = letters.collect();
    while !letters.len().is_multiple_of(4) {
        letters.push(b'=');
    }
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
    );
    lenient.decode(letters).ok()
}

/// Spark's character sets.
enum Charset {
    Ascii,
    Latin1,
    Utf8,
    Utf16 { big: bool, mark: bool },
    Utf32,
}

impl Charset {
    fn named(name: &str) -> Result<Self> {
        Ok(match name.to_uppercase().as_str() {
            "US-ASCII" => Self::Ascii,
            "ISO-8859-1" => Self::Latin1,
            "UTF-8" => Self::Utf8,
            "UTF-16" => Self::Utf16 {
                big: true,
                mark: true,
            },
            "UTF-16BE" => Self::Utf16 {
                big: true,
                mark: false,
            },
            "UTF-16LE" => Self::Utf16 {
                big: false,
                mark: false,
            },
            "UTF-32" => Self::Utf32,
            _ => {
                return exec_err!(
                    "`{name}` is not one of Spark's character sets: US-ASCII, ISO-8859-1, UTF-8, UTF-16, UTF-16BE, UTF-16LE, UTF-32"
                );
            }
        })
    }

    fn encoded(&self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Ascii => text.is_ascii().then(|| text.as_bytes().to_vec()),
            Self::Latin1 => text
                .chars()
                .map(|letter| u8::try_from(u32::from(letter)).ok())
                .collect(),
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Utf16 { big, mark } => {
                let mark = mark.then_some(0xfeff).filter(|_| !text.is_empty());
                let units = mark.into_iter().chain(text.encode_utf16());
                let bytes = |unit: u16| {
                    if *big {
                        unit.to_be_bytes()
                    } else {
                        unit.to_le_bytes()
                    }
                };
                Some(units.flat_map(bytes).collect())
            }
            Self::Utf32 => Some(
                text.chars()
                    .flat_map(|letter| u32::from(letter).to_be_bytes())
                    .collect(),
            ),
        }
    }

    fn decoded(&self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Ascii if !bytes.is_ascii() => None,
            Self::Ascii | Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Latin1 => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
            Self::Utf16 { big, mark } => {
                let (units, rest) = bytes.as_chunks::<2>();
                let little_mark = *mark && units.first() == Some(&[0xff, 0xfe]);
                let big = *big && !little_mark;
                let units = units.iter().map(|unit| {
                    if big {
                        u16::from_be_bytes(*unit)
                    } else {
                        u16::from_le_bytes(*unit)
                    }
                });
                let units: Vec<u16> = units.collect();
                let has_mark = *mark && units.first() == Some(&0xfeff);
                let units = if has_mark { &units[1..] } else { &units[..] };
                rest.is_empty()
                    .then(|| String::from_utf16(units).ok())
                    .flatten()
            }
            Self::Utf32 => {
                let (units, rest) = bytes.as_chunks::<4>();
                let letters = units
                    .iter()
                    .map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
                rest.is_empty().then(|| letters.collect()).flatten()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_letter_of_base64_is_passed_over() {
        assert_eq!(unbase64("SGVsbG8"), Some(b"Hello".to_vec()));
        assert_eq!(unbase64("SGV\r\nsbG8="), Some(b"Hello".to_vec()));
        assert_eq!(unbase64("###"), Some(Vec::new()));
    }

    #[test]
    fn a_text_comes_back_from_every_character_set() {
        for name in ["UTF-8", "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32"] {
            let charset = Charset::named(name).unwrap();
            let bytes = charset.encoded("é日😀").unwrap();
            assert_eq!(charset.decoded(&bytes).as_deref(), Some("é日😀"), "{name}");
        }
    }
}
