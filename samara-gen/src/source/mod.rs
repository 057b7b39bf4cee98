//! Text into values with positions: the first stage of the compiler.
//!
//! A [`Document`] is a file that was read and parsed. A model is deserialized out of it with serde; a field of type
//! [`Spanned`] then knows its place, and what does not fit is a [`Diagnostic`] at its place.

mod de;
mod fault;
mod json;
mod json_fault;
mod node;
mod recovery;
mod spanned;
mod string_literal;
mod text;
mod yaml;
mod yaml_fault;

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use node::{Member, Node, NodeKind};
use recovery::Recovery;
pub use spanned::Spanned;
pub use text::{Position, SourceText, Span};

use crate::diagnostic::{Diagnostic, code};

/// How many errors of one file are reported at most.
pub const MOST_ERRORS: usize = 20;

/// The syntax of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// `.json`
    Json,
    /// `.jsonc`: JSON with comments and trailing commas.
    Jsonc,
    /// `.yaml` or `.yml`
    Yaml,
}

/// A file as values with positions.
#[derive(Debug, Clone)]
pub struct Document {
    source: Arc<SourceText>,
    root: Node,
}

impl Document {
    /// Reads a file, in the syntax that its extension names.
    ///
    /// # Errors
    /// [`code::UNREADABLE`] or [`code::UNKNOWN_EXTENSION`] for the file as a whole; [`code::SYNTAX`] or [`code::DUPLICATE_KEY`] at
    /// a place in it.
    pub fn read(path: &Path) -> Result<Self, Diagnostic> {
        let syntax = syntax_of(path)?;
        let text = read_text(path)?;
        Self::parse(path.display().to_string(), text, syntax)
    }

    /// Parses a text that diagnostics shall call `path`.
    ///
    /// # Errors
    /// [`code::SYNTAX`] or [`code::DUPLICATE_KEY`].
    pub fn parse(
        path: impl Into<String>,
        text: impl Into<String>,
        syntax: Syntax,
    ) -> Result<Self, Diagnostic> {
        let source = Arc::new(SourceText::new(path, text));
        let root = match syntax {
            Syntax::Json | Syntax::Jsonc => json::parse(&source, syntax)?,
            Syntax::Yaml => yaml::parse(&source)?,
        };
        Ok(Self { source, root })
    }

    /// The path as given.
    pub fn path(&self) -> &str {
        self.source.path()
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// Path and text, for the labels of diagnostics.
    pub fn source(&self) -> &Arc<SourceText> {
        &self.source
    }

    /// The value that the file is.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The value under a key of the top level.
    pub fn section(&self, name: &str) -> Option<&Node> {
        self.root.get(name)
    }

    /// The whole file as a model's type.
    ///
    /// # Errors
    /// What does not fit, each at its place: `S02xx`. One bad element of a list does not hide the next, up to
    /// [`MOST_ERRORS`].
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Vec<Diagnostic>> {
        self.deserialize_node(&self.root)
    }

    /// A value of this file as a model's type.
    ///
    /// # Errors
    /// As [`Self::deserialize`].
    pub fn deserialize_node<T: DeserializeOwned>(&self, node: &Node) -> Result<T, Vec<Diagnostic>> {
        let mut error = match T::deserialize(de::NodeDeserializer::new(node)) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let mut recovery = Recovery::new(&self.source, node);
        while recovery.note(error) && recovery.count() < MOST_ERRORS {
            match T::deserialize(de::NodeDeserializer::new(recovery.rest())) {
                Ok(_) => break,
                Err(next) => error = next,
            }
        }
        Err(recovery.diagnostics())
    }

    /// The place in the file of a part of a string: `string` is the place of the whole string, quotes included, and `part`
    /// bytes of its decoded text. Of a text over several lines, as YAML has them, it is the whole.
    pub fn span_in_string(&self, string: Span, part: Range<usize>) -> Span {
        let literal = self.text().get(string.range()).unwrap_or_default();
        if literal.contains('\n') {
            return string;
        }
        let place = |offset| string.start + string_literal::literal_offset(literal, offset);
        Span::new(place(part.start), place(part.end))
    }
}

fn syntax_of(path: &Path) -> Result<Syntax, Diagnostic> {
    let file = Arc::new(SourceText::new(path.display().to_string(), ""));
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_lowercase();
    match extension.as_str() {
        "json" => Ok(Syntax::Json),
        "jsonc" => Ok(Syntax::Jsonc),
        "yml" | "yaml" => Ok(Syntax::Yaml),
        _ => Err(Diagnostic::error(
            code::UNKNOWN_EXTENSION,
            "the file's extension names no format that is known",
        )
        .in_file(&file)
        .help("a workflow is a `.json`, `.jsonc`, `.yaml` or `.yml` file")),
    }
}

fn read_text(path: &Path) -> Result<String, Diagnostic> {
    let unreadable = |reason: String| {
        let file = Arc::new(SourceText::new(path.display().to_string(), ""));
        Diagnostic::error(
            code::UNREADABLE,
            format!("the file cannot be read: {reason}"),
        )
        .in_file(&file)
    };
    let bytes = std::fs::read(path).map_err(|error| unreadable(reason(&error)))?;
    String::from_utf8(bytes).map_err(|error| {
        unreadable(format!(
            "byte {} is not UTF-8",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// Why a file cannot be read, without the numbers of the system's errors.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission is denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
