//! A file's text, and places in it.

use std::fmt;
use std::ops::Range;

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
}

impl SourceText {
    /// Joins a text to the path that diagnostics name.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
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
}
