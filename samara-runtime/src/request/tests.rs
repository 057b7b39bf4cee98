//! Against real sockets.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Instant;

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};

use super::*;

/// What a server got.
pub(crate) struct Received {
    pub line: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub at: Instant,
}

/// A server that answers with these statuses in turn, and with the last one from then on. At 0 it keeps silent.
pub(crate) struct Server {
    address: SocketAddr,
    received: Receiver<Received>,
}

impl Server {
    pub fn answering(statuses: &'static [u16]) -> Self {
        Self::start(statuses, String::new())
    }

    /// One that sends everything elsewhere.
    fn redirecting_to(url: String) -> Self {
        Self::start(&[308], url)
    }

    fn start(statuses: &'static [u16], location: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (send, received) = mpsc::channel();
        thread::spawn(move || {
            let mut silent = Vec::new();
            for (place, stream) in listener.incoming().enumerate() {
                let mut stream = stream.expect("a connection");
                let _ = send.send(read(&mut stream));
                match statuses[place.min(statuses.len() - 1)] {
                    0 => silent.push(stream),
                    status => write!(
                        stream,
                        "HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    )
                    .expect("the client listens"),
                }
            }
        });
        Self { address, received }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.try_iter().collect()
    }

    /// The paths of all requests so far.
    pub fn paths(&self) -> Vec<String> {
        let path = |received: Received| received.line.split(' ').nth(1).map(str::to_owned);
        self.received().into_iter().filter_map(path).collect()
    }
}

fn read(stream: &mut TcpStream) -> Received {
    let mut reader = BufReader::new(stream);
    let mut next = || {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        line.trim_end().to_owned()
    };
    let line = next();
    let lines = std::iter::from_fn(|| Some(next()).filter(|line| !line.is_empty()));
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| {
            let (name, value) = line.split_once(": ")?;
            Some((name.to_lowercase(), value.to_owned()))
        })
        .collect();
    let length = headers.get("content-length");
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    reader.read_exact(&mut body).expect("a body");
    Received {
        line,
        headers,
        body: String::from_utf8(body).expect("text"),
        at: Instant::now(),
    }
}

/// What `work` returns, the id of the span that it runs in, and the finished spans of that trace.
pub(crate) fn traced<T>(work: impl FnOnce() -> T) -> (T, SpanId, Vec<SpanData>) {
    static EXPORTER: OnceLock<InMemorySpanExporter> = OnceLock::new();
    let exporter = EXPORTER.get_or_init(|| {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
        global::set_tracer_provider(provider.build());
        exporter
    });
    let context = Context::new().with_span(global::tracer("test").start("outer"));
    let (trace, outer): (TraceId, SpanId) = {
        let span = context.span();
        (
            span.span_context().trace_id(),
            span.span_context().span_id(),
        )
    };
    let result = {
        let _current = context.attach();
        work()
    };
    let spans = exporter.get_finished_spans().expect("spans");
    let of_trace = |span: &SpanData| span.span_context.trace_id() == trace && span.name != "outer";
    (result, outer, spans.into_iter().filter(of_trace).collect())
}

fn attribute(span: &SpanData, name: &str) -> Option<String> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|attribute| attribute.key.as_str() == name);
    found.map(|attribute| attribute.value.to_string())
}

fn post(url: &str, timeout: u64) -> Request {
    let body = Some("{}".to_owned());
    Request::new("post", url, [], body, Duration::from_secs(timeout)).expect("a request")
}

fn retries(count: u32, milliseconds: u64) -> Retries {
    let delay = Duration::from_millis(milliseconds);
    Retries { count, delay }
}

#[test]
fn a_request_is_sent_until_it_is_accepted_and_waits_in_between() {
    let server = Server::answering(&[500, 404, 204]);
    let sent = post(&server.url("/"), 5).send(retries(3, 120));
    assert!(sent.is_ok(), "{sent:?}");
    let received = server.received();
    assert_eq!(received.len(), 3);
    for pair in received.windows(2) {
        assert!(pair[1].at - pair[0].at >= Duration::from_millis(120));
    }
}

#[test]
fn the_last_failure_is_told_when_all_attempts_are_used_up() {
    let server = Server::answering(&[500, 503]);
    let error = post(&server.url("/"), 5)
        .send(retries(1, 1))
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the server answered 503 Service Unavailable"
    );
    assert_eq!(server.received().len(), 2);
}

#[test]
fn a_redirect_is_a_failure_and_nothing_goes_elsewhere() {
    let elsewhere = Server::answering(&[200]);
    let server = Server::redirecting_to(elsewhere.url("/"));
    let error = post(&server.url("/"), 5).send(Retries::default());
    let error = error.expect_err("a redirect");
    assert_eq!(
        error.to_string(),
        "the server answered 308 Permanent Redirect, and redirects are not followed"
    );
    assert_eq!(error.kind(), "308");
    assert!(elsewhere.received().is_empty());
}

#[test]
fn a_path_that_is_a_secret_is_in_no_span() {
    let server = Server::answering(&[200]);
    let request = post(&server.url("/services/hunter2"), 5).with_secret_path();
    let (sent, _, spans) = traced(|| request.send(Retries::default()));
    assert!(sent.is_ok());
    let expected = server.url("/REDACTED");
    assert_eq!(attribute(&spans[0], "url.full"), Some(expected));
}

