//! Exemplars: of a duration, the trace in which it was measured, so that a point of a dashboard leads to a trace.
//!
//! The SDK of Rust has no exemplars yet. Ours remember the last measurement of each point, and are added to what its exporter has encoded.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanContext;
use opentelemetry_http::Bytes;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue as PointAttribute;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::exemplar;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric};
use parking_lot::Mutex;
use prost::Message as _;

use super::configuration::ExemplarFilter;

static EXEMPLARS: Mutex<Exemplars> = Mutex::new(Exemplars {
    filter: ExemplarFilter::TraceBased,
    points: BTreeMap::new(),
});

/// The last measurement of each point. There are no more of them than points of metrics, whose number is bounded.
struct Exemplars {
    filter: ExemplarFilter,
    points: BTreeMap<Point, Exemplar>,
}

/// A metric and its attributes, in order.
type Point = (String, Vec<(String, String)>);

/// Says which measurements are remembered from now on.
pub(super) fn set_filter(filter: ExemplarFilter) {
    EXEMPLARS.lock().filter = filter;
}

/// Remembers a measurement that was made in a span.
pub(crate) fn remember(metric: &str, attributes: &[KeyValue], value: f64, span: &SpanContext) {
    let mut exemplars = EXEMPLARS.lock();
    let wanted = match exemplars.filter {
        ExemplarFilter::AlwaysOff => false,
        ExemplarFilter::AlwaysOn => true,
        ExemplarFilter::TraceBased => span.is_sampled(),
    };
    if !wanted {
        return;
    }
    let mut names: Vec<_> = attributes
        .iter()
        .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
        .collect();
    names.sort();
    exemplars
        .points
        .insert((metric.to_owned(), names), exemplar(value, span));
}

fn exemplar(value: f64, span: &SpanContext) -> Exemplar {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let (trace_id, span_id) = match span.is_valid() {
        true => (
            span.trace_id().to_bytes().to_vec(),
            span.span_id().to_bytes().to_vec(),
        ),
        false => (Vec::new(), Vec::new()),
    };
    Exemplar {
        time_unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
        trace_id,
        span_id,
        value: Some(exemplar::Value::AsDouble(value)),
        ..Exemplar::default()
    }
}

/// An encoded request with the exemplars of its histograms.
pub(super) fn added_to(request: Bytes) -> Bytes {
    let exemplars = EXEMPLARS.lock();
    if exemplars.points.is_empty() {
        return request;
    }
    let Ok(mut metrics) = ExportMetricsServiceRequest::decode(request.clone()) else {
        return request;
    };
    let scopes = metrics
        .resource_metrics
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_metrics);
    for metric in scopes.flat_map(|scope| &mut scope.metrics) {
        exemplars.add_to(metric);
    }
    metrics.encode_to_vec().into()
}

impl Exemplars {
    fn add_to(&self, metric: &mut Metric) {
        let Metric { name, data, .. } = metric;
        match data {
            Some(Data::Histogram(histogram)) => {
                for point in &mut histogram.data_points {
                    point.exemplars.extend(self.of(name, &point.attributes));
                }
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                for point in &mut histogram.data_points {
                    point.exemplars.extend(self.of(name, &point.attributes));
                }
            }
            _ => {}
        }
    }

    fn of(&self, metric: &str, attributes: &[PointAttribute]) -> Option<Exemplar> {
        let mut names: Vec<_> = attributes
            .iter()
            .map(|attribute| (attribute.key.clone(), text(attribute)))
            .collect();
        names.sort();
        self.points.get(&(metric.to_owned(), names)).cloned()
    }
}

/// The value of an attribute as text. Ours are texts.
fn text(attribute: &PointAttribute) -> String {
    match attribute
        .value
        .as_ref()
        .and_then(|value| value.value.as_ref())
    {
        Some(Value::StringValue(text)) => text.clone(),
        _ => String::new(),
    }
}
