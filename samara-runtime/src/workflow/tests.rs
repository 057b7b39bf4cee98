use std::time::Duration;

use opentelemetry::trace::Status;

use super::*;
use crate::request::tests::{Server, traced as in_trace};
use crate::telemetry::log::tests::captured;

fn succeed(_: &Session) -> Result<()> {
    Ok(())
}

fn fail(_: &Session) -> Result<()> {
    Err(Error::other("no more disk"))
}

fn panic(_: &Session) -> Result<()> {
    panic!("a panic of the test")
}

fn hook(url: String) -> Hook {
    Hook::new("h", "POST", url.leak()).timeout(Duration::from_secs(5))
}

/// Hooks that say when they are sent.
fn hooks(server: &Server) -> Hooks {
    let hook = |path: &str| hook(server.url(path));
    Hooks::new()
        .on_start([hook("/start"), hook("/start-2")])
        .on_error([hook("/error")])
        .on_success([hook("/success")])
        .on_finally([hook("/finally")])
}

/// What a job comes to: nothing if it panics.
fn run(run: JobFn, hooks: Hooks) -> Option<Result<()>> {
    let session = Session::new(&RunSettings::default()).expect("a session");
    let job = Job {
        id: "silver",
        run,
        hooks,
    };
    catch_unwind(AssertUnwindSafe(|| job.run(&session))).ok()
}

#[test]
fn hooks_are_sent_in_the_order_of_a_jobs_life() {
    let server = Server::answering(&[200]);
    assert!(matches!(run(succeed, hooks(&server)), Some(Ok(()))));
    let expected = ["/start", "/start-2", "/success", "/finally"];
    assert_eq!(server.paths(), expected);
}

#[test]
fn hooks_of_a_job_that_fails_or_panics_are_those_of_an_error() {
    let server = Server::answering(&[200]);
    let expected = ["/start", "/start-2", "/error", "/finally"];
    assert!(matches!(run(fail, hooks(&server)), Some(Err(_))));
    assert_eq!(server.paths(), expected);
    assert!(run(panic, hooks(&server)).is_none());
    assert_eq!(server.paths(), expected);
}

#[test]
fn a_hook_that_fails_is_one_warning_and_fails_nothing() {
    let server = Server::answering(&[500]);
    let unset = hook("http://${SAMARA_TEST_UNSET}/".to_owned());
    let hooks = Hooks::new().on_start([hook(server.url("/?key=secret")), unset]);
    let (outcome, log) = captured(|| run(succeed, hooks));
    assert!(matches!(outcome, Some(Ok(()))));
    let lines: Vec<&str> = log.lines().collect();
    let [refused, unset] = lines.as_slice() else {
        panic!("{log}")
    };
    assert!(
        refused.contains("WARN hook `h` failed: the server answered 500"),
        "{log}"
    );
    assert!(
        unset.contains("SAMARA_TEST_UNSET") && !log.contains("secret"),
        "{log}"
    );
}

#[test]
fn variables_in_a_payload_are_texts_whatever_they_hold() {
    let server = Server::answering(&[200]);
    let payload =
        r#"{"n": 1, "all": ["${CARGO_PKG_NAME}", {"quoted": "${SAMARA_TEST_UNSET:-\"}"}]}"#;
    run(
        succeed,
        Hooks::new().on_start([hook(server.url("/")).payload(payload)]),
    );
    let received = server.received().remove(0);
    assert_eq!(received.body, r#"{"all":["samara",{"quoted":"\""}],"n":1}"#);
    assert_eq!(received.headers["content-type"], "application/json");
}

#[test]
fn a_hooks_span_is_a_child_of_its_jobs() {
    let server = Server::answering(&[200]);
    let hooks = Hooks::new().on_finally([hook(server.url("/"))]);
    let (_, _, spans) = in_trace(|| run(fail, hooks));
    let named = |name: &str| spans.iter().find(|span| span.name == name).expect("a span");
    let (job, request) = (named("job silver"), named("POST"));
    assert_eq!(request.parent_span_id, job.span_context.span_id());
    assert!(request.end_time <= job.end_time);
}

#[test]
fn what_a_panic_says_is_on_the_span_of_its_job_and_in_the_failure_of_its_run() {
    let (_, _, spans) = in_trace(|| run(panic, Hooks::new()));
    let job = spans.iter().find(|span| span.name == "job silver");
    let status = &job.expect("a span").status;
    assert_eq!(*status, Status::error("a panic of the test"));

    let workflow = Workflow::new("orders").job("silver", panic);
    let end = workflow.run_if_fit(&RunSettings::default(), None);
    let expected = (
        names::ERROR_TYPE_PANIC,
        "the run panicked: a panic of the test".to_owned(),
    );
    assert_eq!(end.failure(), Some(expected));
    assert_eq!(end.exit(), Exit::Unexpected);
}

#[test]
fn an_alert_names_host_run_trace_and_binary_and_a_rule_sees_the_failure_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let alerts = Alert::parse(&format!(
        r#"{{"alert": {{"channels": [{{"channel_type": "file", "id": "f", "file_path": {path:?}}}],
            "triggers": [{{"id": "t", "channel_ids": ["f"], "rules": [{{"rule_type": "exception_regex", "pattern": "disk$"}}]}}]}}}}"#
    ))
    .expect("alerts");
    let (exit, _, spans) = in_trace(|| {
        let name = KeyValue::new(names::WORKFLOW_NAME, "orders");
        let context = open_span(&Context::current(), names::run_span("orders"), name);
        let end = End::Ran(Err(Error::other("no more disk")));
        let origin = Origin {
            host: Some("etl-3".to_owned()),
            run: "0b5e8a6c-run",
            service: Service {
                name: "orders",
                version: "1.2.0",
                digest: "sha256:7dfb3be864b00376a9a834552f30934d",
            },
        };
        let alerts = Some(&alerts);
        Workflow::new("orders").conclude(&context, &origin, alerts, &end, Instant::now())
    });
    assert_eq!(exit, Exit::JobFailed);
    let trace = spans[0].span_context.trace_id();
    let text = std::fs::read_to_string(path).expect("an alert");
    let expected = format!(
        "Workflow orders failed: no more disk (host etl-3, run 0b5e8a6c-run, trace {trace}, binary orders 1.2.0 7dfb3be864b0)\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn an_alert_of_a_run_without_trace_names_host_and_run_alone() {
    let origin = Origin {
        host: Some("etl-3".to_owned()),
        run: "0b5e8a6c-run",
        service: Service::default(),
    };
    assert_eq!(
        origin.add_to("no more disk", &Context::new()),
        "no more disk (host etl-3, run 0b5e8a6c-run)"
    );
    assert!(Origin::here("a", Service::default()).host.is_some() || cfg!(not(target_os = "linux")));
}
