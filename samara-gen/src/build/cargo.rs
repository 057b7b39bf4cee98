//! Runs cargo, and listens to what it says.

use std::env;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use crate::build::progress::{Delay, Progress};
use crate::build::{BuildError, Profile, outer_cargo};

/// How often the progress line's clock moves on.
const TICK: Duration = Duration::from_secs(1);

/// What one run of cargo needs to know.
pub struct Cargo<'a> {
    /// The crate.
    pub directory: &'a Path,
    /// Where cargo keeps what it builds.
    pub target_directory: &'a Path,
    /// What stands in front of rustc.
    pub rustc_wrapper: &'a Path,
    /// How much rustc optimises.
    pub profile: Profile,
}

enum Event {
    Status { word: String, rest: String },
    Said(String),
    Message(Message),
}

/// What we read of cargo's messages (`cargo build --message-format json`, in the Cargo book under "External tools").
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    fresh: bool,
    executable: Option<PathBuf>,
}

impl Cargo<'_> {
    /// Builds the crate, and gives the executable.
    ///
    /// # Errors
    /// [`BuildError::NoCargo`] if there is none; [`BuildError::Cargo`] with all that it said if it fails.
    pub fn build(&self, progress: &mut Progress) -> Result<PathBuf, BuildError> {
        let mut child = self.start()?;
        let events = listen(&mut child);
        let mut executable = None;
        let mut said = String::new();
        loop {
            match events.recv_timeout(TICK) {
                Ok(Event::Said(line)) => said.extend([line.as_str(), "\n"]),
                Ok(Event::Status { word, rest }) => note_status(progress, &word, &rest),
                Ok(Event::Message(message)) => {
                    progress.goes_on();
                    if message.reason == "compiler-artifact" && !message.fresh {
                        progress.compiled();
                    }
                    executable = message.executable.or(executable);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            progress.show();
        }
        let status = child
            .wait()
            .map_err(BuildError::io("run", Path::new("cargo")))?;
        let failed = || BuildError::Cargo {
            crate_directory: self.directory.to_owned(),
            output: said,
        };
        executable.filter(|_| status.success()).ok_or_else(failed)
    }

    fn start(&self) -> Result<Child, BuildError> {
        let mut command = Command::new("cargo");
        command
            .args([
                "build",
                "--locked",
                "--message-format",
                "json-render-diagnostics",
                "--profile",
                self.profile.name(),
            ])
            .arg("--target-dir")
            .arg(self.target_directory)
            .current_dir(self.directory)
            .env("RUSTC_WRAPPER", self.rustc_wrapper)
            .env("CARGO_TERM_COLOR", "never")
            .env("CARGO_TERM_PROGRESS_WHEN", "never")
            .env_remove("CARGO_TERM_QUIET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(outer_cargo::sets) {
                command.env_remove(name);
            }
        }
        command.spawn().map_err(|error| match error.kind() {
            ErrorKind::NotFound => BuildError::NoCargo,
            _ => BuildError::io("run", Path::new("cargo"))(error),
        })
    }
}

fn note_status(progress: &mut Progress, word: &str, rest: &str) {
    match word {
        "Compiling" => progress.compiling(rest.split(' ').next().unwrap_or(rest)),
        "Blocking" => progress.delayed(Delay::AnotherBuild),
        "Updating" | "Downloading" => progress.delayed(Delay::Download),
        _ => {}
    }
}

fn listen(child: &mut Child) -> Receiver<Event> {
    let (sender, events) = channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone(), |line| {
            serde_json::from_str(&line).ok().map(Event::Message)
        });
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender, |line| Some(event_of_line(line)));
    }
    events
}

fn forward(
    from: impl Read + Send + 'static,
    to: Sender<Event>,
    event: fn(String) -> Option<Event>,
) {
    thread::spawn(move || {
        let lines = BufReader::new(from).split(b'\n').map_while(Result::ok);
        for line in lines {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if event(line).is_some_and(|event| to.send(event).is_err()) {
                break;
            }
        }
    });
}

/// Cargo sets the word of a status line flush right in twelve columns; all else is said to a person.
fn event_of_line(line: String) -> Event {
    let status = line.trim_start().split_once(' ').filter(|(word, _)| {
        let indent = line.len() - line.trim_start().len();
        indent > 0
            && indent + word.len() == 12
            && word.starts_with(|c: char| c.is_ascii_uppercase())
    });
    match status {
        Some((word, rest)) => Event::Status {
            word: word.to_owned(),
            rest: rest.to_owned(),
        },
        None => Event::Said(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_told_from_an_error() {
        let status = event_of_line("   Compiling arrow v60.1.0".to_owned());
        assert!(
            matches!(status, Event::Status { word, rest } if word == "Compiling" && rest == "arrow v60.1.0")
        );
        for line in [
            "error: no such thing",
            "    |   Compiling x",
            "12 | let x = 1;",
            "",
            "  --> src/main.rs:1:1",
        ] {
            assert!(matches!(event_of_line(line.to_owned()), Event::Said(said) if said == line));
        }
    }
}
