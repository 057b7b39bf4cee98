use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    name: Spanned<String>,
    #[serde(default)]
    open: bool,
    #[serde(default)]
    floors: u8,
    #[serde(default)]
    steps: Vec<Spanned<Function>>,
    #[serde(default, alias = "colour")]
    color: Option<Color>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Function {
    GoIn(Go),
    Leave {},
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Go {
    by: Spanned<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    DarkBlue,
}

fn document(text: &str) -> Document {
    Document::parse("shop.json", text, Syntax::Json).expect("the text is JSON")
}

fn failure(text: &str) -> Diagnostic {
    failures(text).remove(0)
}

fn failures(text: &str) -> Vec<Diagnostic> {
    document(text)
        .deserialize::<Shop>()
        .expect_err("the text does not fit")
}

/// The text that the diagnostic's first label underlines.
fn place(diagnostic: &Diagnostic) -> &str {
    let label = &diagnostic.labels[0];
    &label.source.text()[label.span.expect("the label has a place").range()]
}

#[test]
fn a_spanned_value_knows_its_place() {
    let document = document(r#"{"name": "Äpfel", "open": true, "floors": 2, "color": "DARKBLUE"}"#);

    let shop: Shop = document.deserialize().expect("it fits");

    assert_eq!(shop.name.value, "Äpfel");
    assert_eq!(&document.text()[shop.name.span.range()], "\"Äpfel\"");
    assert_eq!(
        (shop.open, shop.floors, shop.color),
        (true, 2, Some(Color::DarkBlue))
    );
}

#[test]
fn a_function_is_named_in_any_case_and_keeps_the_places_in_its_arguments() {
    let document = document(
        r#"{"name": "", "steps": [{"arguments": {"by": "door"}, "function_type": "goin"}, {"function_type": "Leave", "arguments": {}}]}"#,
    );

    let shop: Shop = document.deserialize().expect("it fits");

    let Function::GoIn(go) = &shop.steps[0].value else {
        panic!("the first step is the first one")
    };
    assert_eq!(&document.text()[go.by.span.range()], "\"door\"");
    assert_eq!(shop.steps[1].value, Function::Leave {});
}

#[test]
fn an_unknown_field_is_shown_at_its_key_with_the_nearest_name() {
    let diagnostic = failure(r#"{"name": "a", "opne": true}"#);

    assert_eq!(
        diagnostic.to_string(),
        "shop.json:1:15: error[S0201]: unknown field `opne`"
    );
    assert_eq!(place(&diagnostic), "\"opne\"");
    assert_eq!(diagnostic.help.as_deref(), Some("did you mean `open`?"));
}

#[test]
fn a_missing_field_is_shown_at_its_object() {
    let diagnostic =
        failure(r#"{"name": "a", "steps": [{"function_type": "goIn", "arguments": {}}]}"#);

    assert_eq!(diagnostic.message, "missing field `by`");
    assert_eq!(place(&diagnostic), "{}");
}

#[test]
fn a_wrong_type_is_shown_at_the_value_with_what_was_found_and_wanted() {
    for (text, underlined, message) in [
        (r#"{"name": 12}"#, "12", "expected a string, found a number"),
        (
            r#"{"name": null}"#,
            "null",
            "expected a string, found `null`",
        ),
        (
            r#"{"name": "a", "open": "yes"}"#,
            "\"yes\"",
            "expected `true` or `false`, found a string",
        ),
        (
            r#"{"name": "a", "steps": {}}"#,
            "{}",
            "expected a list, found an object",
        ),
        (
            r#"{"name": "a", "steps": [[1]]}"#,
            "[1]",
            "expected an object, found a list",
        ),
        (
            r#"{"name": "a", "floors": "2"}"#,
            "\"2\"",
            "expected a whole number, found a string",
        ),
        (
            r#"{"name": "a", "floors": 300}"#,
            "300",
            "expected a whole number from 0 to 255, found `300`",
        ),
        (r#"["a"]"#, "[\"a\"]", "expected an object, found a list"),
    ] {
        let diagnostic = failure(text);
        assert_eq!(
            (diagnostic.message.as_str(), place(&diagnostic)),
            (message, underlined)
        );
    }
}

#[test]
fn an_unknown_name_is_shown_at_the_value_with_the_nearest_one() {
    let step = failure(r#"{"name": "a", "steps": [{"function_type": "goOn", "arguments": {}}]}"#);
    assert_eq!(
        (step.message.as_str(), place(&step)),
        ("unknown function `goOn`", "\"goOn\"")
    );
    assert_eq!(step.help.as_deref(), Some("did you mean `goIn`?"));

    let color = failure(r#"{"name": "a", "color": "green"}"#);
    assert_eq!(
        (color.message.as_str(), place(&color)),
        ("unknown color `green`", "\"green\"")
    );
    assert_eq!(
        color.help.as_deref(),
        Some("possible here are `red`, `darkblue`")
    );
}

#[test]
fn a_function_has_a_type_and_arguments_and_nothing_else() {
    let extra = failure(r#"{"name": "a", "steps": [{"function_type": "leave", "argument": {}}]}"#);
    assert_eq!(extra.help.as_deref(), Some("did you mean `arguments`?"));

    let nothing = failure(r#"{"name": "a", "steps": [{"function_type": "leave"}]}"#);
    assert_eq!(nothing.message, "missing field `arguments`");

    let nameless = failure(r#"{"name": "a", "steps": [{"arguments": {}}]}"#);
    assert_eq!(nameless.message, "missing field `function_type`");
}

#[test]
fn a_field_given_under_both_of_its_names_is_shown_at_the_second() {
    let diagnostic = failure(r#"{"name": "a", "color": "red", "colour": "red"}"#);

    assert_eq!(
        (diagnostic.message.as_str(), place(&diagnostic)),
        ("`color` is given twice", "\"colour\"")
    );
}

#[test]
fn a_part_of_a_string_is_found_behind_escapes() {
    let document = document(r#"{"name": "\"a\" \u00e4\n > amuont"}"#);
    let shop: Shop = document.deserialize().expect("it fits");
    let start = shop.name.value.find("amuont").expect("it is there");

    let span = document.span_in_string(shop.name.span, start..start + 6);

    assert_eq!(&document.text()[span.range()], "amuont");
}

#[test]
fn a_section_can_be_taken_as_plain_json() {
    let document = document(r#"{"alert": {"channels": [1, 2.5, -3, null, true, "x"]}}"#);

    let alert = document.section("alert").expect("it is there");

    assert_eq!(
        alert.to_json(),
        serde_json::json!({"channels": [1, 2.5, -3, null, true, "x"]})
    );
    let channels: std::collections::BTreeMap<String, serde_json::Value> =
        document.deserialize_node(alert).expect("any object fits");
    assert_eq!(
        serde_json::to_value(channels).expect("it is JSON"),
        alert.to_json()
    );
}

#[test]
fn the_extension_tells_the_syntax() {
    let refused = |name: &str| {
        Document::read(Path::new(name))
            .expect_err("there is no such file")
            .to_string()
    };

    for known in ["job.yaml", "job.yml", "job.json"] {
        assert!(refused(known).contains("error[S0101]"), "{known}");
    }
    assert_eq!(
        refused("job.json"),
        "job.json: error[S0101]: the file cannot be read: there is no such file"
    );
    assert!(refused("job.toml").starts_with("job.toml: error[S0104]: "));
    assert!(
        refused("no-such-folder/job.JSONC").starts_with("no-such-folder/job.JSONC: error[S0101]: ")
    );
}

#[test]
fn an_object_nested_too_deep_is_refused() {
    let text = "[".repeat(100_000);

    assert!(Document::parse("deep.json", text, Syntax::Json).is_err());
}

#[test]
fn one_error_does_not_hide_the_next() {
    let diagnostics = failures(
        r#"{
            "name": "a",
            "colr": "red",
            "steps": [
                {"function_type": "goIn", "arguments": {"by": 1}},
                {"function_type": "goIn", "arguments": {"by": "door", "bye": "door"}},
                {"function_type": "goOut", "arguments": {}}
            ],
            "floors": "two"
        }"#,
    );

    let messages: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "unknown field `colr`",
            "expected a string, found a number",
            "unknown field `bye`",
            "unknown function `goOut`",
            "expected a whole number, found a string",
        ]
    );
}

#[test]
fn of_many_errors_only_the_first_are_reported() {
    let steps = vec!["1"; 1000].join(",");

    assert_eq!(
        failures(&format!(r#"{{"name": "a", "steps": [{steps}]}}"#)).len(),
        MOST_ERRORS
    );
}

#[test]
fn a_misspelt_field_is_one_error_and_its_value_is_checked_all_the_same() {
    let diagnostics = failures(r#"{"nmae": 1}"#);
    let said: Vec<_> = diagnostics
        .iter()
        .map(|diagnostic| (diagnostic.message.as_str(), place(diagnostic)))
        .collect();
    assert_eq!(
        said,
        [
            ("unknown field `nmae`", "\"nmae\""),
            ("expected a string, found a number", "1")
        ]
    );
    assert_eq!(failures(r#"{"nmae": "a"}"#).len(), 1);
}

#[test]
fn a_field_of_another_name_in_place_of_a_missing_one_is_one_error() {
    let diagnostics = failures(r#"{"title": "a"}"#);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].message, "unknown field `title`");
    assert_eq!(
        diagnostics[0].help.as_deref(),
        Some("`name` is missing here: did you mean that?")
    );
}

#[test]
fn a_field_is_missing_beside_what_its_object_begins_with() {
    let text = "{\n  \"open\": true,\n  \"floors\": 2\n}";
    let diagnostic = failure(text);
    assert_eq!(diagnostic.message, "missing field `name`");
    assert_eq!(place(&diagnostic), "\"open\": true");
}

#[test]
fn a_value_of_several_lines_that_has_the_wrong_type_is_shown_at_its_key() {
    let diagnostic = failure("{\"name\": \"a\", \"steps\": {\n  \"by\": 1\n}}");
    assert_eq!(diagnostic.message, "expected a list, found an object");
    assert_eq!(place(&diagnostic), "\"steps\"");
}

#[test]
fn arguments_beside_their_function_are_one_error() {
    let diagnostics =
        failures(r#"{"name": "a", "steps": [{"function_type": "goIn", "by": "door"}]}"#);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        diagnostics[0].message,
        "`by` is an argument: it stands in `arguments`"
    );
    assert_eq!(place(&diagnostics[0]), "\"by\"");
}

#[test]
fn an_object_in_place_of_a_name_is_told_so() {
    let diagnostic = failure(r#"{"name": "a", "color": {}}"#);
    assert_eq!(diagnostic.message, "expected a string, found an object");
}
