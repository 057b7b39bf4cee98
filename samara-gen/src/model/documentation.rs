//! `docs/workflow.md` is held to the model: it names every field, and what it shows is right.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{alert_schema, workflow_schema};
use crate::check::check;
use crate::source::{Document, Syntax};

const DOCUMENT: &str = include_str!("../../../docs/workflow.md");
const CASES: &str = include_str!("../../../tests/spark/cases/reference.json");
const RECORDED: &str = include_str!("../../../tests/spark/recorded/reference.json");
/// What the examples say that is a file.
const SCHEMA_FILE: &str = "\"schemas/orders.json\"";

/// The names of all properties in a schema.
fn properties(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                names.extend(properties.keys().cloned());
            }
            members.values().for_each(|value| properties(value, names));
        }
        Value::Array(elements) => elements.iter().for_each(|value| properties(value, names)),
        _ => {}
    }
}

/// The texts of the code blocks of a language, in order.
fn blocks(text: &'static str, language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    let rest = text.split(opening.as_str()).skip(1);
    rest.map(|rest| rest.split("\n```").next().unwrap_or(rest))
        .collect()
}

fn reference() -> (Value, Value) {
    let parsed = |text| serde_json::from_str(text).expect("json");
    (parsed(CASES), parsed(RECORDED))
}

/// A block as a file.
fn file(block: &str, inputs: &Value) -> String {
    let extract = |id: &str| {
        let schema = inputs[id]["schema"].to_string();
        json!({"id": id, "data_format": "csv", "location": format!("{id}.csv"), "schema": schema})
    };
    let (orders, customers) = (extract("orders"), extract("customers"));
    let load = |upstream: &str, location: &str| json!({"id": location, "upstream_id": upstream, "data_format": "json", "location": location, "mode": "overwrite"});
    let loads = json!([load("t", "out"), load("customers", "copy")]);
    let (kind, _) = block
        .split_once(':')
        .expect("an object, or a member of one");
    match kind.trim_matches(['{', ' ', '"', '\n']) {
        "workflow" => block.replace(
            SCHEMA_FILE,
            &json!(inputs["orders"]["schema"].to_string()).to_string(),
        ),
        "function_type" => format!(
            r#"{{"workflow": {{"id": "w", "jobs": [{{"id": "j", "extracts": [{orders}, {customers}],
            "transforms": [{{"id": "t", "upstream_id": "orders", "functions": [{block}]}}], "loads": {loads}}}]}}}}"#
        ),
        "hooks" => format!(r#"{{"workflow": {{"id": "w", "jobs": [{{"id": "j", {block}}}]}}}}"#),
        "alert" => {
            let load = load("orders", "out");
            format!(
                r#"{{"workflow": {{"id": "w", "jobs": [{{"id": "j", "extracts": [{orders}], "loads": [{load}]}}]}}, {block}}}"#
            )
        }
        other => panic!("what is an example that begins with `{other}`?"),
    }
}

#[test]
fn the_document_names_every_field_of_both_formats() {
    let mut names = BTreeSet::new();
    properties(&workflow_schema(), &mut names);
    properties(&alert_schema(), &mut names);
    assert!(names.contains("cast_type") && names.contains("smtp_server"));
    let is_missing = |name: &&String| !DOCUMENT.contains(&format!("`{name}`"));
    let missing: Vec<&String> = names.iter().filter(is_missing).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn the_compiler_accepts_every_example_of_the_document() {
    let (cases, _) = reference();
    let blocks = blocks(DOCUMENT, "jsonc");
    assert!(blocks.len() > 15, "{blocks:?}");
    for block in blocks {
        let block = block.trim().trim_end_matches(',');
        let document = Document::parse(
            "example.jsonc",
            file(block, &cases["inputs"]),
            Syntax::Jsonc,
        );
        let document = document.unwrap_or_else(|error| panic!("{error}: {block}"));
        match check(&document, None) {
            Ok(checked) => assert_eq!(checked.warnings, [], "{block}"),
            Err(problems) => panic!("{problems:?}: {block}"),
        }
    }
}

#[test]
fn the_examples_of_functions_show_what_spark_makes_of_them() {
    let (cases, recorded) = reference();
    let cases = cases["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 13);
    let (_, functions) = DOCUMENT.split_once("\n## Functions\n").expect("a section");
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let heading = format!("\n### `{name}`\n");
        let (_, section) = functions
            .split_once(heading.as_str())
            .expect("a section for each function");
        let section = section.split("\n##").next().unwrap_or(section);
        let example = blocks(section, "jsonc");
        let example: Value =
            serde_json::from_str(example.first().expect("an example")).expect("json");
        assert_eq!(example, case["functions"][0]);
        let result = blocks(section, "text").pop().expect("a result");
        let mut shown: Vec<&str> = result.lines().collect();
        let lines = recorded[name]["lines"].as_array().expect("lines");
        let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
        // Where the order of rows does not count, the header is one of the sorted lines.
        if case["ordered"] != json!(true) {
            shown.sort_unstable();
        }
        assert_eq!(shown, lines, "{name}");
    }
}
