//! Workflows of many steps and many columns, and values of many levels: that they work, on the small stack of a test's thread.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::logical_expr::{ExprSchemable as _, LogicalPlan};

use crate::engine::Format;
use crate::engine::read::infer;
use crate::{DataFrame, Load, Result, RunSettings, SaveMode, Session};

fn session() -> Session {
    Session::new(&RunSettings::default()).unwrap()
}

/// A file, and its directory, which is there as long as this is.
fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    (directory, path.display().to_string())
}

fn numbers(text: &str) -> (tempfile::TempDir, DataFrame) {
    let (directory, path) = file("in.csv", text);
    let frame = session().read().schema([("k", "int"), ("c", "bigint")]);
    (directory, frame.csv(&path).unwrap())
}

fn rows(frame: &DataFrame) -> Vec<RecordBatch> {
    frame.session.collect(&frame.plan).unwrap()
}

fn first(frame: &DataFrame, column: usize) -> String {
    array_value_to_string(rows(frame)[0].column(column), 0).unwrap()
}

#[test]
fn two_thousand_columns_of_one_name_after_each_other_are_computed() {
    let (_directory, frame) = numbers("1,0\n");
    let last = (0..2_000).try_fold(frame, |frame, _| frame.with_column("c", "c + 1"));
    assert_eq!(first(&last.unwrap(), 1), "2000");
}

#[test]
fn columns_of_the_same_rows_are_one_projection() {
    let (_directory, frame) = numbers("1,1\n");
    let add = |frame: DataFrame, at: usize| frame.with_column(&format!("c{at}"), "c + k");
    let many = (0..300).try_fold(frame, add).unwrap();
    let projections = many.plan.display_indent().to_string();
    assert_eq!(projections.matches("Projection:").count(), 1);
    assert_eq!(first(&many, 301), "2");
}

#[test]
fn columns_that_pass_through_a_projection_have_the_types_of_their_values() {
    let (_directory, frame) = numbers("1,1\n");
    let one = frame
        .with_column("d", "cast(c as decimal(10,2))")
        .and_then(|frame| frame.with_column("one", "1"))
        .and_then(|frame| frame.with_column("r", "round(d, 1) + one"))
        .and_then(|frame| frame.with_column("c", "concat(r, 'a')"))
        .and_then(|frame| frame.select(["c", "r", "one", "k"]))
        .unwrap();
    let LogicalPlan::Projection(projection) = &one.plan else {
        panic!("{} is no projection", one.plan.display_indent());
    };
    let below = projection.input.schema();
    for (value, field) in projection.expr.iter().zip(one.plan.schema().fields()) {
        assert_eq!(value.to_field(below.as_ref()).unwrap().1, *field);
    }
}

#[test]
fn two_thousand_steps_are_run() {
    let (directory, frame) = numbers("1,0\n");
    let step = |frame: DataFrame, at: usize| -> Result<DataFrame> {
        let frame = match at % 2 {
            0 => frame.with_column("c", "c + 1")?,
            _ => frame.filter("c > 0")?,
        };
        Ok(frame.leaving(None))
    };
    let last = (0..2_000).try_fold(frame, step).unwrap();
    let output = directory.path().join("out");
    let writer = last.write().mode(SaveMode::Overwrite);
    writer
        .csv(&output.display().to_string())
        .and_then(Load::run)
        .unwrap();
    let files = std::fs::read_dir(&output)
        .unwrap()
        .map(|file| file.unwrap().path());
    let data = files.filter(|path| path.extension().is_some_and(|e| e == "csv"));
    let text: String = data
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    assert_eq!(text, "1,1000\n");
}

#[test]
fn two_thousand_values_are_pivoted() {
    let lines: String = (0..2_000).map(|at| format!("{at},{at}\n")).collect();
    let (_directory, frame) = numbers(&lines);
    let by_value = frame.pivot([], "k", "sum", "c").unwrap();
    assert_eq!(by_value.columns().len(), 2_000);
    let last = by_value.columns().iter().position(|name| name == "1999");
    assert_eq!(first(&by_value, last.unwrap()), "1999");
}

#[test]
fn twenty_thousand_columns_are_followed() {
    let names: Vec<String> = (0..20_000).map(|at| format!("column_{at}")).collect();
    let columns: Vec<_> = names.iter().map(|name| (name.as_str(), "int")).collect();
    let frame = session().empty(columns).unwrap();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let frame = frame
        .select(&all)
        .and_then(|frame| frame.with_column("sum", "column_7 + column_19999"))
        .and_then(|frame| frame.filter("COLUMN_19998 > 1"))
        .and_then(|frame| frame.drop(&all[1..]));
    assert_eq!(frame.unwrap().columns(), ["column_0", "sum"]);
}

fn nested(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

#[test]
fn json_of_as_many_levels_as_jackson_takes_has_types() {
    let (_directory, path) = file("in.json", &nested(400));
    let columns = infer(Format::Json, &[], &path).unwrap();
    assert_eq!(columns[0].1.matches("struct<").count(), 399);
    let columns: Vec<_> = columns
        .iter()
        .map(|(name, kind)| (name.as_str(), kind.as_str()))
        .collect();
    let frame = session().read().schema(columns).json(&path).unwrap();
    assert_eq!(rows(&frame)[0].num_rows(), 1);
}

#[test]
fn json_of_more_levels_than_jackson_takes_is_malformed() {
    for levels in [1_001, 4_000, 100_000] {
        let text = format!("{{\"id\":1}}\n{}\n", nested(levels));
        let (_directory, path) = file("in.json", &text);
        let columns = infer(Format::Json, &[], &path).unwrap();
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["_corrupt_record", "id"]);
        let reader = session().read().schema([("id", "int"), ("a", "string")]);
        let frame = reader.json(&path).unwrap();
        let text = array_value_to_string(rows(&frame)[0].column(1), 1).unwrap();
        assert_eq!(text, "", "{levels}");
    }
}

#[test]
fn types_of_too_many_levels_are_refused() {
    let kind = format!("{}int{}", "array<".repeat(100_000), ">".repeat(100_000));
    let error = session()
        .empty([("a", kind.as_str())])
        .unwrap_err()
        .to_string();
    assert!(error.contains("nested too deeply"), "{error:.100}");
    let field = r#"{"name":"a","type":{"type":"struct","fields":["#;
    let schema = format!(r#"{{"fields":[{}"#, field.repeat(100_000));
    let error = crate::Schema::from_json(&schema).unwrap_err().to_string();
    assert!(error.contains("nested too deeply"), "{error:.100}");
}
