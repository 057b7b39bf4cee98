use serde_json::{Value, json};

use super::check;
use crate::diagnostic::code;
use crate::plan::{Function, Plan, Step};
use crate::source::{Document, Syntax};

const SCHEMA: &str =
    r#"{"fields": [{"name": "id", "type": "long"}, {"name": "name", "type": "string"}]}"#;

fn extract(id: &str) -> Value {
    json!({"id": id, "extract_type": "file", "data_format": "csv", "location": "in.csv", "schema": SCHEMA, "options": {"header": true}})
}

fn transform(id: &str, upstream: &str, functions: Value) -> Value {
    json!({"id": id, "upstream_id": upstream, "functions": functions})
}

fn load(id: &str, upstream: &str) -> Value {
    json!({"id": id, "upstream_id": upstream, "load_type": "file", "data_format": "json", "location": "out", "mode": "append"})
}

fn workflow(extracts: Value, transforms: Value, loads: Value) -> Value {
    json!({"workflow": {"id": "w", "jobs": [{"id": "j", "extracts": extracts, "transforms": transforms, "loads": loads}]}})
}

fn checked(file: &Value) -> Result<Plan, Vec<(&'static str, String)>> {
    let document = Document::parse("job.json", file.to_string(), Syntax::Json).expect("json");
    let checked = check(&document, None);
    checked
        .map(|checked| checked.plan)
        .map_err(|problems| problems.into_iter().map(|p| (p.code, p.message)).collect())
}

