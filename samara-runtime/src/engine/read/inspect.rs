//! A look at the beginning of files, without reading them.

use std::path::{Path, PathBuf};

use datafusion::physical_plan::metrics::Count;

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
    if let Decoder::Typed(typed, _) = decoder {
        return typed.open(&part, Count::new()).map(drop);
    }
    let mut lines = Lines::open(&part, decoder.form())?;
    let Decoder::Csv(options) = decoder else {
        return Ok(());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::option::OptionValue;
    use crate::engine::read::schema_of;

    /// What is wrong with a csv file of the columns `id` and `name`.
    fn told(name: &str, content: &[u8]) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let header = OptionValue {
            name: "header",
            value: "true",
        };
        let options = CsvOptions::parse([header].into_iter()).unwrap();
        let schema = schema_of([("id", "bigint"), ("name", "string")].into_iter()).unwrap();
        let faults = faults(&[path], &schema, &Decoder::Csv(options));
        let place = directory.path().display().to_string();
        let texts = faults.iter().map(ToString::to_string);
        texts.map(|text| text.replace(&place, ".")).collect()
    }

    #[test]
    fn a_header_as_declared_is_fine_in_any_case_and_so_is_an_empty_file() {
        for content in ["id,name\n1,Ada\n", "\n ID,NAME\n", ""] {
            assert!(told("in.csv", content.as_bytes()).is_empty(), "{content}");
        }
    }

    #[test]
    fn a_header_of_another_name_or_width_is_told() {
        let wrong = [
            (
                "id,nmae\n",
                "`./in.csv`: the header says `nmae` where the schema says `name`",
            ),
            (
                "id\n",
                "`./in.csv`: columns in the header: 1, in the schema: 2",
            ),
            (
                "id,name,x\n",
                "`./in.csv`: columns in the header: 3, in the schema: 2",
            ),
        ];
        for (content, message) in wrong {
            assert_eq!(told("in.csv", content.as_bytes()), [message]);
        }
    }

    #[test]
    fn a_file_that_is_not_compressed_as_its_name_says_is_told() {
        let told = told("in.csv.gz", b"id,name\n");
        assert!(told[0].starts_with("cannot read `./in.csv.gz`"), "{told:?}");
    }
}
