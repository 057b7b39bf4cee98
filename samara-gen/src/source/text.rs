//! A file's text, and places in it.

use std::fmt;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

/// The byte order mark that some editors begin a file with.
const MARK: char = '\u{feff}';

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// The stretch from `start` up to, and without, `end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Whether `other` is a part of this.
    pub const fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The same as a range, to index a text with.
    pub const fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A line and a column as editors count them: from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The text of a file under the name that the author gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    path: String,
    text: String,
    marked: bool,
}

impl SourceText {
    /// Joins a text to the path that diagnostics name. A byte order mark is no part of the text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        let marked = text.starts_with(MARK);
        if marked {
            text.remove(0);
        }
        Self {
            path: path.into(),
            text,
            marked,
        }
    }

    /// The path as given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The SHA-256 of the file, as `sha256sum` prints it.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        if self.marked {
            hash.update(MARK.encode_utf8(&mut [0; 4]).as_bytes());
        }
        hash.update(&self.text);
        let digits = hash.finalize();
        digits.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where a byte of the text is; the end of the text, if it has no such byte.
    pub fn position(&self, offset: usize) -> Position {
        let before = self
            .text
            .char_indices()
            .take_while(|(index, _)| *index < offset);
        before.fold(
            Position { line: 1, column: 1 },
            |at, (_, character)| match character {
                '\n' => Position {
                    line: at.line + 1,
                    column: 1,
                },
                _ => Position {
                    line: at.line,
                    column: at.column + 1,
                },
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_not_bytes() {
        let source = SourceText::new("job.json", "{\n \"ä\": 1}");

        assert_eq!(source.position(0).to_string(), "1:1");
        assert_eq!(source.position(8).to_string(), "2:6");
    }

    #[test]
    fn the_digest_is_that_of_the_file_as_it_stands() {
        // What `printf '{"ä": 1}' | sha256sum` says, and the same with a byte order mark, `\xef\xbb\xbf`, before it.
        let digests = [
            (
                "{\"ä\": 1}",
                "7dfb3be864b00376a9a834552f30934d1f1ac430ae88c4fb3554bf79603e5ba8",
            ),
            (
                "\u{feff}{\"ä\": 1}",
                "7a7dc08d22b6785618ac9e5a9498448c0a100f4b3f991d48911afde145007785",
            ),
        ];
        for (text, digest) in digests {
            let source = SourceText::new("job.json", text);
            assert_eq!(source.sha256(), digest);
            assert_eq!(source.text(), "{\"ä\": 1}");
        }
    }
}
