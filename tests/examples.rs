//! The examples, as one pipeline with all of their jobs, against what Spark made of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use samara_gen::source::Document;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::program::{Workplace, streams, succeeded};
use crate::receiver::Receiver;

/// What Spark wrote for a load.
#[derive(Deserialize)]
struct Recorded {
    /// Whether the order of rows counts.
    ordered: bool,
    schema: Value,
    lines: Vec<String>,
}

/// Each example with the file of its workflow.
fn examples() -> BTreeMap<String, PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let entries = std::fs::read_dir(examples).expect("the examples");
    let named = entries.filter_map(|entry| {
        let directory = entry.expect("an entry").path();
        let files = std::fs::read_dir(&directory).ok()?.flatten();
        let mut files = files.map(|file| file.path());
        let workflow = files.find(|file| file.file_stem().is_some_and(|stem| stem == "job"))?;
        let name = directory.file_name()?.to_string_lossy().into_owned();
        Some((name, workflow))
    });
    named.collect()
}

fn parsed(path: &Path) -> Value {
    Document::read(path).expect("a workflow").root().to_json()
}

fn recorded(example: &str) -> BTreeMap<String, Recorded> {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/examples/recorded");
    let path = Path::new(recorded).join(format!("{example}.json"));
    let text = std::fs::read_to_string(path).expect("a recording of each example");
    serde_json::from_str(&text).expect("recorded loads")
}

/// Where the schema of a load's output goes.
fn schema_path(example: &str, load: &str) -> String {
    format!("examples/{example}/{load}.output_schema.json")
}

/// The jobs of an example, named after it, and each load with its schema.
fn jobs(example: &str, workflow: &Value) -> Vec<Value> {
    let mut jobs = workflow["workflow"]["jobs"]
        .as_array()
        .expect("jobs")
        .clone();
    for job in &mut jobs {
        job["id"] = json!(format!("{example}: {}", job["id"].as_str().expect("an id")));
        for load in job["loads"].as_array_mut().expect("loads") {
            let path = schema_path(example, load["id"].as_str().expect("an id"));
            load["schema_export"] = json!(path);
        }
    }
    jobs
}

/// A workplace with all examples, in which there is nothing else.
fn workplace() -> Workplace {
    let workplace = Workplace::empty();
    for example in examples().keys() {
        workplace.add_example(example);
    }
    workplace
}

/// A pipeline of the jobs of all examples, with the alerts of the one that has some; built by the first test that asks.
fn pipeline() -> &'static Path {
    static PIPELINE: OnceLock<PathBuf> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let workplace = workplace();
        let mut all = Vec::new();
        let mut alert = Value::Null;
        for (example, path) in examples() {
            let workflow = parsed(&path);
            all.extend(jobs(&example, &workflow));
            if example == "alerts_and_hooks" {
                alert = workflow["alert"].clone();
            }
        }
        let file = json!({"workflow": {"id": "examples", "jobs": all}, "alert": alert});
        workplace.write("examples.json", &file.to_string());
        workplace.build_for_all("examples.json", "examples-pipeline")
    })
}

/// The lines that a load wrote, in their order if it counts.
fn lines(workplace: &Workplace, location: &str, ordered: bool) -> Vec<String> {
    let text = workplace.parts(location);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if !ordered {
        lines.sort();
    }
    lines
}

#[test]
fn every_example_writes_the_rows_that_spark_writes() {
    let (workplace, receiver) = (workplace(), Receiver::start());
    let mut command = workplace.command(pipeline());
    // On one thread there is one part file, with one header.
    command.args(["--threads", "1"]);
    command
        .env("HOOKS_URL", receiver.url())
        .env("HOOKS_TOKEN", "t");
    let (_, log) = succeeded(&command.output().expect("the pipeline starts"));
    assert!(!log.contains("WARN"), "{log}");
    let paths: Vec<String> = receiver
        .requests()
        .into_iter()
        .map(|hook| hook.path)
        .collect();
    assert_eq!(paths, ["/jobs", "/jobs"], "the job began, and succeeded");
    for (example, path) in examples() {
        let workflow = parsed(&path);
        let mut recorded = recorded(&example);
        for load in jobs(&example, &workflow)
            .iter()
            .flat_map(|job| job["loads"].as_array())
            .flatten()
        {
            let (id, location) = (
                load["id"].as_str().expect("an id"),
                load["location"].as_str(),
            );
            let spark = recorded
                .remove(id)
                .unwrap_or_else(|| panic!("{example}: {id} is not recorded"));
            let schema: Value =
                serde_json::from_str(&workplace.read(&schema_path(&example, id))).expect("json");
            assert_eq!(schema, spark.schema, "{example}: {id}");
            let lines = lines(&workplace, location.expect("a location"), spark.ordered);
            assert_eq!(lines, spark.lines, "{example}: {id}");
            assert!(lines.len() > 2, "{example}: {id} says little");
        }
        assert!(recorded.is_empty(), "{example}: a load is gone");
    }
}

#[test]
fn a_line_of_stock_that_is_wrong_raises_the_alerts_of_the_example() {
    let (workplace, receiver) = (workplace(), Receiver::start());
    std::fs::create_dir(workplace.path().join("delivery")).expect("a directory");
    workplace.write(
        "delivery/stock.csv",
        "part,warehouse,on_hand,reorder_at\nP-1,Lyon,many,5\n",
    );
    let mut command = workplace.command(pipeline());
    command
        .env("HOOKS_URL", receiver.url())
        .env("HOOKS_TOKEN", "t")
        .env("STOCK_DIR", "delivery")
        .env("ENVIRONMENT", "production");
    let output = command.output().expect("the pipeline starts");
    assert_eq!(output.status.code(), Some(50), "{}", streams(&output).1);
    let requests = receiver.requests();
    let paths: Vec<&str> = requests
        .iter()
        .map(|request| request.path.as_str())
        .collect();
    assert_eq!(
        paths,
        ["/jobs", "/jobs", "/alerts"],
        "it began, it failed, and those on duty know"
    );
    assert!(
        requests[2].body.contains("Look at the file: "),
        "{}",
        requests[2].body
    );
    let log = workplace.read("examples/alerts_and_hooks/alerts.log");
    assert!(
        log.starts_with("[stock] ") && log.contains("line 2"),
        "{log}"
    );
}
