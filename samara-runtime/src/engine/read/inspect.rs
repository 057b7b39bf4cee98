//! A look at the beginning of files, by the reader's own rules, without reading them.

use std::path::{Path, PathBuf};

use datafusion::physical_plan::metrics::Count;

use crate::engine::read::ReadError;
use crate::engine::read::csv::CsvDecoder;
use crate::engine::read::files::{self, Part};
use crate::engine::read::records::Records;
use crate::engine::read::scan::{Columns, Decoder};
use crate::engine::types::Schema;

/// What a read of the files would fail by: one cannot be opened, or begins with a header that is refused.
pub(super) fn faults(files: &[PathBuf], schema: &Schema, decoder: &Decoder) -> Vec<ReadError> {
    let looks = files.iter().map(|path| look_at(path, schema, decoder));
    looks.filter_map(Result::err).collect()
}

fn look_at(path: &Path, schema: &Schema, decoder: &Decoder) -> Result<(), ReadError> {
    // What is read of a pipe is gone.
    if path.exists() && !files::has_content(path) {
        return Ok(());
    }
    let part = Part {
        path: path.to_owned(),
        start: 0,
        end: u64::MAX,
    };
    if let Decoder::Typed(typed, _) = decoder {
        return typed.open(&part, Count::new()).map(drop);
    }
    let Decoder::Csv(options) = decoder else {
        return Records::open(&part, decoder.form(), None).map(drop);
    };
    let quotes = Some(options).filter(|options| options.multi_line);
    let mut records = Records::open(&part, &options.form, quotes)?;
    if !options.header {
        return Ok(());
    }
    let columns = Columns::new(&schema.fields, &[], decoder.corrupt_record());
    let csv = CsvDecoder::new(options.clone(), &columns.fields, &[]);
    while let Some(record) = records.next()? {
        if csv.check_header(&record.text, path)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::option::OptionValue;
    use crate::engine::read::csv::CsvOptions;
    use crate::engine::read::schema_of;
    use crate::engine::read::typed::{Typed, TypedOptions};

    const COLUMNS: [(&str, &str); 2] = [("id", "bigint"), ("name", "string")];

    /// What is wrong with a csv file that has a header.
    fn told(
        name: &str,
        content: &[u8],
        columns: &[(&str, &str)],
        options: &[(&str, &str)],
    ) -> Vec<String> {
        let options = [&[("header", "true")], options].concat();
        let values = options
            .iter()
            .map(|(name, value)| OptionValue { name, value });
        let decoder = Decoder::Csv(CsvOptions::parse(values).unwrap());
        told_of(name, content, columns, &decoder)
    }

    fn told_of(
        name: &str,
        content: &[u8],
        columns: &[(&str, &str)],
        decoder: &Decoder,
    ) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let schema = schema_of(columns.iter().copied()).unwrap();
        let faults = faults(&[path], &schema, decoder);
        let place = directory.path().display().to_string();
        let texts = faults.iter().map(ToString::to_string);
        texts.map(|text| text.replace(&place, ".")).collect()
    }

    #[test]
    fn a_header_as_declared_is_fine_in_any_case_and_so_is_an_empty_file() {
        let strict = [("enforceSchema", "false")];
        for content in ["id,name\n1,Ada\n", "\nID,NAME\n", "id,name", ""] {
            assert!(
                told("in.csv", content.as_bytes(), &COLUMNS, &strict).is_empty(),
                "{content}"
            );
        }
    }

    #[test]
    fn a_header_of_another_name_or_width_is_told_only_where_a_run_refuses_it() {
        for (content, message) in [
            (
                "id,nmae\n",
                "the header says `nmae` where the schema says `name`",
            ),
            (
                "id\n",
                "the header says `1 columns` where the schema says `2 columns`",
            ),
            (
                "id,name,x\n",
                "the header says `3 columns` where the schema says `2 columns`",
            ),
        ] {
            let content = content.as_bytes();
            assert!(told("in.csv", content, &COLUMNS, &[]).is_empty());
            let strict = told("in.csv", content, &COLUMNS, &[("enforceSchema", "false")]);
            assert_eq!(strict, [format!("`./in.csv`: {message}")]);
        }
    }

    #[test]
    fn the_column_of_corrupt_records_is_in_no_header() {
        for (name, options) in [
            ("_corrupt_record", &[][..]),
            ("bad", &[("columnNameOfCorruptRecord", "bad")]),
        ] {
            let columns = [COLUMNS[0], (name, "string"), COLUMNS[1]];
            let options = [&[("enforceSchema", "false")], options].concat();
            let told = told("in.csv", b"id,name\n1,Ada\n", &columns, &options);
            assert!(told.is_empty(), "{told:?}");
        }
    }

    #[test]
    fn a_header_is_taken_apart_by_the_options_of_the_reader() {
        for (content, options) in [
            (&b"#x,y,z\nid,name\n"[..], &[("comment", "#")][..]),
            (
                b"'id';'na\nme'\n",
                &[("sep", ";"), ("quote", "'"), ("multiLine", "true")],
            ),
            (b"id,na\xefme\n", &[("encoding", "ISO-8859-1")]),
            (b"id||name;", &[("sep", "||"), ("lineSep", ";")]),
        ] {
            let name = match options[0].0 {
                "encoding" => "na\u{ef}me",
                "sep" if options.len() == 3 => "na\nme",
                _ => "name",
            };
            let columns = [COLUMNS[0], (name, "string")];
            let options = [&[("enforceSchema", "false")], options].concat();
            let told = told("in.csv", content, &columns, &options);
            assert!(told.is_empty(), "{options:?}: {told:?}");
        }
    }

    #[test]
    fn a_file_that_is_not_compressed_as_its_name_says_is_told() {
        let told = told("in.csv.gz", b"id,name\n", &COLUMNS, &[]);
        assert!(told[0].starts_with("cannot read `./in.csv.gz`"), "{told:?}");
    }

    #[test]
    fn an_empty_file_of_any_format_is_fine_as_it_is_in_a_run() {
        for typed in [Typed::Parquet, Typed::Avro, Typed::Orc] {
            let decoder = Decoder::Typed(typed, TypedOptions::default());
            assert!(told_of("in", b"", &COLUMNS, &decoder).is_empty());
            assert_eq!(told_of("in", b"not this", &COLUMNS, &decoder).len(), 1);
        }
    }
}
