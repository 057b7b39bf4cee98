//! Alerts through real channels: a mail server with TLS, an HTTP receiver, a file; sent by `samara validate --test-exception`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::mail_server::{Behaviour, MailServer, Security, authority};
use crate::program::{Workplace, streams};
use crate::receiver::Receiver;

const WORKFLOW: &str = r#"{"workflow": {"id": "w", "jobs": [{"id": "j"}]}}"#;

fn mail(port: u16) -> Value {
    json!({
        "channel_type": "email", "id": "mail", "smtp_server": "localhost", "smtp_port": port, "username": "samara",
        "password": "${SMTP_PASSWORD}", "from_email": "Samara <samara@example.com>",
        "to_emails": ["ada@example.com", "Grace <grace@example.com>"],
    })
}

fn file() -> Value {
    json!({"channel_type": "file", "id": "file", "file_path": "alerts.log"})
}

/// What a test of the channels prints, how long it takes, and what the channel `file` got.
struct Sent {
    report: String,
    took: Duration,
    log: String,
}

fn send(channels: &[Value], variables: &[(&str, &str)]) -> Sent {
    let workplace = Workplace::empty();
    workplace.write("job.json", WORKFLOW);
    let ids: Vec<&Value> = channels.iter().map(|channel| &channel["id"]).collect();
    let template = json!({"prepend_title": "[prod] ", "append_title": "!", "prepend_body": "Oh no: ", "append_body": " Look at it."});
    let trigger = json!({"id": "any", "channel_ids": ids, "template": template});
    let alert = json!({"alert": {"channels": channels, "triggers": [trigger]}});
    workplace.write("alert.json", &alert.to_string());
    let mut command = workplace.samara(&["validate", "--workflow-filepath", "job.json"]);
    command
        .args([
            "--alert-filepath",
            "alert.json",
            "--test-exception",
            "disk full.",
        ])
        .env("SMTP_PASSWORD", "hunter2")
        .env("SSL_CERT_FILE", authority())
        .envs(variables.iter().copied());
    let began = Instant::now();
    let output = command.output().expect("samara starts");
    let (report, err) = streams(&output);
    assert_eq!(output.status.code(), Some(41), "{err}");
    assert!(
        !report.contains("hunter2") && !err.contains("hunter2"),
        "{report}{err}"
    );
    Sent {
        report,
        took: began.elapsed(),
        log: workplace.read("alerts.log"),
    }
}

/// The line that tells of a mail that could not be sent; the file channel gets its alert in any case.
fn refused(behaviour: Behaviour, variables: &[(&str, &str)]) -> (String, Duration) {
    let server = MailServer::start(behaviour);
    let sent = send(&[mail(server.port()), file()], variables);
    assert_eq!(server.mails(), []);
    assert_eq!(
        sent.log,
        "[prod] Test Alert!: Oh no: disk full. Look at it.\n"
    );
    let line = sent.report.lines().find(|line| line.contains("`mail`"));
    (line.expect("a line").to_owned(), sent.took)
}

fn arrived(security: Security, server: &MailServer) {
    let sent = send(&[mail(server.port()), file()], &[]);
    assert!(
        sent.report.contains("channel `mail`: sent"),
        "{}",
        sent.report
    );
    let mails = server.mails();
    let [mail] = mails.as_slice() else {
        panic!("{mails:?}")
    };
    assert_eq!(
        (mail.encrypted, mail.authenticated),
        (security != Security::None, true)
    );
    assert_eq!(mail.from, "samara@example.com");
    assert_eq!(mail.to, ["ada@example.com", "grace@example.com"]);
    assert!(
        mail.text.contains("Subject: [prod] Test Alert!\n"),
        "{}",
        mail.text
    );
    assert!(
        mail.text.ends_with("\n\nOh no: disk full. Look at it.\n"),
        "{}",
        mail.text
    );
}

#[test]
fn a_mail_goes_by_starttls_wherever_the_server_offers_it() {
    for security in [Security::StartTls, Security::None] {
        arrived(security, &MailServer::start(Behaviour::good(security)));
    }
}

