//! OTLP over HTTP, by `ureq`, which blocks, as the SDK's exporting threads expect.

use std::io::Write as _;

use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use opentelemetry_http::{Bytes, Request, Response};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

use super::super::configuration::{Compression, Otlp, Protocol};
use super::super::signal::Signal;
use super::credentials::Credentials;
use super::json::{Layout, json};
use super::{Answer, Lack, answer};
use crate::client;

/// OTLP answers hold a few bytes; what is longer is no OTLP answer.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// How we name ourselves (OTLP exporter specification, "User Agent").
pub(super) const AGENT: &str = concat!("samara/", env!("CARGO_PKG_VERSION"), " (rust)");

/// The way to a server that speaks HTTP.
#[derive(Debug)]
pub(super) struct Http {
    signal: Signal,
    otlp: Otlp,
    agent: Agent,
}

impl Http {
    pub fn new(signal: Signal, otlp: &Otlp, credentials: Credentials) -> Self {
        let config = client::config(otlp.endpoint.value.uri(), otlp.timeout.value.0)
            .tls_config(tls(credentials))
            .build();
        Self {
            signal,
            otlp: otlp.clone(),
            agent: config.new_agent(),
        }
    }

    pub fn send(&self, body: Bytes) -> Answer {
        let response = match self.exchange(body) {
            Ok(response) => response,
            Err(error) => {
                return Answer::None {
                    lack: lack(&error),
                    cause: client::cause(
                        &error,
                        self.otlp.timeout.value.0,
                        self.otlp.endpoint.value.uri(),
                    ),
                };
            }
        };
        let content_type = text(response.headers(), &CONTENT_TYPE);
        let status = response.status();
        if status.is_success() {
            return Answer::taken(self.signal, response.body(), &content_type);
        }
        Answer::Refused {
            status: status.to_string(),
            code: status.as_u16(),
            message: match status.is_redirection() {
                true => text(response.headers(), &LOCATION)
                    .split('?')
                    .next()
                    .map_or_else(String::new, answer::short),
                false => answer::words(response.body(), &content_type),
            },
            // OTLP specification, "Retryable Response Codes".
            repeat: matches!(status.as_u16(), 429 | 502 | 503 | 504),
            after: throttled(status)
                .then(|| text(response.headers(), &RETRY_AFTER))
                .filter(|after| !after.is_empty()),
        }
    }

    fn exchange(&self, body: Bytes) -> Result<Response<Bytes>, ureq::Error> {
        let mut request = Request::post(self.otlp.endpoint.value.uri().clone()).body(())?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        for (name, value) in &self.otlp.headers.value.0 {
            headers.insert(name, value.clone());
        }
        let (content_type, body) = self.encoded(body);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let body = match self.otlp.compression.value {
            Compression::None => body,
            Compression::Gzip => {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                compressed(&body)?
            }
        };
        let (head, mut body) = self
            .agent
            .run(request.map(|()| body.as_slice()))?
            .into_parts();
        let body = body.with_config().limit(ANSWER_LIMIT).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }

    /// The body, and what it is.
    fn encoded(&self, body: Bytes) -> (&'static str, Vec<u8>) {
        let json = match self.otlp.protocol.value {
            Protocol::HttpJson => sayable(self.signal, &body),
            Protocol::HttpProtobuf | Protocol::Grpc => None,
        };
        match json {
            Some(json) => ("application/json", json),
            None => ("application/x-protobuf", body.into()),
        }
    }
}

fn lack(error: &ureq::Error) -> Lack {
    match error {
        ureq::Error::Timeout(_) => Lack::Timeout,
        ureq::Error::HostNotFound => Lack::Unresolved,
        ureq::Error::Tls(_) | ureq::Error::Pem(_) | ureq::Error::Rustls(_) => Lack::Tls,
        ureq::Error::Io(error) if client::is_unresolved(error) => Lack::Unresolved,
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => Lack::Refused,
            // How the connector hands on what TLS says.
            std::io::ErrorKind::InvalidData => Lack::Tls,
            _ => Lack::Other,
        },
        _ => Lack::Other,
    }
}

/// A server that has too much to do may say when to come again (OTLP specification, "OTLP/HTTP Throttling").
fn throttled(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

fn text(headers: &HeaderMap, name: &http::HeaderName) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// How `serde_json` writes a number that JSON has none for, where OTLP wants a text such as "NaN". No text in a request looks like it, since
/// its quotes are escaped.
const NOT_A_NUMBER: [&str; 2] = ["\"doubleValue\":null", "\"asDouble\":null"];

/// A request as JSON; none if it holds a number that is none, which protobuf says as it is.
fn sayable(signal: Signal, body: &Bytes) -> Option<Vec<u8>> {
    let json = json(signal, body.clone(), Layout::Servers).ok()?;
    let is_json = !NOT_A_NUMBER.iter().any(|number| json.contains(number));
    is_json.then(|| json.into_bytes())
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Where no authority is given, the system says whom to trust.
fn tls(credentials: Credentials) -> TlsConfig {
    let roots = match credentials.authorities.as_slice() {
        [] => RootCerts::PlatformVerifier,
        authorities => RootCerts::new_with_certs(authorities),
    };
    TlsConfig::builder()
        .root_certs(roots)
        .client_cert(credentials.identity)
        .build()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Request;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};

    use prost::Message as _;

    use super::*;

    fn request(value: Value) -> Bytes {
        let attribute = KeyValue {
            key: "ratio".to_owned(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        };
        let span = Span {
            attributes: vec![attribute],
            ..Span::default()
        };
        let scope = ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        };
        let resource = ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        };
        let request = Request {
            resource_spans: vec![resource],
        };
        request.encode_to_vec().into()
    }

    #[test]
    fn a_request_that_json_cannot_say_is_not_said_in_json() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                sayable(Signal::Traces, &request(Value::DoubleValue(number))),
                None
            );
        }
        let texts = [r#""doubleValue":null"#, "NaN", "null"];
        for text in texts {
            let value = Value::StringValue(text.to_owned());
            assert!(sayable(Signal::Traces, &request(value)).is_some(), "{text}");
        }
        assert!(sayable(Signal::Traces, &request(Value::DoubleValue(0.5))).is_some());
    }
}
