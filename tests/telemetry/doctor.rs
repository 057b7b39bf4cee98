//! `doctor` tells where telemetry goes, who said so, whether it arrives, and what to do if it does not.

use std::net::TcpListener;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::client_certificate;
use super::grpc_receiver::GrpcReceiver;
use crate::collector::{Answer, Collector, Security};
use crate::customer_orders::binary;
use crate::mail_server::{authority, certificate};
use crate::program::{Workplace, streams};

const TRACES: &str = "SAMARA_OTLP_TRACES_ENDPOINT";
const METRICS: &str = "SAMARA_OTLP_METRICS_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

/// The exit code, and all that was printed.
fn doctor(variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let workplace = Workplace::empty();
    let mut command = workplace.command(binary());
    let output = command
        .arg("doctor")
        .envs(variables.iter().copied())
        .output()
        .expect("the binary starts");
    let (out, log) = streams(&output);
    (output.status.code(), out + &log)
}

/// What is printed where something is wrong.
fn ill(variables: &[(&str, &str)]) -> String {
    let (code, text) = doctor(variables);
    assert_eq!(code, Some(30), "{text}");
    assert!(text.contains('✗'), "{text}");
    text
}

fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

fn refusing(status: &'static str) -> Collector {
    Collector::answering(Security::Plain, move |_| {
        Answer::Status(status, "Content-Type: text/plain\r\n", b"no".to_vec())
    })
}

#[test]
fn all_is_well() {
    let (collector, receiver) = (Collector::start(), GrpcReceiver::start());
    let url = collector.url();
    let (code, text) = doctor(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", receiver.url()),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
        (TRACES, &format!("{url}/v1/traces")),
    ]);
    assert_eq!(code, Some(0), "{text}");
    says(
        &text,
        &[
            &format!("✓ traces: {url}/v1/traces took a span in "),
            &format!("✓ metrics: {url}/v1/metrics took a data point in "),
            "took a log record in ",
        ],
    );
    let from = |value: &str| {
        let mut lines = text.lines();
        let line = lines.find(|line| !line.starts_with('✓') && line.contains(value));
        let origin = line.and_then(|line| line.split_whitespace().last());
        origin.map(str::to_owned)
    };
    assert_eq!(from("/v1/traces").as_deref(), Some(TRACES));
    let common = Some("OTEL_EXPORTER_OTLP_ENDPOINT");
    assert_eq!(from("/v1/metrics").as_deref(), common);
    assert_eq!(from("tracecontext,baggage").as_deref(), Some("default"));
    let (spans, metrics) = (collector.spans(), collector.metrics());
    assert_eq!((spans.len(), metrics.len()), (1, 1));
    assert_eq!(receiver.records().len(), 1);
    assert_eq!(collector.resource()["service.name"], "customer-orders");
}

#[test]
fn nobody_has_to_read_it_to_its_end() {
    let workplace = Workplace::empty();
    let mut command = workplace.command(binary());
    let mut child = command
        .arg("doctor")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn samara_has_it_too() {
    let (workplace, collector) = (Workplace::empty(), Collector::start());
    let output = workplace
        .samara(&["doctor"])
        .args(collector.flags())
        .output()
        .expect("samara starts");
    let (out, log) = streams(&output);
    assert_eq!(output.status.code(), Some(0), "{out}{log}");
    says(
        &out,
        &["✓ traces: ", "✓ metrics: ", "--otlp-traces-endpoint"],
    );
}

#[test]
fn nothing_is_sent_where_nobody_wants_it() {
    let (code, text) = doctor(&[]);
    assert_eq!(code, Some(0), "{text}");
    says(&text, &["not sent"]);
    let collector = Collector::start();
    let (code, text) = doctor(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url()),
        ("OTEL_SDK_DISABLED", "true"),
    ]);
    assert_eq!(code, Some(0), "{text}");
    says(&text, &["off", "OTEL_SDK_DISABLED"]);
    assert_eq!(collector.requests().len(), 0);
}

