//! What building costs, and what it gives.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::program::{
    Workplace, assert_holds_no_path_of_this_machine, cache_directory, streams, succeeded,
};

const WORKFLOW: &str = "examples/customer_orders/job.jsonc";

/// What `samara` builds with if nothing is said.
const PROFILE: &str = if cfg!(debug_assertions) {
    "dev"
} else {
    "release"
};

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
fn cargo_build_of_an_emitted_crate_leaves_no_path_of_this_machine_in_the_binary() {
    let workplace = Workplace::with_example("customer_orders");
    succeeded(
        &workplace
            .samara(&["emit", WORKFLOW, "--emit-dir", "crate"])
            .output()
            .expect("samara starts"),
    );
    let configuration: toml::Table = workplace
        .read("crate/.cargo/config.toml")
        .parse()
        .expect("toml");
    let wrapper = configuration["build"]["rustc-wrapper"].as_str();
    let wrapper = Path::new(wrapper.expect("a path"));
    assert!(wrapper.starts_with(cache_directory()) && wrapper.is_file());
    assert_holds_no_path_of_this_machine(&workplace.cargo_build("crate"));
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
    let (_, log) = streams(&output);
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

#[test]
fn the_usage_names_the_program_as_it_was_called() {
    let workplace = Workplace::empty();
    let samara = Path::new(env!("CARGO_BIN_EXE_samara"));
    for name in ["samara", "samara-gen"] {
        let mut program = workplace.command(&samara.with_file_name(name));
        let help = program.args(["build", "--help"]).output();
        let (help, _) = succeeded(&help.expect("it starts"));
        assert!(help.contains(&format!("Usage: {name} build ")), "{help}");
    }
}

/// The shell of the rustc wrapper hands on no variable with a `-` in its name, and so not `CARGO_BIN_EXE_samara-gen`.
fn samara_gen() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_samara")).with_file_name("samara-gen")
}

#[test]
fn the_other_name_of_the_program_is_no_second_copy_of_the_engine() {
    let size = |program: &Path| fs::metadata(program).expect("the program").len();
    let samara = size(Path::new(env!("CARGO_BIN_EXE_samara")));
    let other = size(&samara_gen());
    assert!(other < samara / 10, "{other} bytes beside {samara}");
}

#[test]
fn the_other_name_says_what_to_do_when_the_program_is_not_beside_it() {
    let workplace = Workplace::empty();
    let alone = workplace.path().join("samara-gen");
    fs::copy(samara_gen(), &alone).expect("a copy");
    let mut program = workplace.command(&alone);
    let output = program.arg("--version").output().expect("it starts");
    let (_, error) = streams(&output);
    assert_eq!(output.status.code(), Some(20));
    let missing = workplace.path().join("samara").display().to_string();
    for part in [&missing, "cargo install --path samara-gen --locked"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn every_install_command_of_the_documentation_takes_the_engine_of_the_lock_file() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = [
        "",
        "docs",
        "deploy",
        "deploy/kubernetes",
        "samara-gen/src/bin",
    ];
    let entries = folders.map(|folder| fs::read_dir(workspace.join(folder)).expect("a folder"));
    let texts = entries.into_iter().flatten().filter_map(|entry| {
        let path = entry.expect("an entry").path();
        Some((fs::read_to_string(&path).ok()?, path))
    });
    let mut commands = 0;
    for (text, path) in texts {
        for line in text
            .lines()
            .filter(|line| line.contains("cargo install --path"))
        {
            assert!(line.contains("--locked"), "{}: {line}", path.display());
            commands += 1;
        }
    }
    assert!(commands >= 2, "README and the message of samara-gen");
}

#[test]
fn a_build_that_waits_for_another_says_so_at_once_and_names_itself_once() {
    let workplace = Workplace::with_example("customer_orders");
    let target = tempfile::tempdir().expect("a target directory");
    let lock = fs::File::create(target.path().join(".samara-build.lock")).expect("the lock");
    lock.lock().expect("held");
    let mut samara = workplace.samara(&["build", WORKFLOW]);
    samara
        // It ends where it would begin to compile.
        .env("PATH", "/nonexistent")
        .env("CARGO_TARGET_DIR", target.path())
        .stderr(Stdio::piped());
    let mut running = samara.spawn().expect("samara starts");
    let stderr = BufReader::new(running.stderr.take().expect("it is piped"));
    let mut lines = stderr.lines().map_while(Result::ok);
    let began = Instant::now();
    assert_eq!(
        lines.next().as_deref(),
        Some(&*format!("Building customer-orders ({PROFILE})"))
    );
    assert_eq!(
        lines.next().as_deref(),
        Some("  waiting for another build (0s)")
    );
    assert!(began.elapsed() < Duration::from_secs(10));
    lock.unlock().expect("released");
    let rest: Vec<String> = lines.collect();
    assert!(!running.wait().expect("it ends").success());
    assert!(
        rest.iter().all(|line| !line.contains("Building")) && rest[0].contains("needs cargo"),
        "{rest:?}"
    );
}
