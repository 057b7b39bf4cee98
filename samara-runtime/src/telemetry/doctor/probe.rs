//! What is sent to see whether it arrives: one span, one data point, one log record, each named for what it is.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator as _, RandomIdGenerator};
use prost::Message as _;

use super::super::names;
use super::super::signal::Signal;

/// The request that carries one of a signal.
pub(super) fn request(signal: Signal, resource: &Resource) -> Bytes {
    let resource = Some(ProtoResource {
        attributes: resource
            .iter()
            .map(|(key, value)| (&opentelemetry::KeyValue::new(key.clone(), value.clone())).into())
            .collect(),
        ..ProtoResource::default()
    });
    let scope = Some(InstrumentationScope {
        name: names::SCOPE.to_owned(),
        ..InstrumentationScope::default()
    });
    match signal {
        Signal::Traces => ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource,
                scope_spans: vec![ScopeSpans {
                    scope,
                    spans: vec![a_span()],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        }
        .encode_to_vec(),
        Signal::Metrics => ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource,
                scope_metrics: vec![ScopeMetrics {
                    scope,
                    metrics: vec![a_metric()],
                    ..ScopeMetrics::default()
                }],
                ..ResourceMetrics::default()
            }],
        }
        .encode_to_vec(),
        Signal::Logs => ExportLogsServiceRequest {
            resource_logs: vec![ResourceLogs {
                resource,
                scope_logs: vec![ScopeLogs {
                    scope,
                    log_records: vec![a_record()],
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            }],
        }
        .encode_to_vec(),
    }
    .into()
}

fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn a_span() -> Span {
    let ids = RandomIdGenerator::default();
    Span {
        trace_id: ids.new_trace_id().to_bytes().to_vec(),
        span_id: ids.new_span_id().to_bytes().to_vec(),
        name: names::DOCTOR.to_owned(),
        kind: span::SpanKind::Internal as i32,
        start_time_unix_nano: now(),
        end_time_unix_nano: now(),
        ..Span::default()
    }
}

fn a_metric() -> Metric {
    Metric {
        name: names::DOCTOR_PROBES.to_owned(),
        unit: "{probe}".to_owned(),
        data: Some(Data::Sum(Sum {
            data_points: vec![NumberDataPoint {
                start_time_unix_nano: now(),
                time_unix_nano: now(),
                value: Some(number_data_point::Value::AsInt(1)),
                ..NumberDataPoint::default()
            }],
            aggregation_temporality: AggregationTemporality::Cumulative as i32,
            is_monotonic: true,
        })),
        ..Metric::default()
    }
}

fn a_record() -> LogRecord {
    LogRecord {
        time_unix_nano: now(),
        observed_time_unix_nano: now(),
        severity_number: SeverityNumber::Info as i32,
        severity_text: "INFO".to_owned(),
        body: Some(AnyValue {
            value: Some(any_value::Value::StringValue(names::DOCTOR.to_owned())),
        }),
        ..LogRecord::default()
    }
}
