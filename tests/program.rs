//! The program under test, in directories of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Variables that would change what a run does, beside those of [`FAMILIES`].
const FOREIGN: [&str; 10] = [
    "TRACEPARENT",
    "TRACESTATE",
    "BAGGAGE",
    "LOG_LEVEL",
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "spark.sql.session.timeZone",
    "CARGO_BUILD_TARGET",
    "KUBERNETES_SERVICE_HOST",
];

/// How the names of other such variables begin. What cargo says of this test would make a cargo that is started here build what is built
/// (`ring` looks at it).
const FAMILIES: [&str; 4] = ["OTEL_", "SAMARA_", "CARGO_PKG_", "CARGO_MANIFEST_"];

/// What says how the network is reached: cargo may need it, and a pipeline of a test reaches nothing but this machine.
const NETWORK: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// A directory in which workflows are built and run, with what was put into it.
pub struct Workplace(TempDir);

impl Workplace {
    pub fn empty() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    /// A workplace with a copy of an example, at the path that its workflow expects.
    pub fn with_example(name: &str) -> Self {
        let workplace = Self::empty();
        workplace.add_example(name);
        workplace
    }

    /// Adds a copy of an example.
    pub fn add_example(&self, name: &str) {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../examples")
            .join(name);
        let to = self.path().join("examples").join(name);
        fs::create_dir_all(&to).expect("a directory");
        for entry in fs::read_dir(from).expect("the example") {
            let entry = entry.expect("an entry");
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The text of all part files of an output.
    pub fn parts(&self, output: &str) -> String {
        let parts = fs::read_dir(self.path().join(output))
            .expect("the output")
            .map(|entry| entry.expect("an entry").path());
        let mut parts: Vec<PathBuf> = parts
            .filter(|path| {
                path.file_name()
                    .is_some_and(|name| !is_hidden(name.as_encoded_bytes()))
            })
            .collect();
        parts.sort();
        parts
            .iter()
            .map(|path| fs::read_to_string(path).expect("a part"))
            .collect()
    }

    /// `samara` with arguments, started here.
    pub fn samara(&self, arguments: &[&str]) -> Command {
        let mut command = self.builder(Path::new(env!("CARGO_BIN_EXE_samara")));
        command
            .args(arguments)
            .env("SAMARA_CACHE_DIR", cache_directory());
        command
    }

    /// A pipeline, started here, with nothing set that would change what it does.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = self.builder(program);
        for name in NETWORK {
            command.env_remove(name);
        }
        command
    }

    /// As [`Workplace::command`], for what may build something.
    fn builder(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path());
        for name in FOREIGN {
            command.env_remove(name);
        }
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if FAMILIES.iter().any(|prefix| text.starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Builds a workflow into a binary of the given name in this directory.
    pub fn build(&self, workflow: &str, name: &str) -> PathBuf {
        self.build_to(workflow, self.path().join(name))
    }

    /// Builds a workflow into a binary that many tests run. It outlives this workplace, and the next run of the tests replaces it: what a static
    /// holds is never dropped.
    pub fn build_for_all(&self, workflow: &str, name: &str) -> PathBuf {
        self.build_to(workflow, Path::new(env!("CARGO_TARGET_TMPDIR")).join(name))
    }

    fn build_to(&self, workflow: &str, binary: PathBuf) -> PathBuf {
        let mut samara = self.samara(&["build", workflow, "-o"]);
        succeeded(&samara.arg(&binary).output().expect("samara starts"));
        binary
    }

    /// Builds an emitted crate with cargo: the path of its binary.
    pub fn cargo_build(&self, directory: &str) -> PathBuf {
        let profile = if cfg!(debug_assertions) {
            "dev"
        } else {
            "release"
        };
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
        let mut cargo = self.builder(Path::new("cargo"));
        cargo
            .current_dir(self.path().join(directory))
            .args([
                "build",
                "--locked",
                "--message-format",
                "json",
                "--profile",
                profile,
            ])
            .arg("--target-dir")
            .arg(target);
        let (messages, _) = succeeded(&cargo.output().expect("cargo starts"));
        let mut messages = messages.lines().filter_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            Some(PathBuf::from(message["executable"].as_str()?))
        });
        messages.next().expect("a binary")
    }
}

fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b"_") || name.starts_with(b".")
}

/// The two streams of a program that must have succeeded.
pub fn succeeded(output: &Output) -> (String, String) {
    let (out, err) = streams(output);
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    (out, err)
}

/// What a program wrote to standard output and standard error.
pub fn streams(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// Checks that neither a source, nor a crate that was downloaded, nor the cache is named in a binary by its place on this machine.
pub fn assert_holds_no_path_of_this_machine(binary: &Path) {
    let binary = fs::read(binary).expect("the binary");
    let here =
        fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).expect("the workspace");
    let home = std::env::var("HOME").expect("a home directory");
    let cargo_home = std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{home}/.cargo"));
    let rustup_home = std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{home}/.rustup"));
    let cache = cache_directory();
    for path in [here, cargo_home.into(), rustup_home.into(), cache] {
        let path = path.to_string_lossy().into_owned();
        let found = binary
            .windows(path.len())
            .position(|window| window == path.as_bytes());
        let shown = found.map(|at| {
            String::from_utf8_lossy(&binary[at..binary.len().min(at + 120)]).into_owned()
        });
        assert_eq!(shown, None);
    }
}

/// Where `samara` keeps its crates, for all tests of a user. Not in the target directory: of what lies in there, cargo takes any crate of the same name
/// for the one that it has built.
pub fn cache_directory() -> PathBuf {
    let user = std::env::var("USER").unwrap_or_default();
    std::env::temp_dir().join(format!("samara-tests-{user}"))
}
