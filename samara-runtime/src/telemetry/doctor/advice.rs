//! What to do about an answer: the usual mistakes, and how to tell them.

use ureq::ProxyProtocol;

use super::super::SHUTDOWN_LIMIT;
use super::super::configuration::{Otlp, Protocol};
use super::super::export::{Answer, Lack};
use super::super::signal::Signal;
use crate::proxy;

/// The ports that collectors listen on: of gRPC, and of HTTP.
const GRPC_PORT: u16 = 4317;
const HTTP_PORT: u16 = 4318;

/// Where Prometheus takes metrics.
const PROMETHEUS: &str = "/api/v1/otlp/v1/metrics";

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
            of_grpc_code(signal, *code, message, otlp, &place)
        }
        Answer::Refused { code, message, .. } => of_status(signal, *code, message, otlp, &place),
        Answer::None { lack, cause } => of_lack(*lack, cause, &place),
    }
}

/// What to do about what cannot be sent at all.
pub(super) fn of_inability(reason: &str) -> Vec<String> {
    let is_alone = reason.contains("no native certs found");
    Vec::from_iter(is_alone.then(|| AUTHORITIES.to_owned()))
}

/// What to do about a server that takes what it is sent, but too late.
pub(super) fn of_slowness() -> Vec<String> {
    vec![format!(
        "A run that ends waits {} s for its telemetry, and no longer. What is slow may be the server, or the way to it: a Collector nearby takes it at once.",
        SHUTDOWN_LIMIT.as_secs_f32()
    )]
}

/// Where a signal goes, in its parts.
struct Place {
    scheme: String,
    host: String,
    port: u16,
    path: String,
    grpc: bool,
    /// The proxy that requests go by.
    proxy: Option<proxy::Chosen>,
    /// Whether the client says who it is.
    identified: bool,
}