#[test]
fn the_port_of_the_other_protocol() {
    let text = ill(&[(TRACES, "http://127.0.0.9:4317/v1/traces")]);
    says(&text, &["4317 is the port of gRPC", "4318"]);
    let text = ill(&[
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://127.0.0.9:4318",
        ),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    says(&text, &["4318 is the port of HTTP", "4317"]);
}

#[test]
fn http_to_a_server_of_grpc_and_back() {
    let receiver = GrpcReceiver::start();
    let text = ill(&[(TRACES, &format!("{}/v1/traces", receiver.url()))]);
    says(
        &text,
        &["did not take a span", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"],
    );
    let collector = Collector::start();
    let text = ill(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &collector.url()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ]);
    says(
        &text,
        &[
            "did not take a span",
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        ],
    );
}

#[test]
fn a_path_that_is_missing() {
    let collector = refusing("404 Not Found");
    let text = ill(&[(TRACES, &collector.url())]);
    let right = format!("{}/v1/traces", collector.url());
    says(&text, &["404 Not Found", "its path is /.", &right]);
}

#[test]
fn a_path_that_is_there_twice() {
    let collector = refusing("404 Not Found");
    let whole = format!("{}/v1/traces", collector.url());
    let text = ill(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &whole)]);
    let shared = format!("all signals share, {}.", collector.url());
    says(&text, &["has its path already", &shared]);
}

#[test]
fn a_server_that_takes_other_signals_only() {
    let collector = refusing("404 Not Found");
    let text = ill(&[(METRICS, &format!("{}/v1/metrics", collector.url()))]);
    says(
        &text,
        &["takes no metrics there", "/api/v1/otlp/v1/metrics"],
    );
    let endpoint = format!("{}/v1/logs", collector.url());
    let text = ill(&[("SAMARA_OTLP_LOGS_ENDPOINT", &endpoint)]);
    says(&text, &["takes no logs there", "Jaeger takes traces only"]);
}

#[test]
fn http_for_https() {
    let collector = Collector::answering(Security::Tls, |_| Answer::taken());
    let place = collector.url().replace("https", "http");
    let text = ill(&[(TRACES, &format!("{place}/v1/traces"))]);
    says(&text, &["https://localhost:"]);
}

#[test]
fn https_for_http() {
    let collector = Collector::start();
    let place = collector.url().replace("http", "https");
    let text = ill(&[(TRACES, &format!("{place}/v1/traces"))]);
    says(&text, &["speaks without TLS", &collector.url()]);
}

#[test]
fn a_certificate_of_an_authority_that_nobody_here_trusts() {
    let collector = Collector::answering(Security::Tls, |_| Answer::taken());
    let endpoint = format!("{}/v1/traces", collector.url());
    let text = ill(&[(TRACES, &endpoint)]);
    says(&text, &["OTEL_EXPORTER_OTLP_CERTIFICATE"]);
    let authority = authority();
    let trusted = authority.to_str().expect("UTF-8");
    let (code, text) = doctor(&[
        (TRACES, &endpoint),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", trusted),
    ]);
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn prometheus_without_its_receiver() {
    let collector = refusing("404 Not Found");
    let endpoint = format!("{}/api/v1/otlp/v1/metrics", collector.url());
    let text = ill(&[(METRICS, &endpoint)]);
    says(
        &text,
        &[
            "--web.enable-otlp-receiver",
            "--enable-feature=otlp-write-receiver",
        ],
    );
}

#[test]
fn a_host_that_nobody_knows() {
    let text = ill(&[(TRACES, "http://otel-collector.invalid:4318/v1/traces")]);
    says(&text, &["No host `otel-collector.invalid` is known here"]);
}

#[test]
fn a_port_where_nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let text = ill(&[(TRACES, &format!("http://{address}/v1/traces"))]);
    says(
        &text,
        &[
            "connection refused",
            &format!("Nothing listens at {address}"),
            "Inside a container",
        ],
    );
}

