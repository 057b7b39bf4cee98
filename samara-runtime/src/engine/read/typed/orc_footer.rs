//! What the footer of an ORC file says and the library does not tell: the calendar, and the types that Spark has beside ORC's.

use std::io::{self, Read as _};

use orc_rust::compression::{Compression, Decompressor};
use orc_rust::reader::ChunkReader as _;
use prost::Message as _;

use crate::engine::read::typed::input::Input;

/// The part of the footer that is looked at, by the numbers of its fields in `orc_proto.proto`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Footer {
    #[prost(message, repeated, tag = "4")]
    types: Vec<Type>,
    #[prost(int32, optional, tag = "11")]
    calendar: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Type {
    #[prost(message, repeated, tag = "7")]
    attributes: Vec<Pair>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Pair {
    #[prost(string, optional, tag = "1")]
    key: Option<String>,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Postscript {
    #[prost(uint64, optional, tag = "1")]
    footer_length: Option<u64>,
}

impl Footer {
    /// Reads the footer of a file whose metadata was read before, and so is sound.
    pub fn read(input: &Input, compression: Option<Compression>) -> io::Result<Self> {
        let end = input.len().saturating_sub(1);
        let length = u64::from(input.get_bytes(end, 1)?[0]);
        let postscript = input.get_bytes(end.saturating_sub(length), length)?;
        let postscript = Postscript::decode(postscript).map_err(io::Error::other)?;
        let footer_length = postscript.footer_length.unwrap_or_default();
        let start = end.saturating_sub(length).saturating_sub(footer_length);
        let mut footer = Vec::new();
        Decompressor::new(
            input.get_bytes(start, footer_length)?,
            compression,
            Vec::new(),
        )
        .read_to_end(&mut footer)?;
        Self::decode(footer.as_slice()).map_err(io::Error::other)
    }

    /// Whether days of long ago are those of the Julian calendar; that is so where nothing is said.
    pub fn is_julian(&self) -> bool {
        const PROLEPTIC_GREGORIAN: i32 = 2;
        self.calendar != Some(PROLEPTIC_GREGORIAN)
    }

    /// Whether Spark stored a timestamp without a time zone in this column, which is a long to ORC.
    pub fn is_timestamp_ntz(&self, column: usize) -> bool {
        let attributes = self
            .types
            .get(column)
            .into_iter()
            .flat_map(|kind| &kind.attributes);
        attributes.into_iter().any(|pair| {
            pair.key.as_deref() == Some("spark.sql.catalyst.type")
                && pair.value.as_deref() == Some("timestamp_ntz")
        })
    }
}
