//! Standard output in place of a server: OTLP as JSON, laid out for people.

use std::io::{self, ErrorKind, Write as _};
use std::sync::Arc;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;

use super::delivery::Delivery;
use super::exemplars;
use super::export::{Answer, Lack};
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
        let text = match self.signal {
            Signal::Traces => json::<ExportTraceServiceRequest>(body),
            Signal::Metrics => json::<ExportMetricsServiceRequest>(exemplars::added_to(body)),
            Signal::Logs => json::<ExportLogsServiceRequest>(body),
        };
        match writeln!(io::stdout().lock(), "{}", text?) {
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

fn json<T: Message + Default + Serialize>(body: Bytes) -> Result<String, HttpError> {
    Ok(serde_json::to_string_pretty(&T::decode(body)?)?)
}
