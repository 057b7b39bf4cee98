//! OTLP requests as JSON.

use opentelemetry_http::{Bytes, HttpError};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;

use super::super::signal::Signal;

/// For whom a text is laid out.
#[derive(Debug, Clone, Copy)]
pub(in crate::telemetry) enum Layout {
    Servers,
    People,
}

/// A request of a signal, of which the body is protobuf, as JSON.
pub(in crate::telemetry) fn json(
    signal: Signal,
    body: Bytes,
    layout: Layout,
) -> Result<String, HttpError> {
    match signal {
        Signal::Traces => written::<ExportTraceServiceRequest>(body, layout),
        Signal::Metrics => written::<ExportMetricsServiceRequest>(body, layout),
        Signal::Logs => written::<ExportLogsServiceRequest>(body, layout),
    }
}

fn written<T: Message + Default + Serialize>(
    body: Bytes,
    layout: Layout,
) -> Result<String, HttpError> {
    let request = T::decode(body)?;
    Ok(match layout {
        Layout::Servers => serde_json::to_string(&request)?,
        Layout::People => serde_json::to_string_pretty(&request)?,
    })
}
