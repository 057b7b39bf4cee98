//! The lines of a part of a file, whatever they end with.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use memchr::{memchr, memchr2};

use crate::engine::compression::Compression;
use crate::engine::read::ReadError;
use crate::engine::read::charset::Charset;
use crate::engine::read::files::Part;

/// What is in a file, decompressed.
type Content = BufReader<Box<dyn Read + Send>>;

/// What a line ends with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// `\n`, `\r` or `\r\n`, as Hadoop's `LineReader` has it.
    #[default]
    Any,
    /// `\n`, and whatever the first line ends with, as univocity has it.
    AsTheFirst,
    /// These bytes.
    Exactly(String),
}

/// How the text of a file is to be taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextForm {
    pub line_end: LineEnd,
    pub charset: Charset,
    /// Whether a byte order mark at the beginning of a document is a part of it.
    pub keeps_mark: bool,
}

/// The lines of a part of a file.
pub(super) struct Lines<'a> {
    part: &'a Part,
    form: &'a TextForm,
    ends: Ends,
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
    /// Whether it has an end, and is not cut off by that of the file.
    pub has_end: bool,
    /// Whether it ends with `\n` in a file whose first line ends with `\r\n`.
    pub ends_otherwise: bool,
    /// Whether it holds bytes that are no characters.
    pub is_broken: bool,
}

/// What keeps a line from being clean text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Bytes that are no characters, and were read as U+FFFD.
    Undecodable,
    /// Characters NUL, which text does not have, and that of another encoding may seem to.
    Nul,
}

impl Flaw {
    pub fn of(line: &Line<'_>) -> Option<Self> {
        if line.is_broken {
            return Some(Self::Undecodable);
        }
        memchr(0, line.text.as_bytes()).map(|_| Self::Nul)
    }

    pub fn explained(&self, charset: Charset) -> String {
        match self {
            Self::Undecodable => format!(
                "it has bytes that are not {charset}, which are read as U+FFFD; the option `encoding` says what else it is"
            ),
            Self::Nul => {
                "it has NUL characters, as UTF-16 read as another encoding does".to_owned()
            }
        }
    }
}

impl<'a> Lines<'a> {
    pub fn open(part: &'a Part, form: &'a TextForm) -> Result<Self, ReadError> {
        Self::open_at_line(part, form).map_err(|source| io_error(part, source))
    }

    fn open_at_line(part: &'a Part, form: &'a TextForm) -> std::io::Result<Self> {
        let mut file = File::open(&part.path)?;
        let mut first = 0;
        if part.start > 0 {
            first = file.seek(SeekFrom::Start(part.start - 1))?;
        }
        // Only a plain file is in parts, so only in one was there anything to seek.
        let mut file = content(&part.path, file)?;
        if part.start > 0 {
            let ends = form.line_end.of_content(&[]);
            first += ends.read_line(&mut file, &mut Vec::new())? as u64;
        } else {
            first += skip_byte_order_mark(&mut file)?;
        }
        let ends = form.line_end.of_content(file.fill_buf()?);
        Ok(Self {
            part,
            form,
            ends,
            file,
            first,
            position: first,
            number: 0,
            line: Vec::new(),
        })
    }

    /// The next line without its end. Bytes that are no characters become U+FFFD, as in Spark's csv.
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        if self.position >= self.part.end {
            return Ok(None);
        }
        self.line.clear();
        let read = self.ends.read_line(&mut self.file, &mut self.line);
        let bytes = read.map_err(|source| io_error(self.part, source))?;
        if bytes == 0 {
            return Ok(None);
        }
        self.position += bytes as u64;
        self.number += 1;
        if is_too_long(self.line.len()) {
            return Err(too_large(self.part));
        }
        let (text, is_broken) = self.form.charset.decode(&self.line);
        let is_mixed = matches!(self.ends, Ends::NewlineOrBoth);
        Ok(Some(Line {
            bytes,
            ends_otherwise: is_mixed && bytes == self.line.len() + 1,
            has_end: bytes > self.line.len(),
            is_broken,
            text,
        }))
    }

    /// How many lines were read.
    pub fn count(&self) -> u64 {
        self.number
    }

    /// The number in the file of a line, given its number in the part. It takes another look at what comes before the part.
    pub fn number_in_file(&self, in_part: u64) -> Result<u64, ReadError> {
        let before = Part {
            path: self.part.path.clone(),
            start: 0,
            end: self.first,
        };
        let mut lines = Lines::open(&before, self.form)?;
        while lines.next()?.is_some() {}
        Ok(lines.number + in_part)
    }
}

/// The longest line or document: offsets into a column's text are of 32 bits.
const LONGEST: u64 = i32::MAX as u64;

pub(super) fn is_too_long(bytes: usize) -> bool {
    bytes as u64 > LONGEST
}

pub(super) fn too_large(part: &Part) -> ReadError {
    ReadError::TooLarge {
        path: part.path.clone(),
    }
}

