//! A program that a person has instrumented, from its flags to what a collector receives.

mod collector;

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};

use collector::{Collector, attributes, counter_points, histogram_points};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn run(flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_handwritten"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .args(flags)
        .env_remove("OTEL_SERVICE_NAME")
        .output()
        .expect("the program runs")
}

/// The program's run against a collector, and what that has received.
fn reported() -> (Output, Collector) {
    let collector = Collector::start();
    let [traces, metrics] = collector.flags();
    let output = run(&[&traces, &metrics, "--trace-parent", PARENT]);
    (output, collector)
}

#[test]
fn a_run_is_one_trace_below_its_caller() {
    let (output, collector) = reported();
    assert_eq!(output.status.code(), Some(1), "two files are unsound");
    let spans = collector.spans();
    let by_id: BTreeMap<&[u8], &Span> = spans
        .iter()
        .map(|span| (span.span_id.as_slice(), span))
        .collect();
    let parent = |span: &Span| {
        let parent = by_id.get(span.parent_span_id.as_slice());
        parent.map_or("the caller", |parent| parent.name.as_str())
    };
    let mut edges: Vec<(&str, &str)> = spans
        .iter()
        .map(|span| (parent(span), span.name.as_str()))
        .collect();
    edges.sort_unstable();
    edges.dedup();
    let expected = [
        ("check-delivery", "check-file"),
        ("check-delivery", "read-manifest"),
        ("check-delivery", "write-report"),
        ("check-file", "find-faults"),
        ("check-file", "keep-promise"),
        ("check-file", "parse-rows"),
        ("the caller", "check-delivery"),
    ];
    assert_eq!(edges, expected);
    let trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48];
    assert!(spans.iter().all(|span| span.trace_id.starts_with(&trace)));
}

#[test]
fn the_variant_of_an_error_is_its_class_on_span_and_metric() {
    let (_, collector) = reported();
    let spans = collector.spans();
    let of_spans = spans
        .iter()
        .filter(|span| span.name == "check-file")
        .filter_map(|span| attributes(&span.attributes).remove("error.type"));
    let mut of_spans: Vec<String> = of_spans.collect();
    of_spans.sort_unstable();
    assert_eq!(of_spans, ["Inaccessible", "WrongRowCount"]);

    let metrics = collector.metrics();
    let duration = metrics
        .iter()
        .find(|metric| metric.name == "samara.step.duration")
        .expect("a histogram");
    let points = histogram_points(duration);
    let of_points = points
        .iter()
        .filter(|(_, _, attributes)| attributes["samara.step.name"] == "check-file")
        .map(|(count, _, attributes)| (attributes.get("error.type").map(String::as_str), *count));
    let mut of_points: Vec<_> = of_points.collect();
    of_points.sort_unstable();
    let expected = [
        (None, 2),
        (Some("Inaccessible"), 1),
        (Some("WrongRowCount"), 1),
    ];
    assert_eq!(of_points, expected);
}

#[test]
fn metrics_of_the_program_itself_go_the_same_way() {
    let (_, collector) = reported();
    let metrics = collector.metrics();
    let named = |name: &str| metrics.iter().find(|metric| metric.name == name);
    let rows = counter_points(named("delivery.rows").expect("a counter"));
    let faulty = rows
        .iter()
        .find(|(_, attributes)| attributes["verdict"] == "faulty");
    assert_eq!(faulty.map(|(count, _)| *count), Some(2));
    assert!(named("delivery.file.size").is_some());
}

#[test]
fn the_resource_is_the_package_and_its_version() {
    let (_, collector) = reported();
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "handwritten");
    assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_dead_collector_changes_neither_output_nor_exit_code() {
    let alone = run(&[]);
    let dead = run(&["--otlp-traces-endpoint=http://127.0.0.1:9/v1/traces"]);
    assert_eq!(alone.stdout, dead.stdout);
    assert_eq!(alone.status.code(), dead.status.code());
    let said = String::from_utf8(dead.stderr).expect("UTF-8");
    assert_eq!(
        said.matches("telemetry was not delivered").count(),
        1,
        "{said}"
    );
}

#[test]
fn the_console_shows_otlp_as_json() {
    let program = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_handwritten"));
        command.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        command.args(["--report", "/dev/null"]);
        command.env("OTEL_TRACES_EXPORTER", "console");
        command
    };
    let output = program().output().expect("the program runs");
    let request: ExportTraceServiceRequest =
        serde_json::from_slice(&output.stdout).expect("a request in OTLP's JSON");
    let scopes = &request.resource_spans[0].scope_spans;
    let names = scopes.iter().flat_map(|scope| &scope.spans);
    assert!(names.into_iter().any(|span| span.name == "check-delivery"));

    // Whoever reads it goes away, as `head` does.
    let mut child = program()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let unread = child.wait_with_output().expect("the program ends");
    assert_eq!(unread.status.code(), output.status.code());
    let said = String::from_utf8(unread.stderr).expect("UTF-8");
    assert!(
        !said.contains("panicked") && !said.contains("not delivered"),
        "{said}"
    );
}

#[test]
fn a_mistake_on_the_command_line_is_a_usage_error() {
    let output = run(&["--otlp-trace-endpoint=http://localhost:4318/v1/traces"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(
        said.contains("a similar argument exists: '--otlp-traces-endpoint'"),
        "{said}"
    );
}
