//! What building costs, and what it gives.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{Workplace, succeeded};

const WORKFLOW: &str = "examples/customer_orders/job.jsonc";

#[test]
fn the_generated_crate_of_the_example_is_the_golden_one() {
    let workplace = Workplace::with_example("customer_orders");
    succeeded(
        &workplace
            .samara(&["emit", WORKFLOW, "--emit-dir", "crate"])
            .output()
            .expect("samara starts"),
    );
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/customer_orders");
    for file in ["src/main.rs", "src/silver.rs"] {
        let emitted = workplace.read(&format!("crate/{file}"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(golden.join("src")).expect("a directory");
            fs::write(golden.join(file), &emitted).expect("a file");
        }
        assert_eq!(
            emitted,
            fs::read_to_string(golden.join(file)).expect("the golden file"),
            "{file}; UPDATE_GOLDEN=1 accepts it"
        );
    }
}

#[test]
fn the_same_workflow_gives_the_same_bytes_and_another_directory_changes_nothing() {
    let crates: Vec<Vec<(String, String)>> = ["one", "two"]
        .iter()
        .map(|name| {
            let workplace = Workplace::with_example("customer_orders");
            succeeded(
                &workplace
                    .samara(&["emit", WORKFLOW, "--emit-dir", name])
                    .output()
                    .expect("samara starts"),
            );
            [
                "Cargo.toml",
                "Cargo.lock",
                "src/main.rs",
                "src/silver.rs",
                "job.jsonc",
            ]
            .iter()
            .map(|file| {
                (
                    (*file).to_owned(),
                    workplace.read(&format!("{name}/{file}")),
                )
            })
            .collect()
        })
        .collect();
    assert_eq!(crates[0], crates[1]);
}

#[test]
fn an_emitted_crate_is_a_normal_cargo_project_that_rustfmt_and_clippy_accept_and_shares_the_engine()
{
    let workplace = Workplace::with_example("customer_orders");
    succeeded(
        &workplace
            .samara(&["emit", WORKFLOW, "--emit-dir", "crate"])
            .output()
            .expect("samara starts"),
    );
    let cargo = |arguments: &[&str]| {
        let mut command = workplace.command(std::path::Path::new("cargo"));
        command
            .current_dir(workplace.path().join("crate"))
            .args(arguments);
        command
    };
    succeeded(&cargo(&["fmt", "--check"]).output().expect("cargo starts"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let profile = if cfg!(debug_assertions) {
        "dev"
    } else {
        "release"
    };
    let mut build = cargo(&[
        "build",
        "--locked",
        "--message-format",
        "json",
        "--profile",
        profile,
        "--target-dir",
    ]);
    let (artifacts, _) = succeeded(&build.arg(target).output().expect("cargo starts"));
    let messages: Vec<serde_json::Value> = artifacts
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let engine = |message: &&serde_json::Value| {
        message["reason"] == "compiler-artifact"
            && message["target"]["name"]
                .as_str()
                .is_some_and(|name| name.starts_with("datafusion"))
    };
    let engine: Vec<_> = messages.iter().filter(engine).collect();
    assert!(
        engine.len() > 10,
        "DataFusion is made of more crates than {}",
        engine.len()
    );
    let rebuilt: Vec<_> = engine
        .iter()
        .filter(|message| message["fresh"] == false)
        .map(|message| &message["target"]["name"])
        .collect();
    assert!(rebuilt.is_empty(), "built a second time: {rebuilt:?}");
    assert!(
        messages
            .iter()
            .all(|message| message["reason"] != "compiler-message"
                || message["message"]["level"] != "warning")
    );
}

#[test]
fn a_workflow_that_did_not_change_is_run_without_cargo() {
    let workplace = Workplace::with_example("customer_orders");
    let run = |command: &mut Command| succeeded(&command.output().expect("samara starts"));
    run(&mut workplace.samara(&["run", "--workflow-filepath", WORKFLOW]));
    let (_, log) = run(workplace
        .samara(&["run", "--workflow-filepath", WORKFLOW])
        .env("CARGO", "/nonexistent"));
    assert!(!log.contains("Building"), "{log}");
}

#[test]
fn a_password_in_plain_text_does_not_get_into_a_binary() {
    let workplace = Workplace::with_example("customer_orders");
    let alert = |password: &str| {
        format!(
            r#"{{"alert": {{"channels": [{{"channel_type": "email", "id": "mail", "smtp_server": "smtp.example.com", "smtp_port": 587,
                "username": "u", "password": "{password}", "from_email": "a@example.com", "to_emails": ["b@example.com"]}}], "triggers": []}}}}"#
        )
    };
    workplace.write("alert.json", &alert("hunter2"));
    let emit = [
        "emit",
        WORKFLOW,
        "--alert-filepath",
        "alert.json",
        "--emit-dir",
        "crate",
    ];
    let output = workplace.samara(&emit).output().expect("samara starts");
    let (_, log) = crate::program::streams(&output);
    assert_eq!(output.status.code(), Some(31), "{log}");
    assert!(
        log.contains("S0211") && !workplace.path().join("crate").exists(),
        "{log}"
    );
    workplace.write("alert.json", &alert("${SMTP_PASSWORD}"));
    succeeded(&workplace.samara(&emit).output().expect("samara starts"));
}

#[test]
fn the_program_tells_its_version_under_the_name_that_it_was_called_by() {
    let workplace = Workplace::empty();
    let samara = Path::new(env!("CARGO_BIN_EXE_samara"));
    for name in ["samara", "samara-gen"] {
        let mut program = workplace.command(&samara.with_file_name(name));
        let (out, _) = succeeded(&program.arg("--version").output().expect("it starts"));
        assert_eq!(out, format!("{name} {}\n", env!("CARGO_PKG_VERSION")));
    }
}
