//! Telemetry never harms a run: whatever a server does, output and exit code are the same, the end comes in time, and what was lost is told once,
//! in the server's words.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::grpc_receiver::{self, GrpcReceiver};
use super::{Run, SPANS, Waiting};
use crate::collector::{Answer, Collector, Security};
use crate::program::Workplace;

/// The bound that is promised, and as much again for a busy machine.
const BOUND: Duration = Duration::from_secs(10);

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// A run that does its work while its telemetry goes to a server, in time.
fn run(variables: &[(&str, &str)]) -> Run {
    let began = Instant::now();
    Run::of(&[], &[]).delivered();
    let without = began.elapsed();
    let began = Instant::now();
    let run = Run::of(&[], variables).succeeded();
    let with = began.elapsed();
    assert!(with < without + BOUND, "{with:?} against {without:?}");
    run
}

/// What is told once of all that was lost.
fn loss(run: &Run) -> &str {
    let complaints = run.complaints();
    assert_eq!(complaints.len(), 1, "{}", run.log);
    assert!(complaints[0].contains("WARN"), "{}", run.log);
    assert!(
        complaints[0].contains("telemetry was not delivered: "),
        "{}",
        run.log
    );
    complaints[0]
}

/// All three signals are lost, each with its number, its place and the cause.
fn all_lost(run: &Run, url: &str, cause: &str) {
    let loss = loss(run);
    for what in [
        &format!("{SPANS} spans"),
        "metric data points",
        "2 log records",
    ] {
        let expected = format!("{what} to {url}/");
        assert!(loss.contains(&expected), "{expected}: {loss}");
    }
    assert_eq!(loss.matches(cause).count(), 3, "{cause}: {loss}");
}

/// A run against a server that gives each request the same answer.
fn against(security: Security, answer: Answer) -> (Run, Collector) {
    let collector = Collector::answering(security, move |_| answer.clone());
    let run = run(&[(ENDPOINT, &collector.url())]);
    (run, collector)
}

/// How OTLP has a server explain itself: `google.rpc.Status`, whose second field is a message.
fn explained(message: &str) -> Vec<u8> {
    let length = u8::try_from(message.len()).expect("a short message");
    [&[0x12, length], message.as_bytes()].concat()
}

#[test]
fn a_server_that_takes_everything_is_not_talked_of() {
    let collector = Collector::start();
    run(&[(ENDPOINT, &collector.url())]).delivered();
    assert_eq!(collector.spans().len(), SPANS);
    assert_eq!(collector.records().len(), 2);
    assert!(!collector.metrics().is_empty());
}

#[test]
fn a_port_where_nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let url = format!("http://127.0.0.1:{port}");
    all_lost(&run(&[(ENDPOINT, &url)]), &url, "(connection refused)");
    let grpc = run(&[(ENDPOINT, &url), (PROTOCOL, "grpc")]);
    all_lost(&grpc, &url, "(connection refused)");
}

#[test]
fn a_server_that_never_answers() {
    let (run, collector) = against(Security::Plain, Answer::Silence);
    all_lost(&run, &collector.url(), "(no answer within 4 s)");
}

#[test]
fn a_server_that_never_answers_over_grpc() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    let run = run(&[(ENDPOINT, &url), (PROTOCOL, "grpc")]);
    all_lost(&run, &url, "(no answer within 4 s)");
}

#[test]
fn a_server_that_refuses_is_quoted_and_not_asked_again() {
    const PROTOBUF: &str = "Content-Type: application/x-protobuf\r\n";
    const TEXT: &str = "Content-Type: text/plain\r\n";
    const JSON: &str = "Content-Type: application/json\r\n";
    let cases = [
        (
            "400 Bad Request",
            PROTOBUF,
            explained("no resource"),
            r#"400 Bad Request: "no resource""#,
        ),
        (
            "401 Unauthorized",
            JSON,
            br#"{"code": 16, "message": "no token"}"#.to_vec(),
            r#"401 Unauthorized: "no token""#,
        ),
        (
            "404 Not Found",
            TEXT,
            b"404 page not found\n".to_vec(),
            r#"404 Not Found: "404 page not found""#,
        ),
        (
            "500 Internal Server Error",
            "",
            Vec::new(),
            "500 Internal Server Error",
        ),
        (
            "302 Found",
            "Location: /login\r\n",
            b"<html>".to_vec(),
            r#"302 Found: "/login""#,
        ),
    ];
    for (status, head, body, words) in cases {
        let (run, collector) = against(Security::Plain, Answer::Status(status, head, body));
        let cause = format!("(the server answered {words})");
        all_lost(&run, &collector.url(), &cause);
        assert_eq!(collector.requests().len(), 3, "{status}");
    }
}

