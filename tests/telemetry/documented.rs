//! The tables of docs/telemetry.md are held to what runs really report, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};

use super::Run;
use crate::collector::Collector;
use crate::customer_orders::binary;
use crate::hooks;
use crate::program::Workplace;
use crate::receiver::Receiver;

/// A run whose inputs have records that do not fit, one whose memory does not hold its rows, one of unclean files, runs with hooks that end well and badly, the alerts of
/// the latter, hooks that nobody receives, a validation that finds something, and the doctor.
fn reports() -> &'static Collector {
    static REPORTS: OnceLock<Collector> = OnceLock::new();
    REPORTS.get_or_init(reported)
}

fn reported() -> Collector {
    let (collector, receiver) = (Collector::start(), Receiver::start());
    let url = collector.url();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str()),
        ("SAMARA_ENVIRONMENT", "test"),
    ];
    Run::of(&[], &variables).delivered();
    spilling(&variables);
    unclean(&variables);
    let workplace = Workplace::empty();
    let input = workplace.write("in.csv", "1\n2\n");
    let hooked = |url: &str| {
        let mut command = workplace.command(hooks::pipeline());
        command
            .envs(variables)
            .env("HOOKS_URL", url)
            .env("HOOKS_TOKEN", "hunter3");
        command.output().expect("the program starts").status.code()
    };
    assert_eq!(hooked(&receiver.url()), Some(0));
    assert_eq!(hooked("http://127.0.0.1:9"), Some(0));
    std::fs::remove_file(input).expect("the input");
    assert_eq!(hooked(&receiver.url()), Some(50));
    let other = |command: &str| {
        let mut program = workplace.command(binary());
        let output = program.arg(command).envs(variables).output();
        output.expect("the binary starts").status.code()
    };
    assert_eq!(other("validate"), Some(40));
    assert_eq!(other("doctor"), Some(0));
    collector
}

/// A run whose customers are not all text in UTF-8, and whose orders have none of the declared columns.
fn unclean(variables: &[(&str, &str)]) {
    let workplace = Workplace::with_example("customer_orders");
    let customers = workplace
        .path()
        .join("examples/customer_orders/customers.csv");
    let mut text = std::fs::read(&customers).expect("the customers");
    text.extend(b"7,Ren\xe9,r@b.c,2024-01-15,FR\n");
    std::fs::write(customers, text).expect("the customers");
    workplace.write("examples/customer_orders/orders.json", "{\"other\":1}\n");
    let run = Run::within(workplace, &[], variables);
    assert!(run.output.status.success(), "{}", run.log);
    for warning in [
        "a record is not clean text",
        "a file has none of the declared columns",
    ] {
        assert_eq!(run.log.matches(warning).count(), 1, "{}", run.log);
    }
}

/// A run with memory for few of its rows.
fn spilling(variables: &[(&str, &str)]) {
    let workplace = Workplace::with_example("customer_orders");
    let orders: String = (0..20_000)
        .map(|order| format!("{{\"order_id\":{order},\"status\":\"paid\",\"amount\":1}}\n"))
        .collect();
    workplace.write("examples/customer_orders/orders.json", &orders);
    let run = Run::within(workplace, &["--memory-limit=1MB"], variables);
    assert!(run.output.status.success(), "{}", run.log);
}

/// The rows of the first table under a heading of the documentation, each by its cells.
fn table(heading: &str) -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/telemetry.md");
    let text = std::fs::read_to_string(path).expect("the documentation");
    let heading = format!("\n## {heading}\n");
    let (_, section) = text.split_once(&heading).expect("the section");
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = lines.take_while(|line| line.starts_with('|')).skip(2);
    let cells = |row: &str| row.trim_matches('|').split('|').map(unquoted).collect();
    rows.map(cells).collect()
}

fn unquoted(cell: &str) -> String {
    cell.trim().trim_matches('`').to_owned()
}

fn listed(cell: &str) -> BTreeSet<String> {
    let names = cell.split(',').map(unquoted);
    names.filter(|name| !name.is_empty()).collect()
}

