//! `validate`, of a compiled pipeline and of `samara`, and the exit codes of both.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use crate::collector::{Collector, attributes, counter_points, histogram_points};
use crate::program::{Workplace, streams};

/// Two jobs: the second reads what the first writes. `${IN}`, `${OUT}` and `${TOKEN}` are given at the run.
const WORKFLOW: &str = r#"{
"workflow": {"id": "checked", "jobs": [
  {"id": "bronze",
   "extracts": [
     {"id": "orders", "extract_type": "file", "data_format": "csv", "location": "${IN}/orders.csv", "options": {"header": true, "enforceSchema": false},
      "schema": "{\"fields\": [{\"name\": \"order_id\", \"type\": \"long\"}, {\"name\": \"_corrupt_record\", \"type\": \"string\"}, {\"name\": \"shop\", \"type\": \"string\"}]}"},
     {"id": "shops", "extract_type": "file", "data_format": "json", "location": "${IN}/shops.json",
      "schema": "{\"fields\": [{\"name\": \"shop\", \"type\": \"string\"}, {\"name\": \"city\", \"type\": \"string\"}]}"},
     {"id": "notes", "extract_type": "file", "data_format": "csv", "location": "${IN}/notes.csv", "options": {"header": true}, "schema": ""}],
   "transforms": [
     {"id": "placed", "upstream_id": "orders", "functions": [
       {"function_type": "join", "arguments": {"other_upstream_id": "shops", "on": "shop"}},
       {"function_type": "drop", "arguments": {"columns": ["_corrupt_record"]}}]},
     {"id": "by-city", "upstream_id": "placed", "functions": [
       {"function_type": "pivot", "arguments": {"group_by": ["shop"], "pivot_column": "city", "values_column": "order_id", "agg_func": "count"}},
       {"function_type": "orderby", "arguments": {"columns": [{"column_name": "Paris", "ascending": true}]}}]}],
   "loads": [
     {"id": "keep", "upstream_id": "placed", "load_type": "file", "data_format": "csv", "location": "${OUT}/placed",
      "mode": "error", "options": {"header": true}, "schema_export": "${OUT}/placed.json"},
     {"id": "report", "upstream_id": "by-city", "load_type": "file", "data_format": "json", "location": "${OUT}/by_city", "mode": "overwrite"},
     {"id": "copy", "upstream_id": "notes", "load_type": "file", "data_format": "csv", "location": "${OUT}/notes", "mode": "append"}],
   "hooks": {"onFinally": [{"id": "tell", "action_type": "http", "url": "http://127.0.0.1:9/", "method": "POST",
      "headers": {"X-Token": "${TOKEN}"}, "timeout": 1, "retry": {"max_attempts": 0, "delay_in_seconds": 1}}]}},
  {"id": "silver",
   "extracts": [{"id": "kept", "extract_type": "file", "data_format": "csv", "location": "${OUT}/placed/", "options": {"header": true}, "schema": ""}],
   "transforms": [{"id": "cities", "upstream_id": "kept", "functions": [{"function_type": "select", "arguments": {"columns": ["city"]}}]}],
   "loads": [{"id": "list", "upstream_id": "cities", "load_type": "file", "data_format": "text", "location": "${OUT}/cities", "mode": "overwrite"}]}]},
"alert": {
  "channels": [{"channel_type": "file", "id": "log", "file_path": "${LOG}"},
    {"channel_type": "file", "id": "prod-log", "file_path": "${PROD_LOG}"}],
  "triggers": [{"id": "disk", "channel_ids": ["log"], "template": {"prepend_title": "[disk] "},
     "rules": [{"rule_type": "exception_regex", "pattern": "disk (full|gone)"}]},
    {"id": "prod", "channel_ids": ["prod-log"], "rules": [{"rule_type": "env_vars_matches", "env_var_name": "ENV", "env_var_values": ["prod"]}]}]}}"#;

