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