#[test]
fn a_server_that_has_too_much_to_do_is_asked_again_and_then_quoted() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let answer = Answer::Status(status, "Content-Type: text/plain\r\n", b"busy".to_vec());
        let (run, collector) = against(Security::Plain, answer);
        let cause = format!("(the server answered {status}: \"busy\")");
        all_lost(&run, &collector.url(), &cause);
        assert!(collector.to("/v1/traces").len() > 1, "{status}");
    }
}

#[test]
fn a_server_that_wants_to_be_asked_again_later_than_a_run_waits() {
    let answer = Answer::Status(
        "429 Too Many Requests",
        "Retry-After: 60\r\n",
        b"later".to_vec(),
    );
    let (run, collector) = against(Security::Plain, answer);
    let cause = "(the server answered 429 Too Many Requests: \"later\")";
    all_lost(&run, &collector.url(), cause);
    assert_eq!(collector.requests().len(), 3);
}

#[test]
fn a_server_that_takes_the_second_request_gets_everything() {
    for (status, head) in [
        ("429 Too Many Requests", "Retry-After: 1\r\n"),
        ("503 Service Unavailable", ""),
    ] {
        let collector = Collector::answering(Security::Plain, move |number| match number {
            0 => Answer::Status(status, head, Vec::new()),
            _ => Answer::taken(),
        });
        run(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            &format!("{}/v1/traces", collector.url()),
        )])
        .delivered();
        let requests = collector.requests();
        assert_eq!(requests.len(), 2, "{status}");
        assert_eq!(requests[0].body, requests[1].body);
    }
}

#[test]
fn a_server_that_is_away_for_some_seconds_amid_a_run_gets_everything() {
    let collector = Collector::answering(Security::Plain, |number| match number {
        0..5 => Answer::Status("503 Service Unavailable", "", Vec::new()),
        _ => Answer::taken(),
    });
    let workplace = Workplace::empty();
    let endpoint = format!("{}/v1/traces", collector.url());
    let run = Waiting::start(
        &workplace,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ],
    );
    run.until(|| collector.requests().len() > 5);
    let log = run.end();
    assert!(!log.contains("not delivered"), "{log}");
}

fn partial_success(rejected: i64) -> Vec<u8> {
    let partial = ExportTracePartialSuccess {
        rejected_spans: rejected,
        error_message: "too old".to_owned(),
    };
    // Those of metrics and logs look the same on the wire.
    let answer = ExportTraceServiceResponse {
        partial_success: Some(partial),
    };
    answer.encode_to_vec()
}

#[test]
fn what_a_server_rejects_is_counted() {
    let answer = Answer::Status(
        "200 OK",
        "Content-Type: application/x-protobuf\r\n",
        partial_success(1),
    );
    let (run, _) = against(Security::Plain, answer);
    let loss = loss(&run);
    for what in ["1 span to", "1 metric data point to", "1 log record to"] {
        assert!(loss.contains(what), "{loss}");
    }
    let cause = "(rejected by the server: \"too old\")";
    assert_eq!(loss.matches(cause).count(), 3, "{loss}");
}

#[test]
fn what_a_server_rejects_is_counted_in_json_too() {
    let collector = Collector::answering(Security::Plain, |_| {
        let answer = br#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}"#;
        let head = "Content-Type: application/json\r\n";
        Answer::Status("200 OK", head, answer.to_vec())
    });
    let endpoint = format!("{}/v1/traces", collector.url());
    let variables = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
    ];
    let loss = Run::of(&[], &variables).succeeded().complaints().concat();
    assert!(
        loss.contains("1 span to") && loss.contains("rejected by the server: \"too old\""),
        "{loss}"
    );
}

#[test]
fn what_a_server_remarks_on_telemetry_that_it_takes_is_handed_on() {
    let answer = Answer::Status(
        "200 OK",
        "Content-Type: application/x-protobuf\r\n",
        partial_success(0),
    );
    let (run, collector) = against(Security::Plain, answer);
    let told = run.complaints().join("\n");
    for signal in ["traces", "metrics", "logs"] {
        let url = format!("{}/v1/{signal}", collector.url());
        let expected = format!("WARN {url} says of the {signal} that it took: \"too old\"");
        assert!(told.contains(&expected), "{expected}: {told}");
    }
    assert_eq!(run.complaints().len(), 3, "nothing is lost: {told}");
}

#[test]
fn a_server_that_speaks_something_else() {
    let (run, collector) = against(Security::Plain, Answer::Bytes(b"SSH-2.0-OpenSSH_9.9\r\n"));
    all_lost(&run, &collector.url(), "invalid HTTP version)");
}

