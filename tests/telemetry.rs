//! What a compiled pipeline tells by OTLP, to whom, and what becomes of it where nobody listens.

mod context;
mod delivery;
mod doctor;
mod documented;
mod grpc_receiver;
mod jobs;
mod progress;
mod proxies;
mod variables;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::customer_orders::{binary, expected, rows_written};
use crate::hooks;
use crate::program::{Workplace, streams};

/// A certificate or key of clients.
pub fn client_certificate(name: &str) -> PathBuf {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/telemetry/certificates"
    );
    PathBuf::from(folder).join(name)
}

/// The spans of a run of the example: of its steps, its job and itself.
const SPANS: usize = 7;

/// A run of the example `customer_orders`.
struct Run {
    workplace: Workplace,
    output: Output,
    out: String,
    log: String,
}

impl Run {
    /// With arguments and variables, and with one record in each input that does not fit: two warnings of two steps.
    fn of(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let workplace = Workplace::with_example("customer_orders");
        let add = |file: &str, line: &str| {
            let path = workplace.path().join("examples/customer_orders").join(file);
            let file = OpenOptions::new().append(true).open(path);
            writeln!(file.expect("an input"), "{line}").expect("one more line");
        };
        add("customers.csv", "secret,Ada,a@b.c,2024-01-15,PL");
        add("orders.json", r#"{"order_id": "secret"}"#);
        Self::within(workplace, arguments, variables)
    }

    fn within(workplace: Workplace, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = workplace.command(binary());
        command.args(arguments).envs(variables.iter().copied());
        let output = command.output().expect("the binary starts");
        let (out, log) = streams(&output);
        Self {
            workplace,
            output,
            out,
            log,
        }
    }

    /// It did its work, whatever became of its telemetry.
    fn succeeded(self) -> Self {
        assert!(self.output.status.success(), "{}", self.log);
        assert_eq!(rows_written(&self.workplace), expected().rows);
        self
    }

    /// The lines of the log that tell of telemetry: all that are not the two warnings of the steps.
    fn complaints(&self) -> Vec<&str> {
        self.log
            .lines()
            .filter(|line| !line.contains("PERMISSIVE"))
            .collect()
    }

    /// It did its work, and nothing was lost.
    fn delivered(self) -> Self {
        let run = self.succeeded();
        assert_eq!(run.complaints(), Vec::<&str>::new());
        run
    }
}

/// A run of the workflow with hooks, which nobody receives, that waits for its input.
struct Waiting {
    child: Child,
    input: PathBuf,
}

impl Waiting {
    fn start(workplace: &Workplace, variables: &[(&str, &str)]) -> Self {
        let input = workplace.path().join("in.csv");
        let made = Command::new("mkfifo").arg(&input).status();
        assert!(made.expect("mkfifo").success());
        let child = workplace
            .command(hooks::pipeline())
            .envs(variables.iter().copied())
            .env("HOOKS_URL", "http://127.0.0.1:9")
            .env("HOOKS_TOKEN", "hunter3")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        Self {
            child: child.expect("the program starts"),
            input,
        }
    }

    /// Waits while it goes on.
    fn until(&self, has_come: impl Fn() -> bool) {
        let began = Instant::now();
        while !has_come() {
            assert!(began.elapsed() < Duration::from_secs(60), "it has not come");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Gives it its input, and waits for its end: its log.
    fn end(mut self) -> String {
        let pipe = File::options().write(true).open(&self.input);
        let written = pipe.expect("a reader").write_all(b"1\n2\n");
        written.expect("a reader");
        let status = self.child.wait().expect("a child");
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut log).expect("text");
        assert!(status.success(), "{log}");
        log
    }
}

impl Drop for Waiting {
    /// A test that fails meanwhile leaves nothing behind.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
