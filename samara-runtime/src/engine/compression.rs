//! Compressed files, both ways: chosen by the end of a name when read, by an option when written, as Hadoop's codecs are.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use bzip2::read::MultiBzDecoder;
use bzip2::write::BzEncoder;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::engine::option::{OptionError, OptionValue};

/// How a file is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Compression {
    #[default]
    None,
    Bzip2,
    Deflate,
    Gzip,
    Zstd,
}

/// The ends of names that codecs have which Hadoop knows and this does not.
const UNKNOWN_CODECS: [&str; 2] = ["lz4", "snappy"];

/// A file whose codec is known by name only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnknownCodec;

impl Compression {
    /// How a file of this name is compressed.
    pub fn of_path(path: &Path) -> Result<Self, UnknownCodec> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str().unwrap_or_default() {
            "bz2" => Ok(Self::Bzip2),
            "deflate" => Ok(Self::Deflate),
            "gz" => Ok(Self::Gzip),
            "zst" | "zstd" => Ok(Self::Zstd),
            other if UNKNOWN_CODECS.contains(&other) => Err(UnknownCodec),
            _ => Ok(Self::None),
        }
    }

    /// What a writer's option `compression` asks for.
    pub fn of_option(option: &OptionValue<'_>) -> Result<Self, OptionError> {
        match option.value.to_lowercase().as_str() {
            "none" | "uncompressed" => Ok(Self::None),
            "bzip2" => Ok(Self::Bzip2),
            "deflate" => Ok(Self::Deflate),
            "gzip" => Ok(Self::Gzip),
            "zstd" => Ok(Self::Zstd),
            _ => Err(option.error("expected none, bzip2, deflate, gzip or zstd")),
        }
    }

    /// What the name of a file ends with, behind its format.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Bzip2 => ".bz2",
            Self::Deflate => ".deflate",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    /// The content of a file, decompressed. Of one that was put together of several compressed ones, all of it.
    pub fn reader(self, file: File) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Self::None => Box::new(file),
            Self::Bzip2 => Box::new(MultiBzDecoder::new(file)),
            Self::Deflate => Box::new(ZlibDecoder::new(file)),
            Self::Gzip => Box::new(MultiGzDecoder::new(file)),
            Self::Zstd => Box::new(zstd::Decoder::new(file)?),
        })
    }

    /// Compresses what is written to a file.
    pub fn writer(self, file: File) -> io::Result<Box<dyn FileWriter>> {
        Ok(match self {
            Self::None => Box::new(file),
            Self::Bzip2 => Box::new(BzEncoder::new(file, bzip2::Compression::default())),
            Self::Deflate => Box::new(ZlibEncoder::new(file, flate2::Compression::default())),
            Self::Gzip => Box::new(GzEncoder::new(file, flate2::Compression::default())),
            Self::Zstd => Box::new(zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?),
        })
    }
}

/// What writes to a file, and gives the file back when nothing more comes.
pub(crate) trait FileWriter: Write + Send {
    /// Writes what is left.
    fn finish(self: Box<Self>) -> io::Result<File>;
}

impl FileWriter for File {
    fn finish(self: Box<Self>) -> io::Result<File> {
        Ok(*self)
    }
}

impl FileWriter for BzEncoder<File> {
    fn finish(self: Box<Self>) -> io::Result<File> {
        Self::finish(*self)
    }
}

impl FileWriter for ZlibEncoder<File> {
    fn finish(self: Box<Self>) -> io::Result<File> {
        Self::finish(*self)
    }
}

impl FileWriter for GzEncoder<File> {
    fn finish(self: Box<Self>) -> io::Result<File> {
        Self::finish(*self)
    }
}

impl FileWriter for zstd::Encoder<'static, File> {
    fn finish(self: Box<Self>) -> io::Result<File> {
        Self::finish(*self)
    }
}