/// A whole file, read into `bytes`.
pub(super) fn document<'a>(
    part: &Part,
    form: &TextForm,
    bytes: &'a mut Vec<u8>,
) -> Result<Line<'a>, ReadError> {
    let failed = |source| io_error(part, source);
    let file = File::open(&part.path).and_then(|file| content(&part.path, file));
    let mut file = file.map_err(failed)?;
    let mark = match form.keeps_mark {
        true => 0,
        false => skip_byte_order_mark(&mut file).map_err(failed)?,
    };
    let read = file.take(LONGEST + 1).read_to_end(bytes);
    let read = read.map_err(failed)?;
    if is_too_long(read) {
        return Err(too_large(part));
    }
    let (text, is_broken) = form.charset.decode(bytes);
    Ok(Line {
        bytes: read + mark as usize,
        has_end: false,
        ends_otherwise: false,
        is_broken,
        text,
    })
}

fn content(path: &Path, file: File) -> std::io::Result<Content> {
    let mut compression = Compression::of_path(path).unwrap_or_default();
    // Nothing stands for nothing, compressed or not.
    let metadata = file.metadata()?;
    // A pipe has no length, and may have content.
    if metadata.is_file() && metadata.len() == 0 {
        compression = Compression::None;
    }
    let content = compression.reader(file)?;
    Ok(BufReader::with_capacity(256 * 1024, content))
}

fn io_error(part: &Part, source: std::io::Error) -> ReadError {
    ReadError::Io {
        path: part.path.clone(),
        source,
    }
}

impl LineEnd {
    /// Whether the end of a line can be told without the file's beginning.
    pub fn is_seen_anywhere(&self) -> bool {
        match self {
            Self::Any => true,
            Self::AsTheFirst => false,
            Self::Exactly(end) => end.len() == 1,
        }
    }

    /// What ends lines in a file with this content.
    fn of_content(&self, content: &[u8]) -> Ends {
        match self {
            Self::Any => Ends::Any,
            Self::Exactly(end) => Ends::Exactly(end.clone().into_bytes()),
            Self::AsTheFirst => match memchr2(b'\n', b'\r', content) {
                Some(at) if content[at..].starts_with(b"\r\n") => Ends::NewlineOrBoth,
                Some(at) if content[at] == b'\r' => Ends::Any,
                _ => Ends::Exactly(b"\n".to_vec()),
            },
        }
    }
}

/// What ends the lines of one file.
enum Ends {
    Any,
    /// `\n`, or `\r\n`.
    NewlineOrBoth,
    Exactly(Vec<u8>),
}

impl Ends {
    /// Appends a line without its end. The bytes that were read, its end included.
    fn read_line(&self, file: &mut Content, line: &mut Vec<u8>) -> std::io::Result<usize> {
        match self {
            Self::Any => read_line(file, line),
            Self::NewlineOrBoth => {
                let read = read_to(file, b"\n", line)?;
                if read > line.len() && line.ends_with(b"\r") {
                    line.pop();
                }
                Ok(read)
            }
            Self::Exactly(end) => read_to(file, end, line),
        }
    }
}

/// Appends what comes before the next of certain bytes. The bytes that were read, those included.
fn read_to(file: &mut Content, end: &[u8], line: &mut Vec<u8>) -> std::io::Result<usize> {
    let Some(last) = end.last() else {
        return file.read_to_end(line);
    };
    let start = line.len();
    let mut read = 0;
    loop {
        let buffer = file.fill_buf()?;
        let at = memchr(*last, buffer);
        let length = at.map_or(buffer.len(), |at| at + 1);
        line.extend_from_slice(&buffer[..length]);
        file.consume(length);
        read += length;
        if at.is_some() && line[start..].ends_with(end) {
            line.truncate(line.len() - end.len());
            return Ok(read);
        }
        if length == 0 {
            return Ok(read);
        }
    }
}

/// Appends a line without its end, whichever it is. The bytes that were read, its end included.
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
        lines_of(part, LineEnd::Any)
    }

    fn lines_of(part: &Part, line_end: LineEnd) -> Vec<String> {
        let form = TextForm {
            line_end,
            ..TextForm::default()
        };
        let mut lines = Lines::open(part, &form).unwrap();
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
        let form = TextForm::default();
        let mut lines = Lines::open(&part, &form).unwrap();
        assert_eq!(lines.next().unwrap().unwrap().text, "");
        assert_eq!(lines.next().unwrap().unwrap().text, "four");
        assert_eq!(lines.number_in_file(lines.count()).unwrap(), 4);
    }

    #[test]
    fn lines_may_end_with_any_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        std::fs::write(&path, "one||two|\n||||three|||four").unwrap();
        let (start, end) = (0, 100);
        let read = lines_of(
            &Part { path, start, end },
            LineEnd::Exactly("||".to_owned()),
        );
        assert_eq!(read, ["one", "two|\n", "", "three", "|four"]);
    }

    #[test]
    fn lines_may_end_as_the_first_one_does() {
        let dir = tempfile::tempdir().unwrap();
        for (text, lines) in [
            ("a\nb\r\nc\rd", &["a", "b\r", "c\rd"][..]),
            ("a\r\nb\nc\rd", &["a", "b", "c\rd"]),
        ] {
            let path = dir.path().join("a.txt");
            std::fs::write(&path, text).unwrap();
            let (start, end) = (0, 100);
            let read = lines_of(&Part { path, start, end }, LineEnd::AsTheFirst);
            assert_eq!(read, lines, "{text:?}");
        }
    }
}
