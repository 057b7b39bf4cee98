//! The options of readers of such files.

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::files::{self, Selection};
use crate::engine::read::typed::Typed;

/// The option of ORC's own library for files whose names are not those that are declared.
const POSITIONAL: &str = "orc.force.positional.evolution";

/// What there is to choose.
#[derive(Debug, Clone, Default)]
pub(crate) struct TypedOptions {
    /// Whether the columns are those of all files, and not of the first one.
    pub merge_schema: bool,
    /// Whether the columns of orc files are found by position, whatever their names are.
    pub by_position: bool,
    pub selection: Selection,
}

impl TypedOptions {
    pub fn parse<'a>(
        typed: Typed,
        options: impl Iterator<Item = OptionValue<'a>>,
    ) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            if parsed.selection.take(&option)? {
                continue;
            }
            match (typed, option.name.to_lowercase().as_str()) {
                (Typed::Parquet | Typed::Orc, "mergeschema") => {
                    parsed.merge_schema = option.boolean()?;
                }
                (Typed::Orc, POSITIONAL) => parsed.by_position = option.boolean()?,
                (Typed::Parquet, "datetimerebasemode" | "int96rebasemode")
                | (Typed::Avro, "datetimerebasemode") => option.only("CORRECTED")?,
                _ => return Err(option.unknown(&[known(typed), &files::OPTIONS].concat())),
            }
        }
        Ok(parsed)
    }
}

fn known(typed: Typed) -> &'static [&'static str] {
    match typed {
        Typed::Parquet => &["mergeSchema", "datetimeRebaseMode", "int96RebaseMode"],
        Typed::Avro => &["datetimeRebaseMode"],
        Typed::Orc => &["mergeSchema", POSITIONAL],
    }
}
