//! The compiler of Samara under its other name: starts the program `samara` that lies beside it.
//!
//! A copy of the engine under each name would take 140 MB a piece, so there is one.

use std::env::{self, consts::EXE_SUFFIX};
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

#[path = "../build/outer_cargo.rs"]
mod outer_cargo;

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(20)
        }
    }
}

/// Becomes `samara`, which calls itself by the name of this program. Returns only where a process cannot become another, or if it fails.
fn start() -> io::Result<ExitCode> {
    let own = env::current_exe()?;
    let samara = own.with_file_name(format!("samara{EXE_SUFFIX}"));
    if let Some(mut cargo) = cargo_run(&own) {
        // `cargo run --bin samara-gen` has built this program alone, and `samara` may be missing or older than its sources.
        if !cargo.status()?.success() {
            return Ok(ExitCode::from(99));
        }
    }
    if !samara.is_file() {
        return Err(io::Error::other(format!(
            "samara-gen is another name of the program samara, and there is no {}\n  \
             install both with `cargo install --path samara-gen --locked`, or build it with `cargo build --bin samara`",
            samara.display()
        )));
    }
    let mut command = Command::new(&samara);
    command.args(env::args_os().skip(1));
    become_process(command)
        .map_err(|error| io::Error::other(format!("cannot run {}: {error}", samara.display())))
}

/// The cargo that builds `samara` beside this program, if it was one that started it.
fn cargo_run(own: &Path) -> Option<Command> {
    let cargo = env::var_os("CARGO")?;
    let manifest = Path::new(&env::var_os("CARGO_MANIFEST_DIR")?).join("Cargo.toml");
    let profile_directory = own.parent()?;
    let target = profile_directory.parent()?;
    let is_own_package =
        env::var("CARGO_PKG_NAME").is_ok_and(|name| name == env!("CARGO_PKG_NAME"));
    if !is_own_package || !target.join("CACHEDIR.TAG").is_file() {
        return None;
    }
    let profile = match profile_directory.file_name()?.to_str()? {
        "debug" => "dev",
        profile => profile,
    };
    let mut command = Command::new(cargo);
    command
        .args(["build", "--bin", "samara", "--profile", profile])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(outer_cargo::sets) {
            command.env_remove(name);
        }
    }
    Some(command)
}

#[cfg(unix)]
fn become_process(mut command: Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.arg0("samara-gen").exec())
}

#[cfg(not(unix))]
fn become_process(mut command: Command) -> io::Result<ExitCode> {
    let code = command.status()?.code();
    Ok(ExitCode::from(
        code.and_then(|code| u8::try_from(code).ok()).unwrap_or(99),
    ))
}
