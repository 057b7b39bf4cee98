//! YAML into nodes.

use std::ops::Range;
use std::sync::Arc;

use samara::yaml::{self, Entry, Kind, YamlError};

use super::{Member, Node, NodeKind, SourceText, Span, yaml_fault};
use crate::diagnostic::{Diagnostic, code};

/// Parses a whole file.
///
/// # Errors
/// A diagnostic for the first breach of the syntax, or the first key that one mapping has twice.
pub(super) fn parse(source: &Arc<SourceText>) -> Result<Node, Diagnostic> {
    match yaml::parse(source.text()) {
        Ok(root) => Ok(node(root)),
        Err(error) => Err(diagnostic(source, &error)),
    }
}

fn node(node: yaml::Node) -> Node {
    let kind = match node.kind {
        Kind::Null => NodeKind::Null,
        Kind::Bool(value) => NodeKind::Bool(value),
        Kind::Number(text) => NodeKind::Number(text),
        Kind::Text(text) => NodeKind::String(text),
        Kind::List(elements) => NodeKind::Array(elements.into_iter().map(self::node).collect()),
        Kind::Map(entries) => NodeKind::Object(entries.into_iter().map(member).collect()),
    };
    Node {
        span: span(&node.place),
        kind,
    }
}

fn member(entry: Entry) -> Member {
    Member {
        key: entry.key,
        key_span: span(&entry.key_place),
        value: node(entry.value),
    }
}

fn span(place: &Range<usize>) -> Span {
    Span::new(place.start, place.end)
}

fn diagnostic(source: &Arc<SourceText>, error: &YamlError) -> Diagnostic {
    let of = |code| Diagnostic::error(code, error.to_string());
    match error {
        YamlError::Empty => of(code::SYNTAX).in_file(source),
        YamlError::Syntax { message, place } => {
            match yaml_fault::find(source.text(), message, place.start) {
                Some(fault) => fault.into_diagnostic(source),
                None => of(code::SYNTAX).at(source, span(place), ""),
            }
        }
        YamlError::DuplicateKey { first, again, .. } => of(code::DUPLICATE_KEY)
            .at(source, span(again), "again here")
            .see(source, span(first), "first here"),
    }
}
