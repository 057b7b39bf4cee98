//! A frame on its way through a job, over no rows: its columns, and where they come from.

use std::collections::HashSet;

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
    /// Where a second column of one name was made, with that name in small letters.
    pub doubles: Vec<(String, Span)>,
}

impl Frame {
    /// The frame, whose columns a function made out of these parts of its arguments.
    pub fn made_of(mut self, makes: &[&Spanned<String>]) -> Self {
        if let Some(last) = makes.last() {
            self.doubles = self.found_doubles(makes, last.span);
        }
        self
    }

    fn found_doubles(&self, makes: &[&Spanned<String>], otherwise: Span) -> Vec<(String, Span)> {
        let Ok(schema) = self.data.schema() else {
            return Vec::new();
        };
        let mut seen = HashSet::new();
        let names = schema.fields.iter().map(|field| field.name.to_lowercase());
        let doubles: Vec<String> = names.filter(|name| !seen.insert(name.clone())).collect();
        let doubles = doubles.into_iter().map(|name| {
            let is_it = |part: &&&Spanned<String>| column_of(&part.value) == name;
            let made = makes.iter().rev().find(is_it).map(|part| part.span);
            let span = made.or(self.double(&name)).unwrap_or(otherwise);
            (name, span)
        });
        doubles.collect()
    }

    /// Where the second column of a name was made.
    pub fn double(&self, name: &str) -> Option<Span> {
        let name = name.to_lowercase();
        let mut doubles = self.doubles.iter();
        doubles
            .find(|(double, _)| *double == name)
            .map(|(_, span)| *span)
    }
}

/// The name, in small letters, of the column that a reference to a column gives.
fn column_of(reference: &str) -> String {
    let name = match reference.strip_suffix('`') {
        Some(quoted) => quoted.rsplit('`').next().unwrap_or(quoted),
        None => reference.rsplit('.').next().unwrap_or(reference),
    };
    name.to_lowercase()
}

/// What a function is applied to, for messages: "in the output of `extract-orders`".
pub(super) struct Place<'a> {
    pub document: &'a Document,
    pub origin: Span,
    pub frame: String,
    pub doubles: Vec<(String, Span)>,
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
            Error::AmbiguousColumn { name } => {
                let span = named(name).map_or(first, |part| part.span);
                self.ambiguous_column(name, error, span)
            }
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

    fn ambiguous_column(&self, name: &str, error: &Error, span: Span) -> Diagnostic {
        let source = self.document.source();
        let problem = self
            .error(code::COLUMN, error)
            .at(source, span, "stands for several columns")
            .help("select or drop one of the columns where both come together");
        let mut doubles = self.doubles.iter();
        match doubles.find(|(double, _)| *double == column_of(name)) {
            Some((_, second)) => problem.see(source, *second, "the second one comes from here"),
            None => problem,
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
        let quote = rest.chars().next().filter(|first| "`'\"".contains(*first));
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
