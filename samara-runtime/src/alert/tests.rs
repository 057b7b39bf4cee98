use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::request::tests::Server;
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

/// The log of raising an alert through one channel, beside a file channel that gets it too.
fn raised_through(channel: &Value) -> String {
    let folder = folder();
    let file = json!({"channel_type": "file", "id": "f", "file_path": folder.path().join("f")});
    let trigger = json!({"id": "t", "channel_ids": [channel["id"], "f"]});
    let alert = parsed(json!({"channels": [channel, file], "triggers": [trigger]}));
    let ((), log) = captured(|| alert.expect("valid").raise("Tïtle", "Body", ""));
    assert_eq!(written(&folder, "f"), "Tïtle: Body\n");
    log
}

#[test]
fn an_http_channel_sends_title_and_message_as_json() {
    let server = Server::answering(&[503, 200]);
    let mut channel = http("timeout", 5)["channels"][0].clone();
    channel["url"] = json!(server.url("/alerts"));
    channel["headers"] = json!({"Authorization": "Bearer ${CARGO_PKG_NAME}"});
    assert_eq!(raised_through(&channel), "");
    let received = server.received();
    assert_eq!(received.len(), 2, "one failure, one retry");
    assert_eq!(received[1].line, "POST /alerts HTTP/1.1");
    assert_eq!(received[1].headers["authorization"], "Bearer samara");
    assert_eq!(received[1].headers["content-type"], "application/json");
    let body: Value = serde_json::from_str(&received[1].body).expect("json");
    assert_eq!(body, json!({"title": "Tïtle", "message": "Body"}));
}

#[test]
fn an_http_channel_that_is_refused_is_one_warning_without_its_url() {
    let server = Server::answering(&[401]);
    let mut channel = http("max_attempts", 0)["channels"][0].clone();
    channel["url"] = json!(server.url("/hunter2"));
    let log = raised_through(&channel);
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("channel `h`: the server answered 401") && !log.contains("hunter2"),
        "{log}"
    );
}

#[test]
fn an_email_channel_speaks_smtp() {
    let server = Smtp::start("235 welcome");
    assert_eq!(raised_through(&server.channel("u", "hunter2")), "");
    let said = server.said();
    let has = |text: &str| assert!(said.contains(text), "{said}");
    has(&format!("AUTH PLAIN {}\n", STANDARD.encode("\0u\0hunter2")));
    has("MAIL FROM:<a@example.com>");
    has("RCPT TO:<b@example.com>\n");
    has("RCPT TO:<c@example.com>\n");
    has("From: Samara <a@example.com>\n");
    has("Subject: =?utf-8?b?");
    has("Message-ID: <");
    has("Date: ");
    has("\nBody\n");
}

#[test]
fn an_email_channel_without_a_user_does_not_log_in() {
    let server = Smtp::start("500 no");
    assert_eq!(raised_through(&server.channel("", "")), "");
    let said = server.said();
    assert!(
        !said.contains("AUTH") && said.contains("\nBody\n"),
        "{said}"
    );
}

#[test]
fn a_password_is_not_told_even_if_the_server_repeats_it() {
    let told = STANDARD.encode("\0u\0hunter2");
    let server = Smtp::start(format!("535 no such user: hunter2 {told}").leak());
    let log = raised_through(&server.channel("u", "hunter2"));
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("channel `m`") && log.contains("no such user: *** ***"),
        "{log}"
    );
}

#[test]
fn a_mail_server_that_is_not_there_is_one_warning() {
    let mut channel = Smtp::start("235 ok").channel("u", "hunter2");
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    channel["smtp_port"] = json!(free.local_addr().expect("bound").port());
    drop(free);
    let log = raised_through(&channel);
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("channel `m`") && log.contains("refused"),
        "{log}"
    );
    channel["to_emails"] = json!(["nobody"]);
    let log = raised_through(&channel);
    assert!(log.contains("`to_emails` is no e-mail address"), "{log}");
}

/// A mail server that takes one mail, in plain text.
struct Smtp {
    port: u16,
    said: Receiver<String>,
}

impl Smtp {
    /// With its answer to who logs in.
    fn start(login: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (send, said) = mpsc::channel();
        thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            let _ = send.send(converse(stream, login));
        });
        Self { port, said }
    }

    fn channel(&self, username: &str, password: &str) -> Value {
        let mut channel = email(self.port.into(), &["b@example.com", "C <c@example.com>"]);
        let mut channel = channel["channels"][0].take();
        channel["smtp_server"] = json!("127.0.0.1");
        channel["username"] = json!(username);
        channel["password"] = json!(password);
        channel["from_email"] = json!("Samara <a@example.com>");
        channel
    }

    /// All that the client said, once it is gone.
    fn said(&self) -> String {
        self.said.recv().expect("a conversation")
    }
}

fn converse(mut stream: TcpStream, login: &str) -> String {
    let mut said = String::new();
    let lines = BufReader::new(stream.try_clone().expect("a reader")).lines();
    let mut in_data = false;
    stream
        .write_all(b"220 ready\r\n")
        .expect("the client listens");
    for line in lines.map_while(Result::ok) {
        let answer = match line.as_str() {
            "." => "250 taken",
            _ if in_data => "",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            line if line.starts_with("EHLO") => "250-here\r\n250 AUTH PLAIN LOGIN",
            line if line.starts_with("AUTH") => login,
            _ => "250 ok",
        };
        in_data = line == "DATA" || in_data && line != ".";
        said += &format!("{line}\n");
        if !answer.is_empty() && write!(stream, "{answer}\r\n").is_err() {
            break;
        }
    }
    said
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
