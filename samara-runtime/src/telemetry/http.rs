//! The HTTP client that OTLP goes out by: `ureq`, which blocks, as the SDK's exporting threads expect.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::{Uri, uri};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use thiserror::Error;
use ureq::Agent;

use super::delivery::Delivery;
use crate::client;

/// Time for one request, from the look-up of the name to the last byte of the answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);

/// OTLP answers hold a few bytes; what is longer is no OTLP answer.
const ANSWER_LIMIT: u64 = 1024 * 1024;

/// A URL that OTLP can be sent to, used as it was given: nothing is appended to its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Endpoint(Uri);

/// Why a text is no [`Endpoint`].
#[derive(Debug, Error)]
pub(super) enum EndpointError {
    #[error("it is no URL: {0}")]
    Url(#[from] uri::InvalidUri),
    #[error("expected a full URL, such as http://localhost:4318/v1/traces")]
    Scheme,
}

impl Endpoint {
    pub(super) fn parse(text: &str) -> Result<Self, EndpointError> {
        let uri: Uri = text.parse()?;
        if client::is_full(&uri) {
            Ok(Self(uri))
        } else {
            Err(EndpointError::Scheme)
        }
    }

    pub(super) fn url(&self) -> String {
        self.0.to_string()
    }

    /// The URL without user, password and query, which may hold secrets.
    pub(super) fn shown(&self) -> String {
        client::shown(&self.0)
    }
}

/// Sends requests, and tells the [`Delivery`] how they fared: the exporter hides it.
#[derive(Debug)]
pub(super) struct BlockingClient {
    agent: Agent,
    delivery: Arc<Delivery>,
}

impl BlockingClient {
    /// A client that delivers nothing yet.
    pub(super) fn new(delivery: Arc<Delivery>) -> Self {
        let config = client::config(REQUEST_TIMEOUT)
            // A redirect turns a POST into a GET, which delivers nothing and yet succeeds.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self {
            agent: config.new_agent(),
            delivery,
        }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let (head, mut body) = self
            .agent
            .run(Request::from_parts(head, &body[..]))?
            .into_parts();
        let body = body.with_config().limit(ANSWER_LIMIT).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

#[async_trait]
impl HttpClient for BlockingClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request);
        match &answer {
            Ok(answer) if answer.status().is_success() => {
                self.delivery.request_succeeded(answer.body())
            }
            Ok(answer) => self
                .delivery
                .request_failed(format!("the server answered {}", answer.status())),
            Err(error) => self
                .delivery
                .request_failed(client::cause(error, REQUEST_TIMEOUT)),
        }
        Ok(answer?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_used_as_it_was_given() {
        for url in [
            "http://localhost:4318/v1/traces",
            "https://c/api/v1/otlp/v1/metrics?token=a",
            "http://[::1]:4318/",
        ] {
            assert_eq!(Endpoint::parse(url).expect("valid").url(), url);
        }
    }

    #[test]
    fn what_is_no_full_url_is_refused() {
        for text in [
            "localhost:4318",
            "localhost",
            "/v1/traces",
            "ftp://c/",
            "http://",
            "http:///v1",
            "http://a b/",
            "grpc://c:4317",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_not_shown() {
        let endpoint = Endpoint::parse("https://user:secret@collector:4318/v1/traces?token=secret")
            .expect("valid");
        assert_eq!(endpoint.shown(), "https://collector:4318/v1/traces");
    }
}
