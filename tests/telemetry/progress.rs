//! A run that goes on can be watched: its steps tell how much has gone through them, by each export of metrics.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::metrics::v1::Metric;

use crate::collector::{Collector, attributes, counter_points};
use crate::signals;

/// The rows that came out of each step, as the last export tells.
fn rows(collector: &Collector) -> BTreeMap<String, i64> {
    let metrics = collector.metrics();
    let rows = |metric: &&Metric| metric.name == "samara.step.output.rows";
    let points = metrics.iter().rfind(rows).map(counter_points);
    let points = points.into_iter().flatten();
    points
        .map(|(count, mut point)| (point.remove("samara.step.name").unwrap_or_default(), count))
        .collect()
}

/// Waits until more rows of the join are told of.
fn more_than(rows_before: i64, collector: &Collector) -> i64 {
    let began = Instant::now();
    loop {
        match rows(collector).get("pairs") {
            Some(rows) if *rows > rows_before => return *rows,
            _ => assert!(
                began.elapsed() < Duration::from_secs(60),
                "no row is told of"
            ),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn rows_count_while_they_stream_and_each_counts_once() {
    let (workplace, collector) = (signals::workplace(), Collector::start());
    let mut command = workplace.command(signals::pipeline());
    command
        .args(collector.flags())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "200")
        .env("HOOKS_URL", "http://127.0.0.1:9");
    let run = signals::Run::start(&mut command);
    let first = more_than(0, &collector);
    more_than(first, &collector);
    assert!(
        collector.spans().iter().all(|span| span.name != "pairs"),
        "it goes on"
    );
    run.send("-TERM");
    assert_eq!(run.end().0.code(), Some(98));
    let spans = collector.spans();
    for (step, counted) in rows(&collector) {
        let span = spans.iter().find(|span| span.name == step).expect("a span");
        let rows = &attributes(&span.attributes)["samara.step.output.rows"];
        assert_eq!(rows, &counted.to_string(), "{step}");
    }
}
