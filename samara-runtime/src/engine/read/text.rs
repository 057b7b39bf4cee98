//! Text files as Spark's `text` source reads them: a row a line, or a row a file, in one column.

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::files::{self, Selection};
use crate::engine::read::lines::TextForm;

const KNOWN: [&str; 3] = ["wholetext", "lineSep", "encoding"];

/// The column of a text file that no schema names.
pub const VALUE: &str = "value";

/// The options of the text reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextOptions {
    /// Whether a file is one row.
    pub whole: bool,
    pub form: TextForm,
    pub selection: Selection,
}

impl TextOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            match option.name.to_lowercase().as_str() {
                "wholetext" => {
                    parsed.whole = option.boolean()?;
                    parsed.form.keeps_mark = parsed.whole;
                }
                "linesep" => parsed.form.line_end = option.line_end()?,
                // Spark reads UTF-8, whatever this says.
                "encoding" | "charset" => option.only("UTF-8")?,
                _ if parsed.selection.take(&option)? => {}
                _ => return Err(option.unknown(&[&KNOWN[..], &files::OPTIONS].concat())),
            }
        }
        Ok(parsed)
    }
}