/// The pipeline, built by the first test that asks.
fn pipeline() -> &'static Path {
    static PIPELINE: OnceLock<PathBuf> = OnceLock::new();
    PIPELINE.get_or_init(|| {
        let workplace = Workplace::empty();
        workplace.write("job.json", WORKFLOW);
        workplace.build_for_all("job.json", "checked")
    })
}

/// A workplace in which the pipeline could run.
fn workplace() -> Workplace {
    let workplace = Workplace::empty();
    std::fs::create_dir(workplace.path().join("in")).expect("a directory");
    workplace.write("in/orders.csv", "order_id,shop\n1,north\n");
    workplace.write(
        "in/shops.json",
        "{\"shop\": \"north\", \"city\": \"Paris\"}\n",
    );
    workplace.write("in/notes.csv", "note\nhello\n");
    workplace
}

fn command(workplace: &Workplace, arguments: &[&str]) -> Command {
    let mut command = workplace.command(pipeline());
    let given = [
        ("IN", "in"),
        ("OUT", "out/deep"),
        ("TOKEN", "t"),
        ("LOG", "alerts.log"),
    ];
    command.args(arguments).envs(given).env_remove("ENV");
    command
}

fn output(command: &mut Command) -> Output {
    command.output().expect("the program starts")
}

/// The exit code and the lines of standard error.
fn told(output: &Output) -> (Option<i32>, Vec<String>) {
    let lines = streams(output).1;
    let lines = lines.lines().map(str::to_owned).collect();
    (output.status.code(), lines)
}

fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).expect("a directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_workflow_that_could_run_is_valid_and_nothing_is_written() {
    let workplace = workplace();
    let validated = output(&mut command(&workplace, &["validate"]));
    let (out, err) = streams(&validated);
    assert_eq!(
        (validated.status.code(), err.as_str()),
        (Some(0), ""),
        "{out}"
    );
    assert_eq!(out, "checked is valid\n");
    assert_eq!(names(workplace.path()), ["in"]);
    let run = output(&mut command(&workplace, &[]));
    assert_eq!(run.status.code(), Some(0), "{}", streams(&run).1);
    assert_eq!(workplace.parts("out/deep/cities"), "Paris\n");
}

#[test]
fn all_that_a_run_would_stumble_over_is_told_at_once_with_its_step() {
    let workplace = workplace();
    workplace.write("in/orders.csv", "order_id,city\n");
    std::fs::remove_file(workplace.path().join("in/shops.json")).expect("the file");
    workplace.write("in/notes.csv", "");
    std::fs::create_dir_all(workplace.path().join("out/deep/placed")).expect("a directory");
    workplace.write("out/deep/by_city", "a file");
    let mut command = command(&workplace, &["validate"]);
    command.env_remove("TOKEN").env("LOG", "missing/alerts.log");
    let (code, lines) = told(&output(&mut command));
    assert_eq!(code, Some(40));
    let expected = [
        "job `bronze`, step `orders`: `in/orders.csv`: the header says `city` where the schema says `shop`",
        "job `bronze`, step `shops`: nothing to read at `in/shops.json`: there is no such file or directory",
        "job `bronze`, step `notes`: schema: no schema is declared, and there is no record at `${IN}/notes.csv` to take the columns from",
        "job `bronze`, step `keep`: `out/deep/placed` exists already (mode errorifexists)",
        "job `bronze`, step `report`: `out/deep/by_city` is a file, and output is a directory",
        "job `bronze`, hook `tell`: environment variable TOKEN is not set, and `${TOKEN}` gives no default as in `${TOKEN:-default}`",
        "alert channel `log`: cannot append to ${LOG}: No such file or directory (os error 2)",
    ];
    let expected = expected.map(|line| format!("error: {line}"));
    assert_eq!(lines[..expected.len()], expected, "{lines:#?}");
    assert_eq!(
        lines[expected.len()..],
        ["checked is not valid: 7 problems"]
    );
}

