//! The example `customer_orders`, built once, run against receivers that answer and receivers that do not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;

use crate::collector::{Collector, attributes, counter_points, histogram_points};
use crate::program::{Workplace, assert_holds_no_path_of_this_machine, succeeded};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID: &str = "b7ad6b7169203331";
const WORKFLOW: &str = "examples/customer_orders/job.jsonc";
const OUTPUT: &str = "examples/customer_orders/output";
pub const STEPS: [&str; 5] = [
    "extract-customers",
    "extract-orders",
    "transform-clean-orders",
    "transform-join-orders",
    "load-customer-orders",
];

/// The example's binary, built by the first test that asks.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let workplace = Workplace::with_example("customer_orders");
        workplace.build_for_all(WORKFLOW, "customer-orders")
    })
}

/// What the example must come to, computed here from its inputs alone: the rows of the output, and the rows of each step.
pub struct Expected {
    pub rows: BTreeSet<String>,
    customers: usize,
    orders: usize,
    clean_orders: usize,
}

pub fn expected() -> Expected {
    let read = |name: &str| {
        fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../examples/customer_orders")
                .join(name),
        )
        .expect("the example")
    };
    let customers = read("customers.csv");
    let customers: BTreeMap<i64, (String, String, String)> =
        customers.lines().skip(1).map(customer).collect();
    let orders = read("orders.json");
    let all: Vec<Value> = orders
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    let unique: BTreeMap<i64, &Value> = all
        .iter()
        .map(|order| (number(order, "order_id"), order))
        .collect();
    let clean: Vec<&Value> = unique
        .into_values()
        .filter(|order| order["status"] == "paid" && !order["amount"].is_null())
        .collect();
    let row = |order: &&Value| {
        let (name, email, signup) = customers.get(&number(order, "customer_id"))?;
        let cents = (order["amount"].as_f64()? * 100.0).round() as i64;
        let vat = (cents * 19 + 50) / 100;
        let money = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let (id, date) = (number(order, "order_id"), order["order_date"].as_str()?);
        Some(format!(
            "{name},{email},{signup},{id},{date},{},{}",
            money(cents),
            money(vat)
        ))
    };
    Expected {
        rows: clean.iter().filter_map(row).collect(),
        customers: customers.len(),
        orders: all.len(),
        clean_orders: clean.len(),
    }
}

/// Id, name as csv shows it, e-mail address and day of signing up.
fn customer(line: &str) -> (i64, (String, String, String)) {
    let (id, rest) = line.split_once(',').expect("an id");
    let end = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').expect("a closing quote") + 2,
        None => rest.find(',').expect("a name"),
    };
    let (name, rest) = rest.split_at(end);
    let mut rest = rest[1..].split(',');
    let mut next = || rest.next().expect("a field").to_owned();
    (
        id.parse().expect("a number"),
        (name.to_owned(), next(), next()),
    )
}

fn number(order: &Value, field: &str) -> i64 {
    order[field].as_i64().expect("a number")
}

pub fn rows_written(workplace: &Workplace) -> BTreeSet<String> {
    let text = workplace.parts(OUTPUT);
    text.lines()
        .filter(|line| *line != "name,email,signup_date,order_id,order_date,amount,vat")
        .map(str::to_owned)
        .collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    let mut found = spans.iter().filter(|span| span.name == name);
    let span = found.next().unwrap_or_else(|| panic!("no span `{name}`"));
    assert!(found.next().is_none(), "two spans `{name}`");
    span
}

/// Runs the example with a parent of its trace; what the collector got.
fn traced_run() -> (Workplace, Collector) {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let mut command = workplace.command(binary());
    command.args(collector.flags()).arg("run");
    command.args([
        "--trace-parent",
        &format!("00-{TRACE_ID}-{PARENT_ID}-01"),
        "--trace-state",
        "congo=t61rcWkgMzE",
    ]);
    succeeded(&command.output().expect("the binary starts"));
    (workplace, collector)
}

#[test]
fn the_rows_are_those_of_an_independent_computation() {
    let (workplace, _) = traced_run();
    let rows = rows_written(&workplace);
    assert!(rows.len() > 300, "only {} rows", rows.len());
    assert_eq!(rows, expected().rows);
    assert!(workplace.path().join(OUTPUT).join("_SUCCESS").exists());
}

#[test]
fn the_trace_goes_on_from_the_given_parent_down_to_each_step() {
    let (_, collector) = traced_run();
    let spans = collector.spans();
    assert_eq!(spans.len(), 2 + STEPS.len());
    assert!(
        spans
            .iter()
            .all(|span| hex(&span.trace_id) == TRACE_ID && span.trace_state == "congo=t61rcWkgMzE")
    );
    let run = named(&spans, "run customer-orders");
    assert_eq!(hex(&run.parent_span_id), PARENT_ID);
    let job = named(&spans, "job silver");
    assert_eq!(job.parent_span_id, run.span_id);
    for step in STEPS {
        let span = named(&spans, step);
        assert_eq!(span.parent_span_id, job.span_id, "{step}");
        assert!(
            span.start_time_unix_nano >= job.start_time_unix_nano,
            "{step}"
        );
        assert!(span.end_time_unix_nano <= job.end_time_unix_nano, "{step}");
        assert!(
            span.end_time_unix_nano > span.start_time_unix_nano,
            "{step}"
        );
    }
    assert_eq!(
        collector.resource().get("service.name").map(String::as_str),
        Some("customer-orders")
    );
}

