//! A frame on its way through a job, over no rows: its columns, and where they come from.

use samara::{DataFrame, Error};

use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Span, Spanned};

/// What a step gives.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// The columns, as the run will have them.
    pub data: DataFrame,
    /// Where the columns were declared.
    pub origin: Span,
}

/// What a function is applied to, for messages: "in the output of `extract-orders`".
pub(super) struct Place<'a> {
    pub document: &'a Document,
    pub origin: Span,
    pub frame: String,
}

impl Place<'_> {
    /// The problem that an error of a frame is, at the part of the function's arguments that caused it: the first of `parts`
    /// that the error names, else the first.
    pub fn problem(&self, error: &Error, parts: &[&Spanned<String>], whole: Span) -> Diagnostic {
        let named = |name: &str| parts.iter().find(|part| part.value == name).copied();
        let first = parts.first().map_or(whole, |part| part.span);
        match error {
            Error::UnknownColumn {
                name,
                candidates,
                offset,
            } => {
                let span = match (offset, named(name)) {
                    (Some(offset), _) => parts
                        .first()
                        .map_or(whole, |part| self.inside(part, *offset)),
                    (None, Some(part)) => part.span,
                    (None, None) => first,
                };
                self.unknown_column(name, candidates, span)
            }
            Error::AmbiguousColumn { name } => self
                .error(code::COLUMN, error)
                .at(
                    self.document.source(),
                    named(name).map_or(first, |part| part.span),
                    "stands for several columns",
                )
                .help("drop one of the columns, or select the others, before the join"),
            Error::Expression {
                message, offset, ..
            } => {
                let span = match (offset, parts.first()) {
                    (Some(offset), Some(part)) => self.inside(part, *offset),
                    _ => first,
                };
                Diagnostic::error(code::EXPRESSION, message.replace('\n', " ")).at(
                    self.document.source(),
                    span,
                    "",
                )
            }
            Error::UnknownType { name } => self.error(code::TYPE, error).at(
                self.document.source(),
                named(name).map_or(first, |part| part.span),
                "not a type",
            ),
            Error::Cast { column, .. } => self.error(code::CAST, error).at(
                self.document.source(),
                named(column).map_or(first, |part| part.span),
                "",
            ),
            _ => self
                .error(code::EXPRESSION, error)
                .at(self.document.source(), first, ""),
        }
    }

    fn unknown_column(&self, name: &str, candidates: &[String], span: Span) -> Diagnostic {
        let message = format!("no column `{name}` {}", self.frame);
        let problem = Diagnostic::error(code::COLUMN, message)
            .at(self.document.source(), span, "not a column")
            .see(
                self.document.source(),
                self.origin,
                "columns come from here",
            );
        match crate::diagnostic::nearest(name, candidates.iter().map(String::as_str)) {
            Some(candidate) => problem.help(format!("did you mean `{candidate}`?")),
            None => problem.help(format!("the columns are {}", candidates.join(", "))),
        }
    }

    fn error(&self, code: &'static str, error: &Error) -> Diagnostic {
        Diagnostic::error(code, error.to_string())
    }

    /// The place of the word that begins at an offset in an expression.
    fn inside(&self, expression: &Spanned<String>, offset: usize) -> Span {
        let text = &expression.value;
        let rest = text.get(offset..).unwrap_or_default();
        let quote = rest.chars().next().filter(|c| matches!(c, '`' | '\''));
        let length = match quote {
            Some(quote) => rest[1..].find(quote).map_or(rest.len(), |end| end + 2),
            None => rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
        };
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        if length == 0 {
            return expression.span;
        }
        self.document
            .span_in_string(expression.span, offset..offset + length)
    }
}