impl Place {
    fn of(otlp: &Otlp) -> Self {
        let uri = otlp.endpoint.value.uri();
        let scheme = uri.scheme_str().unwrap_or("http").to_owned();
        let port = uri
            .port_u16()
            .unwrap_or(if scheme == "https" { 443 } else { 80 });
        let grpc = otlp.protocol.value == Protocol::Grpc;
        Self {
            proxy: proxy::Chosen::of(uri),
            identified: otlp.identity.is_some(),
            host: uri.host().unwrap_or_default().to_owned(),
            path: uri.path().to_owned(),
            grpc,
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

    /// Whether a failure is that of one protocol spoken to a server of the other.
    fn is_other_protocol(&self, cause: &str) -> bool {
        match self.grpc {
            true => ["http2", "frame", "compression flag"]
                .iter()
                .any(|words| cause.contains(words)),
            // Some close the connection before what they said has been read.
            false => {
                cause.contains("HTTP version")
                    || self.scheme == "http" && cause.contains("connection reset")
            }
        }
    }

    fn other_protocol(&self) -> String {
        match (self.grpc, self.scheme.as_str()) {
            (true, _) => "The server does not speak gRPC there: try OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf.".to_owned(),
            (false, "https") => "A server of gRPC answers like this: try OTEL_EXPORTER_OTLP_PROTOCOL=grpc.".to_owned(),
            (false, _) => format!(
                "A server of gRPC answers like this, and one that wants TLS: try OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or https://{}:{}.",
                self.host, self.port
            ),
        }
    }

    /// What to do about a server that closes the connection as soon as TLS is there.
    fn closed_over_tls(&self) -> [String; 2] {
        let client = match self.identified {
            true => CLIENT_REFUSED,
            false => CLIENT,
        };
        let protocol = match self.grpc {
            true => "http/protobuf",
            false => "grpc",
        };
        [
            client.to_owned(),
            format!("Or does it speak the other protocol? OTEL_EXPORTER_OTLP_PROTOCOL={protocol}."),
        ]
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

/// Behind a proxy it may be the proxy's fault.
fn on_the_way(lack: Lack, cause: &str, place: &Place, chosen: &proxy::Chosen) -> Vec<String> {
    let proxy::Chosen { proxy, variable } = chosen;
    let mut lines = Vec::new();
    if lack == Lack::Tls {
        lines.push(of_tls(cause, place));
    } else if cause.contains("407") || cause.contains("authorization required") {
        lines.push(format!(
            "The proxy wants to know who asks: {variable}=http://user:password@{}.",
            proxy.place()
        ));
    } else if lack == Lack::Unresolved && proxy.protocol() == ProxyProtocol::Socks5 {
        lines.push(format!(
            "socks5:// looks the host up here. {variable}=socks5h://{} leaves that to the proxy.",
            proxy.place()
        ));
    } else if matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https) {
        lines.push(format!(
            "It is asked for a tunnel (CONNECT) to {}:{}. Many proxies allow port 443 only.",
            place.host, place.port
        ));
    }
    lines.push(format!(
        "It goes by the proxy {}, as {variable} has it. NO_PROXY={} goes there directly.",
        proxy.place(),
        place.host
    ));
    lines
}

fn of_lack(lack: Lack, cause: &str, place: &Place) -> Vec<String> {
    if let Some(chosen) = &place.proxy {
        return on_the_way(lack, cause, place, chosen);
    }
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
        Lack::Timeout => lines.push(format!(
            "A firewall that drops packets looks like this, and a server that is overloaded. OTEL_EXPORTER_OTLP_TIMEOUT gives it longer (in ms), but a run that ends waits {} s at most.",
            SHUTDOWN_LIMIT.as_secs_f32()
        )),
        Lack::Tls => lines.push(of_tls(cause, place)),
        Lack::Other if place.is_other_protocol(cause) => lines.push(place.other_protocol()),
        Lack::Other if place.scheme == "https" => lines.extend(place.closed_over_tls()),
        Lack::Other if lines.is_empty() => lines.push(place.other_scheme()),
        Lack::Other => {}
    }
    lines
}

/// What to do about a machine that knows no authorities.
const AUTHORITIES: &str = "This machine has no certificates of authorities: install them (ca-certificates), or name some: OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem.";

/// What to do about a server that knows the client's certificate, and does not go on.
const CLIENT_REFUSED: &str = "The server may not accept the client's certificate (OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE): it has to be of an authority that the server trusts.";

/// What to do about a server that closes the connection as soon as TLS is there.
const CLIENT: &str = "Does the server want to know its clients? OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY say who this one is.";

fn of_tls(cause: &str, place: &Place) -> String {
    let is = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if is(&["InvalidContentType", "corrupt message"]) {
        return format!(
            "The server speaks without TLS: write http://{}:{}{}.",
            place.host,
            place.port,
            match place.grpc {
                true => ", or set OTEL_EXPORTER_OTLP_INSECURE=true where no scheme is written",
                false => " instead of https",
            }
        );
    }
    if is(&["received fatal alert"]) && place.identified {
        return CLIENT_REFUSED.to_owned();
    }
    if is(&["not valid for name"]) {
        return "The endpoint has to name the server as its certificate does.".to_owned();
    }
    if is(&["CertificateRequired", "HandshakeFailure"]) {
        return CLIENT.to_owned();
    }
    if is(&["CA certificates"]) {
        return AUTHORITIES.to_owned();
    }
    "If the server's certificate is of an authority of your own, name that authority's certificate: OTEL_EXPORTER_OTLP_CERTIFICATE=ca.pem. \
     A server that wants to know its clients needs OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY."
        .to_owned()
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
        300..=399 => lines.push("It sends requests elsewhere, which is not followed: name that place as the endpoint, with its path.".to_owned()),
        404 | 405 => lines.extend(unknown_path(signal, place)),
        415 => lines.push("The server does not take this encoding: try OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, without compression.".to_owned()),
        429 | 502..=504 => lines.push("The server has too much to do, or what is behind it does not answer. A run repeats such a request for a while.".to_owned()),
        500.. => lines.push("The fault is the server's: look into its log.".to_owned()),
        _ => lines.push(format!("Is it an OTLP server? OTLP over HTTP has {}.", place.with_path(signal))),
    }
    lines.extend(place.wrong_port());
    lines
}

fn of_grpc_code(
    signal: Signal,
    code: u16,
    message: &str,
    otlp: &Otlp,
    place: &Place,
) -> Vec<String> {
    // Codes of gRPC: https://grpc.io/docs/guides/status-codes.
    match code {
        12 => vec![not_taken(signal)],
        7 | 16 => unauthorised(otlp),
        8 | 14 => {
            vec!["The server has too much to do, or what is behind it does not answer.".to_owned()]
        }
        _ if place.is_other_protocol(message) => vec![place.other_protocol()],
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
        let mut lines = vec![
            "Prometheus 3 takes OTLP with --web.enable-otlp-receiver only, and versions 2.47 to 2.55 with --enable-feature=otlp-write-receiver.".to_owned(),
        ];
        if place.path != PROMETHEUS {
            lines.push(format!(
                "Its path is {PROMETHEUS}; the endpoint has {}.",
                place.path
            ));
        }
        return lines;
    }
    let own = format!("/v1/{}", signal.name());
    let before = place.path.strip_suffix(&own);
    match before {
        Some(before)
            if Signal::ALL
                .iter()
                .any(|signal| before.ends_with(&format!("/v1/{}", signal.name()))) =>
        {
            vec![format!(
                "{own} was added to an endpoint that has its path already: OTEL_EXPORTER_OTLP_ENDPOINT is the beginning that all signals share, {}://{}:{}.",
                place.scheme, place.host, place.port
            )]
        }
        Some(_) => vec![not_taken(signal)],
        None => vec![format!(
            "The endpoint is used as it is, and its path is {}. OTLP over HTTP has {}.",
            place.path,
            place.with_path(signal)
        )],
    }
}

/// What to do about a server that has nothing for a signal.
fn not_taken(signal: Signal) -> String {
    let others = match signal {
        Signal::Traces => "Prometheus takes metrics only",
        Signal::Metrics => {
            "Prometheus has /api/v1/otlp/v1/metrics, VictoriaMetrics /opentelemetry/v1/metrics, and Jaeger takes traces only"
        }
        Signal::Logs => "Jaeger takes traces only, and Prometheus metrics",
    };
    format!(
        "The server takes no {} there. {others}; a collector has a pipeline for each signal.",
        signal.name()
    )
}
