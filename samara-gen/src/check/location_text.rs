//! The texts of locations: that each names a place that there can be, as far as it tells.

use samara::location::{self, LocationError, Use};

use crate::check::variables;
use crate::diagnostic::{Diagnostic, code};
use crate::source::{Document, Spanned};

/// Checks the text of a location.
pub(super) fn check(
    document: &Document,
    text: &Spanned<String>,
    used: Use,
) -> Result<(), Diagnostic> {
    if text.value.trim().is_empty() {
        let problem = Diagnostic::error(code::INVALID_VALUE, LocationError::Empty.to_string());
        return Err(problem.at(document.source(), text.span, ""));
    }
    variables::check_text(document, &text.value, text.span)?;
    location::check(&text.value, used).map_err(|(range, error)| {
        let code = match error {
            LocationError::Scheme { .. } => code::NOT_SUPPORTED,
            _ => code::INVALID_VALUE,
        };
        let place = document.span_in_string(text.span, range);
        Diagnostic::error(code, error.to_string()).at(document.source(), place, "")
    })
}