fn kind(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::StringValue(_)) => "string",
        Some(Value::IntValue(_)) => "int",
        Some(Value::DoubleValue(_)) => "double",
        Some(Value::ArrayValue(_)) => "strings",
        _ => "something else",
    }
}

fn typed(attribute: &KeyValue) -> (String, &'static str) {
    let value = attribute.value.as_ref();
    let value = value.and_then(|value| value.value.as_ref());
    (attribute.key.clone(), kind(value))
}

/// Type, unit and attributes of a metric.
type Shape = (String, String, BTreeSet<String>);

fn shape(metric: &Metric) -> Shape {
    let (kind, attributes): (_, Vec<&KeyValue>) = match &metric.data {
        Some(metric::Data::Sum(sum)) => {
            assert!(sum.is_monotonic, "{}", metric.name);
            let points = sum.data_points.iter();
            (
                "counter",
                points.flat_map(|point| &point.attributes).collect(),
            )
        }
        Some(metric::Data::Gauge(gauge)) => {
            let points = gauge.data_points.iter();
            (
                "gauge",
                points.flat_map(|point| &point.attributes).collect(),
            )
        }
        Some(metric::Data::Histogram(histogram)) => {
            let points = histogram.data_points.iter();
            (
                "histogram",
                points.flat_map(|point| &point.attributes).collect(),
            )
        }
        other => panic!("{}: {other:?}", metric.name),
    };
    let names = attributes.iter().map(|attribute| attribute.key.clone());
    (kind.to_owned(), metric.unit.clone(), names.collect())
}

#[test]
fn metrics() {
    let mut reported: BTreeMap<String, Shape> = BTreeMap::new();
    for metric in reports().metrics() {
        let (kind, unit, names) = shape(&metric);
        let known = reported
            .entry(metric.name)
            .or_insert((kind, unit, BTreeSet::new()));
        known.2.extend(names);
    }
    let documented = table("Metrics").into_iter().map(|row| {
        let shape = (row[1].clone(), row[2].clone(), listed(&row[3]));
        (row[0].clone(), shape)
    });
    let documented: BTreeMap<String, Shape> = documented.collect();
    assert_eq!(reported, documented, "reported, documented");
}

/// What an attribute of a span is on.
fn place(span: &Span) -> &'static str {
    match span.name.split(' ').next() {
        _ if span.kind == SpanKind::Client as i32 => "request",
        Some("run") => "run",
        Some("validate") => "validation",
        Some("job") => "job",
        _ => "step",
    }
}

#[test]
fn attributes_of_spans_and_of_their_events() {
    let mut reported: BTreeMap<(String, &str), BTreeSet<String>> = BTreeMap::new();
    for span in reports().spans() {
        let own = span
            .attributes
            .iter()
            .map(|attribute| (attribute, place(&span)));
        let of_events = span.events.iter().flat_map(|event| {
            let place = match event.name.as_str() {
                "exception" => "exception",
                _ => "log event",
            };
            event
                .attributes
                .iter()
                .map(move |attribute| (attribute, place))
        });
        for (attribute, place) in own.chain(of_events) {
            let places = reported.entry(typed(attribute)).or_default();
            places.insert(place.to_owned());
        }
    }
    let documented = table("Spans");
    let documented: BTreeMap<(String, &str), BTreeSet<String>> = documented
        .iter()
        .map(|row| ((row[0].clone(), row[2].as_str()), listed(&row[1])))
        .collect();
    assert_eq!(reported, documented, "reported, documented");
}

#[test]
fn attributes_of_the_resource() {
    let collector = reports();
    let names: BTreeSet<String> = collector.resource().into_keys().collect();
    let documented = table("Resource");
    let named = |rows: Vec<&Vec<String>>| -> BTreeSet<String> {
        rows.iter().map(|row| row[0].clone()).collect()
    };
    let all = named(documented.iter().collect());
    let unknown: Vec<&String> = names.difference(&all).collect();
    assert!(unknown.is_empty(), "not documented: {unknown:?}");
    let always = documented.iter().filter(|row| row[1] == "always");
    let always = named(always.collect());
    let missing: Vec<&String> = always.difference(&names).collect();
    assert!(missing.is_empty(), "not reported: {missing:?}");
}
