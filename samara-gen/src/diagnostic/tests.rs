use super::*;

fn source(path: &str, text: &str) -> Arc<SourceText> {
    Arc::new(SourceText::new(path, text))
}

fn span_of(source: &SourceText, part: &str) -> Span {
    let start = source.text().find(part).expect("the text has that part");
    Span::new(start, start + part.len())
}

#[track_caller]
fn assert_renders(diagnostic: &Diagnostic, lines: &[&str]) {
    assert_eq!(
        diagnostic.render(Colour::Never).lines().collect::<Vec<_>>(),
        lines
    );
}

#[test]
fn a_diagnostic_names_the_place_shows_the_line_and_offers_the_fix() {
    let job = source(
        "examples/job.jsonc",
        "{\n  \"schema\": \"orders_schema.json\",\n  \"columns\": [\"name\", \"amuont\"]\n}\n",
    );
    let diagnostic = Diagnostic::error(
        "S0301",
        "no column `amuont` in the output of `extract-orders`",
    )
    .at(&job, span_of(&job, "\"amuont\""), "not a column")
    .see(
        &job,
        span_of(&job, "\"orders_schema.json\""),
        "columns come from here",
    )
    .suggest("amuont", ["order_id", "amount"]);

    assert_renders(
        &diagnostic,
        &[
            "error[S0301]: no column `amuont` in the output of `extract-orders`",
            " --> examples/job.jsonc:3:23",
            "  |",
            r#"2 |   "schema": "orders_schema.json","#,
            "  |             -------------------- columns come from here",
            r#"3 |   "columns": ["name", "amuont"]"#,
            "  |                       ^^^^^^^^ not a column",
            "  |",
            "  = help: did you mean `amount`?",
        ],
    );
}

#[test]
fn a_diagnostic_can_point_into_two_files() {
    let job = source("job.json", "{\"columns\": [\"amuont\"]}");
    let schema = source("schema.json", "{\n  \"fields\": []\n}");
    let diagnostic = Diagnostic::error("S0301", "no column `amuont`")
        .see(
            &schema,
            span_of(&schema, "\"fields\""),
            "columns come from here",
        )
        .at(&job, span_of(&job, "\"amuont\""), "not a column");

    assert_renders(
        &diagnostic,
        &[
            "error[S0301]: no column `amuont`",
            " --> job.json:1:14",
            "  |",
            r#"1 | {"columns": ["amuont"]}"#,
            "  |              ^^^^^^^^ not a column",
            "  |",
            " ::: schema.json:2:3",
            "  |",
            r#"2 |   "fields": []"#,
            "  |   -------- columns come from here",
        ],
    );
}

#[test]
fn a_file_as_a_whole_is_named_without_a_line() {
    let file = source("missing.json", "");
    let diagnostic =
        Diagnostic::error(code::UNREADABLE, "the file cannot be read: no such file").in_file(&file);

    assert_renders(
        &diagnostic,
        &[
            "error[S0101]: the file cannot be read: no such file",
            "--> missing.json",
        ],
    );
    assert_eq!(
        diagnostic.to_string(),
        "missing.json: error[S0101]: the file cannot be read: no such file"
    );
}

#[test]
fn lines_of_thousands_of_characters_stay_readable() {
    let text = format!(
        "{{\"a\": \"first\", {}\"b\": \"second\"}}",
        "\"x\": 1, ".repeat(1000)
    );
    let file = source("job.json", &text);
    let diagnostic = Diagnostic::error("S0301", "two places")
        .at(&file, span_of(&file, "\"second\""), "here")
        .see(&file, span_of(&file, "\"first\""), "and here");

    let rendered = diagnostic.render(Colour::Never);

    assert!(
        rendered.lines().all(|line| line.chars().count() < 160),
        "{rendered}"
    );
    assert!(
        rendered.contains("^^^^^^^^ here") && rendered.contains("------- and here"),
        "{rendered}"
    );
}

#[test]
fn of_an_object_over_several_lines_only_its_bracket_is_underlined() {
    let file = source("job.json", "{\n  \"a\": {\n    \"b\": 1\n  }\n}");
    let diagnostic =
        Diagnostic::error("S0202", "missing field `c`").at(&file, Span::new(9, 25), "needs `c`");

    assert_renders(
        &diagnostic,
        &[
            "error[S0202]: missing field `c`",
            " --> job.json:2:8",
            "  |",
            r#"2 |   "a": {"#,
            "  |        ^ needs `c`",
        ],
    );
}

#[test]
fn a_place_outside_of_the_text_does_no_harm() {
    let file = source("job.json", "ä");

    for span in [
        Span::new(1, 1),
        Span::new(7, 3),
        Span::new(0, 99),
        Span::new(2, 2),
    ] {
        assert!(
            Diagnostic::error("S0101", "x")
                .at(&file, span, "")
                .render(Colour::Never)
                .contains("job.json:1")
        );
    }
}

#[test]
fn colours_appear_only_when_asked_for() {
    let file = source("job.json", "{}");
    let diagnostic = Diagnostic::warning("S0101", "x")
        .at(&file, Span::new(0, 2), "here")
        .help("\u{1b}[31mred");

    assert!(!diagnostic.render(Colour::Never).contains('\u{1b}'));
    assert!(diagnostic.render(Colour::Always).contains("\u{1b}["));
}

#[test]
fn only_a_name_that_is_close_is_suggested() {
    assert_eq!(nearest("amuont", ["order_id", "amount"]), Some("amount"));
    assert_eq!(nearest("AMOUNT", ["amount"]), Some("amount"));
    assert_eq!(nearest("customer", ["amount", "name"]), None);
    assert_eq!(nearest("idd", ["id"]), Some("id"));
    assert_eq!(nearest("x", ["b"]), None);
    assert_eq!(nearest("or", ["o"]), None);
}
