use super::*;
use crate::diagnostic::Diagnostic;
use crate::source::{Document, Syntax};

const WORKFLOW: &str = r#"{
  // Everything that may be left out is left out.
  "$schema": "../schemas/workflow.schema.json",
  "workflow": {
    "id": "orders",
    "jobs": [
      {
        "id": "silver",
        "extracts": [
          {"id": "read", "data_format": "csv", "location": "in.csv", "schema": "", "options": {"header": true, "sep": ","}},
        ],
        "transforms": [{"id": "change", "upstream_id": "read", "functions": [FUNCTIONS]}],
        "loads": [
          {"id": "write", "upstream_id": "change", "data_format": "JSON", "location": "out", "mode": "errorIfExists"},
        ],
      },
    ],
  },
}"#;

fn document(functions: &str) -> Document {
    Document::parse(
        "job.jsonc",
        WORKFLOW.replace("FUNCTIONS", functions),
        Syntax::Jsonc,
    )
    .expect("the text is JSONC")
}

fn job(document: &Document) -> Result<Job, Vec<Diagnostic>> {
    let config: Config = document.deserialize()?;
    Ok(config
        .workflow
        .expect("there is a workflow")
        .value
        .jobs
        .remove(0)
        .value)
}

fn function(text: &str) -> Result<Function, Vec<Diagnostic>> {
    Ok(job(&document(text))?
        .transforms
        .remove(0)
        .value
        .functions
        .remove(0)
        .value)
}

fn failure(text: &str) -> String {
    function(text)
        .expect_err("the function does not fit")
        .remove(0)
        .message
}

#[test]
fn what_a_file_leaves_out_has_its_default() {
    let job = job(&document("")).expect("the file fits the model");

    assert!(job.enabled && job.description.is_empty() && job.hooks == Hooks::default());
    assert_eq!(job.engine_type, Engine::Spark);
    let (extract, load) = (&job.extracts[0].value, &job.loads[0].value);
    assert_eq!(
        (&extract.schema, &extract.method, extract.extract_type),
        (&None, &None, FileKind::File)
    );
    assert_eq!(
        (&load.schema_export, load.options.is_empty()),
        (&None, true)
    );
    assert_eq!(
        (load.data_format.value, load.mode.value),
        (Format::Json, SaveMode::ErrorIfExists)
    );
}

#[test]
fn options_keep_their_order_and_places() {
    let document = document("");
    let job = job(&document).expect("the file fits the model");

    let names: Vec<_> = job.extracts[0]
        .value
        .options
        .iter()
        .map(|(name, _)| name.value.as_str())
        .collect();
    assert_eq!(names, ["header", "sep"]);
    let (name, value) = job.extracts[0]
        .value
        .options
        .iter()
        .next()
        .expect("there are two");
    assert_eq!(&document.text()[name.span.range()], "\"header\"");
    assert_eq!(
        (&document.text()[value.span.range()], &value.value),
        ("true", &serde_json::Value::Bool(true))
    );
}

#[test]
fn every_function_of_the_format_is_known() {
    let functions = [
        r#"{"function_type": "select", "arguments": {"columns": ["a"]}}"#,
        r#"{"function_type": "drop", "arguments": {"columns": ["a"]}}"#,
        r#"{"function_type": "filter", "arguments": {"condition": "a > 1"}}"#,
        r#"{"function_type": "withColumn", "arguments": {"col_name": "a", "col_expr": "b"}}"#,
        r#"{"function_type": "cast", "arguments": {"columns": [{"column_name": "a", "cast_type": "int"}]}}"#,
        r#"{"function_type": "distinct", "arguments": {}}"#,
        r#"{"function_type": "dropDuplicates", "arguments": {"columns": []}}"#,
        r#"{"function_type": "dropna", "arguments": {"how": "all", "thresh": null, "subset": ["a"]}}"#,
        r#"{"function_type": "join", "arguments": {"other_upstream_id": "x", "on": "a", "how": "left_outer"}}"#,
        r#"{"function_type": "groupby", "arguments": {"group_columns": ["a"], "aggregations":
            [{"function": "count", "input_column": null, "output_column": "n"}]}}"#,
        r#"{"function_type": "aggregate", "arguments": {"group_by_columns": null, "aggregate_columns":
            [{"column_name": "a", "function": "sum", "alias": "s"}]}}"#,
        r#"{"function_type": "orderby", "arguments": {"columns": [{"column_name": "a", "ascending": false}]}}"#,
        r#"{"function_type": "pivot", "arguments":
            {"group_by": ["a"], "pivot_column": "b", "values_column": "c", "agg_func": "sum"}}"#,
    ];

    let job = job(&document(&functions.join(","))).expect("the file fits the model");

    assert_eq!(job.transforms[0].value.functions.len(), 13);
}