#[test]
fn credentials_that_are_missing_or_wrong_and_are_never_shown() {
    let collector = refusing("401 Unauthorized");
    let endpoint = format!(
        "{}/v1/traces?token=hunter1",
        collector.url().replace("http://", "http://user:hunter2@")
    );
    let text = ill(&[(TRACES, &endpoint)]);
    says(
        &text,
        &["401 Unauthorized", "It wants credentials", HEADERS],
    );
    assert!(!text.contains("hunter"), "{text}");
    let headers = (HEADERS, "Authorization=Bearer%20hunter3");
    let text = ill(&[(TRACES, &endpoint), headers]);
    says(
        &text,
        &[
            "does not accept these credentials: authorization=***",
            HEADERS,
        ],
    );
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn a_server_that_rejects_what_it_reads() {
    let partial = ExportTracePartialSuccess {
        rejected_spans: 1,
        error_message: "too old".to_owned(),
    };
    let answer = ExportTraceServiceResponse {
        partial_success: Some(partial),
    };
    let collector = Collector::answering(Security::Plain, move |_| {
        let head = "Content-Type: application/x-protobuf\r\n";
        Answer::Status("200 OK", head, answer.encode_to_vec())
    });
    let text = ill(&[(TRACES, &format!("{}/v1/traces", collector.url()))]);
    says(&text, &["rejected by the server: \"too old\""]);
}

#[test]
fn a_server_that_sends_requests_elsewhere() {
    let collector = Collector::answering(Security::Plain, |_| {
        let head = "Location: https://otlp.example.com/v1/traces?key=hunter4\r\n";
        Answer::Status("308 Permanent Redirect", head, Vec::new())
    });
    let text = ill(&[(TRACES, &format!("{}/v1/traces", collector.url()))]);
    says(
        &text,
        &[
            "\"https://otlp.example.com/v1/traces\"",
            "name that place as the endpoint",
        ],
    );
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn a_certificate_of_the_client_that_the_server_does_not_accept() {
    let collector = Collector::answering(Security::Mutual, |_| Answer::taken());
    let endpoint = format!("{}/v1/traces", collector.url());
    let (key, certificate) = (certificate("localhost.key"), certificate("localhost.pem"));
    let authority = authority();
    for protocol in ["http/protobuf", "grpc"] {
        let text = ill(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            (
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
                authority.to_str().expect("UTF-8"),
            ),
            (
                "OTEL_EXPORTER_OTLP_CLIENT_KEY",
                key.to_str().expect("UTF-8"),
            ),
            (
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
                certificate.to_str().expect("UTF-8"),
            ),
        ]);
        says(&text, &["may not accept the client's certificate"]);
    }
}

#[test]
fn a_page_is_no_answer_of_a_collector() {
    let collector = Collector::answering(Security::Plain, |_| {
        let page = b"<html>Grafana</html>".to_vec();
        Answer::Status("200 OK", "Content-Type: text/html\r\n", page)
    });
    let text = ill(&[(TRACES, &collector.url())]);
    says(&text, &["answered, but not in OTLP", "/v1/traces"]);
}

#[test]
fn what_counts_for_nothing_is_told() {
    for (name, value, told) in [
        (
            "OTEL_BSP_SCHEDULE_DELAY",
            "soon",
            "! ignored OTEL_BSP_SCHEDULE_DELAY=\"soon\"",
        ),
        ("LOG_LEVEL", "loud", "! ignored LOG_LEVEL=\"loud\""),
        ("TRACEPARENT", "00-0-0-0", "! began a new trace"),
        ("BAGGAGE", "a=1,b", "! left out what is not valid"),
        ("HTTP_PROXY", "garbage://x", "! ignored HTTP_PROXY="),
    ] {
        let (code, text) = doctor(&[(name, value)]);
        assert_eq!(code, Some(30), "{text}");
        says(&text, &[told]);
    }
}

#[test]
fn what_a_run_would_not_send_is_told_though_nothing_is_wrong() {
    let collector = Collector::start();
    let url = collector.url();
    let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    let ratio = ("OTEL_TRACES_SAMPLER_ARG", "0");
    for (variables, told) in [
        (vec![("OTEL_TRACES_SAMPLER", "always_off")], "no trace"),
        (
            vec![("OTEL_TRACES_SAMPLER", "traceidratio"), ratio],
            "no trace",
        ),
        (vec![("TRACEPARENT", unsampled)], "no trace"),
        (
            vec![("TRACEPARENT", unsampled), ("OTEL_PROPAGATORS", "none")],
            "not continue the trace of TRACEPARENT",
        ),
        (vec![("LOG_LEVEL", "off")], "no log record"),
    ] {
        let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", url.as_str())];
        let (code, text) = doctor(&[&endpoint[..], &variables].concat());
        assert_eq!(code, Some(0), "{text}");
        says(&text, &["! a run would ", told]);
    }
    let sampled = unsampled.replace("-00", "-01");
    let (_, text) = doctor(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("TRACEPARENT", &sampled),
    ]);
    assert!(!text.contains('!'), "{text}");
}

