//! Every variable and flag of telemetry, by its effect on the wire.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, metric};

use super::grpc_receiver::GrpcReceiver;
use super::{Run, SPANS, Waiting, client_certificate};
use crate::collector::{Answer, Collector, Security, attributes};
use crate::customer_orders::{binary, hex, named};
use crate::hooks;
use crate::mail_server::authority;
use crate::program::{Workplace, streams};
use crate::received::{Received as Otlp, text};
use crate::receiver::{Received, Receiver};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A run that sends all to a collector, with more variables.
fn sent(variables: &[(&str, &str)]) -> (Run, Collector) {
    let collector = Collector::start();
    let url = collector.url();
    let run = Run::of(&[], &[&[(ENDPOINT, url.as_str())], variables].concat());
    (run, collector)
}

/// As [`sent`], of a run whose telemetry all arrives.
fn delivered(variables: &[(&str, &str)]) -> (Run, Collector) {
    let (run, collector) = sent(variables);
    (run.delivered(), collector)
}

fn paths(received: &Otlp) -> BTreeSet<String> {
    let requests = received.requests();
    requests.into_iter().map(|request| request.path).collect()
}

fn metric(received: &Otlp, name: &str) -> Metric {
    let metrics = received.metrics();
    let found = metrics.into_iter().find(|metric| metric.name == name);
    found.unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn one_endpoint_takes_every_signal_at_its_path() {
    let (_, collector) = delivered(&[]);
    let expected = ["/v1/logs", "/v1/metrics", "/v1/traces"].map(str::to_owned);
    assert_eq!(paths(&collector), BTreeSet::from(expected));
    let collector = Collector::start();
    Run::of(&[], &[(ENDPOINT, &format!("{}/base/", collector.url()))]).delivered();
    assert!(paths(&collector).contains("/base/v1/traces"));
}

#[test]
fn an_endpoint_of_one_signal_is_used_as_it_is() {
    let common = Collector::start();
    for (signal, path) in [
        ("TRACES", "/v1/traces"),
        ("METRICS", "/v1/metrics"),
        ("LOGS", "/v1/logs"),
    ] {
        let own = Collector::start();
        let name = format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT");
        let url = format!("{}/own{path}", own.url());
        Run::of(&[], &[(&name, &url), (ENDPOINT, &common.url())]).delivered();
        assert_eq!(paths(&own), BTreeSet::from([format!("/own{path}")]));
    }
}

#[test]
fn a_flag_beats_a_variable_of_ours_and_that_beats_opentelemetrys() {
    for (signal, flag) in [
        ("TRACES", "--otlp-traces-endpoint"),
        ("METRICS", "--otlp-metrics-endpoint"),
        ("LOGS", "--otlp-logs-endpoint"),
    ] {
        let path = format!("/v1/{}", signal.to_lowercase());
        let places: Vec<Collector> = (0..4).map(|_| Collector::start()).collect();
        let url = |place: usize| format!("{}{path}", places[place].url());
        let variables = [
            (format!("SAMARA_OTLP_{signal}_ENDPOINT"), url(1)),
            (format!("OTEL_EXPORTER_OTLP_{signal}_ENDPOINT"), url(2)),
            (ENDPOINT.to_owned(), places[3].url()),
        ];
        let arguments = [format!("{flag}={}", url(0))];
        for first in 0..4 {
            let arguments: Vec<&str> = arguments.iter().skip(first).map(String::as_str).collect();
            let variables: Vec<(&str, &str)> = variables
                .iter()
                .skip(first.saturating_sub(1))
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            Run::of(&arguments, &variables).delivered();
            let got: Vec<bool> = places
                .iter()
                .map(|place| !place.to(&path).is_empty())
                .collect();
            let expected: Vec<bool> = (0..4).map(|place| place <= first).collect();
            assert_eq!(got, expected, "{signal} from number {first} on");
        }
    }
}

#[test]
fn headers_go_with_every_request_those_of_a_signal_rather_than_the_common_ones() {
    let (_, collector) = delivered(&[
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Bearer%20abc,x-tenant=a%2Cb",
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-tenant=other"),
    ]);
    let headers = |path| {
        let request = &collector.to(path)[0];
        (
            request.header("authorization").to_owned(),
            request.header("x-tenant").to_owned(),
        )
    };
    let common = ("Bearer abc".to_owned(), "a,b".to_owned());
    assert_eq!(headers("/v1/metrics"), common);
    assert_eq!(headers("/v1/logs"), common);
    assert_eq!(headers("/v1/traces"), (String::new(), "other".to_owned()));
    let receiver = GrpcReceiver::start();
    let variables = [
        (ENDPOINT, receiver.url()),
        (PROTOCOL, "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer%20abc"),
    ];
    Run::of(&[], &variables).delivered();
    for request in receiver.requests() {
        assert_eq!(request.header("authorization"), "Bearer abc");
    }
}

#[test]
fn a_timeout_ends_each_request() {
    let silent = Collector::answering(Security::Plain, |_| Answer::Silence);
    for (signal, name) in [
        ("spans", "OTEL_EXPORTER_OTLP_TIMEOUT"),
        ("spans", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"),
        ("spans", "OTEL_BSP_EXPORT_TIMEOUT"),
        ("data points", "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
        ("data points", "OTEL_METRIC_EXPORT_TIMEOUT"),
        ("log records", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"),
        ("log records", "OTEL_BLRP_EXPORT_TIMEOUT"),
    ] {
        let run = Run::of(&[], &[(ENDPOINT, &silent.url()), (name, "200")]).succeeded();
        let loss = run.complaints().concat();
        let losses: Vec<&str> = loss.split(';').collect();
        let own = losses.iter().find(|loss| loss.contains(signal));
        assert!(
            own.is_some_and(|own| own.contains("(no answer within 0.2 s)")),
            "{name}: {loss}"
        );
    }
    let unlimited = ("OTEL_EXPORTER_OTLP_TIMEOUT", "0");
    let run = Run::of(&[], &[(ENDPOINT, &silent.url()), unlimited]).succeeded();
    let loss = run.complaints().concat();
    assert!(loss.contains("(no answer within 4.7 s)"), "{loss}");
}

#[test]
fn grpc_needs_no_more_than_host_and_port() {
    let receiver = GrpcReceiver::start();
    let place = receiver.url().replace("http://", "");
    let variables = [
        (ENDPOINT, place.as_str()),
        (PROTOCOL, "grpc"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ];
    Run::of(&[], &variables).delivered();
    assert_eq!(receiver.spans().len(), SPANS);
}

#[test]
fn requests_are_compressed_where_that_is_wanted() {
    let (_, collector) = delivered(&[("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
    for request in collector.requests() {
        assert_eq!(request.header("content-encoding"), "gzip");
    }
    assert_eq!(collector.spans().len(), SPANS);
    let (_, collector) = delivered(&[
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "none"),
    ]);
    assert_eq!(collector.to("/v1/logs")[0].header("content-encoding"), "");
    let receiver = GrpcReceiver::start();
    let variables = [
        (ENDPOINT, receiver.url()),
        (PROTOCOL, "grpc"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
    ];
    Run::of(&[], &variables).delivered();
    assert_eq!(receiver.requests()[0].header("grpc-encoding"), "gzip");
    assert_eq!(receiver.spans().len(), SPANS);
}

#[test]
fn all_three_protocols_are_spoken() {
    for (protocol, content) in [
        ("http/protobuf", "application/x-protobuf"),
        ("http/json", "application/json"),
    ] {
        let (_, collector) = delivered(&[(PROTOCOL, protocol)]);
        for request in collector.requests() {
            assert_eq!(request.header("content-type"), content);
            assert!(request.header("user-agent").starts_with("samara/"));
        }
        assert_eq!(collector.spans().len(), SPANS);
        assert_eq!(collector.records().len(), 2);
        assert!(!collector.metrics().is_empty());
    }
    let receiver = GrpcReceiver::start();
    Run::of(&[], &[(ENDPOINT, receiver.url()), (PROTOCOL, "grpc")]).delivered();
    assert_eq!(receiver.spans().len(), SPANS);
    assert_eq!(receiver.records().len(), 2);
    assert!(!receiver.metrics().is_empty());
    assert!(
        receiver.requests()[0]
            .header("user-agent")
            .starts_with("samara/")
    );
}

#[test]
fn a_signal_may_have_a_protocol_of_its_own() {
    let (collector, receiver) = (Collector::start(), GrpcReceiver::start());
    Run::of(
        &[],
        &[
            (ENDPOINT, &collector.url()),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", receiver.url()),
            ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ],
    )
    .delivered();
    assert_eq!(receiver.spans().len(), SPANS);
    let content = |path| collector.to(path)[0].header("content-type").to_owned();
    assert_eq!(content("/v1/metrics"), "application/json");
    assert_eq!(content("/v1/logs"), "application/x-protobuf");
}

#[test]
fn a_server_is_trusted_by_a_certificate_and_a_client_is_known_by_its_own() {
    let path = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (trusted, certificate, key) = (
        path(authority()),
        path(client_certificate("client.pem")),
        path(client_certificate("client.key")),
    );
    let collector = Collector::answering(Security::Tls, |_| Answer::taken());
    let (endpoint, trust) = (
        (ENDPOINT, collector.url()),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", trusted.as_str()),
    );
    Run::of(&[], &[(endpoint.0, &endpoint.1), trust]).delivered();
    assert_eq!(collector.spans().len(), SPANS);

    let collector = Collector::answering(Security::Mutual, |_| Answer::taken());
    let url = collector.url();
    let run = Run::of(&[], &[(ENDPOINT, &url), trust]).succeeded();
    assert!(
        run.log.contains("telemetry was not delivered"),
        "{}",
        run.log
    );
    assert_eq!(collector.requests().len(), 0, "it knows nobody");
    let identity = [
        (
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            certificate.as_str(),
        ),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", key.as_str()),
    ];
    Run::of(
        &[],
        &[&[(ENDPOINT, url.as_str()), trust][..], &identity].concat(),
    )
    .delivered();
    assert_eq!(collector.spans().len(), SPANS);
    let own = [
        ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", trusted.as_str()),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", &certificate),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", &key),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &format!("{url}/own")),
    ];
    Run::of(&[], &own).delivered();
    assert_eq!(collector.to("/own").len(), 1);
}

#[test]
fn the_resource_says_what_the_environment_says() {
    let (_, collector) = delivered(&[]);
    let resource = collector.resource();
    assert_eq!(resource["service.name"], "customer-orders");
    assert!(!resource.contains_key("deployment.environment.name"));
    let (_, collector) = delivered(&[
        ("OTEL_SERVICE_NAME", "orders of the night"),
        (
            "OTEL_RESOURCE_ATTRIBUTES",
            "team=data%20platform,service.version=9,service.name=lost",
        ),
        ("SAMARA_ENVIRONMENT", "staging"),
    ]);
    let resource = collector.resource();
    for (name, value) in [
        ("service.name", "orders of the night"),
        ("team", "data platform"),
        ("service.version", "9"),
        ("deployment.environment.name", "staging"),
    ] {
        assert_eq!(resource[name], value);
    }
    let (_, collector) = delivered(&[("OTEL_RESOURCE_ATTRIBUTES", "service.name=orders")]);
    assert_eq!(collector.resource()["service.name"], "orders");
}

#[test]
fn the_resource_names_the_workflow_by_its_digest() {
    let (_, collector) = delivered(&[]);
    let workflow = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/customer_orders/job.jsonc"
    );
    let sum = Command::new("sha256sum").arg(workflow).output();
    let sum = String::from_utf8(sum.expect("sha256sum").stdout).expect("UTF-8");
    let digest = sum.split(' ').next().unwrap_or_default();
    assert_eq!(
        collector.resource()["samara.workflow.digest"],
        format!("sha256:{digest}")
    );
}

#[test]
fn a_sampler_says_which_traces_are_sent() {
    const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
    const ARGUMENT: &str = "OTEL_TRACES_SAMPLER_ARG";
    let unsampled = PARENT.replace("-01", "-00");
    let unsampled = ("TRACEPARENT", unsampled.as_str());
    let sampled = ("TRACEPARENT", PARENT);
    let cases = [
        (vec![(SAMPLER, "always_off")], 0),
        (vec![(SAMPLER, "always_on"), unsampled], SPANS),
        (vec![unsampled], 0),
        (vec![(SAMPLER, "parentbased_always_off")], 0),
        (vec![(SAMPLER, "parentbased_always_off"), sampled], SPANS),
        (vec![(SAMPLER, "traceidratio"), (ARGUMENT, "0")], 0),
        (vec![(SAMPLER, "traceidratio"), (ARGUMENT, "1")], SPANS),
        (
            vec![
                (SAMPLER, "parentbased_traceidratio"),
                (ARGUMENT, "0.0"),
                sampled,
            ],
            SPANS,
        ),
    ];
    for (variables, spans) in cases {
        let (run, collector) = delivered(&variables);
        assert_eq!(collector.spans().len(), spans, "{variables:?}");
        assert!(!collector.metrics().is_empty());
        let told = run.out.contains("no trace was sent: ");
        assert_eq!(told, spans == 0, "{}", run.out);
    }
}

#[test]
fn a_signal_goes_to_a_server_to_standard_output_or_nowhere() {
    for (name, path, shown) in [
        ("OTEL_TRACES_EXPORTER", "/v1/traces", "run customer-orders"),
        (
            "OTEL_METRICS_EXPORTER",
            "/v1/metrics",
            "samara.run.duration",
        ),
        ("OTEL_LOGS_EXPORTER", "/v1/logs", "PERMISSIVE"),
    ] {
        let (_, collector) = delivered(&[(name, "otlp")]);
        assert!(paths(&collector).contains(path));
        let (run, collector) = delivered(&[(name, "none")]);
        assert!(!run.out.contains(shown), "{name}: {}", run.out);
        assert_eq!(collector.to(path).len(), 0, "{name}");
        assert_eq!(paths(&collector).len(), 2);
        let (run, collector) = delivered(&[(name, "console")]);
        assert!(run.out.contains(shown), "{name}: {}", run.out);
        assert_eq!(collector.to(path).len(), 0, "{name}");
    }
    let (run, _) = delivered(&[("OTEL_TRACES_EXPORTER", "none")]);
    let told = "no trace was sent: OTEL_TRACES_EXPORTER says so\n";
    assert!(run.out.ends_with(told), "{}", run.out);
}

#[test]
fn a_console_that_takes_nothing_is_told_at_once() {
    let workplace = Workplace::with_example("customer_orders");
    let mut command = workplace.command(binary());
    let full = File::options().write(true).open("/dev/full");
    let output = command
        .env("OTEL_TRACES_EXPORTER", "console")
        .stdout(full.expect("a full disk"))
        .output()
        .expect("the binary starts");
    let log = streams(&output).1;
    assert!(output.status.success(), "{log}");
    assert!(
        log.contains("7 spans to standard output (No space left on device"),
        "{log}"
    );
}

#[test]
fn the_end_of_a_run_names_its_trace() {
    let (run, collector) = delivered(&[]);
    let trace = hex(&named(&collector.spans(), "run customer-orders").trace_id);
    assert!(
        run.out.contains(&format!("· trace {trace}\n")),
        "{}",
        run.out
    );
    assert!(!run.out.contains("no trace was sent"), "{}", run.out);
    let run = Run::of(&[], &[]).delivered();
    let told = "no trace was sent: --otlp-traces-endpoint http";
    assert!(run.out.contains(told), "{}", run.out);
}

#[test]
fn everything_can_be_turned_off_at_once() {
    let (run, collector) = delivered(&[("OTEL_SDK_DISABLED", "true")]);
    assert_eq!(collector.requests().len(), 0);
    let told = "no trace was sent: OTEL_SDK_DISABLED says so\n";
    assert!(run.out.ends_with(told), "{}", run.out);
    let (_, collector) = delivered(&[("OTEL_SDK_DISABLED", "false")]);
    assert_eq!(collector.spans().len(), SPANS);
}

#[test]
fn requests_hold_so_many_spans_and_records_at_most() {
    let (_, collector) = delivered(&[
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "1"),
    ]);
    assert!(collector.to("/v1/traces").len() >= SPANS.div_ceil(2));
    assert_eq!(collector.spans().len(), SPANS);
    assert_eq!(collector.to("/v1/logs").len(), 2);
    let (_, collector) = delivered(&[]);
    assert_eq!(collector.to("/v1/traces").len(), 1);
    assert_eq!(collector.to("/v1/logs").len(), 1);
}

#[test]
fn spans_that_a_queue_has_no_room_for_are_lost_and_told() {
    let slow = Collector::answering(Security::Plain, |_| Answer::Late(Duration::from_secs(1)));
    let url = format!("{}/v1/traces", slow.url());
    let endpoint = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str());
    let queue = ("OTEL_BSP_MAX_QUEUE_SIZE", "1");
    let run = Run::of(&[], &[endpoint, queue]).succeeded();
    let loss = run.complaints().concat();
    assert!(loss.contains("(the queue was full)"), "{loss}");
    let lost = SPANS - slow.spans().len();
    assert!(loss.contains(&format!("{lost} span")), "{loss}");
}

#[test]
fn records_that_a_queue_has_no_room_for_are_lost_and_told() {
    let slow = Collector::answering(Security::Plain, |_| Answer::Late(Duration::from_secs(1)));
    let url = format!("{}/v1/logs", slow.url());
    let endpoint = ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", url.as_str());
    // Each of these is a warning, and so are two steps.
    let invalid = ["OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER"].map(|name| (name, "some"));
    let queue = ("OTEL_BLRP_MAX_QUEUE_SIZE", "1");
    let run = Run::of(&[], &[endpoint, queue, invalid[0], invalid[1]]).succeeded();
    let (told, events): (Vec<&str>, Vec<&str>) = run
        .log
        .lines()
        .partition(|line| line.contains("telemetry was not delivered: "));
    let lost = events.len() - slow.records().len();
    assert!(lost > 0, "{}", run.log);
    assert!(
        told.concat()
            .contains(&format!("{lost} log records to {url} (the queue was full)")),
        "{lost}: {told:?}"
    );
}

#[test]
fn a_run_that_goes_on_says_so_at_intervals() {
    let (workplace, collector) = (Workplace::empty(), Collector::start());
    let run = Waiting::start(
        &workplace,
        &[
            (ENDPOINT, &collector.url()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        ],
    );
    // The first hook has failed, and the run goes on.
    run.until(|| {
        collector.to("/v1/metrics").len() >= 3
            && !collector.spans().is_empty()
            && !collector.records().is_empty()
    });
    let sent = named_spans(&collector);
    run.end();
    assert!(!sent.contains("run hooked"), "{sent:?}");
    assert!(named_spans(&collector).contains("run hooked"));
}

fn named_spans(received: &Otlp) -> BTreeSet<String> {
    received.spans().into_iter().map(|span| span.name).collect()
}

fn exemplars(received: &Otlp, name: &str) -> Vec<Exemplar> {
    let Some(metric::Data::Histogram(histogram)) = metric(received, name).data else {
        panic!("{name} is no histogram")
    };
    let points = histogram.data_points.into_iter();
    points.flat_map(|point| point.exemplars).collect()
}

#[test]
fn durations_lead_to_the_trace_that_they_were_measured_in() {
    const FILTER: &str = "OTEL_METRICS_EXEMPLAR_FILTER";
    const OFF: (&str, &str) = ("OTEL_TRACES_SAMPLER", "always_off");
    let duration = "samara.step.duration";
    let (_, collector) = delivered(&[]);
    let spans = collector.spans();
    let found = exemplars(&collector, duration);
    assert_eq!(found.len(), 5, "one of each step");
    for exemplar in found {
        let is_meant = |span: &&opentelemetry_proto::tonic::trace::v1::Span| {
            span.span_id == exemplar.span_id && span.trace_id == exemplar.trace_id
        };
        assert!(spans.iter().any(|span| is_meant(&span)), "{exemplar:?}");
    }
    assert_eq!(exemplars(&collector, "samara.run.duration").len(), 1);
    for (variables, count) in [
        (vec![(FILTER, "always_off")], 0),
        (vec![(FILTER, "trace_based"), OFF], 0),
        (vec![(FILTER, "always_on"), OFF], 5),
    ] {
        let (_, collector) = delivered(&variables);
        let found = exemplars(&collector, duration);
        assert_eq!(found.len(), count, "{variables:?}");
    }
}

/// What the hooks of a run carried.
fn hooked(arguments: &[&str], variables: &[(&str, &str)]) -> Received {
    let (workplace, receiver) = (Workplace::empty(), Receiver::start());
    workplace.write("in.csv", "1\n");
    let output = workplace
        .command(hooks::pipeline())
        .args(arguments)
        .envs(variables.iter().copied())
        .env("HOOKS_URL", receiver.url())
        .env("HOOKS_TOKEN", "hunter3")
        .output()
        .expect("the program starts");
    crate::program::succeeded(&output);
    receiver.requests()[0].clone()
}

#[test]
fn requests_hand_on_what_the_propagators_say() {
    let (parent, trace) = (("TRACEPARENT", PARENT), "0af7651916cd43dd8448eb211c80319c");
    let baggage = ("BAGGAGE", "team=data,run=7");
    for (propagators, traced, carried) in [
        (None, true, true),
        (Some("tracecontext,baggage"), true, true),
        (Some("tracecontext"), true, false),
        (Some("baggage"), false, true),
        (Some("none"), false, false),
    ] {
        let more = propagators.map(|value| ("OTEL_PROPAGATORS", value));
        let variables: Vec<_> = [parent, baggage].into_iter().chain(more).collect();
        let request = hooked(&[], &variables);
        assert_eq!(request.trace_parent.contains(trace), traced, "{request:?}");
        let members: BTreeSet<&str> = request.baggage.split(',').collect();
        let expected = if carried {
            BTreeSet::from(["team=data", "run=7"])
        } else {
            BTreeSet::from([""])
        };
        assert_eq!(members, expected, "{propagators:?}");
    }
}

#[test]
fn baggage_comes_by_a_flag_or_a_variable_and_goes_on_with_requests() {
    let variable = ("BAGGAGE", "a=1");
    let ours = ("SAMARA_BAGGAGE", "a=2");
    assert_eq!(hooked(&[], &[variable]).baggage, "a=1");
    assert_eq!(hooked(&[], &[variable, ours]).baggage, "a=2");
    let request = hooked(&["--baggage", "a=3"], &[variable, ours]);
    assert_eq!(request.baggage, "a=3");
    let written = "token=YWJj==;secret,name=%C3%A4%2541";
    assert_eq!(hooked(&["--baggage", written], &[]).baggage, written);
}

#[test]
fn a_span_holds_no_more_than_its_limits() {
    let (_, collector) = delivered(&[("OTEL_ATTRIBUTE_COUNT_LIMIT", "3")]);
    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.attributes.len() <= 3));
    let load = named(&spans, "load-customer-orders");
    assert!(load.dropped_attributes_count > 0);
    let (_, collector) = delivered(&[
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "3"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "2"),
    ]);
    let most = collector
        .spans()
        .iter()
        .map(|span| span.attributes.len())
        .max();
    assert_eq!(most, Some(2));
    for name in [
        "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
        "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    ] {
        let (_, collector) = delivered(&[(name, "4")]);
        let spans = collector.spans();
        let load = attributes(&named(&spans, "load-customer-orders").attributes);
        assert_eq!(load["samara.step.name"], "load", "{name}");
        assert_eq!(load["code.function.name"].len(), 4, "{name}");
    }
}

/// A run that fails, whose step has an event of its failure.
fn failed(variables: &[(&str, &str)]) -> Collector {
    let (workplace, collector) = (
        Workplace::with_example("customer_orders"),
        Collector::start(),
    );
    let orders = "examples/customer_orders/orders.json";
    fs::remove_file(workplace.path().join(orders)).expect("the file");
    let url = collector.url();
    let run = Run::within(
        workplace,
        &[],
        &[&[(ENDPOINT, url.as_str())], variables].concat(),
    );
    assert_eq!(run.output.status.code(), Some(50), "{}", run.log);
    collector
}

#[test]
fn events_of_a_span_have_limits_too() {
    let events = |variables: &[(&str, &str)]| {
        let spans = failed(variables).spans();
        named(&spans, "extract-orders").events.clone()
    };
    let all = events(&[]);
    let failure = all.iter().find(|event| event.name == "exception");
    assert_eq!(failure.map(|event| event.attributes.len()), Some(2));
    assert!(events(&[("OTEL_SPAN_EVENT_COUNT_LIMIT", "0")]).is_empty());
    for name in [
        "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
        "OTEL_ATTRIBUTE_COUNT_LIMIT",
    ] {
        let most = events(&[(name, "1")])
            .iter()
            .map(|event| event.attributes.len())
            .max();
        assert_eq!(most, Some(1), "{name}");
    }
}

#[test]
fn counters_say_all_or_what_is_new() {
    const PREFERENCE: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    // AggregationTemporality of opentelemetry-proto.
    const DELTA: i32 = 1;
    const CUMULATIVE: i32 = 2;
    for (preference, expected) in [
        (None, CUMULATIVE),
        (Some("cumulative"), CUMULATIVE),
        (Some("delta"), DELTA),
        (Some("lowmemory"), DELTA),
    ] {
        let variables: Vec<_> = preference
            .map(|value| (PREFERENCE, value))
            .into_iter()
            .collect();
        let (_, collector) = delivered(&variables);
        let Some(metric::Data::Sum(sum)) = metric(&collector, "samara.cli.run.invocations").data
        else {
            panic!("no counter")
        };
        assert_eq!(sum.aggregation_temporality, expected, "{preference:?}");
        let Some(metric::Data::Histogram(durations)) =
            metric(&collector, "samara.step.duration").data
        else {
            panic!("no histogram")
        };
        assert_eq!(
            durations.aggregation_temporality, expected,
            "{preference:?}"
        );
    }
}

#[test]
fn histograms_have_our_buckets_or_such_as_adapt() {
    const AGGREGATION: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
    for variables in [vec![], vec![(AGGREGATION, "explicit_bucket_histogram")]] {
        let (_, collector) = delivered(&variables);
        let Some(metric::Data::Histogram(durations)) =
            metric(&collector, "samara.step.duration").data
        else {
            panic!("no histogram")
        };
        let bounds = &durations.data_points[0].explicit_bounds;
        assert_eq!((bounds[0], bounds[bounds.len() - 1]), (0.001, 14400.0));
    }
    let (_, collector) = delivered(&[(AGGREGATION, "base2_exponential_bucket_histogram")]);
    let Some(metric::Data::ExponentialHistogram(durations)) =
        metric(&collector, "samara.step.duration").data
    else {
        panic!("no exponential histogram")
    };
    assert_eq!(durations.data_points.len(), 5);
    assert!(
        durations
            .data_points
            .iter()
            .all(|point| point.exemplars.len() == 1)
    );
}

#[test]
fn a_log_record_belongs_to_the_step_that_it_happened_in() {
    let (_, collector) = delivered(&[]);
    let (spans, records) = (collector.spans(), collector.records());
    for step in ["extract-customers", "extract-orders"] {
        let span = named(&spans, step);
        let mut records = records.iter();
        let record = records.find(|record| record.span_id == span.span_id);
        let record = record.unwrap_or_else(|| panic!("no record of {step}"));
        assert_eq!(record.trace_id, span.trace_id);
        assert_eq!(record.severity_text, "WARN");
        assert!(text(record.body.as_ref()).contains("PERMISSIVE"));
    }
    let collector = failed(&[]);
    let spans = collector.spans();
    let run = named(&spans, "run customer-orders");
    let records = collector.records();
    let mut errors = records
        .iter()
        .filter(|record| record.severity_text == "ERROR");
    assert!(
        errors.any(|record| record.span_id == run.span_id),
        "{records:?}"
    );
}

#[test]
fn logs_are_lines_of_json_for_machines() {
    for (arguments, variable) in [
        (vec!["--log-format", "json"], None),
        (vec![], Some(("SAMARA_LOG_FORMAT", "json"))),
    ] {
        let collector = Collector::start();
        let url = collector.url();
        let variables: Vec<_> = [(ENDPOINT, url.as_str())]
            .into_iter()
            .chain(variable)
            .collect();
        let run = Run::of(&arguments, &variables).succeeded();
        let (spans, resource) = (collector.spans(), collector.resource());
        assert_eq!(run.log.lines().count(), 2, "{}", run.log);
        for line in run.log.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(line["level"], "WARN");
            assert_eq!(line["run_id"], resource["service.instance.id"]);
            let of_step = |span: &&opentelemetry_proto::tonic::trace::v1::Span| {
                line["span_id"] == hex(&span.span_id) && line["trace_id"] == hex(&span.trace_id)
            };
            let step = spans.iter().find(of_step).map(|span| span.name.as_str());
            assert!(
                step.is_some_and(|step| step.starts_with("extract-")),
                "{line}"
            );
        }
    }
}

#[test]
fn an_invalid_value_is_named_in_a_warning_and_the_default_holds() {
    let invalid = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4318"),
        ("SAMARA_OTLP_LOGS_ENDPOINT", "collector"),
        (PROTOCOL, "http/xml"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/nowhere/client.key"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_LOGS_EXPORTER", "file"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("OTEL_PROPAGATORS", "b3"),
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "-1"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "never"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "many"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "never"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m"),
        ("OTEL_METRIC_EXPORT_TIMEOUT", "never"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "some"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "both"),
        (
            "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
            "t-digest",
        ),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "few"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "-1"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "none"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team"),
    ];
    let secret = ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer hunter2");
    let (run, collector) = sent(&[&invalid[..], &[secret]].concat());
    let run = run.succeeded();
    for (name, value) in invalid {
        let expected = format!("ignored {name}={value:?}: ");
        let warnings = run.log.lines().filter(|line| line.contains(&expected));
        assert_eq!(warnings.count(), 1, "{name}: {}", run.log);
    }
    let told = run.log.contains("ignored OTEL_EXPORTER_OTLP_HEADERS: ");
    assert!(told && !run.log.contains("hunter2"), "{}", run.log);
    assert!(!run.log.contains("not delivered"), "{}", run.log);
    assert_eq!(collector.spans().len(), SPANS);
    let told = collector.records().len();
    assert_eq!(told, run.log.lines().count(), "warnings are records");
    assert_eq!(exemplars(&collector, "samara.step.duration").len(), 5);
    let request = &collector.to("/v1/traces")[0];
    assert_eq!(request.header("content-type"), "application/x-protobuf");
    assert_eq!(request.header("content-encoding"), "");
    let sampler = [
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
    ];
    let (run, collector) = sent(&sampler);
    assert!(
        run.log.contains("ignored OTEL_TRACES_SAMPLER_ARG=\"2\": "),
        "{}",
        run.log
    );
    assert_eq!(collector.spans().len(), SPANS);
}
