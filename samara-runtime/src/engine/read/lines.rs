//! The lines of a part of a file, whatever they end with.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use memchr::memchr2;

use crate::engine::compression::Compression;
use crate::engine::read::ReadError;
use crate::engine::read::files::Part;

/// What is in a file, decompressed.
type Content = BufReader<Box<dyn Read + Send>>;

/// The lines of a part of a file. As Hadoop's `LineReader` has it, they end at `\n`, `\r` or `\r\n`.
pub(super) struct Lines<'a> {
    part: &'a Part,
    file: Content,
    /// Where the part's first line begins.
    first: u64,
    position: u64,
    number: u64,
    line: Vec<u8>,
}

pub(super) struct Line<'a> {
    pub text: Cow<'a, str>,
    pub bytes: usize,
}

impl<'a> Lines<'a> {
    pub fn open(part: &'a Part) -> Result<Self, ReadError> {
        Self::open_at_line(part).map_err(|source| io_error(part, source))
    }

    fn open_at_line(part: &'a Part) -> std::io::Result<Self> {
        let mut file = File::open(&part.path)?;
        let mut first = 0;
        if part.start > 0 {
            first = file.seek(SeekFrom::Start(part.start - 1))?;
        }
        // Only a plain file is in parts, so only in one was there anything to seek.
        let mut file = content(&part.path, file)?;
        if part.start > 0 {
            first += read_line(&mut file, &mut Vec::new())? as u64;
        } else {
            first += skip_byte_order_mark(&mut file)?;
        }
        Ok(Self {
            part,
            file,
            first,
            position: first,
            number: 0,
            line: Vec::new(),
        })
    }

    /// The next line without its end. Bytes that are no UTF-8 become U+FFFD, as in Spark's csv.
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        if self.position >= self.part.end {
            return Ok(None);
        }
        self.line.clear();
        let bytes = read_line(&mut self.file, &mut self.line)
            .map_err(|source| io_error(self.part, source))?;
        if bytes == 0 {
            return Ok(None);
        }
        self.position += bytes as u64;
        self.number += 1;
        Ok(Some(Line {
            text: String::from_utf8_lossy(&self.line),
            bytes,
        }))
    }

    /// The error about the line that was read last. Its number in the file takes another look at what comes before the part.
    pub fn malformed(&self, message: String) -> Result<ReadError, ReadError> {
        let before = Part {
            path: self.part.path.clone(),
            start: 0,
            end: self.first,
        };
        let mut lines = Lines::open(&before)?;
        while lines.next()?.is_some() {}
        let line = lines.number + self.number;
        Ok(ReadError::malformed(before.path.clone(), line, message))
    }
}

/// The longest document: offsets into a column's text are of 32 bits.
const DOCUMENT_LIMIT: u64 = i32::MAX as u64;

/// A whole file, read into `bytes`.
pub(super) fn document<'a>(part: &Part, bytes: &'a mut Vec<u8>) -> Result<Line<'a>, ReadError> {
    let failed = |source| io_error(part, source);
    let file = File::open(&part.path).and_then(|file| content(&part.path, file));
    let mut file = file.map_err(failed)?;
    let mark = skip_byte_order_mark(&mut file).map_err(failed)?;
    let read = file.take(DOCUMENT_LIMIT + 1).read_to_end(bytes);
    let read = read.map_err(failed)?;
    if read as u64 > DOCUMENT_LIMIT {
        return Err(ReadError::TooLarge {
            path: part.path.clone(),
        });
    }
    Ok(Line {
        text: String::from_utf8_lossy(bytes),
        bytes: read + mark as usize,
    })
}

fn content(path: &Path, file: File) -> std::io::Result<Content> {
    let compression = Compression::of_path(path).unwrap_or_default();
    let content = compression.reader(file)?;
    Ok(BufReader::with_capacity(256 * 1024, content))
}

fn io_error(part: &Part, source: std::io::Error) -> ReadError {
    ReadError::Io {
        path: part.path.clone(),
        source,
    }
}

/// Appends a line without its end. The bytes that were read, its end included.
fn read_line(file: &mut Content, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut read = 0;
    loop {
        let buffer = file.fill_buf()?;
        let Some(at) = memchr2(b'\n', b'\r', buffer) else {
            let length = buffer.len();
            line.extend_from_slice(buffer);
            file.consume(length);
            read += length;
            if length == 0 {
                return Ok(read);
            }
            continue;
        };
        line.extend_from_slice(&buffer[..at]);
        let is_return = buffer[at] == b'\r';
        file.consume(at + 1);
        read += at + 1;
        if is_return && file.fill_buf()?.first() == Some(&b'\n') {
            file.consume(1);
            read += 1;
        }
        return Ok(read);
    }
}

fn skip_byte_order_mark(file: &mut Content) -> std::io::Result<u64> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if file.fill_buf()?.starts_with(MARK) {
        let mut mark = [0; MARK.len()];
        file.read_exact(&mut mark)?;
        return Ok(MARK.len() as u64);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(part: &Part) -> Vec<String> {
        let mut lines = Lines::open(part).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.text.into_owned());
        }
        all
    }

    #[test]
    fn wherever_a_file_is_cut_each_line_is_read_once() {
        let path = std::env::temp_dir().join(format!("samara-lines-{}", std::process::id()));
        let text = "one\r\ntwo\n\nfour is longer\rfive\r\r\n\n\rlast";
        std::fs::write(&path, text).unwrap();
        let whole = [
            "one",
            "two",
            "",
            "four is longer",
            "five",
            "",
            "",
            "",
            "last",
        ];
        for cut in 1..text.len() as u64 {
            let part = |start, end| Part {
                path: path.clone(),
                start,
                end,
            };
            let parts = [part(0, cut), part(cut, text.len() as u64)];
            assert_eq!(
                parts.iter().flat_map(lines).collect::<Vec<_>>(),
                whole,
                "cut at {cut}"
            );
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let path = std::env::temp_dir().join(format!("samara-bom-{}", std::process::id()));
        std::fs::write(&path, "\u{feff}id\n1\n").unwrap();
        assert_eq!(
            lines(&Part {
                path: path.clone(),
                start: 0,
                end: 8
            }),
            ["id", "1"]
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_malformed_line_has_its_number_in_the_file_wherever_its_part_begins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, "\u{feff}one\rtwo\r\n\nfour\nfive\n").unwrap();
        let part = Part {
            path,
            start: 10,
            end: 100,
        };
        let mut lines = Lines::open(&part).unwrap();
        assert_eq!(lines.next().unwrap().unwrap().text, "");
        assert_eq!(lines.next().unwrap().unwrap().text, "four");
        let error = lines.malformed("wrong".into()).unwrap();
        assert!(error.to_string().contains("line 4: wrong"), "{error}");
    }
}
