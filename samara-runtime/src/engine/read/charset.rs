//! The bytes of a file as characters.

use std::borrow::Cow;
use std::fmt;

use crate::engine::option::{OptionError, OptionValue};

/// The encodings that a line is decoded from by itself: a line's end is the same byte in each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Charset {
    #[default]
    Utf8,
    Latin1,
    Ascii,
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Latin1 => "ISO-8859-1",
            Self::Ascii => "US-ASCII",
        })
    }
}

impl Charset {
    pub fn parse(option: &OptionValue<'_>) -> Result<Self, OptionError> {
        match option.value.to_uppercase().as_str() {
            "UTF-8" => Ok(Self::Utf8),
            "ISO-8859-1" => Ok(Self::Latin1),
            "US-ASCII" => Ok(Self::Ascii),
            _ => Err(option.error(format!(
                "`{}` is not supported yet; UTF-8, ISO-8859-1 and US-ASCII are",
                option.value
            ))),
        }
    }

    /// The characters; U+FFFD for bytes that are none, and then true.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        let utf8 = String::from_utf8_lossy(bytes);
        // Only what is no UTF-8 had to be copied.
        let is_broken = matches!(utf8, Cow::Owned(_));
        match self {
            Self::Utf8 => (utf8, is_broken),
            _ if bytes.is_ascii() => (utf8, false),
            Self::Latin1 => (bytes.iter().map(|byte| char::from(*byte)).collect(), false),
            Self::Ascii => {
                let character = |byte: &u8| match byte.is_ascii() {
                    true => char::from(*byte),
                    false => char::REPLACEMENT_CHARACTER,
                };
                (bytes.iter().map(character).collect(), true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_a_character_of_its_charset() {
        for (charset, text) in [
            (Charset::Utf8, "caf\u{fffd}"),
            (Charset::Latin1, "café"),
            (Charset::Ascii, "caf\u{fffd}"),
        ] {
            assert_eq!(charset.decode(b"caf\xe9").0, text, "{charset:?}");
        }
    }
}
