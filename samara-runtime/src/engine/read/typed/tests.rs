use std::path::{Path, PathBuf};

use super::*;
use crate::engine::read::Reader;
use crate::engine::{DataFrame, Session};
use crate::error::Result;
use crate::settings::RunSettings;

const ALL: [Typed; 3] = [Typed::Parquet, Typed::Avro, Typed::Orc];

/// A file that Spark, or fastavro, wrote: `tests/spark/write_files.py`.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/spark/files")
        .join(name)
}

fn types(typed: Typed) -> PathBuf {
    file(&format!("types.{}", typed.format().name()))
}

fn reader() -> Reader {
    Session::new(&RunSettings::default()).unwrap().read()
}

/// How many rows there are, or what is wrong.
fn rows(frame: Result<DataFrame>) -> Result<usize, String> {
    let rows = frame.and_then(|frame| frame.session.clone().collect(&frame.plan));
    let rows = rows.map(|batches| batches.iter().map(RecordBatch::num_rows).sum());
    rows.map_err(|error| error.to_string())
}

/// Reads a directory with one file in it, by the columns of the file, and by those that are declared.
fn read(typed: Typed, content: &[u8]) -> [Result<usize, String>; 2] {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("bad-file"), content).unwrap();
    let location = directory.path().to_str().unwrap();
    let declared = reader().schema([("id", "int")]);
    [
        rows(reader().typed(location, typed)),
        rows(declared.typed(location, typed)),
    ]
}

#[test]
fn what_is_not_of_its_format_is_named_whether_a_schema_is_declared_or_not() {
    for typed in ALL {
        for outcome in read(typed, b"id,name\n1,this is a csv file\n") {
            let message = outcome.unwrap_err();
            let says = format!("bad-file` cannot be read as {}", typed.format().name());
            assert!(message.contains(&says), "{message}");
        }
    }
}

#[test]
fn a_file_that_ends_early_is_an_error_and_never_fewer_rows() {
    for typed in ALL {
        let whole = std::fs::read(types(typed)).unwrap();
        assert_eq!(read(typed, &whole), [Ok(5), Ok(5)]);
        for length in [1, 4, whole.len() / 2, whole.len() - 1] {
            for outcome in read(typed, &whole[..length]) {
                let message = outcome.expect_err(&format!("{typed:?}, {length} bytes"));
                assert!(
                    message.contains("bad-file"),
                    "{typed:?}, {length}: {message}"
                );
            }
        }
    }
}

#[test]
fn an_empty_file_has_no_rows_and_no_columns() {
    for typed in ALL {
        let [undeclared, declared] = read(typed, b"");
        let message = undeclared.unwrap_err();
        assert!(message.contains("no schema is declared"), "{message}");
        assert_eq!(declared, Ok(0));
    }
}

#[test]
fn a_directory_without_files_has_no_rows_and_no_columns() {
    for typed in ALL {
        let directory = tempfile::tempdir().unwrap();
        let location = directory.path().to_str().unwrap();
        let message = rows(reader().typed(location, typed)).unwrap_err();
        assert!(message.contains("no schema is declared"), "{message}");
        let declared = reader().schema([("id", "int")]);
        assert_eq!(rows(declared.typed(location, typed)), Ok(0));
    }
}

#[test]
fn files_of_no_rows_say_their_columns() {
    for typed in ALL {
        let location = file(&format!("no_rows.{}", typed.format().name()));
        let frame = reader().typed(location.to_str().unwrap(), typed).unwrap();
        assert_eq!(frame.columns().len(), 20);
        assert_eq!(rows(Ok(frame)), Ok(0));
    }
}

#[test]
fn each_row_group_is_read_by_one_part() {
    let path = file("foreign.parquet");
    let length = std::fs::metadata(&path).unwrap().len();
    let part = |start, end| Part {
        path: path.clone(),
        start,
        end,
    };
    let rows = |part: Part| {
        let file = Typed::Parquet.open(&part, Count::new()).unwrap();
        let batches = super::read(file, &[0], 8192).unwrap();
        batches
            .map(|batch| batch.unwrap().num_rows())
            .sum::<usize>()
    };
    assert_eq!(rows(part(0, length)), 3);
    for cut in [1, 4, 5, length / 4, length / 2, length - 1] {
        assert_eq!(
            rows(part(0, cut)) + rows(part(cut, length)),
            3,
            "cut at {cut}"
        );
    }
}

#[test]
fn only_the_columns_that_are_asked_for_are_read() {
    let read = |columns: &[usize]| {
        let part = Part {
            path: types(Typed::Parquet),
            start: 0,
            end: u64::MAX,
        };
        let bytes = Count::new();
        let file = Typed::Parquet.open(&part, bytes.clone()).unwrap();
        let footer = bytes.value();
        assert_eq!(file.read(columns, 8192).unwrap().count(), 1);
        bytes.value() - footer
    };
    assert_eq!(read(&[]), 0);
    assert!(read(&[0]) * 10 < read(&(0..20).collect::<Vec<_>>()));
}

