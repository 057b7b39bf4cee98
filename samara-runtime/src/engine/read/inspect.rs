//! A look at the beginning of files, without reading them.

use std::path::{Path, PathBuf};

use crate::engine::read::ReadError;
use crate::engine::read::csv::{CsvDecoder, CsvOptions};
use crate::engine::read::files::Part;
use crate::engine::read::lines::Lines;
use crate::engine::read::scan::Decoder;
use crate::engine::types::Schema;

/// What is wrong with files: one cannot be opened, or begins with a header that the schema does not know.
pub(super) fn faults(files: &[PathBuf], schema: &Schema, decoder: &Decoder) -> Vec<ReadError> {
    let looks = files.iter().map(|path| look_at(path, schema, decoder));
    looks.filter_map(Result::err).collect()
}

fn look_at(path: &Path, schema: &Schema, decoder: &Decoder) -> Result<(), ReadError> {
    let part = Part {
        path: path.to_owned(),
        start: 0,
        end: u64::MAX,
    };
    let mut lines = Lines::open(&part, decoder.form())?;
    let Decoder::Csv(options) = decoder else {
        return lines.next().map(drop);
    };
    while let Some(line) = lines.next()? {
        if options.is_record(&line.text) {
            return match options.header {
                true => check_header(path, &line.text, schema, options),
                false => Ok(()),
            };
        }
    }
    Ok(())
}

fn check_header(
    path: &Path,
    line: &str,
    schema: &Schema,
    options: &CsvOptions,
) -> Result<(), ReadError> {
    let path = || path.to_owned();
    let decoder = CsvDecoder::new(options.clone(), &schema.fields, &[]);
    if let Some((header, column)) = decoder.header_mismatch(line) {
        return Err(ReadError::Header {
            path: path(),
            header,
            column,
        });
    }
    let (found, declared) = (options.column_names(line).len(), schema.fields.len());
    match found == declared {
        true => Ok(()),
        false => Err(ReadError::HeaderWidth {
            path: path(),
            found,
            declared,
        }),
    }
}
