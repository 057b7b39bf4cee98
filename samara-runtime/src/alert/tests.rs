use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::telemetry::log::tests::captured;

/// An alert section whose file channels `first` and `second` write into a folder, with these triggers.
fn alert(folder: &TempDir, triggers: Value) -> Result<Alert, AlertError> {
    let channel =
        |id: &str| json!({"channel_type": "file", "id": id, "file_path": folder.path().join(id)});
    parsed(json!({"channels": [channel("first"), channel("second")], "triggers": triggers}))
}

fn parsed(section: Value) -> Result<Alert, AlertError> {
    Alert::parse(&json!({"alert": section}).to_string())
}

fn http(field: &str, value: u32) -> Value {
    let mut channel = json!({"channel_type": "http", "id": "h", "url": "http://a", "method": "POST", "timeout": 5});
    channel["retry"] = json!({"max_attempts": 1, "delay_in_seconds": 1});
    match field {
        "timeout" => channel["timeout"] = value.into(),
        field => channel["retry"][field] = value.into(),
    }
    json!({"channels": [channel]})
}

fn email(port: u32, to: &[&str]) -> Value {
    json!({"channels": [{"channel_type": "email", "id": "m", "smtp_server": "s", "smtp_port": port, "username": "u", "password": "p",
        "from_email": "a@b", "to_emails": to}]})
}

fn written(folder: &TempDir, channel: &str) -> String {
    fs::read_to_string(folder.path().join(channel)).unwrap_or_default()
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_trigger_without_rules_sends_through_each_of_its_channels() {
    let folder = folder();
    let alert = alert(
        &folder,
        json!([{"id": "t", "channel_ids": ["second", "first"]}]),
    )
    .expect("valid");
    alert.raise("Title", "Body", "exception");
    alert.raise("Title", "Again", "exception");
    assert_eq!(written(&folder, "first"), "Title: Body\nTitle: Again\n");
    assert_eq!(written(&folder, "second"), "Title: Body\nTitle: Again\n");
}

#[test]
fn a_template_stands_around_title_and_body() {
    let folder = folder();
    let template = json!({"prepend_title": "[p] ", "append_title": " !", "prepend_body": "<", "append_body": ">"});
    let alert = alert(
        &folder,
        json!([{"id": "t", "channel_ids": ["first"], "template": template, "rules": []}]),
    )
    .expect("valid");
    alert.raise("Title", "Body", "");
    assert_eq!(written(&folder, "first"), "[p] Title !: <Body>\n");
}

#[test]
fn what_is_disabled_does_not_send() {
    let folder = folder();
    let mut alert = alert(&folder, json!([
        {"id": "off", "enabled": false, "channel_ids": ["first"]}, {"id": "on", "channel_ids": ["second"]}
    ]))
    .expect("valid");
    if let Channel::File(second) = &mut alert.channels[1] {
        second.enabled = false;
    }
    alert.raise("Title", "Body", "");
    assert_eq!(
        (written(&folder, "first"), written(&folder, "second")),
        (String::new(), String::new())
    );
}

#[test]
fn a_trigger_fires_only_if_all_of_its_rules_match() {
    let pattern = |pattern: &str| json!({"rule_type": "exception_regex", "pattern": pattern});
    let variable = |name: &str, values: &[&str]| json!({"rule_type": "env_vars_matches", "env_var_name": name, "env_var_values": values});
    let package = env::var("CARGO_PKG_NAME").expect("cargo sets it");
    let cases = [
        (json!([pattern("col.mn"), pattern("")]), true),
        (json!([pattern("^column")]), false),
        (json!([pattern("column"), pattern("table")]), false),
        (
            json!([variable("CARGO_PKG_NAME", &["other", &package])]),
            true,
        ),
        (json!([variable("CARGO_PKG_NAME", &["other"])]), false),
        (json!([variable("SAMARA_TEST_UNSET", &[""])]), false),
        (json!([variable("", &[]), pattern("no column")]), true),
    ];
    for (rules, fires) in cases {
        let folder = folder();
        let alert = alert(
            &folder,
            json!([{"id": "t", "channel_ids": ["first"], "rules": rules}]),
        )
        .expect("valid");
        alert.raise("Title", "Body", "no column `a`");
        assert_eq!(!written(&folder, "first").is_empty(), fires, "{rules}");
    }
}

#[test]
fn a_channel_that_fails_is_a_warning_and_stops_no_other() {
    let folder = folder();
    let mut alert = alert(
        &folder,
        json!([{"id": "t", "channel_ids": ["first", "second"]}]),
    )
    .expect("valid");
    if let Channel::File(first) = &mut alert.channels[0] {
        first.file_path = "${SAMARA_TEST_UNSET}/log".to_owned();
    }
    let ((), log) = captured(|| alert.raise("Title", "Body", ""));
    assert_eq!(written(&folder, "second"), "Title: Body\n");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("WARN") && log.contains("`first`") && log.contains("SAMARA_TEST_UNSET"),
        "{log}"
    );
}