#[test]
fn a_server_that_closes_the_connection_amid_its_answer() {
    let answer = Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    let (run, collector) = against(Security::Plain, answer);
    all_lost(&run, &collector.url(), "(Peer disconnected)");
}

#[test]
fn an_answer_that_is_no_otlp_is_taken_for_success() {
    let page = b"<html>hello</html>".to_vec();
    let answer = Answer::Status("200 OK", "Content-Type: text/html\r\n", page);
    against(Security::Plain, answer).0.delivered();
}

#[test]
fn a_server_whose_certificate_nobody_here_trusts() {
    let (run, collector) = against(Security::Tls, Answer::taken());
    all_lost(&run, &collector.url(), "(TLS failed: ");
    assert!(loss(&run).contains("UnknownIssuer"), "{}", run.log);
    assert_eq!(collector.requests().len(), 0);
    let url = collector.url();
    let grpc = self::run(&[(ENDPOINT, &url), (PROTOCOL, "grpc")]);
    all_lost(&grpc, &url, "(TLS failed: ");
}

/// A run against a gRPC server that gives each request the same answer.
fn over_grpc(answer: grpc_receiver::Answer) -> (Run, GrpcReceiver) {
    let receiver = GrpcReceiver::answering(move |_| answer.clone());
    let run = run(&[(ENDPOINT, receiver.url()), (PROTOCOL, "grpc")]);
    (run, receiver)
}

#[test]
fn a_grpc_server_that_refuses_is_quoted() {
    let refusal = |code, message| grpc_receiver::Answer {
        code,
        message,
        body: Vec::new(),
    };
    // Unauthenticated, and unavailable, which is worth another try.
    let (run, receiver) = over_grpc(refusal(16, "no token"));
    let cause = "(the server answered Unauthenticated: \"no token\")";
    all_lost(&run, receiver.url(), cause);
    assert_eq!(receiver.requests().len(), 3);
    let (run, receiver) = over_grpc(refusal(14, "busy"));
    let cause = "(the server answered Unavailable: \"busy\")";
    all_lost(&run, receiver.url(), cause);
    assert!(receiver.to("TraceService").len() > 1);
}

#[test]
fn a_grpc_server_that_is_available_again_gets_everything() {
    let receiver = GrpcReceiver::answering(|number| grpc_receiver::Answer {
        code: if number == 0 { 14 } else { 0 },
        ..grpc_receiver::Answer::default()
    });
    let variables = [(ENDPOINT, receiver.url()), (PROTOCOL, "grpc")];
    run(&variables).delivered();
    assert_eq!(receiver.requests().len(), 4);
}

#[test]
fn what_a_grpc_server_rejects_is_counted() {
    let (run, _) = over_grpc(grpc_receiver::Answer {
        body: partial_success(1),
        ..grpc_receiver::Answer::default()
    });
    let loss = loss(&run);
    let cause = "(rejected by the server: \"too old\")";
    assert_eq!(loss.matches(cause).count(), 3, "{loss}");
}

#[test]
fn what_an_early_export_lost_is_told_only_if_no_later_one_makes_up_for_it() {
    const PREFERENCE: &str = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    for (preference, lost) in [("cumulative", false), ("delta", true)] {
        let (workplace, collector) = (
            Workplace::empty(),
            Collector::answering(Security::Plain, |number| match number {
                0 => Answer::Status("400 Bad Request", "", Vec::new()),
                _ => Answer::taken(),
            }),
        );
        let endpoint = format!("{}/v1/metrics", collector.url());
        let variables = [
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", endpoint.as_str()),
            ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
            (PREFERENCE, preference),
        ];
        let run = Waiting::start(&workplace, &variables);
        run.until(|| !collector.requests().is_empty());
        let log = run.end();
        assert!(collector.requests().len() > 1);
        let told = log.contains("1 metric data point to");
        assert_eq!(told, lost, "{preference}: {log}");
    }
}

#[test]
fn a_run_that_fails_does_so_with_the_same_code_whatever_the_server_does() {
    let collector = Collector::answering(Security::Plain, |_| Answer::Silence);
    for variables in [vec![], vec![(ENDPOINT, collector.url())]] {
        let workplace = Workplace::with_example("customer_orders");
        let orders = "examples/customer_orders/orders.json";
        std::fs::remove_file(workplace.path().join(orders)).expect("the file");
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let run = Run::within(workplace, &[], &variables);
        assert_eq!(run.output.status.code(), Some(50), "{}", run.log);
        let told = run.log.contains("telemetry was not delivered");
        assert_eq!(told, !variables.is_empty(), "{}", run.log);
    }
}
