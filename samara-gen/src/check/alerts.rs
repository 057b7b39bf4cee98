//! The alert section.

use samara::alert::Alert;

use crate::diagnostic::{Diagnostic, code};
use crate::source::Document;

/// Checks the alert section of a file, and gives it as the JSON text of an alert file. A file may have none, unless it was
/// given as the alert file.
pub(super) fn check(
    document: &Document,
    required: bool,
) -> Result<Option<String>, Vec<Diagnostic>> {
    let Some(section) = document.section("alert") else {
        if required {
            let problem = Diagnostic::error(code::ALERT, "the alert file has no section `alert`");
            return Err(vec![problem.in_file(document.source())]);
        }
        return Ok(None);
    };
    let alert: Alert = document.deserialize_node(section)?;
    alert.validate().map_err(|error| {
        let problem = Diagnostic::error(code::ALERT, error.to_string());
        vec![problem.at(document.source(), section.span, "")]
    })?;
    let embedded = serde_json::json!({ "alert": section.to_json() });
    Ok(Some(format!("{embedded:#}\n")))
}