#[test]
fn a_validation_is_traced_and_measured_and_is_neither_a_run_nor_the_work_of_its_steps() {
    let workplace = workplace();
    let validate = || {
        let collector = Collector::start();
        let mut command = command(&workplace, &["validate"]);
        let code = told(&output(command.args(collector.flags()))).0;
        (code, collector)
    };
    let measured = |collector: &Collector| {
        let metrics = collector.metrics();
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(names, ["samara.validation.duration"]);
        let points = histogram_points(&metrics[0]);
        assert_eq!((points.len(), points[0].0), (1, 1));
        points[0].2.get("error.type").cloned()
    };
    let (code, collector) = validate();
    assert_eq!(code, Some(0));
    assert_eq!(measured(&collector), None);
    let classes = |collector: &Collector| {
        let classes = collector.spans().into_iter().filter_map(|span| {
            let class = attributes(&span.attributes).remove("error.type")?;
            let failed = span.status.is_some_and(|status| status.code == 2);
            assert!(failed, "{}", span.name);
            Some((span.name, class, span.events.len()))
        });
        let mut classes: Vec<(String, String, usize)> = classes.collect();
        classes.sort();
        classes
    };
    assert_eq!(classes(&collector), []);

    std::fs::remove_file(workplace.path().join("in/shops.json")).expect("the file");
    // Both what it would write and its schema are in the way.
    std::fs::create_dir_all(workplace.path().join("out/deep/placed.json")).expect("a directory");
    std::fs::create_dir_all(workplace.path().join("out/deep/placed")).expect("a directory");
    let (code, collector) = validate();
    assert_eq!(code, Some(40));
    assert_eq!(measured(&collector).as_deref(), Some("unfit"));
    let expected = [
        ("keep", "Write", 1),
        ("shops", "Read", 1),
        ("validate checked", "unfit", 0),
    ];
    let expected = expected.map(|(name, class, events)| (name.into(), class.into(), events));
    assert_eq!(classes(&collector), expected);
}

#[test]
fn output_that_nobody_could_write_is_told() {
    let workplace = workplace();
    workplace.write("occupied", "a file where a directory has to be");
    let mut command = command(&workplace, &["validate"]);
    let (code, lines) = told(&output(command.env("OUT", "occupied/out")));
    assert_eq!(code, Some(40));
    let at = |step: &str| {
        lines
            .iter()
            .filter(|line| line.contains(&format!("`{step}`")))
            .count()
    };
    assert_eq!(
        [at("keep"), at("report"), at("copy"), at("list")],
        [2, 1, 1, 1],
        "{lines:#?}"
    );
    assert!(lines[0].contains("not a directory"), "{lines:#?}");
}

#[test]
fn all_variables_that_are_missing_are_told_at_once_by_validate_and_before_a_run_begins() {
    let workplace = workplace();
    let without = |arguments: &[&str]| {
        let mut command = command(&workplace, arguments);
        for name in ["IN", "OUT", "TOKEN"] {
            command.env_remove(name);
        }
        told(&output(&mut command))
    };
    let (code, lines) = without(&["validate"]);
    assert_eq!(code, Some(40), "{lines:#?}");
    for (step, name) in [
        ("orders", "IN"),
        ("shops", "IN"),
        ("notes", "IN"),
        ("keep", "OUT"),
        ("report", "OUT"),
        ("kept", "OUT"),
    ] {
        let expected = format!("step `{step}`: environment variable {name} is not set");
        assert!(
            lines.iter().any(|line| line.contains(&expected)),
            "{expected}: {lines:#?}"
        );
    }
    let (code, lines) = without(&["run"]);
    assert_eq!(code, Some(30), "{lines:#?}");
    let log = lines.join("\n");
    assert!(
        log.contains("a location: environment variables IN and OUT are not set"),
        "{log}"
    );
    assert!(
        log.contains("job `bronze`, hook `tell`: environment variable TOKEN is not set"),
        "{log}"
    );
    assert_eq!(names(workplace.path()), ["in"], "no work was done");
}

