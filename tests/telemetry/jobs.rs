//! Steps of several jobs, in runs that end well and badly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};

use crate::collector::{Collector, attributes, histogram_points};
use crate::program::Workplace;

/// Two jobs whose extracts and loads have the same names. The second joins what the first has written with rows that may not fit,
/// and has an extract that nobody reads.
fn workflow() -> String {
    let extract = |id: &str, location: &str| {
        format!(
            r#"{{"id": "{id}", "extract_type": "file", "data_format": "csv", "location": "{location}", "options": {{"mode": "FAILFAST"}},
                "schema": "{{\"fields\": [{{\"name\": \"{id}\", \"type\": \"long\"}}]}}"}}"#
        )
    };
    let load = |upstream: &str, location: &str| {
        format!(
            r#"{{"id": "out", "upstream_id": "{upstream}", "load_type": "file", "data_format": "csv", "location": "{location}", "mode": "overwrite"}}"#
        )
    };
    format!(
        r#"{{"workflow": {{"id": "layers", "jobs": [
  {{"id": "bronze", "extracts": [{}], "transforms": [], "loads": [{}]}},
  {{"id": "silver", "extracts": [{}, {}, {}],
   "transforms": [{{"id": "pairs", "upstream_id": "in", "functions": [
     {{"function_type": "join", "arguments": {{"other_upstream_id": "other", "on": [], "how": "cross"}}}}]}}],
   "loads": [{}]}}]}}}}"#,
        extract("in", "in.csv"),
        load("in", "bronze"),
        extract("in", "bronze"),
        extract("other", "other.csv"),
        extract("spare", "in.csv"),
        load("pairs", "silver"),
    )
}

/// The pipeline, built by the first test that asks.
fn pipeline() -> &'static Path {
    static PIPELINE: OnceLock<PathBuf> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let workplace = Workplace::empty();
        workplace.write("job.json", &workflow());
        workplace.build_for_all("job.json", "layers")
    })
}

/// What a run reports whose second job reads this, and its exit code.
fn run(other: &str) -> (Option<i32>, Collector) {
    let (workplace, collector) = (Workplace::empty(), Collector::start());
    workplace.write("in.csv", "1\n2\n");
    workplace.write("other.csv", other);
    let mut command = workplace.command(pipeline());
    let output = command.args(collector.flags()).output();
    (output.expect("the program starts").status.code(), collector)
}

/// The class of a span's error, if it has one.
fn class(span: &Span) -> Option<String> {
    attributes(&span.attributes).remove("error.type")
}

/// Each step by its job: the class of its error, if it has one.
type Classes = BTreeMap<(String, String), Option<String>>;

fn classes<'a>(of: impl Iterator<Item = BTreeMap<&'a str, String>>) -> Classes {
    let steps = of.filter_map(|mut attributes| {
        let step = attributes.remove("samara.step.name")?;
        let job = attributes.remove("samara.job.name").unwrap_or_default();
        Some(((job, step), attributes.remove("error.type")))
    });
    steps.collect()
}

fn classes_of_points(collector: &Collector) -> Classes {
    let metrics = collector.metrics();
    let mut metrics = metrics.iter();
    let durations = metrics.find(|metric| metric.name == "samara.step.duration");
    let points = histogram_points(durations.expect("durations"));
    classes(points.into_iter().map(|(count, _, attributes)| {
        assert_eq!(count, 1, "{attributes:?}");
        attributes
    }))
}

fn expected<const N: usize>(steps: [(&str, &str, Option<&str>); N]) -> Classes {
    let classes = steps.map(|(job, step, class)| {
        let step = (job.to_owned(), step.to_owned());
        (step, class.map(str::to_owned))
    });
    classes.into()
}

#[test]
fn steps_of_one_name_are_told_apart_by_their_jobs() {
    let (code, collector) = run("3\n");
    assert_eq!(code, Some(0));
    let steps = expected([
        ("bronze", "in", None),
        ("bronze", "out", None),
        ("silver", "in", None),
        ("silver", "other", None),
        ("silver", "spare", None),
        ("silver", "pairs", None),
        ("silver", "out", None),
    ]);
    assert_eq!(classes_of_points(&collector), steps);
    let spans = collector.spans();
    let spans = spans.iter().map(|span| attributes(&span.attributes));
    assert_eq!(classes(spans), steps);
}

#[test]
fn what_a_good_run_does_not_read_is_not_cut_off() {
    let (code, collector) = run("3\n");
    assert_eq!(code, Some(0));
    let classes = classes_of_points(&collector);
    let spare = &classes[&("silver".to_owned(), "spare".to_owned())];
    assert_eq!(*spare, None);
}

#[test]
fn a_failed_run_tells_the_step_that_failed_from_those_that_were_cut_off() {
    let (code, collector) = run("x\n");
    assert_eq!(code, Some(50));
    let mut steps = expected([
        ("bronze", "in", None),
        ("bronze", "out", None),
        ("silver", "other", Some("Read")),
        ("silver", "spare", Some("cancelled")),
        ("silver", "pairs", Some("cancelled")),
        ("silver", "out", Some("cancelled")),
    ]);
    // It may have come to its end by then.
    let beside = ("silver".to_owned(), "in".to_owned());
    let mut points = classes_of_points(&collector);
    let ended = points.remove(&beside).expect("a point");
    assert_eq!(points, steps);
    steps.insert(beside, ended);
    let spans = collector.spans();
    let of_spans = spans.iter().map(|span| attributes(&span.attributes));
    assert_eq!(classes(of_spans), steps);
    for span in spans {
        let class = class(&span);
        let has_failed = class.is_some_and(|class| class != "cancelled");
        let is_error = span
            .status
            .is_some_and(|status| status.code() == StatusCode::Error);
        assert_eq!(is_error, has_failed, "{}", span.name);
    }
}
