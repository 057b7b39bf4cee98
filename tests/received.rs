//! What a receiver of OTLP was sent, whatever the protocol.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde::de::DeserializeOwned;

/// A request, its body decompressed.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn decoded<T: Message + Default + DeserializeOwned>(&self) -> T {
        match self.header("content-type") {
            "application/json" => serde_json::from_slice(&self.body).expect("JSON of OTLP"),
            "application/x-protobuf" | "application/grpc" => {
                T::decode(&self.body[..]).expect("protobuf of OTLP")
            }
            other => panic!("OTLP is not sent as {other:?}"),
        }
    }
}

/// All requests so far, in the order of their arrival.
#[derive(Debug, Clone, Default)]
pub struct Received(Arc<Mutex<Vec<Request>>>);

impl Received {
    /// Adds a request, and says how many there were.
    pub fn add(&self, request: Request) -> usize {
        let mut requests = self.0.lock().expect("no panic while held");
        requests.push(request);
        requests.len() - 1
    }

    pub fn requests(&self) -> Vec<Request> {
        self.0.lock().expect("no panic while held").clone()
    }

    /// Those whose path has this in it.
    pub fn to(&self, path: &str) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.path.contains(path));
        requests
    }

    fn traces(&self) -> Vec<ExportTraceServiceRequest> {
        let mut requests = self.to("/v1/traces");
        requests.extend(self.to("TraceService/Export"));
        requests.iter().map(Request::decoded).collect()
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let requests = self.traces();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// All metrics so far.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut requests = self.to("/v1/metrics");
        requests.extend(self.to("MetricsService/Export"));
        let requests: Vec<ExportMetricsServiceRequest> =
            requests.iter().map(Request::decoded).collect();
        let resources = requests
            .iter()
            .flat_map(|request| &request.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.clone()).collect()
    }

    /// All log records so far.
    pub fn records(&self) -> Vec<LogRecord> {
        let mut requests = self.to("/v1/logs");
        requests.extend(self.to("LogsService/Export"));
        let requests: Vec<ExportLogsServiceRequest> =
            requests.iter().map(Request::decoded).collect();
        let resources = requests.iter().flat_map(|request| &request.resource_logs);
        let scopes = resources.flat_map(|resource| &resource.scope_logs);
        scopes.flat_map(|scope| scope.log_records.clone()).collect()
    }

    /// The attributes of the resource that sent the spans.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let requests = self.traces();
        let resources = requests.iter().flat_map(|request| &request.resource_spans);
        let attributes = resources
            .filter_map(|resource| resource.resource.clone())
            .flat_map(|resource| resource.attributes);
        attributes
            .map(|attribute| (attribute.key.clone(), text(attribute.value.as_ref())))
            .collect()
    }
}

/// Attributes as texts, to compare.
pub fn attributes(attributes: &[KeyValue]) -> BTreeMap<&str, String> {
    attributes
        .iter()
        .map(|attribute| (attribute.key.as_str(), text(attribute.value.as_ref())))
        .collect()
}

/// The points of a counter: value and attributes.
pub fn counter_points(metric: &Metric) -> Vec<(i64, BTreeMap<&str, String>)> {
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
    let Some(metric::Data::Sum(sum)) = &metric.data else {
        panic!("{} is no counter", metric.name)
    };
    let value = |value: &Option<Value>| match value {
        Some(Value::AsInt(value)) => *value,
        other => panic!("{other:?} is no count"),
    };
    sum.data_points
        .iter()
        .map(|point| (value(&point.value), attributes(&point.attributes)))
        .collect()
}

/// The points of a histogram: count, sum and attributes.
pub fn histogram_points(metric: &Metric) -> Vec<(u64, f64, BTreeMap<&str, String>)> {
    let Some(metric::Data::Histogram(histogram)) = &metric.data else {
        panic!("{} is no histogram", metric.name)
    };
    histogram
        .data_points
        .iter()
        .map(|point| {
            (
                point.count,
                point.sum.unwrap_or(f64::NAN),
                attributes(&point.attributes),
            )
        })
        .collect()
}

/// A value as a text.
pub fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    }
}
