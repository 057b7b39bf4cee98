//! OTLP over HTTP, by `ureq`, which blocks, as the SDK's exporting threads expect.

use std::io::Write as _;

use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use opentelemetry_http::{Bytes, Request, Response};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;
use ureq::Agent;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};

use super::super::configuration::{Compression, Otlp, Pem, Protocol};
use super::super::signal::Signal;
use super::{Answer, Lack, TransportError, answer};
use crate::client;

/// OTLP answers hold a few bytes; what is longer is no OTLP answer.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// How we name ourselves (OTLP exporter specification, "User Agent").
pub(super) const AGENT: &str = concat!("samara/", env!("CARGO_PKG_VERSION"));

/// The way to a server that speaks HTTP.
#[derive(Debug)]
pub(super) struct Http {
    signal: Signal,
    otlp: Otlp,
    agent: Agent,
}

impl Http {
    pub fn new(signal: Signal, otlp: &Otlp) -> Result<Self, TransportError> {
        let config = client::config(otlp.timeout.value.0)
            // A redirect turns a POST into a GET, which delivers nothing and yet succeeds.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .tls_config(tls(otlp)?)
            .build();
        Ok(Self {
            signal,
            otlp: otlp.clone(),
            agent: config.new_agent(),
        })
    }

    pub fn send(&self, body: Bytes) -> Answer {
        let response = match self.exchange(body) {
            Ok(response) => response,
            Err(error) => {
                return Answer::None {
                    lack: lack(&error),
                    cause: client::cause(&error, self.otlp.timeout.value.0),
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
            message: answer::words(response.body(), &content_type),
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
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        headers.extend(self.otlp.headers.value.0.iter().cloned());
        let body = self.encoded(body);
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

    fn content_type(&self) -> &'static str {
        match self.otlp.protocol.value {
            Protocol::HttpJson => "application/json",
            Protocol::HttpProtobuf | Protocol::Grpc => "application/x-protobuf",
        }
    }

    fn encoded(&self, body: Bytes) -> Vec<u8> {
        match (self.otlp.protocol.value, self.signal) {
            (Protocol::HttpJson, Signal::Traces) => json::<ExportTraceServiceRequest>(body),
            (Protocol::HttpJson, Signal::Metrics) => json::<ExportMetricsServiceRequest>(body),
            (Protocol::HttpJson, Signal::Logs) => json::<ExportLogsServiceRequest>(body),
            (Protocol::HttpProtobuf | Protocol::Grpc, _) => body.into(),
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

/// A request as JSON. What the exporter has encoded can be decoded, and has no value that JSON has none for.
fn json<T: Message + Default + Serialize>(body: Bytes) -> Vec<u8> {
    let request = T::decode(body).unwrap_or_default();
    serde_json::to_vec(&request).unwrap_or_default()
}

fn compressed(body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(body)?;
    encoder.finish()
}

/// Where no certificate is given, the system says whom to trust.
fn tls(otlp: &Otlp) -> Result<TlsConfig, TransportError> {
    let mut config = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    if let Some(certificate) = &otlp.certificate {
        config = config.root_certs(RootCerts::new_with_certs(&certificates(
            &certificate.value,
        )?));
    }
    if let Some(identity) = &otlp.identity {
        let key = PrivateKey::from_pem(&identity.key.value.text);
        let key = key.map_err(|error| unusable(&identity.key.value, &error))?;
        let chain = certificates(&identity.certificate.value)?;
        config = config.client_cert(Some(ClientCert::new_with_certs(&chain, key)));
    }
    Ok(config.build())
}

fn certificates(pem: &Pem) -> Result<Vec<Certificate<'static>>, TransportError> {
    let items: Result<Vec<_>, _> = parse_pem(&pem.text).collect();
    let items = items.map_err(|error| unusable(pem, &error))?;
    let certificates: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            PemItem::Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    match certificates.is_empty() {
        true => Err(unusable(pem, &"there is no certificate in it")),
        false => Ok(certificates),
    }
}

fn unusable(pem: &Pem, reason: &dyn std::fmt::Display) -> TransportError {
    TransportError::Certificate {
        path: pem.path.clone(),
        reason: reason.to_string(),
    }
}
