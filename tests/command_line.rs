//! The command line as people expect it: of `samara`, and of the programs that it builds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use crate::program::{Workplace, streams, succeeded};

const ESCAPE: char = '\u{1b}';

/// A workflow that lacks a field, with alerts beside it that tell of every failure.
const INVALID: &str = r#"{"workflow": {"id": "w"}, "alert": {
  "channels": [{"channel_type": "file", "id": "log", "file_path": "alerts.log"}],
  "triggers": [{"id": "any", "channel_ids": ["log"]}]}}"#;

/// A workflow of one step that reads and one that writes, by locations with variables.
const ORDERS: &str = r#"{"workflow": {"id": "orders", "version": "1.4.0", "description": "Copies orders.", "jobs": [{"id": "j",
  "extracts": [{"id": "read", "extract_type": "file", "data_format": "csv", "location": "${DATA_DIR}/orders.csv",
    "schema": "{\"fields\": [{\"name\": \"order_id\", \"type\": \"long\"}]}", "options": {"header": true}}],
  "loads": [{"id": "write", "upstream_id": "read", "load_type": "file", "data_format": "csv", "location": "${OUT:-out}", "mode": "overwrite"}]}]}}"#;

fn orders() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let workplace = Workplace::empty();
        workplace.write("job.json", ORDERS);
        workplace.build_for_all("job.json", "orders-of-the-command-line")
    })
}

/// A workplace where [`orders`] find their rows.
fn with_orders() -> Workplace {
    let workplace = Workplace::empty();
    workplace.write("orders.csv", "order_id\n1\n2\n");
    workplace
}

/// The program that [`orders`] is, with arguments and variables.
fn run_orders(workplace: &Workplace, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = workplace.command(orders());
    command
        .args(arguments)
        .env("DATA_DIR", ".")
        .envs(variables.iter().copied());
    command.output().expect("the pipeline starts")
}

/// What `samara` says, with variables.
fn samara(workplace: &Workplace, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = workplace.samara(arguments);
    command.envs(variables.iter().copied());
    command.output().expect("samara starts")
}

#[test]
fn a_workflow_that_is_not_valid_alerts_nobody_unless_asked() {
    let workplace = Workplace::empty();
    workplace.write("job.json", INVALID);
    let output = samara(&workplace, &["run", "job.json"], &[]);
    assert_eq!(output.status.code(), Some(32));
    assert!(!workplace.path().join("alerts.log").exists());
    let output = samara(&workplace, &["run", "job.json", "--alert-on-invalid"], &[]);
    assert_eq!(output.status.code(), Some(32));
    let alerts = workplace.read("alerts.log");
    assert!(
        alerts.starts_with("Workflow cannot be run: The workflow job.json cannot be run: error[")
            && alerts.contains("jobs"),
        "{alerts}"
    );
}

