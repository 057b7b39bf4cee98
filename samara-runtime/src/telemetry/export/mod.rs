//! From the SDK to a server: what `opentelemetry-otlp` has encoded and repeats where the specification says so goes out here.
//!
//! It hands requests to an [`HttpClient`]. Ours speaks HTTP or gRPC, keeps account of what became of them, and adds exemplars, which the
//! SDK has not got. So all signals and protocols have one way, and one account.

mod answer;
mod console;
mod credentials;
mod grpc;
mod http;
mod json;

use std::error::Error;
use std::iter::successors;
use std::sync::Arc;
use std::time::Duration;

use ::http::StatusCode;
use ::http::header::RETRY_AFTER;
use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use thiserror::Error;

use super::configuration::{Otlp, Protocol};
use super::delivery::Delivery;
use super::exemplars;
use super::signal::Signal;

use credentials::Credentials;

pub(super) use answer::{Answer, Lack};

/// Why nothing can be sent there at all.
#[derive(Debug, Error)]
pub enum TransportError {
    /// A certificate or a key is of no use.
    #[error("{path} holds no certificate or key that can be used: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A client's key is of another certificate.
    #[error("the key {key} does not fit the client certificate {certificate}")]
    Mismatch {
        /// The file of the key.
        key: String,
        /// The file of the certificate.
        certificate: String,
    },
    /// The proxy is of a kind that gRPC has no client for.
    #[error(
        "gRPC goes by proxies of the kinds http:// and socks5:// only; NO_PROXY goes around one"
    )]
    Proxy,
    /// gRPC cannot be set up.
    #[error("gRPC cannot be set up: {}", innermost(.0))]
    Grpc(#[from] tonic::transport::Error),
    /// No thread or socket is to be had.
    #[error("gRPC cannot be set up: {0}")]
    Runtime(#[from] std::io::Error),
}

/// An error, and what lies below it.
fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    successors(Some(error), |&error| error.source())
}

/// What lies at the bottom of an error: those of the transport say "transport error" at their top.
fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    sources(error).last().unwrap_or(error)
}

/// The way out.
#[derive(Debug)]
enum Transport {
    Http(Box<http::Http>),
    Grpc(Box<grpc::Grpc>),
    Console,
}

/// Sends requests of one signal, and tells its [`Delivery`] how they fared.
#[derive(Debug)]
pub(super) struct Client {
    signal: Signal,
    transport: Transport,
    delivery: Arc<Delivery>,
}

impl Client {
    /// One that shows requests on standard output.
    pub fn of_console(signal: Signal, delivery: Arc<Delivery>) -> Self {
        Self {
            signal,
            transport: Transport::Console,
            delivery,
        }
    }

    /// One that sends requests to a server.
    pub fn new(
        signal: Signal,
        otlp: &Otlp,
        delivery: Arc<Delivery>,
    ) -> Result<Self, TransportError> {
        let credentials = Credentials::of(otlp)?;
        let transport = match otlp.protocol.value {
            Protocol::Grpc => Transport::Grpc(Box::new(grpc::Grpc::new(signal, otlp)?)),
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                Transport::Http(Box::new(http::Http::new(signal, otlp, credentials)))
            }
        };
        Ok(Self {
            signal,
            transport,
            delivery,
        })
    }

    /// What became of one request, of which the body is protobuf.
    pub fn send(&self, body: Bytes) -> Answer {
        let body = match self.signal {
            Signal::Metrics => exemplars::added_to(body),
            Signal::Traces | Signal::Logs => body,
        };
        match &self.transport {
            Transport::Http(http) => http.send(body),
            Transport::Grpc(grpc) => grpc.send(body),
            Transport::Console => console::show(self.signal, body),
        }
    }
}

/// No request is repeated that failed longer after the end of its run, which waits for it.
const REPEATED_AT_END: Duration = Duration::from_millis(500);

/// The longest time between a request and its repetition, whether a server asks for it or not: a run that ends meanwhile waits for nothing
/// else.
pub(super) const LONGEST_DELAY: Duration = Duration::from_secs(3);

impl Client {
    /// Whether what the specification calls worth repeating is repeated, after the time that the server asks for.
    fn repeats(&self, after: Option<&str>) -> bool {
        if let Transport::Console = self.transport {
            return false;
        }
        let is_soon = after.is_none_or(|after| {
            let seconds = after.trim().parse().map(Duration::from_secs);
            seconds.is_ok_and(|seconds| seconds <= LONGEST_DELAY)
        });
        let since_end = self.delivery.since_end();
        is_soon && since_end.is_none_or(|since| since < REPEATED_AT_END)
    }
}

#[async_trait]
impl HttpClient for Client {
    /// A failure of gRPC is the failure of HTTP that is treated alike: what is worth repeating is "unavailable", and what is not is "bad".
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request.into_body());
        self.delivery.request_ended(&answer);
        let (status, retry_after) = match answer {
            Answer::Taken { .. } => (StatusCode::OK, None),
            Answer::Refused {
                repeat: true,
                after,
                ..
            } if self.repeats(after.as_deref()) => (StatusCode::SERVICE_UNAVAILABLE, after),
            Answer::None { cause, .. } if self.repeats(None) => return Err(cause.into()),
            Answer::Refused { .. } | Answer::None { .. } => (StatusCode::BAD_REQUEST, None),
        };
        let mut response = Response::builder().status(status);
        if let Some(after) = retry_after {
            response = response.header(RETRY_AFTER, after);
        }
        Ok(response.body(Bytes::new())?)
    }
}
