//! Against real sockets: what the run of a dead, slow, refusing or willing server sees.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::Receiver;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{Tracer as _, TracerProvider as _};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use prost::Message as _;

use super::*;
use crate::settings::Given;

fn endpoints(traces: Option<&str>, metrics: Option<&str>) -> Settings {
    Settings {
        otlp_traces_endpoint: traces.map(given),
        otlp_metrics_endpoint: metrics.map(given),
        ..Settings::default()
    }
}

fn given(value: &str) -> Given {
    Given {
        value: value.to_owned(),
        origin: "a test",
    }
}

/// Telemetry as the settings alone say, without variables.
fn started(settings: &Settings) -> Telemetry {
    let configuration = Configuration::resolve(settings, &|_| None);
    let started = Pipeline::all(&configuration, SERVICE, "a run");
    Telemetry::new(settings, &configuration, "a run".to_owned(), started)
}

const SERVICE: Service<'_> = Service {
    name: "orders",
    version: "1.2.3",
    digest: "sha256:0123",
};

/// A run that ends two spans and counts one metric: the time its shutdown took, and what it logged.
fn run(settings: &Settings) -> (Duration, String) {
    log::tests::captured(|| {
        let telemetry = started(settings);
        for pipeline in telemetry.pipelines.lock().iter() {
            match &pipeline.provider {
                Provider::Traces(provider) => {
                    provider.tracer(names::SCOPE).in_span("outer", |_| {
                        provider.tracer(names::SCOPE).in_span("inner", |_| ())
                    });
                }
                Provider::Metrics(provider) => provider
                    .meter(names::SCOPE)
                    .u64_counter(names::RUN_INVOCATIONS)
                    .build()
                    .add(1, &[]),
                Provider::Logs(_) => {}
            }
        }
        let started = Instant::now();
        telemetry.shutdown();
        let took = started.elapsed();
        telemetry.shutdown();
        took
    })
}

/// A server that gives every request the same answer, and the heads of the requests.
fn server(status: &str, body: Vec<u8>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!(
        "http://{}/custom/path",
        listener.local_addr().expect("bound")
    );
    let answer = format!(
        "HTTP/1.1 {status}\r\nLocation: /elsewhere\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let answer = [answer.into_bytes(), body].concat();
    let (heads, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let head = read_request(&mut stream);
            let _ = heads.send(head);
            stream.write_all(&answer).expect("the client listens");
        }
    });
    (url, received)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        reader.read_line(&mut head).expect("a request");
    }
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next().map(str::to_owned));
    let length: usize = length.expect("a content length").parse().expect("a number");
    reader.read_exact(&mut vec![0; length]).expect("a body");
    head
}

#[test]
fn without_an_endpoint_nothing_is_set_up() {
    let telemetry = started(&Settings::default());
    assert!(telemetry.pipelines.lock().is_empty());
}

#[test]
fn a_willing_server_gets_everything_and_nothing_is_said() {
    let (url, received) = server("200 OK", Vec::new());
    let (_, log) = run(&endpoints(Some(&url), Some(&url)));
    assert_eq!(log, "");
    let heads: Vec<String> = received.try_iter().collect();
    assert_eq!(heads.len(), 2, "one request for each signal: {heads:?}");
    for head in heads {
        assert!(head.starts_with("POST /custom/path HTTP/1.1"), "{head}");
        assert!(
            head.to_lowercase()
                .contains("content-type: application/x-protobuf"),
            "{head}"
        );
    }
}

#[test]
fn a_closed_port_is_one_warning_with_counts_endpoints_and_cause() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port();
    let (traces, metrics) = (
        format!("http://127.0.0.1:{port}/v1/traces"),
        format!("http://127.0.0.1:{port}/v1/metrics"),
    );
    let (took, log) = run(&endpoints(Some(&traces), Some(&metrics)));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(log.lines().count(), 1, "{log}");
    let expected = format!(
        "WARN telemetry was not delivered: 2 spans to {traces} (connection refused); 1 metric data point to {metrics} (connection refused)"
    );
    assert!(log.contains(&expected), "{log}");
}

#[test]
fn a_server_that_never_answers_delays_the_end_by_less_than_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    let (took, log) = run(&endpoints(Some(&url), Some(&url)));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains(&format!("2 spans to {url} (no answer within 4 s)")),
        "{log}"
    );
}

#[test]
fn a_server_that_drips_its_answer_delays_the_end_by_less_than_five_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        read_request(&mut stream);
        let mut drip: &[u8] = b"HTTP/1.1 200 OK\r\nX-Slow: a";
        while stream.write_all(drip).is_ok() {
            drip = b"a";
            thread::sleep(Duration::from_millis(300));
        }
    });
    let (took, log) = run(&endpoints(Some(&url), None));
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(
        log.contains("2 spans to") && log.contains("no answer within 4 s"),
        "{log}"
    );
}