#[test]
fn a_variable_that_leads_to_another_store_ends_the_run_before_it_begins() {
    let workplace = workplace();
    for (name, value, told_of) in [
        (
            "IN",
            "s3://bucket",
            "`${IN}/orders.csv`: the scheme `s3` is not supported",
        ),
        (
            "OUT",
            "gs://bucket/out",
            "`${OUT}/placed.json`: the scheme `gs` is not supported",
        ),
        (
            "IN",
            "in/[a",
            "`${IN}/orders.csv`: the glob `[a` has a `[` without a `]`",
        ),
        ("OUT", "C:\\out", "is a path of Windows"),
    ] {
        let told = |arguments: &[&str]| {
            let (code, lines) = told(&output(command(&workplace, arguments).env(name, value)));
            (code, lines.join("\n"))
        };
        let (code, log) = told(&["run"]);
        assert_eq!(code, Some(30), "{log}");
        assert!(log.contains(told_of), "{log}");
        assert!(
            !log.contains("hook `tell` failed"),
            "no hook is sent: {log}"
        );
        assert_eq!(told(&["validate"]).0, Some(40), "{log}");
    }
    for arguments in [["run"], ["validate"]] {
        let mut command = command(&workplace, &arguments);
        let (code, lines) = told(&output(command.env("LOG", "s3://bucket/log")));
        assert_eq!(code, Some(31), "{lines:#?}");
        let log = lines.join("\n");
        assert!(
            log.contains("alert channel `log`: `${LOG}`: the scheme `s3`"),
            "{log}"
        );
    }
    assert_eq!(names(workplace.path()), ["in"], "no work was done");
}

#[test]
fn locations_with_the_scheme_of_files_are_read_and_written() {
    let workplace = workplace();
    let place = |name: &str| format!("file://{}/{name}", workplace.path().display());
    let given = [
        ("IN", place("in")),
        ("OUT", place("out")),
        ("LOG", place("alerts.log")),
    ];
    for arguments in [["validate"], ["run"]] {
        let mut command = command(&workplace, &arguments);
        let (code, lines) = told(&output(command.envs(given.clone())));
        assert_eq!(code, Some(0), "{lines:#?}");
    }
    assert_eq!(names(workplace.path()), ["in", "out"]);
    assert_eq!(workplace.parts("out/cities"), "Paris\n");
}

#[test]
fn a_run_that_lacks_variables_or_cannot_read_its_alerts_counts_as_failed() {
    let workplace = workplace();
    let counted = |arguments: &[&str], prepare: &dyn Fn(&mut Command)| {
        let collector = Collector::start();
        let mut command = command(&workplace, arguments);
        prepare(command.args(collector.flags()));
        let code = told(&output(&mut command)).0;
        let count = |name: &str| {
            let metrics = collector.metrics();
            let found = metrics.iter().find(|metric| metric.name == name);
            let points = found.map(counter_points).unwrap_or_default();
            let points = points.into_iter();
            let classed = points.map(|(count, mut point)| (count, point.remove("error.type")));
            classed.collect::<Vec<_>>()
        };
        let counts = ["samara.cli.run.invocations", "samara.run.failures"].map(count);
        (code, counts)
    };
    let unfit = [vec![(1, None)], vec![(1, Some("unfit".to_owned()))]];
    let lacking = counted(&["run"], &|command| {
        command.env_remove("OUT");
    });
    assert_eq!(lacking, (Some(30), unfit.clone()));
    let lacking = counted(&["run"], &|command| {
        command.env("ENV", "prod");
    });
    assert_eq!(lacking, (Some(31), unfit.clone()));
    let alerts = ["run", "--alert-filepath", "missing.json"];
    let unread = counted(&alerts, &|_| {});
    assert_eq!(unread, (Some(20), unfit));
}

#[test]
fn variables_of_a_channel_count_where_its_trigger_may_fire() {
    let workplace = workplace();
    let (code, _) = told(&output(&mut command(&workplace, &["validate"])));
    assert_eq!(code, Some(0));
    for arguments in [["validate"], ["run"]] {
        let mut command = command(&workplace, &arguments);
        let (code, lines) = told(&output(command.env("ENV", "prod")));
        assert_eq!(code, Some(31));
        let log = lines.join("\n");
        assert!(
            log.contains("alert channel `prod-log`: environment variable PROD_LOG is not set"),
            "{log}"
        );
    }
    assert_eq!(names(workplace.path()), ["in"]);
}