#[test]
fn a_steps_span_holds_the_rows_that_went_through_it_and_the_time_it_was_busy() {
    let (_, collector) = traced_run();
    let (spans, expected) = (collector.spans(), expected());
    let joined = expected.rows.len();
    let rows = [
        ("extract-customers", None, expected.customers),
        ("extract-orders", None, expected.orders),
        (
            "transform-clean-orders",
            Some(expected.orders),
            expected.clean_orders,
        ),
        (
            "transform-join-orders",
            Some(expected.customers + expected.clean_orders),
            joined,
        ),
        ("load-customer-orders", Some(joined), joined),
    ];
    for (step, input, output) in rows {
        let attributes = attributes(&named(&spans, step).attributes);
        assert_eq!(
            attributes.get("samara.step.input.rows").cloned(),
            input.map(|rows| rows.to_string()),
            "{step}"
        );
        assert_eq!(
            attributes["samara.step.output.rows"],
            output.to_string(),
            "{step}"
        );
        assert!(
            attributes["samara.step.busy_time"]
                .parse::<f64>()
                .expect("seconds")
                > 0.0,
            "{step}"
        );
    }
    let clean = named(&spans, "transform-clean-orders");
    let join = named(&spans, "transform-join-orders");
    assert!(
        clean.end_time_unix_nano > join.start_time_unix_nano,
        "steps of one pipeline overlap: their work is in the stream"
    );
}

#[test]
fn a_run_counts_once_and_each_step_has_one_duration() {
    let (_, collector) = traced_run();
    let metrics = collector.metrics();
    let metric = |name: &str| {
        let found: Vec<_> = metrics
            .iter()
            .filter(|metric| metric.name == name)
            .collect();
        assert_eq!(found.len(), 1, "{name} is sent once");
        found[0]
    };
    let invocations = metric("samara.cli.run.invocations");
    assert_eq!(invocations.unit, "1");
    assert_eq!(
        counter_points(invocations),
        [(1, BTreeMap::from([("command", "run".to_owned())]))]
    );
    let durations = metric("samara.step.duration");
    assert_eq!(durations.unit, "s");
    let points = histogram_points(durations);
    assert_eq!(points.len(), STEPS.len());
    for (count, sum, attributes) in points {
        assert_eq!(count, 1);
        assert!(sum > 0.0 && sum < 60.0, "{sum} seconds");
        assert!(STEPS.contains(&attributes["samara.step.name"].as_str()));
        assert!(
            ["extract", "transform", "load"].contains(&attributes["samara.step.kind"].as_str())
        );
        assert_eq!(attributes["samara.job.name"], "silver");
        assert_eq!(attributes.len(), 3, "few values, so few series");
    }
}

#[test]
fn records_that_do_not_fit_are_one_warning_an_attribute_and_a_counter_and_their_values_are_not_told()
 {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let path = workplace
        .path()
        .join("examples/customer_orders/customers.csv");
    let customers = std::fs::read_to_string(&path).expect("the customers");
    let line = customers.lines().count() + 1;
    let text =
        format!("{customers}secret,Ada,a@b.c,2024-01-15,PL\nsecret,Bo,b@b.c,2024-01-15,DE\n");
    std::fs::write(&path, text).expect("more customers");
    let mut command = workplace.command(binary());
    command.args(collector.flags()).arg("run");
    let (_, log) = succeeded(&command.output().expect("the binary starts"));
    let warnings: Vec<&str> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
    let first = format!("customers.csv`, line {line}: the value does not fit column `customer_id`");
    for part in ["2 records", "PERMISSIVE", &first] {
        assert!(warnings[0].contains(part), "{log}");
    }
    assert!(!log.contains("secret"), "{log}");
    let spans = collector.spans();
    let extract = attributes(&named(&spans, "extract-customers").attributes);
    assert_eq!(extract["samara.step.rejected.rows"], "2");
    let metrics = collector.metrics();
    let counter = metrics
        .iter()
        .find(|metric| metric.name == "samara.step.rejected.rows");
    let points = counter_points(counter.expect("the counter"));
    assert_eq!(points.len(), 1);
    assert_eq!(points[0].0, 2);
    assert_eq!(points[0].1["samara.step.name"], "extract-customers");
}

#[test]
fn a_closed_port_changes_neither_output_nor_exit_code_and_is_one_warning() {
    let workplace = Workplace::with_example("customer_orders");
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let mut command = workplace.command(binary());
    command.arg(format!(
        "--otlp-traces-endpoint=http://127.0.0.1:{port}/v1/traces"
    ));
    command.arg(format!(
        "--otlp-metrics-endpoint=http://127.0.0.1:{port}/v1/metrics"
    ));
    let began = Instant::now();
    let (_, log) = succeeded(&command.output().expect("the binary starts"));
    assert!(began.elapsed() < Duration::from_secs(30));
    assert_eq!(rows_written(&workplace), expected().rows);
    let warnings: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("WARN") || line.contains("ERROR"))
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    assert!(
        warnings[0].contains("7 spans") && warnings[0].contains("onnection refused"),
        "{log}"
    );
}

