//! A file that is read in places, and counts the bytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use datafusion::physical_plan::metrics::Count;
use prost::bytes::Bytes;

/// An open file of which one thread reads.
pub(super) struct Input {
    file: File,
    length: u64,
    bytes_read: Count,
}

impl Input {
    pub fn open(path: &Path, bytes_read: Count) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Self {
            length: file.metadata()?.len(),
            file,
            bytes_read,
        })
    }

    /// What stands from `start` on, to be read in one go.
    pub fn at(&self, start: u64) -> io::Result<BufReader<Counted>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(BufReader::new(Counted {
            file,
            bytes_read: self.bytes_read.clone(),
        }))
    }

    /// The bytes at a place; fewer than asked for are an error, before there is memory for them.
    fn bytes(&self, start: u64, length: u64) -> io::Result<Bytes> {
        if start
            .checked_add(length)
            .is_none_or(|end| end > self.length)
        {
            let message = format!("it ends before byte {}", start.saturating_add(length));
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        self.bytes_read.add(bytes.len());
        Ok(bytes.into())
    }
}

impl parquet::file::reader::Length for Input {
    fn len(&self) -> u64 {
        self.length
    }
}

impl parquet::file::reader::ChunkReader for Input {
    type T = BufReader<Counted>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.at(start)?)
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        Ok(self.bytes(start, length as u64)?)
    }
}

impl orc_rust::reader::ChunkReader for Input {
    type T = BufReader<Counted>;

    fn len(&self) -> u64 {
        self.length
    }

    fn get_read(&self, start: u64) -> io::Result<Self::T> {
        self.at(start)
    }

    fn get_bytes(&self, start: u64, length: u64) -> io::Result<Bytes> {
        self.bytes(start, length)
    }
}

/// Reads on, and counts.
pub(super) struct Counted {
    file: File,
    bytes_read: Count,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes_read.add(read);
        Ok(read)
    }
}
