//! A breach of a file's syntax, as a person is told of it.

use std::sync::Arc;

use super::{SourceText, Span};
use crate::diagnostic::{Diagnostic, code};

/// A breach of the syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub message: String,
    /// Where a person would change the text.
    pub span: Span,
    pub label: &'static str,
    /// What it belongs to.
    pub see: Option<(Span, &'static str)>,
    pub help: Option<String>,
}

impl Fault {
    /// The fault as it is told.
    pub fn into_diagnostic(self, source: &Arc<SourceText>) -> Diagnostic {
        let diagnostic =
            Diagnostic::error(code::SYNTAX, self.message).at(source, self.span, self.label);
        let diagnostic = match self.see {
            Some((span, text)) => diagnostic.see(source, span, text),
            None => diagnostic,
        };
        match self.help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        }
    }

    pub fn new(message: impl Into<String>, span: Span) -> Self {
        Self {
            message: message.into(),
            span,
            label: "",
            see: None,
            help: None,
        }
    }

    pub fn label(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    pub fn see(self, span: Span, text: &'static str) -> Self {
        let see = Some((span, text));
        Self { see, ..self }
    }

    pub fn help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        Self { help, ..self }
    }
}
