//! Standard output in place of a server: OTLP as JSON, laid out for people.

use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

use super::delivery::Delivery;
use super::exemplars;
use super::export::{Answer, Lack, Layout, json};
use super::signal::Signal;

/// Shows the requests of one signal.
#[derive(Debug)]
pub(super) struct Console {
    pub signal: Signal,
    pub delivery: Arc<Delivery>,
}

#[async_trait]
impl HttpClient for Console {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let body = request.into_body();
        let body = match self.signal {
            Signal::Metrics => exemplars::added_to(body),
            Signal::Traces | Signal::Logs => body,
        };
        let text = json(self.signal, body, Layout::People)?;
        match writeln!(io::stdout().lock(), "{text}") {
            // Who reads has seen enough, as `head` does.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => {
                let (lack, cause) = (Lack::Other, error.to_string());
                self.delivery.request_ended(&Answer::None { lack, cause });
                return Err(error.into());
            }
            Ok(()) => {}
        }
        Ok(Response::new(Bytes::new()))
    }
}
