//! Avro, which PySpark does not read by itself: files of the rows that it read and wrote as parquet, by the schema that Spark's writer has for them.

use serde_json::{Value, json};

use super::case::Case;
use super::run::Runner;
use super::{Answer, directory, recorded};

/// A case over a file, with the types that it has as parquet, or its own.
fn case(file: &str, schema: &Value, functions: &Value, written_as: &str) -> Case {
    let format = file.rsplit_once('.').expect("an extension").1;
    let input = json!({"data_format": format, "schema": schema, "file": file});
    let case = json!({
        "name": file, "inputs": {"in": input}, "from": "in", "functions": functions, "data_format": written_as,
    });
    serde_json::from_value(case).expect("a case")
}

fn answer(case: &Case) -> (Value, Vec<String>) {
    match Runner::new().answer(case) {
        Answer::Rows { schema, lines } => (schema, lines),
        failed => panic!("{}: {:?}", case.name, failed.parts()),
    }
}

/// What Spark read from the parquet file of the same rows.
fn of_spark(name: &str) -> (Value, Vec<String>) {
    match recorded(directory(), "typed.json".as_ref()).remove(name) {
        Some(Answer::Rows { schema, lines }) => (schema, lines),
        _ => panic!("{name} is recorded"),
    }
}

/// The schema with the types that avro has: a tinyint and a smallint are ints.
fn in_avro(schema: &Value) -> Value {
    let text = schema.to_string();
    let text = text.replace("\"byte\"", "\"integer\"");
    serde_json::from_str(&text.replace("\"short\"", "\"integer\"")).expect("json")
}

#[test]
fn a_file_of_every_type_holds_what_spark_reads_from_parquet() {
    let (schema, lines) = of_spark("parquet types");
    let declared = case("types.avro", &schema, &json!([]), "json");
    assert_eq!(answer(&declared), (schema.clone(), lines.clone()));
    let undeclared = case("types.avro", &Value::Null, &json!([]), "json");
    assert_eq!(answer(&undeclared), (in_avro(&schema), lines));
}

#[test]
fn what_is_written_is_read_again_as_it_was() {
    let (_, lines) = of_spark("parquet types");
    let written = case("types.parquet", &Value::Null, &json!([]), "avro");
    assert_eq!(answer(&written).1, lines);
}

#[test]
fn every_codec_is_read() {
    for codec in ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"] {
        let file = format!("codec_{codec}.avro");
        let (_, lines) = answer(&case(&file, &Value::Null, &json!([]), "json"));
        assert_eq!(lines.len(), 5, "{file}");
        assert_eq!(lines[0], r#"{"id":1,"string_":"text"}"#, "{file}");
    }
}

/// By the specification of avro and `SchemaConverters.toSqlType` of Spark.
#[test]
fn types_of_other_programs_are_those_that_spark_has_for_them() {
    let (schema, lines) = answer(&case("foreign.avro", &Value::Null, &json!([]), "json"));
    let kinds = schema["fields"].as_array().into_iter().flatten();
    let kinds: Vec<&Value> = kinds.map(|field| &field["type"]).collect();
    assert_eq!(
        kinds,
        [
            "string",
            "binary",
            "timestamp",
            "timestamp_ntz",
            "decimal(5,2)",
            "long",
            "string"
        ]
    );
    assert_eq!(
        lines,
        [
            r#"{"colour":"GREEN","fixed":"YWJjZA==","millis":"2024-01-02T03:04:05.006Z","local_millis":"2024-01-02T03:04:05.006","bytes_decimal":-1.23,"number":7,"uuid":"0d1f5e2c-7f6b-4c9a-9f59-1d2f5b0c7a11"}"#
        ]
    );
}

#[test]
fn some_columns_of_a_file_are_read_in_any_order_and_case() {
    let select =
        |columns: Value| json!([{"function_type": "select", "arguments": {"columns": columns}}]);
    let few = case(
        "types.avro",
        &Value::Null,
        &select(json!(["STRING_", "id"])),
        "json",
    );
    assert_eq!(answer(&few).1[0], r#"{"STRING_":" ","id":5}"#);
    let count = json!([{"function_type": "aggregate", "arguments": {"aggregate_columns": [{"column_name": "*", "function": "count", "alias": "n"}]}}]);
    assert_eq!(
        answer(&case("types.avro", &Value::Null, &count, "json")).1,
        [r#"{"n":5}"#]
    );
    let none = case("no_rows.avro", &Value::Null, &json!([]), "json");
    assert_eq!(answer(&none).1, [""; 0]);
}
