//! A workflow with hooks and an alert over HTTP, built once, run to a good and to a bad end.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use crate::collector::{Collector, attributes};
use crate::program::{Workplace, streams};
use crate::receiver::{Received, Receiver};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";

fn action(path: &str) -> String {
    format!(
        r#"{{"id": "tell{path}", "description": "Tells of {path}.", "enabled": true, "action_type": "http",
            "url": "${{HOOKS_URL}}{path}", "method": "post", "headers": {{"X-Token": "${{HOOKS_TOKEN}}"}},
            "payload": {{"text": "silver: ${{WHAT:-nothing}}"}}, "timeout": 5,
            "retry": {{"max_attempts": 1, "delay_in_seconds": 1}}}}"#
    )
}

pub fn workflow() -> String {
    let [start, error, success, finally] =
        ["/start", "/error", "/success", "/finally-flaky"].map(action);
    format!(
        r#"{{"workflow": {{"id": "hooked", "jobs": [{{"id": "silver",
  "extracts": [{{"id": "in", "extract_type": "file", "data_format": "csv", "location": "in.csv",
    "schema": "{{\"fields\": [{{\"name\": \"a\", \"type\": \"long\"}}]}}"}}],
  "transforms": [],
  "loads": [{{"id": "out", "upstream_id": "in", "load_type": "file", "data_format": "csv", "location": "out", "mode": "overwrite"}}],
  "hooks": {{"onStart": [{start}], "onFailure": [{error}], "onSuccess": [{success}], "onFinally": [{finally}]}}
}}]}},
"alert": {{
  "channels": [
    {{"channel_type": "http", "id": "dead", "url": "http://127.0.0.1:9/hunter2", "method": "POST", "timeout": 5,
      "retry": {{"max_attempts": 0, "delay_in_seconds": 1}}}},
    {{"channel_type": "http", "id": "web", "url": "${{HOOKS_URL}}/alert", "method": "POST", "timeout": 5,
      "headers": {{"X-Token": "${{HOOKS_TOKEN}}"}}, "retry": {{"max_attempts": 0, "delay_in_seconds": 1}}}}
  ],
  "triggers": [{{"id": "t", "channel_ids": ["dead", "web"], "template": {{"prepend_title": "[prod] "}},
    "rules": [{{"rule_type": "exception_regex", "pattern": "in\\.csv"}}]}}]
}}}}"#
    )
}

/// The pipeline, built by the first test that asks.
pub fn pipeline() -> &'static Path {
    static PIPELINE: OnceLock<PathBuf> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let workplace = Workplace::empty();
        workplace.write("job.json", &workflow());
        workplace.build_for_all("job.json", "hooked")
    })
}

/// A run that continues a trace, reports to a collector, and has its hooks received.
fn run(workplace: &Workplace) -> (Output, Vec<Received>, Vec<Span>) {
    let (receiver, collector) = (Receiver::start(), Collector::start());
    let output = workplace
        .command(pipeline())
        .args(collector.flags())
        .env("HOOKS_URL", receiver.url())
        .env("HOOKS_TOKEN", "hunter3")
        .env("TRACEPARENT", format!("00-{TRACE_ID}-b7ad6b7169203331-01"))
        .env("TRACESTATE", "congo=t61rcWkgMzE")
        .output()
        .expect("the program starts");
    (output, receiver.requests(), collector.spans())
}

/// Each request's span: the one that the receiver would continue.
fn spans_of<'a>(requests: &[Received], spans: &'a [Span]) -> Vec<&'a Span> {
    let hexadecimal = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let span_of = |request: &Received| {
        let mut ids = spans
            .iter()
            .filter(|span| span.kind == SpanKind::Client as i32);
        let expected = |span: &&Span| {
            format!("00-{TRACE_ID}-{}-01", hexadecimal(&span.span_id)) == request.trace_parent
        };
        ids.find(expected)
            .unwrap_or_else(|| panic!("{request:?} continues no span"))
    };
    requests.iter().map(span_of).collect()
}

fn paths(requests: &[Received]) -> Vec<&str> {
    requests
        .iter()
        .map(|request| request.path.as_str())
        .collect()
}

#[test]
fn hooks_and_alerts_tell_of_a_run_and_carry_its_trace_on() {
    let workplace = Workplace::empty();
    let input = workplace.write("in.csv", "1\n2\n");
    let (output, requests, spans) = run(&workplace);
    let log = streams(&output).1;
    assert_eq!(output.status.code(), Some(0), "{log}");
    assert!(!log.contains("WARN"), "{log}");
    let expected = ["/start", "/success", "/finally-flaky", "/finally-flaky"];
    assert_eq!(paths(&requests), expected);
    for request in &requests {
        assert_eq!(request.token, "hunter3");
        assert_eq!(request.trace_state, "congo=t61rcWkgMzE");
        assert_eq!(request.body, r#"{"text":"silver: nothing"}"#);
    }
    let named = |name: &str| spans.iter().find(|span| span.name == name).expect("a span");
    let job = named("job silver");
    let requests = spans_of(&requests, &spans);
    for span in &requests {
        assert_eq!(span.name, "POST");
        assert_eq!(span.parent_span_id, job.span_id);
    }
    let resent = attributes(&requests[3].attributes);
    assert_eq!(resent["http.request.resend_count"], "1");
    assert_eq!(resent["samara.hook.name"], "tell/finally-flaky");
    assert_eq!(attributes(&requests[2].attributes)["error.type"], "503");
    let (start, load) = (requests[0], named("out"));
    assert!(start.end_time_unix_nano <= load.start_time_unix_nano);
    assert!(load.end_time_unix_nano <= requests[1].start_time_unix_nano);

    std::fs::remove_file(input).expect("the input");
    let (output, requests, spans) = run(&workplace);
    let log = streams(&output).1;
    assert_eq!(output.status.code(), Some(50), "{log}");
    let expected = [
        "/start",
        "/error",
        "/finally-flaky",
        "/finally-flaky",
        "/alert",
    ];
    assert_eq!(paths(&requests), expected);
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(warnings[0].contains("channel `dead`: connection refused"));
    assert!(!log.contains("hunter"), "{log}");
    let told = format!("{spans:?}");
    assert!(!told.contains("hunter"), "{told}");
    let alert: serde_json::Value = serde_json::from_str(&requests[4].body).expect("json");
    assert_eq!(alert["title"], "[prod] Workflow hooked failed");
    let message = alert["message"].as_str().unwrap_or_default();
    let origin = ["in.csv", "(host ", ", run ", TRACE_ID, ", binary hooked "];
    assert!(
        origin.iter().all(|part| message.contains(part)),
        "{message}"
    );
    let alert = spans_of(&requests, &spans)[4];
    let run = spans.iter().find(|span| span.name == "run hooked");
    assert_eq!(alert.parent_span_id, run.expect("a span").span_id);
    assert_eq!(attributes(&alert.attributes)["samara.alert.channel"], "web");
}