#[test]
fn an_alert_file_that_is_missing_is_20_and_one_that_is_wrong_is_31() {
    let workplace = workplace();
    workplace.write("alert.json", r#"{"alert": {"channels": 1}}"#);
    for (file, expected) in [("missing.json", 20), ("alert.json", 31)] {
        for command_name in ["validate", "run"] {
            let mut command = command(&workplace, &[command_name, "--alert-filepath", file]);
            let (code, lines) = told(&output(&mut command));
            assert_eq!(code, Some(expected), "{command_name} {lines:?}");
        }
    }
}

#[test]
fn alerts_are_tested_through_the_channels_whose_triggers_match_and_the_exit_is_41() {
    let workplace = workplace();
    let test = |arguments: &[&str]| {
        let mut command = command(&workplace, &[&["validate"], arguments].concat());
        command.env("PROD_LOG", "prod.log").env_remove("IN");
        let tested = output(&mut command);
        (tested.status.code(), streams(&tested).0)
    };
    let (code, out) = test(&["--test-exception", "the disk gone"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(41), "trigger `disk` fires\n  channel `log`: sent\n")
    );
    assert_eq!(
        workplace.read("alerts.log"),
        "[disk] Test Alert: the disk gone\n"
    );
    let (code, out) = test(&["--test-env-var", "ENV=prod"]);
    assert_eq!(
        (code, out.as_str()),
        (
            Some(41),
            "trigger `prod` fires\n  channel `prod-log`: sent\n"
        )
    );
    assert_eq!(
        workplace.read("prod.log"),
        "Test Alert: Test alert triggered\n"
    );
    let (code, out) = test(&[
        "--test-exception",
        "no such table",
        "--test-env-var",
        "ENV=dev",
    ]);
    assert_eq!((code, out.as_str()), (Some(41), "no trigger fires\n"));
}

#[test]
fn samara_tests_alerts_as_the_pipeline_does() {
    let workplace = workplace();
    workplace.write("job.json", WORKFLOW);
    let test = |arguments: &[&str]| {
        let validate = ["validate", "--workflow-filepath", "job.json"];
        let mut command = workplace.samara(&[&validate, arguments].concat());
        let tested = output(command.env("LOG", "alerts.log"));
        (tested.status.code(), streams(&tested))
    };
    let (code, (out, _)) = test(&["--test-exception", "disk full"]);
    assert_eq!(
        (code, out.as_str()),
        (Some(41), "trigger `disk` fires\n  channel `log`: sent\n")
    );
    assert_eq!(
        workplace.read("alerts.log"),
        "[disk] Test Alert: disk full\n"
    );
    let (code, (_, err)) = test(&["--test-env-var", "ENV"]);
    assert_eq!(code, Some(10), "{err}");
    assert_eq!(
        test(&["--alert-filepath", "missing.json", "--test-exception", "x"]).0,
        Some(20)
    );
    assert_eq!(workplace.read("alerts.log").lines().count(), 1);
}

#[test]
fn arguments_that_cannot_be_are_2_and_those_that_do_not_fit_are_10() {
    let workplace = workplace();
    let code = |arguments: &[&str]| told(&output(&mut command(&workplace, arguments))).0;
    assert_eq!(code(&["validate", "--tset-exception", "x"]), Some(2));
    assert_eq!(code(&["--threads", "none"]), Some(2));
    assert_eq!(code(&["validate", "--test-env-var", "=x"]), Some(10));
}

#[test]
fn problems_that_nobody_reads_are_40_all_the_same() {
    let workplace = workplace();
    let mut command = command(&workplace, &["validate"]);
    let (_, unread) = std::io::pipe().expect("a pipe");
    let status = command.env_remove("OUT").stderr(unread).status();
    assert_eq!(status.expect("it starts").code(), Some(40));
}
