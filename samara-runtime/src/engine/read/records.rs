//! The records of a part of a file: a line each, or, in csv, as many lines as their quotes ask for.

use std::borrow::Cow;

use memchr::memchr;

use crate::engine::read::ReadError;
use crate::engine::read::csv::CsvOptions;
use crate::engine::read::files::Part;
use crate::engine::read::lines::{Line, Lines, TextForm, is_too_long, too_large};

pub(super) struct Records<'a> {
    part: &'a Part,
    lines: Lines<'a>,
    /// Whose quotes records follow over many lines.
    quotes: Option<&'a CsvOptions>,
    text: String,
    /// Where the record that was read last began, as a number of lines in the part.
    began: u64,
    /// Whether it ended with `\n` in a file whose first line ends with `\r\n`.
    ended_otherwise: bool,
}

impl<'a> Records<'a> {
    pub fn open(
        part: &'a Part,
        form: &'a TextForm,
        quotes: Option<&'a CsvOptions>,
    ) -> Result<Self, ReadError> {
        Ok(Self {
            part,
            lines: Lines::open(part, form)?,
            quotes,
            text: String::new(),
            began: 0,
            ended_otherwise: false,
        })
    }

    /// The next record. Where it may go over lines, their ends are in it as one character.
    pub fn next(&mut self) -> Result<Option<Line<'_>>, ReadError> {
        self.began = self.lines.count() + 1;
        match self.quotes {
            None => self.lines.next(),
            Some(options) => self.next_over_lines(options),
        }
    }

    fn next_over_lines(&mut self, options: &CsvOptions) -> Result<Option<Line<'_>>, ReadError> {
        self.text.clear();
        let (mut bytes, mut has_end, mut is_broken, mut is_open) = (0, false, false, false);
        while let Some(line) = self.lines.next()? {
            if self.ended_otherwise {
                drop(line);
                return self.refuse_other_end();
            }
            let has_quote = memchr(options.quote(), line.text.as_bytes()).is_some();
            self.text.push_str(&line.text);
            bytes += line.bytes;
            has_end = line.has_end;
            is_broken |= line.is_broken;
            let ends_otherwise = line.ends_otherwise;
            if has_end {
                self.text.push(options.newline());
            }
            // Only a quote opens a field, and closes one.
            if has_quote {
                is_open = options.is_open(&self.text);
            }
            if is_too_long(self.text.len()) {
                return Err(too_large(self.part));
            }
            if !is_open {
                self.ended_otherwise = ends_otherwise;
                break;
            }
        }
        Ok((bytes > 0).then(|| Line {
            text: Cow::Borrowed(&self.text),
            bytes,
            has_end,
            ends_otherwise: false,
            is_broken,
        }))
    }

    /// Spark takes such an end for text, and goes on with the record: nobody who wrote the file meant that.
    fn refuse_other_end<T>(&self) -> Result<T, ReadError> {
        Err(ReadError::Malformed {
            path: self.part.path.clone(),
            line: self.lines.number_in_file(self.lines.count() - 1)?,
            message: "ends with LF, where the first line of the file ends with CRLF: with `multiLine` all records have to end alike"
                .to_owned(),
        })
    }

    /// The line in the file at which the record that was read last begins.
    pub fn line(&self) -> Result<u64, ReadError> {
        self.lines.number_in_file(self.began)
    }
}
