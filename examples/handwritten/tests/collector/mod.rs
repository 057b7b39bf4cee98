//! An OTLP receiver: what an OpenTelemetry Collector gets, decoded from the protobuf that came over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tiny_http::{Response, Server};

/// A receiver on a port of its own.
pub struct Collector {
    server: Arc<Server>,
    received: Arc<Mutex<Received>>,
    worker: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Received {
    traces: Vec<ExportTraceServiceRequest>,
    metrics: Vec<ExportMetricsServiceRequest>,
}

impl Collector {
    pub fn start() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").expect("a free port"));
        let received = Arc::new(Mutex::new(Received::default()));
        let worker = std::thread::spawn({
            let (server, received) = (Arc::clone(&server), Arc::clone(&received));
            move || {
                for mut request in server.incoming_requests() {
                    let mut body = Vec::new();
                    request
                        .as_reader()
                        .read_to_end(&mut body)
                        .expect("a whole request");
                    let content = request
                        .headers()
                        .iter()
                        .find(|header| header.field.equiv("content-type"));
                    assert_eq!(
                        content.map(|header| header.value.as_str()),
                        Some("application/x-protobuf")
                    );
                    let mut received = received.lock().expect("no panic while held");
                    match request.url() {
                        "/v1/traces" => received
                            .traces
                            .push(ExportTraceServiceRequest::decode(&body[..]).expect("protobuf")),
                        "/v1/metrics" => received.metrics.push(
                            ExportMetricsServiceRequest::decode(&body[..]).expect("protobuf"),
                        ),
                        other => panic!("no such path: {other}"),
                    }
                    drop(received);
                    request
                        .respond(Response::empty(200))
                        .expect("an open connection");
                }
            }
        });
        Self {
            server,
            received,
            worker: Some(worker),
        }
    }

    /// The flags that send traces and metrics here.
    pub fn flags(&self) -> [String; 2] {
        let address = self.server.server_addr();
        [
            format!("--otlp-traces-endpoint=http://{address}/v1/traces"),
            format!("--otlp-metrics-endpoint=http://{address}/v1/metrics"),
        ]
    }

    /// All spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().expect("no panic while held");
        let resources = received
            .traces
            .iter()
            .flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// All metrics so far.
    pub fn metrics(&self) -> Vec<Metric> {
        let received = self.received.lock().expect("no panic while held");
        let resources = received
            .metrics
            .iter()
            .flat_map(|request| &request.resource_metrics);
        let scopes = resources.flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| scope.metrics.clone()).collect()
    }

    /// The attributes of the resource that sent the spans.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let received = self.received.lock().expect("no panic while held");
        let resources = received
            .traces
            .iter()
            .flat_map(|request| &request.resource_spans);
        let attributes = resources
            .filter_map(|resource| resource.resource.clone())
            .flat_map(|resource| resource.attributes);
        attributes
            .map(|attribute| (attribute.key.clone(), text(attribute.value.as_ref())))
            .collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(worker) = self.worker.take() {
            let outcome = worker.join();
            assert!(
                std::thread::panicking() || outcome.is_ok(),
                "the receiver got what it does not understand"
            );
        }
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

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        Some(any_value::Value::DoubleValue(number)) => number.to_string(),
        Some(any_value::Value::BoolValue(value)) => value.to_string(),
        other => format!("{other:?}"),
    }
}
