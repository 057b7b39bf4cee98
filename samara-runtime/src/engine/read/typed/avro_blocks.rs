//! The blocks of an avro file, by the specification: a count of rows, a length, so many bytes, and the marker of the file.
//!
//! The library takes the end of a file for the end of its rows, wherever it is; so a file that was cut off would lose rows without a word.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use arrow_avro::reader::read_header_info;

use crate::engine::problem::Problem;

/// How many rows the blocks of a file have.
///
/// # Errors
///
/// If the file does not end with a whole block.
pub(super) fn rows(path: &Path) -> Result<u64, Problem> {
    let mut file = BufReader::new(File::open(path).map_err(Problem::new)?);
    let header = read_header_info(&mut file).map_err(Problem::new)?;
    let length = file.get_ref().metadata().map_err(Problem::new)?.len();
    let mut place = header.header_len();
    file.seek(SeekFrom::Start(place)).map_err(Problem::new)?;
    let mut rows = 0;
    while place < length {
        let (count, end) = block(&mut file, length, header.sync()).map_err(Problem::new)?;
        (rows, place) = (rows + count, end);
    }
    Ok(rows)
}

/// The rows of the block that begins here, and where it ends.
fn block(file: &mut BufReader<File>, length: u64, marker: [u8; 16]) -> io::Result<(u64, u64)> {
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    let count = u64::try_from(long(file)?).map_err(|_| invalid("a block of less than no rows"))?;
    let bytes = long(file)?;
    let place = file.stream_position()?;
    let end = u64::try_from(bytes)
        .ok()
        .and_then(|bytes| place.checked_add(bytes));
    match end {
        Some(end) if end <= length => file.seek_relative(bytes)?,
        _ => return Err(invalid("it ends within a block of rows")),
    }
    let mut found = [0; 16];
    file.read_exact(&mut found)
        .map_err(|_| invalid("it ends within a block of rows"))?;
    match found == marker {
        true => Ok((count, file.stream_position()?)),
        false => Err(invalid("a block does not end with the marker of the file")),
    }
}

/// A number as avro has them: seven bits a byte, the lowest first, the sign in the last.
fn long(file: &mut impl Read) -> io::Result<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        file.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    let message = "a number of more than 64 bits";
    Err(io::Error::new(io::ErrorKind::InvalidData, message))
}