#[test]
fn an_unknown_option_is_told_the_nearest() {
    let options = [("mergeShema", "true")];
    let error = crate::engine::read::check_options(Format::Parquet, &options).unwrap_err();
    assert_eq!(error.suggestion.as_deref(), Some("mergeSchema"));
}

/// How a file's columns conform to those that are declared, or why they do not.
fn conform(typed: Typed, name: &str, declared: &[(&str, &str)]) -> Result<Option<String>, String> {
    let part = Part {
        path: file(name),
        start: 0,
        end: u64::MAX,
    };
    let file = typed.open(&part, Count::new()).unwrap();
    let declared = crate::engine::read::schema_of(declared.iter().copied()).unwrap();
    let arrow: Vec<_> = declared
        .fields
        .iter()
        .map(|field| field.to_arrow())
        .collect();
    let projection: Vec<usize> = (0..arrow.len()).collect();
    let wanted = Declared {
        fields: &declared.fields,
        projection: &projection,
        by_position: false,
    };
    let schema = std::sync::Arc::new(datafusion::arrow::datatypes::Schema::new(arrow));
    let conform = Conform::new(typed, file.fields(), wanted, schema);
    let conform = conform.map_err(|mismatch| mismatch.to_string())?;
    Ok(conform.unmatched().map(str::to_owned))
}

#[test]
fn a_file_with_none_of_the_declared_columns_is_told_with_both_lists() {
    for (typed, file, found) in [
        (Typed::Parquet, "null.parquet", "`id`, `n`, `s`, `l`, `m`"),
        (Typed::Avro, "null.avro", "`id`, `n`"),
        (Typed::Orc, "named.orc", "`x`, `y`"),
        (Typed::Orc, "hive_mixed.orc", "`_col0`, `name`, `_col2`"),
        (Typed::Orc, "hive_upper.orc", "`_COL0`, `_COL1`"),
    ] {
        let unmatched = conform(typed, file, &[("p", "int"), ("q", "string")]);
        let lists = format!("the file has {found}; declared are `p`, `q`");
        assert_eq!(unmatched, Ok(Some(lists)), "{file}");
    }
    let some = [("ID", "int"), ("q", "string")];
    assert_eq!(conform(Typed::Parquet, "null.parquet", &some), Ok(None));
    let by_position = [("p", "int"), ("q", "string"), ("r", "bigint")];
    assert_eq!(conform(Typed::Orc, "hive.orc", &by_position), Ok(None));
}

#[test]
fn a_struct_with_none_of_the_declared_fields_is_told_with_both_lists() {
    let declared = [("id", "int"), ("s", "struct<p:int,q:string>")];
    let lists = "in `s` the file has `_col0`, `_col1`; declared are `p`, `q`".to_owned();
    let unmatched = conform(Typed::Orc, "hive_nested.orc", &declared);
    assert_eq!(unmatched, Ok(Some(lists)));
}

#[test]
fn columns_by_position_of_which_too_few_are_declared_are_refused_with_the_way_out() {
    let refused = conform(Typed::Orc, "hive.orc", &[("id", "int")]).unwrap_err();
    let way_out = "its 3 columns are found by position, and 1 are declared: declare all of them";
    assert!(refused.contains(way_out), "{refused}");
}

#[test]
fn an_avro_column_of_type_null_is_void() {
    let location = file("null.avro");
    let frame = || reader().avro(location.to_str().unwrap());
    let schema = frame().unwrap().schema().unwrap();
    assert_eq!(schema.fields[1].data_type.to_string(), "void");
    assert_eq!(rows(frame()), Ok(2));
    assert_eq!(
        conform(Typed::Avro, "null.avro", &[("n", "void")]),
        Ok(None)
    );
    // Spark, `AvroDeserializer`: a null is read as no other type.
    let refused = conform(Typed::Avro, "null.avro", &[("n", "string")]).unwrap_err();
    assert!(
        refused.contains("column `n` is void in the file"),
        "{refused}"
    );
}

/// Libraries panic at some damage; a run says which file it was, whatever they do.
#[test]
fn a_damaged_byte_anywhere_is_an_error_or_nothing_but_another_value() {
    for typed in ALL {
        let whole = std::fs::read(types(typed)).unwrap();
        for place in (0..whole.len()).step_by(61) {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x55;
            match &read(typed, &damaged)[0] {
                Ok(rows) => assert_eq!(*rows, 5, "{typed:?}, byte {place}"),
                Err(message) => assert!(message.contains("bad-file"), "{message}"),
            }
        }
    }
}
