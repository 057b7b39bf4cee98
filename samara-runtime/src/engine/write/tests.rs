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
fn a_location_in_another_store_is_refused_by_readers_and_writers_before_anything_is_touched() {
    let session = Session::new(&RunSettings::default()).unwrap();
    let frame = session.empty([("id", "string")]).unwrap();
    let location = "s3://bucket/orders";
    let write = || frame.clone().write();
    let with_export = write().schema_export("gs://bucket/schema.json");
    let read = || session.read().schema([("id", "string")]);
    let refused = [
        read().csv(location).err(),
        read().parquet(location).err(),
        session.read().csv(location).err(),
        session.read().json(location).err(),
        session.read().text(location).err(),
        session.read().orc(location).err(),
        write().csv(location).err(),
        write().json(location).err(),
        write().avro(location).err(),
        with_export.json("out").err(),
    ];
    for (index, refused) in refused.into_iter().enumerate() {
        let error = refused.unwrap_or_else(|| panic!("{index} is not refused"));
        assert!(error.to_string().contains("is not supported"), "{error}");
        assert_eq!(error.kind(), "Location");
    }
}

#[test]
fn files_are_written_and_read_by_their_scheme() {
    let session = Session::new(&RunSettings::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| format!("file://{}/{name}", directory.path().display());
    let frame = session.empty([("id", "string")]).unwrap();
    let writer = frame.write().schema_export(&place("schema.json"));
    writer.parquet(&place("out/")).unwrap().run().unwrap();
    assert!(directory.path().join("out/_SUCCESS").is_file());
    assert!(directory.path().join("schema.json").is_file());
    let read = session.read().parquet(&place("o*t")).unwrap();
    assert_eq!(read.columns(), ["id"]);
}

#[test]
fn a_load_that_would_replace_what_another_one_writes_is_refused_before_anything_is_written() {
    let session = Session::new(&RunSettings::default()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let frame = session.empty([("id", "string")]).unwrap();
    let load = |mode, place: &str| {
        let location = format!("{}/{place}", directory.path().display());
        frame.clone().write().mode(mode).csv(&location).unwrap()
    };
    for spelling in ["out", "./out/", "a/../out"] {
        let loads = [
            load(SaveMode::Overwrite, "out"),
            load(SaveMode::Overwrite, spelling),
        ];
        let error = session.run(loads).expect_err("two").to_string();
        assert!(
            error.starts_with("two loads of this job write to"),
            "{error}"
        );
        assert!(!directory.path().join("out").exists());
    }
    let beside = [
        load(SaveMode::Overwrite, "out"),
        load(SaveMode::Append, "out"),
        load(SaveMode::Overwrite, "other"),
    ];
    session.run(beside).unwrap();
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
    let load = frame.write().mode(SaveMode::Overwrite).avro(location);
    load.and_then(Load::run).unwrap();
    let read = session.read().avro(location).unwrap().schema().unwrap();
    assert_eq!(read.fields[1].data_type, DataType::Integer);
    assert_eq!(read.fields[0].data_type.to_string(), "array<struct<b:int>>");
}