#[test]
fn spans_that_never_were_on_their_way_are_counted_too() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    let ((), log) = log::tests::captured(|| {
        let telemetry = started(&endpoints(Some(&url), None));
        for pipeline in telemetry.pipelines.lock().iter() {
            if let Provider::Traces(provider) = &pipeline.provider {
                // More than one request carries, and more than the SDK's queue holds.
                (0..3000).for_each(|_| drop(provider.tracer(names::SCOPE).start("step")));
            }
        }
    });
    assert!(
        log.contains(&format!("3000 spans to {url} (no answer within ")),
        "{log}"
    );
}

#[test]
fn a_server_that_refuses_is_quoted() {
    for (status, cause) in [
        ("404 Not Found", "404 Not Found"),
        ("302 Found", "302 Found: \"/elsewhere\""),
        ("503 Service Unavailable", "503 Service Unavailable"),
    ] {
        let (url, _heads) = server(status, b"<html>".to_vec());
        let (_, log) = run(&endpoints(Some(&url), None));
        assert!(
            log.contains(&format!("2 spans to {url} (the server answered {cause})")),
            "{log}"
        );
    }
}

#[test]
fn spans_that_a_server_rejects_are_counted() {
    let partial = ExportTracePartialSuccess {
        rejected_spans: 1,
        error_message: "too old".to_owned(),
    };
    let (url, _heads) = server(
        "200 OK",
        ExportTraceServiceResponse {
            partial_success: Some(partial),
        }
        .encode_to_vec(),
    );
    let (_, log) = run(&endpoints(Some(&url), None));
    assert!(
        log.contains(&format!(
            "1 span to {url} (rejected by the server: \"too old\")"
        )),
        "{log}"
    );
}

#[test]
fn a_metric_with_more_sets_of_attributes_than_the_sdk_keeps_apart_is_named() {
    let (url, _heads) = server("200 OK", Vec::new());
    let said_of = |sets: i64| {
        let ((), log) = log::tests::captured(|| {
            let telemetry = started(&endpoints(None, Some(&url)));
            for pipeline in telemetry.pipelines.lock().iter() {
                if let Provider::Metrics(provider) = &pipeline.provider {
                    let counter = provider.meter("orders").u64_counter("orders.read").build();
                    (0..sets).for_each(|order| counter.add(1, &[KeyValue::new("order", order)]));
                }
            }
        });
        log
    };
    assert_eq!(said_of(2000), "");
    let log = said_of(2001);
    assert!(
        log.contains("WARN too many sets of attributes in orders.read: "),
        "{log}"
    );
}

#[test]
fn an_answer_that_is_no_otlp_is_taken_for_success() {
    let (url, _heads) = server("200 OK", b"<html>hello</html>".to_vec());
    assert_eq!(run(&endpoints(Some(&url), Some(&url))).1, "");
}

#[test]
fn an_endpoint_that_is_no_url_is_a_warning_and_no_exporter() {
    let (_, log) = run(&endpoints(Some("localhost:4318"), None));
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(
        log.contains("ignored a test=\"localhost:4318\": expected a full URL"),
        "{log}"
    );
}

#[test]
fn the_resource_names_the_service_the_run_and_where_it_runs() {
    let configuration = Configuration::resolve(&Settings::default(), &|_| None);
    let resource = resource::resource(SERVICE, "a run", &configuration);
    let text = |key: &'static str| resource.get(&key.into()).map(|value| value.to_string());
    assert_eq!(text(names::SERVICE_NAME).as_deref(), Some("orders"));
    assert_eq!(text(names::SERVICE_VERSION).as_deref(), Some("1.2.3"));
    assert_eq!(text(names::SERVICE_INSTANCE_ID).as_deref(), Some("a run"));
    assert_eq!(text(names::WORKFLOW_DIGEST).as_deref(), Some("sha256:0123"));
    assert_eq!(text("telemetry.sdk.language").as_deref(), Some("rust"));
    assert_eq!(text("os.type").as_deref(), Some(std::env::consts::OS));
    assert_eq!(
        text(names::PROCESS_PID),
        Some(std::process::id().to_string())
    );
    let processors = text(names::HOST_ARCH).expect("always known");
    let known = [
        "amd64", "arm32", "arm64", "ia64", "ppc32", "ppc64", "s390x", "x86",
    ];
    assert!(known.contains(&processors.as_str()), "{processors}");
    assert_eq!(text("process.command_args"), None, "they may hold secrets");
}

#[test]
fn an_unsampled_parent_sends_no_span_and_says_nothing() {
    let settings = Settings {
        trace_parent: Some(crate::settings::Given {
            value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00".to_owned(),
            origin: "--trace-parent",
        }),
        ..endpoints(Some("http://127.0.0.1:1/v1/traces"), None)
    };
    let ((), log) = log::tests::captured(|| {
        let telemetry = started(&settings);
        let parent = telemetry.parent_context();
        for pipeline in telemetry.pipelines.lock().iter() {
            if let Provider::Traces(provider) = &pipeline.provider {
                drop(
                    provider
                        .tracer(names::SCOPE)
                        .start_with_context("run", &parent),
                );
            }
        }
    });
    assert_eq!(log, "");
}
