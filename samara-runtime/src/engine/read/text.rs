//! Text files as Spark's `text` source reads them: a row a line, in one column.

use crate::engine::option::{OptionError, OptionValue};

const KNOWN: [&str; 3] = ["wholetext", "lineSep", "encoding"];

/// The column of a text file that no schema names.
pub const VALUE: &str = "value";

/// Checks the options of the text reader; there is none yet that changes anything.
pub(crate) fn parse_options<'a>(
    options: impl Iterator<Item = OptionValue<'a>>,
) -> Result<(), OptionError> {
    for option in options {
        match option.name.to_lowercase().as_str() {
            "wholetext" => option.only("false")?,
            "linesep" => option.only("\n")?,
            "encoding" | "charset" => option.only("UTF-8")?,
            _ => return Err(option.unknown(&KNOWN)),
        }
    }
    Ok(())
}