#[test]
fn an_attempt_is_a_client_span_that_the_receiver_continues() {
    let server = Server::answering(&[503, 200]);
    let (sent, outer, spans) = traced(|| post(&server.url("/a?key=k"), 5).send(retries(1, 1)));
    assert!(sent.is_ok());
    let received = server.received();
    assert_eq!((received.len(), spans.len()), (2, 2));
    for (received, span) in received.iter().zip(&spans) {
        let context = &span.span_context;
        let parent = format!("00-{}-{}-01", context.trace_id(), context.span_id());
        assert_eq!(received.headers["traceparent"], parent);
        assert_eq!(
            (span.name.as_ref(), &span.span_kind),
            ("POST", &SpanKind::Client)
        );
        assert_eq!(span.parent_span_id, outer);
    }
    let [first, second] = spans.as_slice() else {
        panic!("two spans")
    };
    let of = |span, name| attribute(span, name).unwrap_or_default();
    assert_eq!(of(first, "http.request.method"), "POST");
    assert_eq!(of(first, "url.full"), server.url("/a"));
    assert_eq!(of(first, "server.address"), "127.0.0.1");
    assert_eq!(of(first, "server.port"), server.address.port().to_string());
    assert_eq!(of(first, "http.response.status_code"), "503");
    assert_eq!(of(first, "error.type"), "503");
    assert!(matches!(first.status, Status::Error { .. }));
    assert_eq!(attribute(first, "http.request.resend_count"), None);
    assert_eq!(of(second, "http.request.resend_count"), "1");
    assert_eq!(of(second, "http.response.status_code"), "200");
    assert_eq!(
        (attribute(second, "error.type"), &second.status),
        (None, &Status::Unset)
    );
}

#[test]
fn a_server_that_keeps_silent_is_given_up() {
    let server = Server::answering(&[0]);
    let began = Instant::now();
    let (sent, _, spans) = traced(|| post(&server.url("/"), 1).send(retries(1, 1)));
    let error = sent.expect_err("silence").to_string();
    assert_eq!(error, "no answer within 1 s");
    let took = began.elapsed().as_secs_f64();
    assert!((2.0..4.0).contains(&took), "{took}");
    assert_eq!(server.received().len(), 2);
    assert_eq!(
        attribute(&spans[0], "error.type").as_deref(),
        Some("timeout")
    );
    assert_eq!(attribute(&spans[0], "http.response.status_code"), None);
}

#[test]
fn a_server_that_is_not_there_is_told_in_plain_words() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    drop(listener);
    let error = post(&url, 5).send(Retries::default()).expect_err("refused");
    assert_eq!(error.to_string(), "connection refused");
    assert_eq!(error.kind(), "ConnectionRefused");
}

#[test]
fn variables_are_resolved_in_url_and_headers() {
    let server = Server::answering(&[200]);
    let url = server.url("/${CARGO_PKG_NAME}");
    let headers = [
        ("X-Token", "${SAMARA_TEST_UNSET:-t}"),
        ("content-type", "text/plain"),
    ];
    let body = Some("text".to_owned());
    let request = Request::new("PUT", &url, headers, body, Duration::from_secs(5));
    request
        .expect("a request")
        .send(Retries::default())
        .expect("sent");
    let received = server.received().remove(0);
    assert_eq!(received.line, "PUT /samara HTTP/1.1");
    assert_eq!(received.headers["x-token"], "t");
    assert_eq!(received.headers["content-type"], "text/plain");
    assert_eq!(received.body, "text");
}

#[test]
fn what_a_variable_holds_is_not_shown_but_for_the_base_of_a_url() {
    let cases = [
        (
            "https://u:p@h/a?key=k",
            "https://u:p@h/a?key=k",
            "https://h/a",
        ),
        (
            "https://h/${T:-t}/a",
            "https://h/t/a",
            "https://h/REDACTED/a",
        ),
        ("${B:-http://h:1/x}/a", "http://h:1/x/a", "http://h:1/x/a"),
        ("${U:-https://h/t}", "https://h/t", "https://h/REDACTED"),
    ];
    for (template, resolved, expected) in cases {
        let uri = parse_url(resolved).expect("a URL");
        assert_eq!(shown(template, &uri).as_deref(), Ok(expected));
    }
}

#[test]
fn what_no_request_can_be_made_of_is_refused_without_its_values() {
    let new = |method: &str, url: &str, header: (&'static str, &'static str)| {
        let request = Request::new(method, url, [header], None, Duration::from_secs(1));
        request
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let fine = ("a", "b");
    assert!(new("PSOT", "http://h", fine).contains("`PSOT` is no method"));
    assert!(!new("GET", "h?key=secret", fine).contains("secret"));
    assert!(new("GET", "http://${SAMARA_TEST_UNSET}", fine).contains("SAMARA_TEST_UNSET"));
    let header = new("GET", "http://h", ("a", "sec\nret"));
    assert!(
        header.contains("`a`") && !header.contains("sec"),
        "{header}"
    );
}
