use super::*;
use crate::engine::session::Session;
use crate::engine::types::DataType;
use crate::settings::RunSettings;

fn schema(columns: &[(&str, &str)]) -> Schema {
    crate::engine::read::schema_of(columns.iter().copied()).unwrap()
}

/// What the check says of one column.
fn refusal(format: Format, name: &str, kind: &str) -> Option<String> {
    let refused = check_schema(format, &schema(&[(name, kind)])).err();
    refused.map(|error| error.to_string())
}

#[test]
fn what_a_format_cannot_hold_is_refused_before_anything_is_written() {
    let every = "struct<a:array<decimal(38,18)>,m:map<int,timestamp_ntz>>";
    assert_eq!(refusal(Format::Parquet, "any name", every), None);
    assert_eq!(
        refusal(Format::Avro, "a", "map<string,struct<b:date>>"),
        None
    );
    for (format, name, kind, why) in [
        (Format::Avro, "a", "map<int,int>", "which avro cannot hold"),
        (
            Format::Avro,
            "a",
            "struct<`b c`:int>",
            "which avro cannot hold",
        ),
        (Format::Avro, "b c", "int", "not a name in avro"),
        (Format::Avro, "1", "int", "not a name in avro"),
        (Format::Orc, "a", "decimal(10,2)", "not written to orc yet"),
        (Format::Orc, "a", "timestamp_ntz", "not written to orc yet"),
        (Format::Orc, "a", "array<int>", "not written to orc yet"),
    ] {
        let refused = refusal(format, name, kind).expect(kind);
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn part_files_have_the_names_that_spark_gives_them() {
    let extension = |format, codec: &str| {
        let values = [("compression", codec)];
        let values = option::values(&values);
        let options = match format {
            Format::Parquet => TypedOptions::parquet(values),
            Format::Avro => TypedOptions::avro(values),
            _ => TypedOptions::orc(values),
        };
        options.map(|options| options.extension())
    };
    for (format, codec, expected) in [
        (Format::Parquet, "none", ".parquet"),
        (Format::Parquet, "SNAPPY", ".snappy.parquet"),
        (Format::Parquet, "gzip", ".gz.parquet"),
        (Format::Parquet, "lz4", ".lz4hadoop.parquet"),
        (Format::Parquet, "lz4_raw", ".lz4raw.parquet"),
        (Format::Parquet, "brotli", ".br.parquet"),
        (Format::Orc, "uncompressed", ".orc"),
        (Format::Orc, "zlib", ".zlib.orc"),
        (Format::Avro, "deflate", ".avro"),
    ] {
        assert_eq!(extension(format, codec).as_deref(), Ok(expected));
    }
    for (format, codec) in [
        (Format::Parquet, "lzo"),
        (Format::Orc, "gzip"),
        (Format::Avro, "none"),
    ] {
        assert!(extension(format, codec).is_err(), "{codec}");
    }
}

#[test]
fn a_nested_value_is_read_again_whichever_engine_type_held_it() {
    let directory = tempfile::tempdir().unwrap();
    let location = directory.path().join("out");
    let location = location.to_str().unwrap();
    let session = Session::new(&RunSettings::default()).unwrap();
    let frame = session
        .empty([("a", "array<struct<b:tinyint>>"), ("c", "smallint")])
        .unwrap();
    frame
        .write()
        .mode(SaveMode::Overwrite)
        .avro(location)
        .unwrap();
    let read = session.read().avro(location).unwrap().schema().unwrap();
    assert_eq!(read.fields[1].data_type, DataType::Integer);
    assert_eq!(read.fields[0].data_type.to_string(), "array<struct<b:int>>");
}
