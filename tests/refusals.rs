//! What is refused before anything is built: with the place, the sentence and the way out.

use crate::program::{Workplace, streams};

/// What `samara emit` says of a workflow whose one transform has these functions.
fn refusal(functions: &str) -> String {
    let workplace = Workplace::empty();
    workplace.write("job.json", &workflow(functions));
    let output = workplace
        .samara(&["emit", "job.json", "--emit-dir", "crate"])
        .output()
        .expect("samara starts");
    assert_eq!(output.status.code(), Some(32), "{}", streams(&output).1);
    assert!(
        !workplace.path().join("crate").exists(),
        "nothing is written"
    );
    streams(&output).1
}

fn workflow(functions: &str) -> String {
    format!(
        r#"{{"workflow": {{"id": "w", "jobs": [{{"id": "j",
  "extracts": [{{"id": "orders", "extract_type": "file", "data_format": "csv", "location": "orders.csv",
    "schema": "{{\"fields\": [{{\"name\": \"order_id\", \"type\": \"long\"}}, {{\"name\": \"amount\", \"type\": \"double\"}}]}}"}}],
  "transforms": [{{"id": "clean", "upstream_id": "orders", "functions": [
    {functions}
  ]}}],
  "loads": [{{"id": "out", "upstream_id": "clean", "load_type": "file", "data_format": "csv", "location": "out", "mode": "overwrite"}}]
}}]}}}}"#
    )
}

#[test]
fn a_column_misspelt_inside_an_expression_is_underlined_inside_the_expression() {
    let text = refusal(
        r#"{"function_type": "filter", "arguments": {"condition": "order_id > 3 AND amuont > 10"}}"#,
    );
    assert!(
        text.contains("error[S0301]: no column `amuont` in the output of `orders`"),
        "{text}"
    );
    assert!(text.contains("--> job.json:5:78"), "{text}");
    assert!(text.contains("did you mean `amount`?"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("amuont > 10"))
        .unwrap_or_else(|| panic!("{text}"));
    let underline = lines[at + 1];
    assert_eq!(underline.find('^'), lines[at].find("amuont"), "{text}");
    assert_eq!(underline.matches('^').count(), "amuont".len(), "{text}");
}

#[test]
fn a_literal_that_a_function_refuses_is_underlined_inside_the_expression() {
    let text = refusal(
        r#"{"function_type": "withColumn", "arguments": {"col_name": "x", "col_expr": "1 + length(format_number(amount, '0.0.0'))"}}"#,
    );
    assert!(text.contains("the format `0.0.0` has two points"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.contains("'0.0.0'"))
        .unwrap_or_else(|| panic!("{text}"));
    let underline = lines[at + 1];
    assert_eq!(underline.find('^'), lines[at].find("'0.0.0'"), "{text}");
    assert_eq!(underline.matches('^').count(), "'0.0.0'".len(), "{text}");
}

#[test]
fn an_aggregation_that_cannot_be_names_its_place() {
    let text = refusal(
        r#"{"function_type": "aggregate", "arguments": {"aggregate_columns": [{"column_name": "amount", "function": "summ", "alias": "x"}]}}"#,
    );
    assert!(
        text.contains("no aggregate function `summ`") && text.contains("did you mean `sum`?"),
        "{text}"
    );
    let text = refusal(
        r#"{"function_type": "groupby", "arguments": {"group_columns": ["order_id"], "aggregations": [{"function": "sum", "output_column": "x"}]}}"#,
    );
    assert!(
        text.contains("`sum` needs an `input_column`") && text.contains("job.json:5:"),
        "{text}"
    );
    let text = refusal(
        r#"{"function_type": "pivot", "arguments": {"group_by": ["order_id"], "pivot_column": "amuont", "values_column": "amount", "agg_func": "sum"}}"#,
    );
    assert!(
        text.contains("no column `amuont`") && text.contains("did you mean `amount`?"),
        "{text}"
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let text = refusal(
        r#"{"function_type": "selct", "arguments": {"columns": ["amount"]}},
    {"function_type": "cast", "arguments": {"columns": [{"column_name": "amount", "cast_typ": "int"}]}}"#,
    );
    assert!(
        text.contains("selct") && text.contains("did you mean `select`?"),
        "{text}"
    );
    assert!(
        text.contains("cast_typ") && text.contains("did you mean `cast_type`?"),
        "{text}"
    );
}

#[test]
fn a_type_an_option_and_a_function_of_sql_that_do_not_exist_name_their_place() {
    let text = refusal(
        r#"{"function_type": "cast", "arguments": {"columns": [{"column_name": "amount", "cast_type": "integr"}]}}"#,
    );
    assert!(
        text.contains("error[S0303]") && text.contains("`integr` is not a type"),
        "{text}"
    );
    let text = refusal(
        r#"{"function_type": "withColumn", "arguments": {"col_name": "x", "col_expr": "no_such(amount)"}}"#,
    );
    assert!(
        text.contains("error[S0302]") && text.contains("no_such"),
        "{text}"
    );
    let text = refusal(r#"{"function_type": "filter", "arguments": {"condition": "amount + 1"}}"#);
    assert!(text.contains("a condition must be true or false"), "{text}");
}

#[test]
fn validate_says_what_build_would_say_and_builds_nothing() {
    let workplace = Workplace::empty();
    let validate = |function: &str| {
        workplace.write("job.json", &workflow(function));
        workplace
            .samara(&["validate", "--workflow-filepath", "job.json"])
            .output()
            .expect("samara starts")
    };
    let valid = validate(r#"{"function_type": "distinct", "arguments": {}}"#);
    let said = streams(&valid).0;
    assert_eq!(said, "job.json is valid: 1 job, 3 steps\n");
    let wrong = validate(r#"{"function_type": "select", "arguments": {"columns": ["x"]}}"#);
    assert_eq!(wrong.status.code(), Some(32));
    let files = std::fs::read_dir(workplace.path()).expect("a directory");
    let names: Vec<_> = files
        .map(|file| file.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["job.json"]);
}

#[test]
fn the_schemas_that_are_exported_are_those_in_the_repository() {
    let workplace = Workplace::empty();
    for format in ["workflow", "alert"] {
        let output = workplace.samara(&["export-schema", format]).output();
        let path = format!(
            "{}/../schemas/{format}.schema.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let written = std::fs::read_to_string(path).expect("a schema");
        assert_eq!(streams(&output.expect("samara starts")).0, written);
    }
}

#[test]
fn a_secret_in_a_hook_is_refused_before_it_is_shipped() {
    let workplace = Workplace::empty();
    let action = r#"{"id": "h", "action_type": "http", "url": "https://example.com", "method": "POST",
  "headers": {"Authorization": "Bearer hunter2"}, "timeout": 5, "retry": {"max_attempts": 0, "delay_in_seconds": 1}}"#;
    let file = format!(
        r#"{{"workflow": {{"id": "w", "jobs": [{{"id": "j", "hooks": {{"onStart": [{action}]}}}}]}}}}"#
    );
    workplace.write("job.json", &file);
    let output = workplace
        .samara(&["emit", "job.json", "--emit-dir", "crate"])
        .output()
        .expect("samara starts");
    assert_eq!(output.status.code(), Some(32));
    let text = streams(&output).1;
    assert!(
        text.contains("error[S0211]") && text.contains("job.json:2:"),
        "{text}"
    );
}
