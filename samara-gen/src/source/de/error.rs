//! What does not fit a model, and where.

use std::fmt;
use std::sync::Arc;

use serde::de::{Expected, Unexpected};

use crate::diagnostic::{Diagnostic, code, nearest};
use crate::source::{SourceText, Span};

/// A value that does not fit; its place is known once the error has left the value's deserializer.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.kind)]
pub(in crate::source) struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: Kind,
    span: Option<Span>,
}

/// What is wrong with a value.
#[derive(Debug, thiserror::Error)]
pub(in crate::source) enum Kind {
    /// The object has a field that its type has not.
    #[error("unknown field `{name}`")]
    UnknownField {
        name: String,
        known: &'static [&'static str],
    },
    /// The object lacks a field.
    #[error("missing field `{name}`")]
    MissingField { name: &'static str },
    /// What belongs into `arguments` stands beside the function's name.
    #[error("`{name}` is an argument: it stands in `arguments`")]
    Beside { name: String },
    /// The object has one field under two names.
    #[error("`{name}` is given twice")]
    TwiceGiven { name: &'static str },
    /// The string is none of a few names; `what` they name, as in "unknown save mode".
    #[error("unknown {what} `{name}`")]
    UnknownName {
        what: String,
        name: String,
        known: &'static [&'static str],
    },
    /// The value is of another type.
    #[error("expected {wanted}, found {found}")]
    WrongType { wanted: String, found: String },
    /// A check of the model's own failed.
    #[error("{message}")]
    Invalid { message: String },
}

impl Error {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Inner { kind, span: None }))
    }

    pub(super) fn wrong_type(wanted: &str, found: &str) -> Self {
        Self::new(Kind::WrongType {
            wanted: wanted.to_owned(),
            found: found.to_owned(),
        })
    }

    /// Gives the error a place, unless a value further inside has.
    pub(super) fn or_at(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    pub(super) fn has_no_place(&self) -> bool {
        self.0.span.is_none()
    }

    pub(in crate::source) fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// Where the error is; `whole` if that is not known.
    pub(in crate::source) fn place(&self, whole: Span) -> Span {
        self.0.span.unwrap_or(whole)
    }

    /// The diagnostic, at `place`.
    pub(in crate::source) fn into_diagnostic(
        self,
        source: &Arc<SourceText>,
        place: Span,
    ) -> Diagnostic {
        let kind = self.0.kind;
        let diagnostic =
            Diagnostic::error(kind.code(), kind.to_string()).at(source, place, kind.label());
        match kind {
            Kind::UnknownField { name, known } | Kind::UnknownName { name, known, .. } => {
                suggest(diagnostic, &name, known)
            }
            Kind::Beside { .. } => diagnostic.help(
                "a function is `{\"function_type\": \"select\", \"arguments\": {\"columns\": [\"id\"]}}`",
            ),
            _ => diagnostic,
        }
    }
}

impl Kind {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownField { .. } | Self::Beside { .. } => code::UNKNOWN_FIELD,
            Self::MissingField { .. } => code::MISSING_FIELD,
            Self::UnknownName { .. } => code::UNKNOWN_NAME,
            Self::WrongType { .. } => code::WRONG_TYPE,
            Self::TwiceGiven { .. } | Self::Invalid { .. } => code::INVALID_VALUE,
        }
    }

    /// What is written at the underline.
    fn label(&self) -> String {
        match self {
            Self::UnknownField { .. } => "not a field of this object".to_owned(),
            Self::MissingField { name } => format!("`{name}` is missing here"),
            Self::Beside { .. } => "not in `arguments`".to_owned(),
            Self::TwiceGiven { .. } => "the same field under another name".to_owned(),
            Self::UnknownName { what, .. } => format!("no such {what}"),
            Self::WrongType { wanted, .. } => format!("expected {wanted}"),
            Self::Invalid { .. } => String::new(),
        }
    }
}

fn suggest(diagnostic: Diagnostic, name: &str, known: &[&str]) -> Diagnostic {
    if nearest(name, known.iter().copied()).is_some() {
        return diagnostic.suggest(name, known.iter().copied());
    }
    let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => diagnostic.help("it has no fields: write `{}`"),
        [only] => diagnostic.help(format!("only {only} is possible here")),
        _ => diagnostic.help(format!("possible here are {}", names.join(", "))),
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Kind::Invalid {
            message: message.to_string(),
        })
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::wrong_type(&in_words(wanted), &found_in_words(found))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::wrong_type(&in_words(wanted), &found_in_words(found))
    }

    fn unknown_variant(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownName {
            what: "name".to_owned(),
            name: name.to_owned(),
            known,
        })
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownField {
            name: name.to_owned(),
            known,
        })
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(Kind::MissingField { name })
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Kind::TwiceGiven { name })
    }
}

fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Unit | Unexpected::Option => "`null`".to_owned(),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Signed(number) => format!("`{number}`"),
        Unexpected::Unsigned(number) => format!("`{number}`"),
        Unexpected::Float(number) => format!("`{number}`"),
        Unexpected::Str(_) => "a string".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// Serde speaks of Rust's types; an author knows those of JSON.
fn in_words(wanted: &dyn Expected) -> String {
    let wanted = wanted.to_string();
    match wanted.as_str() {
        "a sequence" => "a list".to_owned(),
        "a map" => "an object".to_owned(),
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" | "u32" | "u64" => "a whole number from 0 up".to_owned(),
        "i8" | "i16" | "i32" | "i64" => "a whole number".to_owned(),
        text if text.starts_with("struct ") || text.contains(" enum ") => "an object".to_owned(),
        _ => wanted,
    }
}