/// The one problem that a file has.
fn problem(file: &Value) -> (&'static str, String) {
    let mut problems = checked(file).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn a_right_workflow_becomes_a_plan_with_its_steps_resolved() {
    let functions = json!([{"function_type": "join", "arguments": {"other_upstream_id": "b", "on": "id", "how": "leftsemi"}}]);
    let file = workflow(
        json!([extract("a"), extract("b")]),
        json!([transform("t", "a", functions)]),
        json!([load("l", "t")]),
    );
    let plan = checked(&file).expect("a plan");
    let steps = &plan.jobs[0].steps;
    assert_eq!(
        steps.iter().map(Step::id).collect::<Vec<_>>(),
        ["a", "b", "t", "l"]
    );
    assert_eq!(steps[2].inputs(), [0, 1]);
    let Step::Extract(extract) = &steps[0] else {
        panic!("an extract comes first")
    };
    assert_eq!(
        extract.schema,
        [
            ("id".to_owned(), "bigint".to_owned()),
            ("name".to_owned(), "string".to_owned())
        ]
    );
    assert_eq!(extract.options, [("header".to_owned(), "true".to_owned())]);
}

#[test]
fn two_steps_of_one_id_are_refused() {
    let file = workflow(json!([extract("a"), extract("a")]), json!([]), json!([]));
    assert_eq!(
        problem(&file),
        (
            code::DUPLICATE_ID,
            "there are two steps `a` in job `j`".to_owned()
        )
    );
}

#[test]
fn a_step_reads_only_what_comes_before_it() {
    for (upstream, message) in [
        ("x", "there is no extract or transform `x` in job `j`"),
        ("t", "`t` reads itself"),
        (
            "u",
            "`u` comes later: a step reads extracts and the transforms before it",
        ),
    ] {
        let transforms = json!([
            transform("t", upstream, json!([])),
            transform("u", "a", json!([]))
        ]);
        let file = workflow(json!([extract("a")]), transforms, json!([]));
        assert_eq!(problem(&file), (code::UNKNOWN_UPSTREAM, message.to_owned()));
    }
}

#[test]
fn a_load_gives_nothing_to_read() {
    let loads = json!([load("l", "a"), load("m", "l")]);
    let file = workflow(json!([extract("a")]), json!([]), loads);
    let message = "there is no extract or transform `l` in job `j`".to_owned();
    assert_eq!(problem(&file), (code::UNKNOWN_UPSTREAM, message));
}

#[test]
fn columns_are_followed_from_function_to_function() {
    let select =
        |column: &str| json!({"function_type": "select", "arguments": {"columns": [column]}});
    let functions = json!([select("id"), select("name")]);
    let file = workflow(
        json!([extract("a")]),
        json!([transform("t", "a", functions)]),
        json!([load("l", "t")]),
    );
    assert_eq!(
        problem(&file),
        (
            code::COLUMN,
            "no column `name` at this point of `t`".to_owned()
        )
    );
}

#[test]
fn a_literal_for_which_every_row_fails_is_refused_at_build() {
    const TYPED: &str = r#"{"fields": [{"name": "t", "type": "string"}, {"name": "i", "type": "integer"}, {"name": "d", "type": "double"}, {"name": "day", "type": "date"}, {"name": "at", "type": "timestamp"}, {"name": "list", "type": {"type": "array", "elementType": "integer", "containsNull": true}}]}"#;
    for (expression, named) in [
        ("encode(t, 'nope')", "`nope`"),
        ("decode(encode(t, 'UTF-8'), 'nope')", "`nope`"),
        ("to_binary(t, 'nope')", "`nope`"),
        ("next_day(day, 'xx')", "`xx`"),
        ("from_utc_timestamp(at, 'Mars')", "`Mars`"),
        ("to_utc_timestamp(at, 'Mars')", "`Mars`"),
        ("convert_timezone('UTC', 'Mars', at)", "`Mars`"),
        ("make_date(i, 13, 1)", "month 13"),
        ("make_timestamp(i, 1, 1, 24, 0, 0)", "hour 24"),
        ("make_timestamp(i, 1, 1, 0, 0, 0, 'Mars')", "`Mars`"),
        ("str_to_map(t, '[')", "`[`"),
        ("regexp_extract(t, '(l)', 2)", "no group 2"),
        ("regexp_extract_all(t, 'l')", "no group 1"),
        ("regexp_replace(t, 'l', '$9')", "no group 9"),
        ("regexp_replace(t, 'l', 'x', 0)", "from 1"),
        ("t rlike '('", "`(`"),
        ("split(t, '[')", "`[`"),
        ("format_string('%d', t)", "%d"),
        ("printf('%d %d', i)", "%d"),
        ("split_part(t, ' ', 0)", "`split_part`"),
        ("slice(list, 0, 1)", "`slice`"),
        ("array_insert(list, 0, 1)", "`array_insert`"),
        ("element_at(list, 0)", "`element_at`"),
        ("bit_get(i, 32)", "bit 32"),
        ("mask(t, 'XX')", "`XX`"),
        (r"t like 'a\\'", "LIKE"),
        ("get_json_object(t, '$.*')", "`$.*`"),
        ("format_number(d, '0.0.0')", "`0.0.0`"),
        ("format_number(d, '0.0E0')", "`0.0E0`"),
        ("to_char(i, 'x')", "`x`"),
        ("to_number(t, 'x')", "`x`"),
        ("date_format(day, 'bb')", "`bb`"),
        ("to_timestamp(t, 'bb')", "`bb`"),
        ("date_part('nope', at)", "`nope`"),
    ] {
        let column = json!({"function_type": "withColumn", "arguments": {"col_name": "x", "col_expr": expression}});
        let extract = json!({"id": "a", "extract_type": "file", "data_format": "json", "location": "in.json", "schema": TYPED});
        let file = workflow(
            json!([extract]),
            json!([transform("b", "a", json!([column]))]),
            json!([load("c", "b")]),
        );
        let problems = checked(&file).expect_err(expression);
        let [(kind, message)] = &problems[..] else {
            panic!("{expression}: {problems:?}");
        };
        assert_eq!(*kind, code::EXPRESSION, "{expression}");
        assert!(message.contains(named), "{expression}: {message}");
    }
}

#[test]
fn the_older_form_of_with_column_is_several_functions() {
    let columns = json!([{"column_name": "x", "expression": "id + 1"}, {"column_name": "y", "expression": "x * 2"}]);
    let functions = json!([{"function_type": "withcolumn", "arguments": {"columns": columns}}]);
    let file = workflow(
        json!([extract("a")]),
        json!([transform("t", "a", functions)]),
        json!([]),
    );
    let plan = checked(&file).expect("a plan");
    let Step::Transform(transform) = &plan.jobs[0].steps[1] else {
        panic!("a transform comes second")
    };
    assert!(
        matches!(&transform.functions[1], Function::WithColumn { name, expression } if name == "y" && expression == "x * 2")
    );
}

#[test]
fn a_join_key_must_exist_on_both_sides() {
    let narrow = transform(
        "n",
        "b",
        json!([{"function_type": "drop", "arguments": {"columns": ["id"]}}]),
    );
    let join = transform(
        "t",
        "a",
        json!([{"function_type": "join", "arguments": {"other_upstream_id": "n", "on": ["id"]}}]),
    );
    let file = workflow(
        json!([extract("a"), extract("b")]),
        json!([narrow, join]),
        json!([]),
    );
    assert_eq!(
        problem(&file),
        (
            code::COLUMN,
            "no column `id` in the output of `n`".to_owned()
        )
    );
}

#[test]
fn an_option_that_does_not_exist_is_refused() {
    let mut file = workflow(json!([extract("a")]), json!([]), json!([]));
    file["workflow"]["jobs"][0]["extracts"][0]["options"] = json!({"haeder": true});
    let (found, message) = problem(&file);
    assert_eq!(found, code::OPTION);
    assert!(message.starts_with("option `haeder`: unknown"), "{message}");
}

#[test]
fn what_the_format_has_and_this_version_has_not_is_refused() {
    let change = |pointer: &str, value: Value| {
        let mut file = workflow(json!([extract("a")]), json!([]), json!([load("l", "a")]));
        file["workflow"]["jobs"][0][pointer.split_once('/').expect("two parts").0][0]
            [pointer.split_once('/').expect("two parts").1] = value;
        problem(&file).0
    };
    assert_eq!(
        change("extracts/method", json!("streaming")),
        code::NOT_SUPPORTED
    );
    assert_eq!(
        change("loads/method", json!("streaming")),
        code::NOT_SUPPORTED
    );
}

#[test]
fn without_a_schema_csv_and_text_say_their_columns_and_nothing_else_does() {
    let without_schema = |format: &str, options: Value| {
        let mut extract = extract("a");
        extract["schema"] = json!("");
        extract["data_format"] = json!(format);
        extract["options"] = options;
        workflow(json!([extract]), json!([]), json!([load("l", "a")]))
    };
    assert!(checked(&without_schema("csv", json!({"header": true}))).is_ok());
    assert!(checked(&without_schema("text", json!({}))).is_ok());
    let inferring = without_schema("csv", json!({"header": true, "inferSchema": "true"}));
    let (code, message) = problem(&inferring);
    assert_eq!(code, code::SCHEMA);
    assert!(message.contains("none can be inferred"), "{message}");
    let json = without_schema("json", json!({}));
    assert_eq!(problem(&json).0, code::SCHEMA);
}

#[test]
fn a_schema_that_cannot_be_used_is_told_in_plain_words() {
    let twice = r#"{"fields": [{"name": "a", "type": "int"}, {"name": "a", "type": "int"}]}"#;
    for (schema, expected) in [
        (twice, "the schema has two columns `a`"),
        (
            "missing.json",
            "the schema `missing.json` cannot be read: there is no such file",
        ),
        ("src", "the schema `src` cannot be read: it is a directory"),
    ] {
        let mut extract = extract("a");
        extract["schema"] = schema.into();
        let file = workflow(json!([extract]), json!([]), json!([load("l", "a")]));
        assert_eq!(problem(&file), (code::SCHEMA, expected.to_owned()));
    }
}

#[test]
fn without_a_schema_the_files_that_are_there_at_build_say_the_columns() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.json");
    std::fs::write(&path, r#"{"id": 1, "price": 1.5, "s": {"x": [true]}}"#).expect("a file");
    let mut extract = extract("a");
    extract["schema"] = json!("");
    extract["data_format"] = json!("json");
    extract["location"] = json!(path);
    extract["options"] = json!({});
    let plan = checked(&workflow(
        json!([extract]),
        json!([]),
        json!([load("l", "a")]),
    ));
    let plan = plan.expect("a plan");
    let Step::Extract(extract) = &plan.jobs[0].steps[0] else {
        panic!("an extract");
    };
    let columns = [
        ("id", "bigint"),
        ("price", "double"),
        ("s", "struct<x:array<boolean>>"),
    ];
    assert_eq!(
        extract.schema,
        columns.map(|(name, kind)| (name.to_owned(), kind.to_owned()))
    );
}

#[test]
fn files_that_say_their_columns_are_asked_for_them_if_they_are_there() {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/spark/files");
    let select = |format: &str, location: &str, column: &str| {
        let extract = json!({"id": "a", "extract_type": "file", "data_format": format, "location": location, "schema": ""});
        let select = json!([{"function_type": "select", "arguments": {"columns": [column]}}]);
        let transforms = json!([transform("t", "a", select)]);
        workflow(json!([extract]), transforms, json!([load("l", "t")]))
    };
    for format in ["parquet", "avro", "orc"] {
        let there = format!("{files}/types.{format}");
        assert!(checked(&select(format, &there, "STRUCT_")).is_ok());
        assert_eq!(problem(&select(format, &there, "strct_")).0, code::COLUMN);
        for elsewhere in ["nowhere.file", "${NOWHERE}/types"] {
            let plan = checked(&select(format, elsewhere, "strct_")).expect("a plan");
            let Step::Extract(extract) = &plan.jobs[0].steps[0] else {
                panic!("an extract comes first")
            };
            assert_eq!(extract.schema, []);
        }
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_where_it_is_written() {
    let mut file = workflow(json!([extract("a")]), json!([]), json!([load("l", "a")]));
    let job = &mut file["workflow"]["jobs"][0];
    job["extracts"][0]["schema"] =
        json!(r#"{"fields": [{"name": "amount", "type": "decimal(10,2)"}]}"#);
    job["loads"][0]["data_format"] = json!("orc");
    let (code, message) = problem(&file);
    assert_eq!(code, code::OUTPUT);
    assert!(message.contains("write another format"), "{message}");
}

/// A workflow whose one job has an action at one moment.
fn with_hook(moment: &str, action: Value) -> Value {
    let mut file = workflow(json!([]), json!([]), json!([]));
    file["workflow"]["jobs"][0]["hooks"] = json!({ moment: [action] });
    file
}

fn action() -> Value {
    json!({"id": "h", "action_type": "http", "url": "https://example.com/${PATH}", "method": "post",
        "headers": {"X-Token": "${TOKEN}"}, "payload": {"text": "${WHO} starts", "level": 3},
        "timeout": 5, "retry": {"max_attempts": 2, "delay_in_seconds": 1}})
}

#[test]
fn a_hook_becomes_a_request_of_the_plan() {
    for moment in ["onError", "onFailure"] {
        let plan = checked(&with_hook(moment, action())).expect("a plan");
        let [hook] = plan.jobs[0].hooks.on_error.as_slice() else {
            panic!("one hook")
        };
        assert_eq!((hook.method.as_str(), hook.timeout), ("POST", 5));
        assert_eq!((hook.retries, hook.delay), (2, 1));
        assert_eq!(
            hook.payload.as_deref(),
            Some(r#"{"level":3,"text":"${WHO} starts"}"#)
        );
    }
}

#[test]
fn a_disabled_hook_is_left_out_and_not_checked_further() {
    let mut off = action();
    off["enabled"] = json!(false);
    off["timeout"] = json!(99);
    let plan = checked(&with_hook("onStart", off)).expect("a plan");
    assert!(plan.jobs[0].hooks.is_empty());
}

#[test]
fn what_no_request_can_be_made_of_is_refused_at_its_place() {
    let cases = [
        ("/url", json!("example.com"), "not a full URL"),
        ("/url", json!(""), "not a full URL"),
        ("/method", json!("PSOT"), "`PSOT` is no method"),
        ("/timeout", json!(0), "`timeout` is 0"),
        ("/timeout", json!(31), "`timeout` is 31"),
        ("/retry/max_attempts", json!(4), "`max_attempts` is 4"),
        (
            "/retry/delay_in_seconds",
            json!(31),
            "`delay_in_seconds` is 31",
        ),
        ("/headers", json!({"a b": "c"}), "the header `a b`"),
        ("/headers", json!({"a": "b\nc"}), "the header `a`"),
        ("/id", json!(" "), "an id must not be empty"),
    ];
    for (place, value, message) in cases {
        let mut action = action();
        *action.pointer_mut(place).expect("a field") = value;
        let (found, text) = problem(&with_hook("onFinally", action));
        assert_eq!(found, code::INVALID_VALUE);
        assert!(text.contains(message), "{text}");
    }
}

#[test]
fn a_secret_in_a_hook_is_refused_where_it_would_be_shipped() {
    let refused = |name: &str, value: &str| {
        let mut action = action();
        action["headers"] = json!({ name: value });
        let file = with_hook("onStart", action).to_string();
        let document = Document::parse("job.json", file, Syntax::Json).expect("json");
        super::refuse_hook_secrets(&document).map_err(|problems| problems.len())
    };
    assert_eq!(refused("Authorization", "Bearer ${TOKEN}"), Ok(()));
    assert_eq!(refused("Content-Type", "text/plain"), Ok(()));
    assert_eq!(refused("Authorization", "Bearer abc"), Err(1));
}

#[test]
fn a_disabled_job_has_no_steps_and_is_not_checked_further() {
    let mut file = workflow(
        json!([extract("a")]),
        json!([transform("t", "missing", json!([]))]),
        json!([]),
    );
    file["workflow"]["jobs"][0]["enabled"] = json!(false);
    assert_eq!(checked(&file).expect("a plan").jobs[0].steps, []);
}

#[test]
fn csv_cannot_hold_nested_values_and_no_file_two_columns_of_one_name() {
    let nested = r#"{"fields": [{"name": "tags", "type": {"type": "array", "elementType": "string", "containsNull": true}}]}"#;
    let mut file = workflow(json!([extract("a")]), json!([]), json!([load("l", "a")]));
    file["workflow"]["jobs"][0]["extracts"][0]["schema"] = json!(nested);
    file["workflow"]["jobs"][0]["loads"][0]["data_format"] = json!("csv");
    assert_eq!(
        problem(&file),
        (
            code::OUTPUT,
            "column `tags` is array<string>, which csv cannot hold".to_owned()
        )
    );
    let join =
        json!([{"function_type": "join", "arguments": {"other_upstream_id": "b", "on": "id"}}]);
    let file = workflow(
        json!([extract("a"), extract("b")]),
        json!([transform("t", "a", join)]),
        json!([load("l", "t")]),
    );
    assert_eq!(
        problem(&file),
        (
            code::OUTPUT,
            "the output has two columns `name`: select or drop one".to_owned()
        )
    );
}

#[test]
fn an_alert_that_breaks_the_format_is_refused() {
    let mut file = workflow(json!([]), json!([]), json!([]));
    file["alert"] = json!({"channels": [], "triggers": [{"id": "t", "channel_ids": ["nobody"]}]});
    let (found, message) = problem(&file);
    assert_eq!(found, code::ALERT);
    assert!(message.contains("nobody"), "{message}");
}

#[test]
fn an_alert_channel_without_a_path_is_one_error() {
    let mut file = workflow(json!([extract("a")]), json!([]), json!([load("l", "a")]));
    file["alert"] =
        json!({"triggers": [], "channels": [{"channel_type": "file", "id": "f", "file_path": ""}]});
    let expected = "`file_path` of channel `f` is empty";
    assert_eq!(problem(&file), (code::ALERT, expected.to_owned()));
}

#[test]
fn a_secret_in_plain_text_is_refused_where_it_would_be_shipped() {
    let with = |password: &str, header: (&str, &str)| {
        let retry = json!({"max_attempts": 0, "delay_in_seconds": 1});
        let file = json!({"alert": {"triggers": [], "channels": [
            {"channel_type": "email", "id": "m", "smtp_server": "s", "smtp_port": 587, "username": "u", "password": password,
                "from_email": "a@example.com", "to_emails": ["b@example.com"]},
            {"channel_type": "http", "id": "h", "url": "https://example.com", "method": "POST", "headers": {header.0: header.1},
                "timeout": 5, "retry": retry},
        ]}});
        let document = Document::parse("alert.json", file.to_string(), Syntax::Json).expect("json");
        super::refuse_alert_secrets(&document).map_err(|problems| problems.len())
    };
    let harmless = ("Content-Type", "application/json");
    assert_eq!(with("${SMTP_PASSWORD}", harmless), Ok(()));
    assert_eq!(with("${P}", ("Authorization", "Bearer ${TOKEN}")), Ok(()));
    assert_eq!(with("hunter2", harmless), Err(1));
    assert_eq!(with("${P:-hunter2}", ("X-Api-Key", "abc")), Err(2));
}

/// The text that each problem of a file is shown at, beside its code and message.
fn places(file: &Value) -> Vec<(&'static str, String, String)> {
    let document = Document::parse("job.json", file.to_string(), Syntax::Json).expect("json");
    let problems = check(&document, None).expect_err("problems");
    let places = problems.into_iter().map(|problem| {
        let span = problem.labels[0].span.expect("a place");
        let shown = document.text()[span.range()].to_owned();
        (problem.code, shown, problem.message)
    });
    places.collect()
}

fn located(location: &str) -> Value {
    let mut extract = extract("a");
    extract["location"] = location.into();
    workflow(json!([extract]), json!([]), json!([]))
}

#[test]
fn a_location_with_an_unknown_scheme_is_refused_wherever_one_stands() {
    let retry = json!({"max_attempts": 0, "delay_in_seconds": 1});
    let mut extract = extract("a");
    extract["location"] = "s3://bucket/in".into();
    extract["schema"] = "gs://bucket/schema.json".into();
    let mut load = load("l", "a");
    load["location"] = "hdfs://name-node/out".into();
    load["schema_export"] = "dbfs:/schema.json".into();
    let mut file = workflow(json!([extract]), json!([]), json!([load]));
    file["alert"] = json!({"triggers": [], "channels": [
        {"channel_type": "file", "id": "f", "file_path": "${LOGS:-https://example.com}/log"},
        {"channel_type": "http", "id": "h", "url": "https://example.com", "method": "POST", "timeout": 5, "retry": retry},
    ]});
    let mut shown: Vec<_> = places(&file)
        .into_iter()
        .map(|(found, shown, message)| {
            assert_eq!(found, code::NOT_SUPPORTED, "{message}");
            assert!(message.contains("`file:///data/orders`"), "{message}");
            shown
        })
        .collect();
    shown.sort();
    assert_eq!(shown, ["dbfs:", "gs:", "hdfs:", "https:", "s3:"]);
}

#[test]
fn an_extract_without_a_schema_in_another_store_is_one_problem() {
    for format in ["json", "csv", "parquet"] {
        let mut file = located("s3://bucket/in");
        let extract = &mut file["workflow"]["jobs"][0]["extracts"][0];
        extract["data_format"] = format.into();
        extract["schema"] = "".into();
        extract["options"] = json!({});
        let [(found, shown, _)] = places(&file).try_into().expect("one problem");
        assert_eq!((found, shown.as_str()), (code::NOT_SUPPORTED, "s3:"));
    }
}

#[test]
fn an_invalid_glob_is_underlined_inside_the_location() {
    for (location, shown) in [
        ("${DATA}/days/[ab/a.csv", "[ab"),
        ("data/{a,b", "{a,b"),
        ("data/[b-a].csv", "[b-a].csv"),
        ("data/[[a].csv", "[[a].csv"),
        ("data/é/{a", "{a"),
    ] {
        let [(found, at, message)] = places(&located(location)).try_into().expect("one problem");
        assert_eq!((found, at.as_str()), (code::INVALID_VALUE, shown));
        assert!(message.contains("the glob"), "{message}");
    }
    let mut file = located("data/a.csv");
    file["workflow"]["jobs"][0]["extracts"][0]["options"] = json!({"pathGlobFilter": "[a"});
    let (found, message) = problem(&file);
    assert_eq!(found, code::OPTION);
    assert!(message.contains("a `[` without a `]`"), "{message}");
}

#[test]
fn what_begins_like_a_variable_and_is_none_is_underlined_in_every_text_that_takes_variables() {
    let retry = json!({"max_attempts": 0, "delay_in_seconds": 1});
    let mut extract = extract("a");
    extract["location"] = "in/${}/a.csv".into();
    let mut load = load("l", "a");
    load["location"] = "${OUT/l".into();
    load["schema_export"] = "${OUT}/${A-B}.json".into();
    let mut file = workflow(json!([extract]), json!([]), json!([load]));
    let action = json!({"id": "h", "action_type": "http", "url": "https://example.com/${", "method": "POST",
        "headers": {"X-Token": "a ${1}"}, "payload": {"text": "${ A}", "more": [{"deep": "x ${B"}]}, "timeout": 5, "retry": retry});
    let mut disabled = action.clone();
    disabled["enabled"] = false.into();
    file["workflow"]["jobs"][0]["hooks"] = json!({"onError": [action, disabled]});
    file["alert"] = json!({"triggers": [], "channels": [
        {"channel_type": "file", "id": "f", "description": "${", "file_path": "${LOG"},
        {"channel_type": "email", "id": "m", "smtp_server": "${C", "smtp_port": 587, "username": "${D", "password": "${E",
            "from_email": "${F", "to_emails": ["${G"]},
        {"channel_type": "http", "id": "h", "url": "https://${H", "method": "POST", "headers": {"X-Token": "${I"}, "timeout": 5, "retry": retry},
    ]});
    let mut shown: Vec<_> = places(&file)
        .into_iter()
        .map(|(found, shown, message)| {
            assert_eq!(found, code::INVALID_VALUE, "{message}");
            shown
        })
        .collect();
    shown.sort();
    let expected = [
        "${", "${ A}", "${1}", "${A-B}", "${B", "${C", "${D", "${E", "${F", "${G", "${H", "${I",
        "${LOG", "${OUT", "${}",
    ];
    assert_eq!(shown, expected);
    assert!(checked(&located("${DATA:-in}/$1/${A_1}${DOLLAR:-$}{x}")).is_ok());
}

#[test]
fn files_that_are_there_at_build_and_could_not_be_read_are_told_at_the_location() {
    let directory = tempfile::tempdir().expect("a directory");
    let partition = directory.path().join("year=2024");
    std::fs::create_dir(&partition).expect("a directory");
    std::fs::write(partition.join("a.csv"), "id,name\n").expect("a file");
    let location = directory.path().display().to_string();
    for format in ["csv", "json", "parquet", "text"] {
        for schema in [SCHEMA, ""] {
            let mut file = located(&location);
            let extract = &mut file["workflow"]["jobs"][0]["extracts"][0];
            extract["data_format"] = format.into();
            extract["schema"] = schema.into();
            extract["options"] = json!({});
            let [(found, shown, message)] = places(&file).try_into().expect("one problem");
            assert_eq!(
                (found, shown),
                (code::NOT_SUPPORTED, format!("\"{location}\""))
            );
            assert!(message.contains("year=2024"), "{message}");
        }
    }
    let mut file = located(&location);
    let options = &mut file["workflow"]["jobs"][0]["extracts"][0]["options"];
    options["recursiveFileLookup"] = true.into();
    assert!(checked(&file).is_ok());
    std::fs::write(directory.path().join("b.csv.lz4"), "").expect("a file");
    let [(_, _, message)] = places(&file).try_into().expect("one problem");
    assert!(message.contains("b.csv.lz4"), "{message}");
}

/// The one problem of a file, with the texts that its labels underline.
fn underlined(file: &Value) -> (String, Vec<String>) {
    let document = Document::parse("job.json", file.to_string(), Syntax::Json).expect("json");
    let mut problems = check(&document, None).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    let problem = problems.remove(0);
    let text = |label: &crate::diagnostic::Label| {
        document.text()[label.span.expect("a place").range()].to_owned()
    };
    let texts = problem.labels.iter().map(text).collect();
    (problem.message, texts)
}

#[test]
fn a_column_that_is_selected_twice_is_shown_at_the_select() {
    let select =
        json!([{"function_type": "select", "arguments": {"columns": ["id", "name", "ID"]}}]);
    let file = workflow(
        json!([extract("a")]),
        json!([transform("t", "a", select)]),
        json!([load("l", "t")]),
    );
    let (message, texts) = underlined(&file);
    assert_eq!(
        message,
        "the output has two columns `ID`: select or drop one"
    );
    assert_eq!(texts, ["\"ID\"", "\"t\""]);
}

#[test]
fn a_column_that_a_join_doubles_is_shown_at_the_join_also_where_it_is_used() {
    let functions = |then: Value| {
        let join =
            json!({"function_type": "join", "arguments": {"on": "id", "other_upstream_id": "b"}});
        json!([transform("t", "a", json!([join, then]))])
    };
    let distinct = json!({"function_type": "distinct", "arguments": {}});
    let drop = json!({"function_type": "select", "arguments": {"columns": ["name"]}});
    for (then, places_of) in [
        (distinct, ["\"b\"", "\"t\""]),
        (drop, ["\"name\"", "\"b\""]),
    ] {
        let file = workflow(
            json!([extract("a"), extract("b")]),
            functions(then),
            json!([load("l", "t")]),
        );
        assert_eq!(underlined(&file).1, places_of);
    }
}

#[test]
fn what_is_empty_is_shown_where_it_is_empty() {
    let aggregations = json!([{"function": "count", "output_column": ""}]);
    for (function, arguments, place) in [
        ("select", json!({"columns": []}), "[]"),
        ("drop", json!({"columns": []}), "[]"),
        ("orderby", json!({"columns": []}), "[]"),
        (
            "groupby",
            json!({"group_columns": [], "aggregations": aggregations}),
            "[]",
        ),
        (
            "groupby",
            json!({"group_columns": ["id"], "aggregations": []}),
            "[]",
        ),
        (
            "groupby",
            json!({"group_columns": ["id"], "aggregations": aggregations}),
            "\"\"",
        ),
        ("aggregate", json!({"aggregate_columns": []}), "[]"),
        ("join", json!({"other_upstream_id": "a", "on": []}), "[]"),
        (
            "withColumn",
            json!({"col_name": "", "col_expr": "1"}),
            "\"\"",
        ),
        (
            "groupby",
            json!({"group_columns": ["id"], "aggregations": [{"function": "sum", "output_column": "s"}]}),
            "\"sum\"",
        ),
    ] {
        let functions = json!([{"function_type": function, "arguments": arguments}]);
        let file = workflow(
            json!([extract("a")]),
            json!([transform("t", "a", functions)]),
            json!([load("l", "t")]),
        );
        assert_eq!(underlined(&file).1, [place], "{function}");
    }
}

#[test]
fn two_options_that_contradict_each_other_are_one_problem() {
    for (options, place) in [
        (json!({"sep": ";", "quote": ";"}), "\";\""),
        (json!({"header": true, "Header": false}), "true"),
        (json!({"sep": "\n"}), "\"\\n\""),
    ] {
        let mut file = workflow(json!([extract("a")]), json!([]), json!([load("l", "a")]));
        file["workflow"]["jobs"][0]["extracts"][0]["options"] = options.clone();
        assert_eq!(underlined(&file).1, [place], "{options}");
    }
}

/// An extract that declares nothing, of a file of `tests/spark/files`.
fn undeclared(file: &str) -> Value {
    let (_, format) = file.rsplit_once('.').expect("an extension");
    let location = format!("{}/../tests/spark/files/{file}", env!("CARGO_MANIFEST_DIR"));
    let extract = json!({"id": "a", "extract_type": "file", "data_format": format, "location": location, "schema": ""});
    workflow(json!([extract]), json!([]), json!([load("l", "a")]))
}

#[test]
fn a_file_that_says_what_cannot_be_read_is_refused_at_build() {
    for (file, says) in [
        ("half.parquet", "column `half` is"),
        ("time.parquet", "column `time` is"),
        ("two_of_a_name.orc", "there are two columns"),
    ] {
        let (code, message) = problem(&undeclared(file));
        assert_eq!(code, code::SCHEMA, "{file}");
        assert!(
            message.contains(file) && message.contains(says),
            "{message}"
        );
    }
}

#[test]
fn a_column_without_values_is_known_at_build() {
    for file in ["null.parquet", "void.parquet", "null.avro"] {
        let filter = json!([{"function_type": "filter", "arguments": {"condition": "n is null"}}]);
        let mut file = undeclared(file);
        file["workflow"]["jobs"][0]["transforms"] = json!([transform("t", "a", filter)]);
        file["workflow"]["jobs"][0]["loads"] = json!([load("l", "t")]);
        assert!(checked(&file).is_ok(), "{:?}", checked(&file));
    }
}