#[test]
fn a_receiver_that_never_answers_delays_the_exit_by_five_seconds_at_most() {
    let workplace = Workplace::with_example("customer_orders");
    let run = |flags: &[String]| {
        let began = Instant::now();
        let (_, log) = succeeded(
            &workplace
                .command(binary())
                .args(flags)
                .output()
                .expect("the binary starts"),
        );
        (began.elapsed(), log)
    };
    let (without, _) = run(&[]);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address");
    let (with, log) = run(&[format!("--otlp-traces-endpoint=http://{address}/v1/traces")]);
    assert!(log.contains("not delivered"), "{log}");
    assert!(
        with < without + Duration::from_secs(8),
        "{with:?} against {without:?}"
    );
}

#[test]
fn a_trace_parent_that_is_none_is_a_warning_and_a_new_trace() {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let mut command = workplace.command(binary());
    command
        .args(collector.flags())
        .env("TRACEPARENT", "00-nonsense-01");
    let (_, log) = succeeded(&command.output().expect("the binary starts"));
    assert!(log.contains("WARN") && log.contains("TRACEPARENT"), "{log}");
    let spans = collector.spans();
    assert_eq!(
        named(&spans, "run customer-orders").parent_span_id,
        Vec::<u8>::new()
    );
}

#[test]
fn an_unsampled_parent_sends_no_span_and_all_metrics() {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let mut command = workplace.command(binary());
    command.args(collector.flags()).env(
        "SAMARA_TRACE_PARENT",
        format!("00-{TRACE_ID}-{PARENT_ID}-00"),
    );
    succeeded(&command.output().expect("the binary starts"));
    assert_eq!(collector.spans(), []);
    assert!(!collector.metrics().is_empty());
}

#[test]
fn a_failed_run_exits_50_says_which_step_and_raises_the_alert() {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    fs::remove_file(
        workplace
            .path()
            .join("examples/customer_orders/orders.json"),
    )
    .expect("the file");
    let mut command = workplace.command(binary());
    command
        .args(collector.flags())
        .args(["--alert-filepath", "examples/customer_orders/alert.jsonc"]);
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(50));
    let (_, log) = crate::program::streams(&output);
    assert!(log.contains("orders.json"), "{log}");
    let alerts = workplace.read("examples/customer_orders/alerts.log");
    assert!(
        alerts.starts_with("[samara] ") && alerts.contains("orders.json"),
        "{alerts}"
    );
    let spans = collector.spans();
    let failed = named(&spans, "extract-orders");
    assert_eq!(
        failed.status.as_ref().map(|status| status.code),
        Some(2),
        "status is error"
    );
    assert_eq!(attributes(&failed.attributes)["error.type"], "Read");
    let customers = named(&spans, "extract-customers");
    assert_eq!(
        customers.status.as_ref().map_or(0, |status| status.code),
        0,
        "what did not fail is not marked"
    );
    assert_eq!(
        attributes(&customers.attributes)["error.type"],
        "cancelled",
        "nobody read it any more"
    );
    assert!(
        !workplace.path().join(OUTPUT).exists(),
        "nothing half-written"
    );
}

#[test]
fn samara_run_works_word_for_word_as_the_telemetry_guide_says() {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let [traces, metrics] = collector.flags();
    let mut command = workplace.samara(&["run", "--workflow-filepath", WORKFLOW]);
    command.args(["--alert-filepath", "examples/customer_orders/alert.jsonc"]);
    for flag in [&traces, &metrics] {
        let (name, value) = flag.split_once('=').expect("a flag and its value");
        command.args([name, value]);
    }
    let (out, _) = succeeded(&command.output().expect("samara starts"));
    assert!(out.contains("load-customer-orders"), "{out}");
    assert_eq!(rows_written(&workplace), expected().rows);
    assert_eq!(collector.spans().len(), 2 + STEPS.len());
}

#[test]
fn the_binarys_help_says_what_the_workflow_is_for() {
    let workplace = Workplace::with_example("customer_orders");
    let mut command = workplace.command(binary());
    let (help, _) = succeeded(&command.arg("--help").output().expect("the binary starts"));
    assert!(
        help.starts_with("Joins customers with their paid orders."),
        "{help}"
    );
}

#[test]
fn samara_run_exits_as_the_pipeline_does() {
    let workplace = Workplace::with_example("customer_orders");
    fs::remove_file(
        workplace
            .path()
            .join("examples/customer_orders/orders.json"),
    )
    .expect("the file");
    let mut command = workplace.samara(&["run", "--workflow-filepath", WORKFLOW]);
    let output = command.output().expect("samara starts");
    assert_eq!(output.status.code(), Some(50));
}

#[test]
fn no_path_of_the_machine_that_built_it_is_in_the_binary() {
    assert_holds_no_path_of_this_machine(binary());
}