#[test]
fn the_older_form_of_with_column_means_the_same() {
    let newer = function(
        r#"{"function_type": "withColumn", "arguments": {"col_name": "a", "col_expr": "b"}}"#,
    );
    let older = function(
        r#"{"function_type": "withcolumn", "arguments": {"columns": [{"column_name": "a", "expression": "b"}]}}"#,
    );

    assert_eq!(
        newer.expect("the form is known"),
        older.expect("the form is known")
    );
}

#[test]
fn with_column_takes_one_form_and_all_of_it() {
    let both = r#"{"function_type": "withColumn", "arguments": {"col_name": "a", "columns": []}}"#;
    assert_eq!(
        failure(both),
        "`columns` stands for `col_name` and `col_expr`, not beside them"
    );

    let half = r#"{"function_type": "withColumn", "arguments": {"col_name": "a"}}"#;
    assert_eq!(failure(half), "missing field `col_expr`");
}

#[test]
fn the_key_of_a_join_is_one_column_or_a_list_and_keeps_its_places() {
    for on in [r#""a""#, r#"["a"]"#] {
        let text = format!(
            r#"{{"function_type": "join", "arguments": {{"other_upstream_id": "x", "on": {on}, "how": "SEMI"}}}}"#
        );
        let document = document(&text);
        let Function::Join(join) = &job(&document).expect("the file fits").transforms[0]
            .value
            .functions[0]
            .value
            .clone()
        else {
            panic!("the function is a join")
        };
        assert_eq!(&document.text()[join.on.0[0].span.range()], "\"a\"");
        assert_eq!(
            join.how.as_ref().map(|how| how.value),
            Some(JoinType::LeftSemi)
        );
    }
    let number = r#"{"function_type": "join", "arguments": {"other_upstream_id": "x", "on": 1}}"#;
    assert_eq!(
        failure(number),
        "expected a column's name, or a list of such names, found `1`"
    );
}

#[test]
fn every_name_of_a_join_type_is_known() {
    let known = "inner cross outer full fullouter full_outer left leftouter left_outer right rightouter right_outer \
                 leftsemi left_semi semi leftanti left_anti anti";
    for name in known.split(' ') {
        let text = format!(
            r#"{{"function_type": "join", "arguments": {{"other_upstream_id": "x", "on": "a", "how": "{name}"}}}}"#
        );
        assert!(function(&text).is_ok(), "{name}");
    }
}

#[test]
fn a_failed_job_calls_on_failure_or_on_error() {
    let action = r#"{"id": "tell", "action_type": "http", "url": "http://a", "method": "POST", "timeout": 5,
        "retry": {"max_attempts": 1, "delay_in_seconds": 2}}"#;
    for name in ["onError", "onFailure"] {
        let document = Document::parse(
            "hooks.json",
            format!(r#"{{"{name}": [{action}]}}"#),
            Syntax::Json,
        );
        let document = document.expect("the text is JSON");
        let hooks: Hooks = document.deserialize().expect("the hooks fit");
        assert_eq!(hooks.on_error[0].value.id.value, "tell");
    }
}

#[test]
fn the_alert_section_stays_as_it_is() {
    let document = Document::parse("job.json", r#"{"alert": {"channels": []}}"#, Syntax::Json)
        .expect("it is JSON");

    let config: Config = document.deserialize().expect("it fits");

    assert!(config.workflow.is_none());
    assert_eq!(
        document.section("alert").map(|alert| alert.to_json()),
        config.alert.map(|alert| alert.value)
    );
}

#[test]
fn the_schema_describes_functions_as_they_are_written() {
    let schema = workflow_schema();

    let functions = schema["$defs"]["Function"]["oneOf"]
        .as_array()
        .expect("a function is one of several");
    assert_eq!(functions.len(), 13);
    let select = &functions[0];
    assert_eq!(select["properties"]["function_type"]["const"], "select");
    assert_eq!(select["properties"]["arguments"]["$ref"], "#/$defs/Select");
    assert_eq!(select["additionalProperties"], false);
    let with_column = &functions[3]["properties"]["function_type"]["enum"];
    assert_eq!(
        *with_column,
        serde_json::json!(["withColumn", "withcolumn"])
    );
    assert!(schema["$defs"]["Hooks"]["properties"]["onFailure"].is_object());
}

#[test]
fn the_schema_describes_a_place_as_the_value_that_stands_there() {
    let schema = workflow_schema();

    let location = &schema["$defs"]["Extract"]["properties"]["location"];
    assert_eq!(location["type"], "string");
    assert!(!schema.to_string().contains("Spanned"));
}