#[test]
fn what_somebody_has_set_is_shown_with_who_said_so() {
    for (name, value, row) in [
        ("SAMARA_ENVIRONMENT", "staging", "environment"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "7", "spans: queue"),
        ("OTEL_BLRP_EXPORT_TIMEOUT", "900", "log records: timeout"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "5", "span links"),
    ] {
        let (code, text) = doctor(&[(name, value)]);
        assert_eq!(code, Some(0), "{text}");
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with(row)).unwrap_or_default();
        assert!(line.contains(value) && line.ends_with(name), "{text}");
    }
}

#[test]
fn a_server_that_answers_when_a_run_has_long_ended() {
    let collector = Collector::answering(Security::Plain, |_| Answer::Late(Duration::from_secs(5)));
    let endpoint = format!("{}/v1/traces", collector.url());
    let patient = ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000");
    let text = ill(&[(TRACES, &endpoint), patient]);
    says(&text, &["too late for the end of a run", "waits 4.7 s"]);
}

#[test]
fn a_server_that_wants_to_know_its_clients() {
    let collector = Collector::answering(Security::Mutual, |_| Answer::taken());
    let authority = authority();
    let trusted = authority.to_str().expect("UTF-8");
    let trust = ("OTEL_EXPORTER_OTLP_CERTIFICATE", trusted);
    for protocol in ["http/protobuf", "grpc"] {
        let text = ill(&[
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                &format!("{}/v1/traces", collector.url()),
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            trust,
        ]);
        says(&text, &["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"]);
    }
}

#[test]
fn a_key_that_is_of_another_certificate() {
    let collector = Collector::answering(Security::Mutual, |_| Answer::taken());
    let endpoint = format!("{}/v1/traces", collector.url());
    let (key, certificate) = (
        certificate("localhost.key"),
        client_certificate("client.pem"),
    );
    let identity = [
        (
            "OTEL_EXPORTER_OTLP_CLIENT_KEY",
            key.to_str().expect("UTF-8"),
        ),
        (
            "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            certificate.to_str().expect("UTF-8"),
        ),
    ];
    for protocol in ["http/protobuf", "grpc"] {
        let variables = [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ];
        let text = ill(&[&variables[..], &identity].concat());
        says(&text, &["does not fit the client certificate"]);
    }
}

#[test]
fn a_machine_without_certificates_of_authorities() {
    let collector = Collector::answering(Security::Tls, |_| Answer::taken());
    let endpoint = format!("{}/v1/traces", collector.url());
    for protocol in ["http/protobuf", "grpc"] {
        let text = ill(&[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("SSL_CERT_FILE", "/dev/null"),
            ("SSL_CERT_DIR", "/nowhere"),
        ]);
        says(&text, &["OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem"]);
    }
}

#[test]
fn a_proxy_on_the_way() {
    let proxy = Collector::answering(Security::Plain, |_| {
        Answer::Status("403 Forbidden", "", Vec::new())
    });
    let place = proxy.url().replace("http://", "");
    let endpoint = (TRACES, "http://collector.invalid:4318/v1/traces");
    let text = ill(&[endpoint, ("HTTP_PROXY", &proxy.url())]);
    says(
        &text,
        &[
            &format!("by the proxy {place}"),
            "NO_PROXY=collector.invalid",
        ],
    );
    let direct = ("NO_PROXY", "collector.invalid");
    let text = ill(&[endpoint, ("HTTP_PROXY", &proxy.url()), direct]);
    says(&text, &["No host `collector.invalid` is known here"]);
    assert!(!text.contains("proxy"), "{text}");
    let socks = proxy.url().replace("http", "socks5");
    let text = ill(&[endpoint, ("ALL_PROXY", &socks)]);
    says(&text, &[&format!("by the proxy {place}")]);
}
