//! What to do about an answer: the usual mistakes, and how to tell them.

use super::super::configuration::{Otlp, Protocol};
use super::super::export::{Answer, Lack};
use super::super::signal::Signal;

/// The ports that collectors listen on: of gRPC, and of HTTP.
const GRPC_PORT: u16 = 4317;
const HTTP_PORT: u16 = 4318;

/// What to do, in a few sentences; nothing if all is well and the server says nothing.
pub(super) fn advice(signal: Signal, otlp: &Otlp, answer: &Answer) -> Vec<String> {
    let place = Place::of(otlp);
    match answer {
        Answer::Taken {
            rejected: 0,
            understood: true,
            ..
        } => {
            let remark = answer.remark();
            Vec::from_iter(remark.map(|remark| format!("The server says: {remark:?}")))
        }
        Answer::Taken { rejected: 0, .. } => vec![format!(
            "Something else than a collector may listen there, or the path is wrong: OTLP over HTTP has {}.",
            place.with_path(signal)
        )],
        Answer::Taken { .. } => vec![
            "The server has read it and does not want it; its own log may say more.".to_owned(),
        ],
        Answer::Refused { code, message, .. } if place.grpc => {
            of_grpc_code(signal, *code, message, otlp)
        }
        Answer::Refused { code, message, .. } => of_status(signal, *code, message, otlp, &place),
        Answer::None { lack, cause } => of_lack(*lack, cause, &place),
    }
}

/// Where a signal goes, in its parts.
struct Place {
    scheme: String,
    host: String,
    port: u16,
    path: String,
    grpc: bool,
}

impl Place {
    fn of(otlp: &Otlp) -> Self {
        let uri = otlp.endpoint.value.uri();
        let scheme = uri.scheme_str().unwrap_or("http").to_owned();
        let port = uri
            .port_u16()
            .unwrap_or(if scheme == "https" { 443 } else { 80 });
        Self {
            host: uri.host().unwrap_or_default().to_owned(),
            path: uri.path().to_owned(),
            grpc: otlp.protocol.value == Protocol::Grpc,
            scheme,
            port,
        }
    }

    fn with_path(&self, signal: Signal) -> String {
        format!(
            "{}://{}:{}/v1/{}",
            self.scheme,
            self.host,
            self.port,
            signal.name()
        )
    }

    /// What is wrong if the port is the one of the other protocol.
    fn wrong_port(&self) -> Option<String> {
        match (self.grpc, self.port) {
            (false, GRPC_PORT) => Some(format!(
                "{GRPC_PORT} is the port of gRPC. OTLP over HTTP goes to {HTTP_PORT}; or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc."
            )),
            (true, HTTP_PORT) => Some(format!(
                "{HTTP_PORT} is the port of HTTP. gRPC goes to {GRPC_PORT}; or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
            )),
            _ => None,
        }
    }

    fn other_scheme(&self) -> String {
        let (now, other) = match self.scheme.as_str() {
            "https" => ("TLS", "http"),
            _ => ("no TLS", "https"),
        };
        format!(
            "The endpoint says {}, so {now} is spoken. Does the server want the other? Try {other}://{}:{}.",
            self.scheme, self.host, self.port
        )
    }
}

fn of_lack(lack: Lack, cause: &str, place: &Place) -> Vec<String> {
    let mut lines: Vec<String> = place.wrong_port().into_iter().collect();
    match lack {
        Lack::Refused => {
            lines.push(format!("Nothing listens at {}:{}. Is the collector running, and does it listen on that port?", place.host, place.port));
            if matches!(place.host.as_str(), "localhost" | "127.0.0.1" | "[::1]") {
                lines.push("Inside a container, localhost is the container itself: name the collector's service or host.".to_owned());
            }
        }
        Lack::Unresolved => lines.push(format!(
            "No host `{}` is known here. Names of compose and Kubernetes services are known in their network only.",
            place.host
        )),
        Lack::Timeout => lines.push("A firewall that drops packets looks like this, and a server that is overloaded. OTEL_EXPORTER_OTLP_TIMEOUT gives it longer (in ms).".to_owned()),
        Lack::Tls if cause.contains("InvalidContentType") || cause.contains("corrupt message") => {
            lines.push(format!("The server speaks plain HTTP: write http://{}:{} instead of https.", place.host, place.port));
        }
        Lack::Tls => lines.push(
            "If the server's certificate is of an authority of your own, name that authority's certificate: OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem. \
             A server that wants to know its clients needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY."
                .to_owned(),
        ),
        Lack::Other if lines.is_empty() => lines.push(place.other_scheme()),
        Lack::Other => {}
    }
    lines
}

fn of_status(
    signal: Signal,
    status: u16,
    message: &str,
    otlp: &Otlp,
    place: &Place,
) -> Vec<String> {
    let mut lines = Vec::new();
    match status {
        400 if message.contains("HTTPS") || message.contains("TLS") => lines.push(place.other_scheme()),
        401 | 403 => lines.extend(unauthorised(otlp)),
        404 | 405 => lines.extend(unknown_path(signal, place)),
        415 => lines.push("The server does not take this encoding: try OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, without compression.".to_owned()),
        429 | 502..=504 => lines.push("The server has too much to do, or what is behind it does not answer. A run repeats such a request twice.".to_owned()),
        500.. => lines.push("The fault is the server's: look into its log.".to_owned()),
        _ => lines.push(format!("Is it an OTLP server? OTLP over HTTP has {}.", place.with_path(signal))),
    }
    lines.extend(place.wrong_port());
    lines
}

fn of_grpc_code(signal: Signal, code: u16, message: &str, otlp: &Otlp) -> Vec<String> {
    // Codes of gRPC: https://grpc.io/docs/guides/status-codes.
    match code {
        12 => vec![format!(
            "The server has no receiver of {}. Jaeger takes traces only; a collector has a pipeline for each signal.",
            signal.name()
        )],
        7 | 16 => unauthorised(otlp),
        8 | 14 => {
            vec!["The server has too much to do, or what is behind it does not answer.".to_owned()]
        }
        _ if message.contains("http2") => vec![
            "The server does not speak gRPC there: try OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
                .to_owned(),
        ],
        _ => vec!["The server's own log may say more.".to_owned()],
    }
}

fn unauthorised(otlp: &Otlp) -> Vec<String> {
    vec![match otlp.headers.value.0.is_empty() {
        true => "It wants credentials: OTEL_EXPORTER_OTLP_HEADERS='Authorization=Bearer%20<token>' sends some.".to_owned(),
        false => format!("It does not accept these credentials: {} (of {}).", otlp.headers.value, otlp.headers.origin),
    }]
}

fn unknown_path(signal: Signal, place: &Place) -> Vec<String> {
    if place.path.contains("/otlp/") {
        return vec![
            "Prometheus 3 takes OTLP with --web.enable-otlp-receiver only, and versions 2.47 to 2.55 with --enable-feature=otlp-write-receiver.".to_owned(),
            format!("Its path is /api/v1/otlp/v1/metrics; the endpoint has {}.", place.path),
        ];
    }
    match place.path.ends_with(&format!("/v1/{}", signal.name())) {
        true => vec![format!(
            "The server takes no {} there. Jaeger takes traces only; a collector has a pipeline for each signal.",
            signal.name()
        )],
        false => vec![format!(
            "The endpoint is used as it is, and its path is {}. OTLP over HTTP has {}.",
            place.path,
            place.with_path(signal)
        )],
    }
}