#[test]
fn a_pipeline_that_cannot_be_built_alerts_those_who_asked() {
    let workplace = Workplace::empty();
    workplace.write("alert.json", INVALID);
    // No other test has built it.
    let never_built = ORDERS.replace(r#""id": "orders""#, r#""id": "orders-without-cargo""#);
    workplace.write("job.json", &never_built);
    let arguments = ["run", "job.json", "--alert-filepath", "alert.json"];
    let no_cargo = [("PATH", "/nonexistent")];
    samara(&workplace, &arguments, &no_cargo);
    assert!(!workplace.path().join("alerts.log").exists());
    let asked = [&arguments[..], &["--alert-on-invalid"]].concat();
    let output = samara(&workplace, &asked, &no_cargo);
    assert_eq!(output.status.code(), Some(20));
    let alerts = workplace.read("alerts.log");
    assert!(alerts.contains("needs cargo"), "{alerts}");
}

#[test]
fn a_workflow_that_is_not_there_is_all_that_is_told() {
    let workplace = Workplace::empty();
    for flags in [&[][..], &["--alert-on-invalid"]] {
        let output = samara(&workplace, &[&["run", "nope.yaml"], flags].concat(), &[]);
        let (_, error) = streams(&output);
        assert_eq!(output.status.code(), Some(20));
        assert!(error.starts_with("error"), "{error}");
        assert!(error.contains("nope.yaml"), "{error}");
        assert!(!error.contains("alert"), "{error}");
    }
}

#[test]
fn alerts_that_cannot_be_read_are_told_after_what_is_wrong_with_the_workflow() {
    let workplace = Workplace::empty();
    workplace.write("job.json", "{");
    let output = samara(&workplace, &["run", "job.json", "--alert-on-invalid"], &[]);
    let (_, error) = streams(&output);
    let told = |text: &str| {
        error
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {error}"))
    };
    assert!(told("error[") < told("no alert is raised"), "{error}");
}

#[test]
fn a_warning_of_a_run_names_the_variable_that_a_setting_came_from() {
    let workplace = with_orders();
    workplace.write("job.json", ORDERS);
    let variables = [
        ("DATA_DIR", "."),
        ("TRACEPARENT", "00-nonsense"),
        ("SAMARA_OTLP_LOGS_ENDPOINT", "nonsense://x"),
    ];
    let (_, log) = succeeded(&samara(&workplace, &["run", "job.json"], &variables));
    for origin in ["of TRACEPARENT", "SAMARA_OTLP_LOGS_ENDPOINT"] {
        assert!(log.contains(origin), "{origin}: {log}");
    }
    for flag in ["--trace-parent", "--otlp-logs-endpoint"] {
        assert!(!log.contains(flag), "{flag}: {log}");
    }
}

#[test]
fn colours_of_the_compiler_are_as_flags_and_variables_say() {
    let workplace = Workplace::empty();
    workplace.write("job.json", INVALID);
    for (flags, variables, expected) in [
        (&[][..], &[][..], false),
        (&[], &[("CLICOLOR_FORCE", "1")], true),
        (&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        (&["--color=always"], &[("NO_COLOR", "1")], true),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")], false),
        (&["--color=auto"], &[("CLICOLOR_FORCE", "1")], true),
    ] {
        for command in [
            &["validate", "job.json"][..],
            &["emit", "nope.json", "--emit-dir=x"],
            &["run", "--no-such-flag"],
            &["run", "--help"],
        ] {
            let output = samara(&workplace, &[command, flags].concat(), variables);
            let (out, err) = streams(&output);
            let is_coloured = out.contains(ESCAPE) || err.contains(ESCAPE);
            assert_eq!(is_coloured, expected, "{command:?} {flags:?} {variables:?}");
        }
    }
}

#[test]
fn colours_of_a_pipeline_are_as_flags_and_variables_say_in_logs_and_tables_alike() {
    let workplace = with_orders();
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        // A header of another name is a warning.
        workplace.write("orders.csv", "id\n1\n");
        let (out, err) = succeeded(&run_orders(&workplace, arguments, variables));
        assert!(err.contains("WARN"), "{err}");
        (out.contains(ESCAPE), err.contains(ESCAPE))
    };
    assert_eq!(coloured(&[], &[]), (false, false));
    assert_eq!(coloured(&["--color=always"], &[]), (true, true));
    let forced = ("CLICOLOR_FORCE", "1");
    assert_eq!(coloured(&[], &[forced]), (true, true));
    assert_eq!(coloured(&["--color=never"], &[forced]), (false, false));
    assert_eq!(coloured(&[], &[forced, ("NO_COLOR", "1")]), (false, false));
}

#[test]
fn a_quiet_program_prints_warnings_and_errors_only() {
    let workplace = with_orders();
    workplace.write("job.json", ORDERS);
    for arguments in [
        &["validate", "job.json"][..],
        &["emit", "job.json", "--emit-dir=crate"],
        &["build", "job.json"],
        &["run", "job.json"],
    ] {
        let quiet = [arguments, &["--quiet"]].concat();
        let output = samara(&workplace, &quiet, &[("DATA_DIR", ".")]);
        assert_eq!(
            succeeded(&output),
            (String::new(), String::new()),
            "{arguments:?}"
        );
    }
    for arguments in [&["-q"][..], &["validate", "-q"]] {
        let output = run_orders(&workplace, arguments, &[]);
        assert_eq!(succeeded(&output), (String::new(), String::new()));
    }
    workplace.write("orders.csv", "id\n1\n");
    let (out, err) = succeeded(&run_orders(&workplace, &["-q"], &[]));
    assert!(out.is_empty() && err.contains("WARN"), "{out}{err}");
    fs::remove_file(workplace.path().join("orders.csv")).expect("it is there");
    let output = run_orders(&workplace, &["-q"], &[]);
    assert_eq!(output.status.code(), Some(50));
    assert!(streams(&output).1.contains("orders.csv"));
}

#[test]
fn the_help_of_a_pipeline_names_its_inputs_outputs_and_variables() {
    let workplace = Workplace::empty();
    let (help, _) = succeeded(&run_orders(&workplace, &["--help"], &[]));
    let expected = "Inputs:\n  ${DATA_DIR}/orders.csv\n\nOutputs:\n  ${OUT:-out}\n\nVariables:
  DATA_DIR  required\n  OUT       optional\n";
    assert!(help.ends_with(expected), "{help}");
}

#[test]
fn the_version_of_a_pipeline_is_that_of_its_workflow_with_the_digest() {
    let workplace = Workplace::empty();
    let (version, _) = succeeded(&run_orders(&workplace, &["--version"], &[]));
    let digest = version
        .strip_prefix("orders 1.4.0 (sha256:")
        .and_then(|rest| rest.strip_suffix(")\n"));
    assert_eq!(digest.map(str::len), Some(64), "{version}");
}

#[test]
fn a_dev_build_says_that_it_is_one_and_how_to_get_a_release_build() {
    let workplace = Workplace::empty();
    workplace.write("job.json", ORDERS);
    let output = samara(&workplace, &["build", "job.json", "--profile=dev"], &[]);
    let (report, _) = succeeded(&output);
    for part in ["(dev, ", "--profile release", "not optimised"] {
        assert!(report.contains(part), "{report}");
    }
}

#[test]
fn a_new_project_runs_as_it_says_and_is_never_made_over_another() {
    let workplace = Workplace::empty();
    let (report, _) = succeeded(&samara(&workplace, &["init", "shop"], &[]));
    let (_, run) = report.split_once("cd shop && samara ").expect("a command");
    let shop = workplace.path().join("shop");
    assert!(workplace.read("shop/README.md").contains(run.trim()));
    let arguments: Vec<&str> = run.split_whitespace().collect();
    let mut command = workplace.samara(&arguments);
    succeeded(&command.current_dir(&shop).output().expect("samara starts"));
    assert_eq!(
        workplace.parts("shop/output"),
        "country,orders,revenue\nDE,2,259.99\nFR,1,42.50\nNL,2,99.90\n"
    );
    let mut again = workplace.samara(&["init"]);
    let output = again.current_dir(&shop).output().expect("samara starts");
    assert_eq!(output.status.code(), Some(20));
    let (_, error) = streams(&output);
    assert!(error.contains("nothing is overwritten"), "{error}");
}

#[test]
fn what_builds_have_left_is_removed_and_said() {
    let workplace = Workplace::empty();
    workplace.write("job.json", ORDERS);
    let cache = workplace.path().join("cache");
    let target = workplace.path().join("target");
    let run = |arguments: &[&str]| {
        let mut command = workplace.samara(arguments);
        command
            .env("SAMARA_CACHE_DIR", &cache)
            .env("CARGO_TARGET_DIR", &target);
        succeeded(&command.output().expect("samara starts")).0
    };
    run(&["emit", "job.json", "--emit-dir", "crate"]);
    fs::write(cache.join("notes.txt"), "mine").expect("a file");
    let would = run(&["clean", "--dry-run"]);
    assert!(would.contains("would remove 1 unpacked runtime"), "{would}");
    let did = run(&["clean"]);
    assert!(did.contains("removed 1 unpacked runtime: "), "{did}");
    let left: Vec<_> = fs::read_dir(&cache)
        .expect("the cache")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(left, ["notes.txt"]);
    assert!(run(&["clean"]).contains("nothing of samara"));
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    let workplace = Workplace::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (script, _) = succeeded(&samara(&workplace, &["completions", shell], &[]));
        for word in ["export-schema", "workflow-filepath", "alert-on-invalid"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn every_command_has_a_man_page() {
    let workplace = Workplace::empty();
    succeeded(&samara(&workplace, &["man", "man"], &[]));
    let whole = workplace.read("man/samara.1");
    for command in [
        "init",
        "run",
        "validate",
        "build",
        "emit",
        "doctor",
        "clean",
        "export-schema",
    ] {
        assert!(
            whole.contains(&format!("samara\\-{}", command.replace('-', "\\-"))),
            "{command}"
        );
        let page = workplace.read(&format!("man/samara-{command}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
}
