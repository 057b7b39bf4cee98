//! Text files as Spark's `text` source writes them: a line a row, of one column of texts; null is an empty line.

use datafusion::arrow::array::{Array as _, RecordBatch, StringArray};
use datafusion::common::DataFusionError;
use datafusion::common::cast::as_string_array;

use crate::engine::compression::Compression;
use crate::engine::option::{OptionError, OptionValue};

const KNOWN: [&str; 3] = ["compression", "lineSep", "encoding"];

/// The options of the text writer.
#[derive(Debug, Clone)]
pub(crate) struct TextOptions {
    pub compression: Compression,
    line_end: String,
}

impl TextOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self {
            compression: Compression::None,
            line_end: "\n".to_owned(),
        };
        for option in options {
            match option.name.to_lowercase().as_str() {
                "compression" | "codec" => parsed.compression = Compression::of_option(&option)?,
                "linesep" => parsed.line_end = option.written_line_end()?,
                "encoding" | "charset" => option.only("UTF-8")?,
                _ => return Err(option.unknown(&KNOWN)),
            }
        }
        Ok(parsed)
    }

    pub fn encode(&self, batch: &RecordBatch, out: &mut String) -> Result<(), DataFusionError> {
        let lines: &StringArray = as_string_array(batch.column(0))?;
        for row in 0..lines.len() {
            if lines.is_valid(row) {
                out.push_str(lines.value(row));
            }
            out.push_str(&self.line_end);
        }
        Ok(())
    }
}
