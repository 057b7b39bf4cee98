//! Telemetry goes by the proxies that the process's variables name, over HTTP and over gRPC.

use std::io::{self, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::grpc_receiver::GrpcReceiver;
use super::{Run, SPANS};
use crate::collector::Collector;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";

/// Only the proxy knows this host.
const UNKNOWN: &str = "http://collector.invalid:4318";

/// `word` of `user`, as basic authorization.
const AUTHORIZATION: &str = "Basic dXNlcjp3b3Jk";

/// What a proxy was asked for: the host and its port, and by whom.
type Asked = (String, String);

/// A proxy that speaks HTTP and SOCKS, and leads to one place whatever it is asked for.
struct Proxy {
    place: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    fn to(url: &str) -> Self {
        let target = url.replace("http://", "");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let place = listener.local_addr().expect("bound").to_string();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let all = Arc::clone(&asked);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, target, all) =
                    (client.expect("a client"), target.clone(), all.clone());
                // Who goes away amid its question is none of the proxy's business.
                thread::spawn(move || lead(client, &target, &all));
            }
        });
        Self { place, asked }
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://user:word@{}", self.place)
    }

    fn asked(&self) -> Vec<Asked> {
        let mut asked = self.asked.lock().expect("no panic while held").clone();
        asked.sort();
        asked.dedup();
        asked
    }
}

fn lead(mut client: TcpStream, target: &str, all: &Mutex<Vec<Asked>>) -> io::Result<()> {
    let mut first = [0];
    client.peek(&mut first)?;
    let (asked, granted) = match first {
        [5] => (asked_by_socks(&mut client)?, &SOCKS_GRANTED[..]),
        _ => (
            asked_by_connect(&mut client)?,
            &b"HTTP/1.1 200 OK\r\n\r\n"[..],
        ),
    };
    all.lock().expect("no panic while held").push(asked);
    client.write_all(granted)?;
    let server = TcpStream::connect(target)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    io::copy(&mut &server, &mut client).map(drop)
}

fn asked_by_connect(client: &mut TcpStream) -> io::Result<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.extend(bytes(client, 1)?);
    }
    let head = String::from_utf8_lossy(&head);
    let place = head.split(' ').nth(1).unwrap_or_default();
    let authorization = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("proxy-authorization")
            .then_some(value)
    });
    Ok((
        place.to_owned(),
        authorization.unwrap_or_default().to_owned(),
    ))
}

/// RFC 1928, section 6: granted, from an address that nobody looks at.
const SOCKS_GRANTED: [u8; 10] = [5, 0, 0, 1, 0, 0, 0, 0, 0, 0];

/// RFC 1928, sections 3 and 4, with user and password by RFC 1929.
fn asked_by_socks(client: &mut TcpStream) -> io::Result<Asked> {
    let count = bytes(client, 2)?[1];
    bytes(client, count)?;
    client.write_all(&[5, 2])?;
    bytes(client, 1)?;
    let (user, password) = (text(client)?, text(client)?);
    client.write_all(&[1, 0])?;
    // Version, command, reserved, and that a name follows.
    bytes(client, 4)?;
    let host = text(client)?;
    let port = bytes(client, 2)?;
    let port = u16::from_be_bytes([port[0], port[1]]);
    Ok((format!("{host}:{port}"), format!("{user}:{password}")))
}

fn text(client: &mut TcpStream) -> io::Result<String> {
    let length = bytes(client, 1)?[0];
    Ok(String::from_utf8_lossy(&bytes(client, length)?).into_owned())
}

fn bytes(client: &mut TcpStream, count: u8) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; count.into()];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn telemetry_goes_by_the_proxy_which_learns_who_asks_and_finds_the_host() {
    let (collector, receiver) = (Collector::start(), GrpcReceiver::start());
    for (protocol, url) in [
        ("http/protobuf", collector.url()),
        ("grpc", receiver.url().to_owned()),
    ] {
        for (scheme, who) in [("http", AUTHORIZATION), ("socks5h", "user:word")] {
            let proxy = Proxy::to(&url);
            let variables = [
                (ENDPOINT, UNKNOWN),
                (PROTOCOL, protocol),
                ("HTTP_PROXY", &proxy.url(scheme)),
            ];
            Run::of(&[], &variables).delivered();
            let asked = ("collector.invalid:4318".to_owned(), who.to_owned());
            assert_eq!(proxy.asked(), [asked], "{protocol} {scheme}");
        }
    }
    assert_eq!(collector.spans().len(), 2 * SPANS);
    assert_eq!(receiver.spans().len(), 2 * SPANS);
}

#[test]
fn what_no_proxy_lists_and_what_has_another_scheme_goes_directly() {
    let (collector, receiver) = (Collector::start(), GrpcReceiver::start());
    let proxy = Proxy::to("http://127.0.0.1:9");
    let url = proxy.url("http");
    for (protocol, endpoint) in [
        ("http/protobuf", collector.url()),
        ("grpc", receiver.url().to_owned()),
    ] {
        let to = [(ENDPOINT, endpoint.as_str()), (PROTOCOL, protocol)];
        let listed = [
            ("ALL_PROXY", url.as_str()),
            ("NO_PROXY", "a.b, 127.0.0.0/8"),
        ];
        Run::of(&[], &[to, listed].concat()).delivered();
        let of_tls = [("HTTPS_PROXY", url.as_str())];
        Run::of(&[], &[&to[..], &of_tls].concat()).delivered();
    }
    assert_eq!(proxy.asked(), []);
}

#[test]
fn a_proxy_that_leads_nowhere_is_named() {
    let proxy = Proxy::to("http://127.0.0.1:9");
    for protocol in ["http/protobuf", "grpc"] {
        let variables = [
            (ENDPOINT, UNKNOWN),
            (PROTOCOL, protocol),
            ("http_proxy", &proxy.url("http")),
        ];
        let run = Run::of(&[], &variables).succeeded();
        let by = format!("by the proxy {}", proxy.place);
        assert!(run.log.contains(&by), "{protocol}: {}", run.log);
        assert!(!run.log.contains("word"), "{}", run.log);
    }
}

#[test]
fn a_proxy_that_grpc_cannot_speak_to_is_told() {
    let variables = [
        (ENDPOINT, UNKNOWN),
        (PROTOCOL, "grpc"),
        ("HTTP_PROXY", "https://proxy.invalid"),
    ];
    let run = Run::of(&[], &variables).succeeded();
    let told = "gRPC goes by proxies of the kinds http:// and socks5:// only";
    assert!(run.log.contains(told), "{}", run.log);
}