#[test]
#[ignore = "needs the ports 465 and 587, which only root may take"]
fn port_465_speaks_tls_from_the_start_and_port_587_does_not_go_on_without_it() {
    let tls = Behaviour::good(Security::Tls);
    arrived(Security::Tls, &MailServer::start_at("127.0.0.1:465", tls));
    let start_tls = MailServer::start_at("127.0.0.1:587", Behaviour::good(Security::StartTls));
    arrived(Security::StartTls, &start_tls);
    let plain = MailServer::start_at("127.0.0.2:587", Behaviour::good(Security::None));
    let mut channel = mail(plain.port());
    channel["smtp_server"] = json!("127.0.0.2");
    let sent = send(&[channel, file()], &[]);
    assert!(sent.report.contains("`mail`: not sent"), "{}", sent.report);
    assert_eq!(plain.mails(), []);
}

#[test]
fn a_certificate_that_nobody_vouches_for_or_of_another_host_gets_no_mail_and_no_password() {
    let good = || Behaviour::good(Security::StartTls);
    let (line, _) = refused(good(), &[("SSL_CERT_FILE", "/dev/null")]);
    assert!(line.contains("not sent"), "{line}");
    let server = MailServer::start(good());
    let mut channel = mail(server.port());
    channel["smtp_server"] = json!("127.0.0.1");
    let sent = send(&[channel, file()], &[]);
    assert!(
        sent.report.contains("not sent") && sent.report.contains("certificate"),
        "{}",
        sent.report
    );
    assert_eq!(server.mails(), []);
}

#[test]
fn a_wrong_password_is_told_in_the_words_of_the_server_and_is_not_told() {
    let (line, _) = refused(
        Behaviour::good(Security::StartTls),
        &[("SMTP_PASSWORD", "hunter3")],
    );
    assert!(line.contains("no such user or password"), "{line}");
    let told = ["hunter3", "AHNhbWFyYQBodW50ZXIz"];
    assert!(told.iter().all(|told| !line.contains(told)), "{line}");
}

#[test]
fn a_server_that_refuses_is_told_with_its_words() {
    for (at, answer) in [
        ("GREETING", "554 no service here"),
        ("MAIL", "451 try later"),
        ("RCPT", "550 no such mailbox"),
        ("DATA", "452 no space"),
        ("MESSAGE", "554 this is spam"),
    ] {
        let behaviour = Behaviour {
            instead: Some((at, answer)),
            ..Behaviour::good(Security::StartTls)
        };
        let (line, _) = refused(behaviour, &[]);
        assert!(line.contains(&answer[4..]), "{at}: {line}");
    }
}

#[test]
fn a_server_that_keeps_silent_is_given_up_after_ten_seconds() {
    for at in ["GREETING", "AUTH"] {
        let behaviour = Behaviour {
            instead: Some((at, "")),
            ..Behaviour::good(Security::StartTls)
        };
        let (line, took) = refused(behaviour, &[]);
        assert!(line.ends_with("no answer within 10 s"), "{line}");
        assert!((10.0..15.0).contains(&took.as_secs_f64()), "{at}: {took:?}");
    }
}

#[test]
fn a_channel_that_fails_does_not_keep_the_others_from_theirs() {
    let receiver = Receiver::start();
    let server = MailServer::start(Behaviour::good(Security::StartTls));
    let web = |id: &str, url: String| {
        json!({"channel_type": "http", "id": id, "url": url, "method": "POST", "timeout": 1,
            "headers": {"X-Token": "${SMTP_PASSWORD}"}, "retry": {"max_attempts": 1, "delay_in_seconds": 1}})
    };
    let channels = [
        web("dead", "http://127.0.0.1:9/hunter2".to_owned()),
        mail(server.port()),
        web("flaky", format!("{}/flaky", receiver.url())),
        file(),
    ];
    let sent = send(&channels, &[]);
    let expected = "trigger `any` fires
  channel `dead`: not sent: connection refused
  channel `mail`: sent
  channel `flaky`: sent
  channel `file`: sent
";
    assert_eq!(sent.report, expected);
    assert!(
        sent.took >= Duration::from_secs(2),
        "a pause before each second attempt: {:?}",
        sent.took
    );
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2, "refused once, and sent again");
    assert_eq!(requests[1].token, "hunter2");
    let body: Value = serde_json::from_str(&requests[1].body).expect("json");
    let expected =
        json!({"title": "[prod] Test Alert!", "message": "Oh no: disk full. Look at it."});
    assert_eq!(body, expected);
}