#[test]
fn channels_that_are_not_sent_yet_say_so_once_each() {
    let mut section = http("timeout", 5);
    section["channels"]
        .as_array_mut()
        .expect("channels")
        .push(email(587, &["c@d"])["channels"][0].clone());
    section["triggers"] = json!([{"id": "t", "channel_ids": ["h", "m"]}]);
    let alert = parsed(section).expect("valid");
    let ((), log) = captured(|| alert.raise("Title", "Body", ""));
    assert_eq!(log.lines().count(), 2, "{log}");
    assert!(
        log.contains("http channels are not sent yet")
            && log.contains("e-mail channels are not sent yet"),
        "{log}"
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    let cases = [
        (http("timeout", 0), "timeout"),
        (http("timeout", 31), "timeout"),
        (http("max_attempts", 4), "retry.max_attempts"),
        (http("delay_in_seconds", 0), "retry.delay_in_seconds"),
        (http("delay_in_seconds", 31), "retry.delay_in_seconds"),
        (email(0, &["c@d"]), "smtp_port"),
        (email(65536, &["c@d"]), "smtp_port"),
    ];
    for (section, expected) in cases {
        let error = parsed(section).expect_err("out of range");
        assert!(
            matches!(&error, AlertError::OutOfRange { field, .. } if *field == expected),
            "{error}"
        );
    }
    for section in [
        http("timeout", 30),
        http("max_attempts", 0),
        http("max_attempts", 3),
        email(65535, &["c@d"]),
    ] {
        assert!(parsed(section).is_ok());
    }
}

#[test]
fn an_email_channel_without_recipient_is_refused() {
    assert!(
        matches!(parsed(email(587, &[])), Err(AlertError::NoRecipient { channel }) if channel == "m")
    );
}

#[test]
fn two_channels_of_one_id_are_refused() {
    let file = json!({"channel_type": "file", "id": "f", "file_path": "a"});
    let error = parsed(json!({"channels": [file, file]})).expect_err("duplicate");
    assert!(matches!(error, AlertError::DuplicateChannel { id } if id == "f"));
}

#[test]
fn a_trigger_that_names_no_channel_of_the_file_is_refused() {
    let error = alert(
        &folder(),
        json!([{"id": "t", "channel_ids": ["first", "frist"]}]),
    )
    .expect_err("unknown");
    assert!(matches!(error, AlertError::UnknownChannel { channel, .. } if channel == "frist"));
}

#[test]
fn a_pattern_that_is_no_regular_expression_is_refused() {
    let rules = json!([{"rule_type": "exception_regex", "pattern": "("}]);
    let error = alert(
        &folder(),
        json!([{"id": "t", "channel_ids": [], "rules": rules}]),
    )
    .expect_err("a bad pattern");
    assert!(matches!(error, AlertError::Pattern { .. }));
}

#[test]
fn comments_trailing_commas_and_other_sections_are_allowed() {
    let alert = Alert::parse(
        "\u{feff}{ // a comment\n \"$schema\": \"x\", \"workflow\": {\"id\": 1}, \"alert\": {\"channels\": [],}, }",
    );
    assert_eq!(alert.expect("valid"), Alert::default());
}

#[test]
fn a_text_without_alerts_is_refused() {
    for text in ["", "{}", "{\"alert\": null}", "{\"workflow\": {}}"] {
        assert!(
            matches!(Alert::parse(text), Err(AlertError::NoSection)),
            "{text}"
        );
    }
}

#[test]
fn what_does_not_fit_the_format_is_refused_with_its_place() {
    let error = Alert::parse("{\"alert\": {\n  \"channels\": 1}}")
        .expect_err("no list")
        .to_string();
    assert!(error.contains("line 2"), "{error}");
    for text in [
        "{'alert': {}}",
        "{alert: {}}",
        "[1]",
        "{\"alert\": {\"channels\": [{\"channel_type\": \"pigeon\"}]}}",
    ] {
        assert!(
            matches!(Alert::parse(text), Err(AlertError::Format(_))),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Alert::read(Path::new("missing/alert.json"))
        .expect_err("missing")
        .to_string();
    assert!(error.contains("missing/alert.json"), "{error}");
}

#[test]
fn an_alert_file_may_be_yaml() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("alert.yml");
    let text = "alert:\n  channels:\n    - { channel_type: file, id: log, file_path: alerts.log, enabled: yes }\n  triggers: []\n";
    fs::write(&path, text).expect("a file");
    let alert = Alert::read(&path).expect("valid");
    assert_eq!(alert.channels[0].id(), "log");

    fs::write(&path, "alert: [").expect("a file");
    assert!(matches!(Alert::read(&path), Err(AlertError::Yaml { .. })));
}
