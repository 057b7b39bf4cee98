//! Exemplars: of a duration, the trace in which it was measured, so that a point of a dashboard leads to a trace.
//!
//! The SDK of Rust has no exemplars yet. Ours remember the last measurement of each point, and are added to what its exporter has encoded.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, SpanId, TraceId};
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

/// Which measurements are remembered: none until somebody is to be sent them.
static FILTER: OnceLock<ExemplarFilter> = OnceLock::new();

static EXEMPLARS: Mutex<Exemplars> = Mutex::new(Exemplars(BTreeMap::new()));

/// The last measurement of each point of each metric. There are no more of them than points, whose number is bounded.
struct Exemplars(BTreeMap<&'static str, HashMap<Box<[KeyValue]>, Measurement>>);

/// What was measured when, and in which span.
#[derive(Clone, Copy)]
struct Measurement {
    value: f64,
    at: SystemTime,
    span: Option<(TraceId, SpanId)>,
}

/// Says which measurements are remembered from now on. What is said first holds, as for providers.
pub(super) fn set_filter(filter: ExemplarFilter) {
    let _ = FILTER.set(filter);
}

/// Remembers a measurement that was made in a span. Steps of a program pay for this at each call: only the first of a point allocates.
pub(crate) fn remember(
    metric: &'static str,
    attributes: &[KeyValue],
    value: f64,
    span: &SpanContext,
) {
    let wanted = match FILTER.get() {
        None | Some(ExemplarFilter::AlwaysOff) => false,
        Some(ExemplarFilter::AlwaysOn) => true,
        Some(ExemplarFilter::TraceBased) => span.is_sampled(),
    };
    if !wanted {
        return;
    }
    let measurement = Measurement {
        value,
        at: SystemTime::now(),
        span: span.is_valid().then(|| (span.trace_id(), span.span_id())),
    };
    let mut exemplars = EXEMPLARS.lock();
    let points = exemplars.0.entry(metric).or_default();
    match points.get_mut(attributes) {
        Some(point) => *point = measurement,
        None => {
            points.insert(attributes.into(), measurement);
        }
    }
}

impl From<Measurement> for Exemplar {
    fn from(measurement: Measurement) -> Self {
        let since = measurement
            .at
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let (trace_id, span_id) = measurement
            .span
            .map(|(trace, span)| (trace.to_bytes().to_vec(), span.to_bytes().to_vec()))
            .unwrap_or_default();
        Self {
            time_unix_nano: u64::try_from(since.as_nanos()).unwrap_or(u64::MAX),
            trace_id,
            span_id,
            value: Some(exemplar::Value::AsDouble(measurement.value)),
            ..Self::default()
        }
    }
}

/// An encoded request with the exemplars of its histograms.
pub(super) fn added_to(request: Bytes) -> Bytes {
    if EXEMPLARS.lock().0.is_empty() {
        return request;
    }
    let Ok(mut metrics) = ExportMetricsServiceRequest::decode(request.clone()) else {
        return request;
    };
    let scopes = metrics
        .resource_metrics
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_metrics);
    // Steps wait for it meanwhile.
    let exemplars = EXEMPLARS.lock();
    for metric in scopes.flat_map(|scope| &mut scope.metrics) {
        exemplars.add_to(metric);
    }
    drop(exemplars);
    metrics.encode_to_vec().into()
}

impl Exemplars {
    fn add_to(&self, metric: &mut Metric) {
        let Metric { name, data, .. } = metric;
        let Some(points) = self.0.get(name.as_str()) else {
            return;
        };
        let points: HashMap<Texts, Measurement> = points
            .iter()
            .map(|(attributes, measurement)| (recorded(attributes), *measurement))
            .collect();
        // A point that says what came since the last one has no older examples (Metrics SDK specification, "Exemplar").
        let of = |attributes: &[PointAttribute], since: u64| {
            let measurement = points.get(&encoded(attributes));
            let exemplar = measurement.copied().map(Exemplar::from);
            exemplar.filter(|exemplar| exemplar.time_unix_nano >= since)
        };
        match data {
            Some(Data::Histogram(histogram)) => {
                for point in &mut histogram.data_points {
                    let exemplar = of(&point.attributes, point.start_time_unix_nano);
                    point.exemplars.extend(exemplar);
                }
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                for point in &mut histogram.data_points {
                    let exemplar = of(&point.attributes, point.start_time_unix_nano);
                    point.exemplars.extend(exemplar);
                }
            }
            _ => {}
        }
    }
}

/// The attributes of a point, whatever order they came in.
type Texts = BTreeMap<String, String>;

fn recorded(attributes: &[KeyValue]) -> Texts {
    let texts = attributes.iter();
    texts
        .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
        .collect()
}

fn encoded(attributes: &[PointAttribute]) -> Texts {
    let texts = attributes.iter();
    texts
        .map(|attribute| (attribute.key.clone(), text(attribute)))
        .collect()
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

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::metrics::v1::{Histogram, HistogramDataPoint};

    use super::*;

    #[test]
    fn a_point_has_no_examples_from_before_its_time() {
        let at = UNIX_EPOCH + std::time::Duration::from_nanos(100);
        let measurement = Measurement {
            value: 1.0,
            at,
            span: None,
        };
        let points = HashMap::from([(Box::from([]), measurement)]);
        let exemplars = Exemplars(BTreeMap::from([("duration", points)]));
        for (start_time_unix_nano, count) in [(99, 1), (100, 1), (101, 0)] {
            let point = HistogramDataPoint {
                start_time_unix_nano,
                ..HistogramDataPoint::default()
            };
            let histogram = Histogram {
                data_points: vec![point],
                ..Histogram::default()
            };
            let mut metric = Metric {
                name: "duration".to_owned(),
                data: Some(Data::Histogram(histogram)),
                ..Metric::default()
            };
            exemplars.add_to(&mut metric);
            let Some(Data::Histogram(histogram)) = metric.data else {
                panic!("no histogram")
            };
            assert_eq!(histogram.data_points[0].exemplars.len(), count);
        }
    }
}
