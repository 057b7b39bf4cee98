//! One line that says what a build is doing.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often a log, which is no terminal, gets a line.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// A line that no usual terminal wraps.
const WIDTH: usize = 79;

/// The state of a build, shown on stderr.
#[derive(Debug)]
pub struct Progress {
    name: String,
    profile: &'static str,
    started: Instant,
    logged: Option<Instant>,
    is_terminal: bool,
    compiled: usize,
    current: Option<String>,
    waiting: bool,
}

impl Progress {
    /// Begins with the line that is all if nothing but the pipeline is to be compiled.
    pub fn start(name: &str, profile: &'static str) -> Progress {
        let mut progress = Progress {
            name: name.to_owned(),
            profile,
            started: Instant::now(),
            logged: None,
            is_terminal: stderr().is_terminal(),
            compiled: 0,
            current: None,
            waiting: false,
        };
        progress.show();
        progress
    }

    /// A crate is being compiled.
    pub fn compiling(&mut self, name: &str) {
        self.waiting = false;
        if name != self.name || self.current.is_some() {
            self.current = Some(name.to_owned());
        }
    }

    /// A crate was compiled.
    pub fn compiled(&mut self) {
        self.waiting = false;
        self.compiled += 1;
    }

    /// Another build holds the target directory.
    pub fn waiting(&mut self) {
        self.waiting = true;
    }

    /// It is over.
    pub fn waited(&mut self) {
        self.waiting = false;
    }

    /// Brings the line up to date: at once on a terminal, from time to time in a log.
    pub fn show(&mut self) {
        let line = self.line();
        let mut stderr = stderr();
        // Who does not hear of the progress still gets the binary.
        if self.is_terminal {
            let line: String = line.chars().take(WIDTH).collect();
            let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
        } else if self
            .logged
            .is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL)
        {
            self.logged = Some(Instant::now());
            let _ = writeln!(stderr, "{line}");
        }
    }

    /// Takes the line away. Gives the time that the build took.
    pub fn finish(self) -> Duration {
        if self.is_terminal {
            let mut stderr = stderr();
            let _ = write!(stderr, "\r\x1b[2K").and_then(|()| stderr.flush());
        }
        self.started.elapsed()
    }

    fn line(&self) -> String {
        let Progress {
            name,
            profile,
            compiled,
            ..
        } = self;
        let time = clock(self.started.elapsed());
        match &self.current {
            _ if self.waiting => format!("Building {name}: waiting for another build ({time})"),
            None => format!("Building {name} ({profile})"),
            Some(current) => {
                let crates = if *compiled == 1 { "crate" } else { "crates" };
                format!("Building {name}: {compiled} {crates} compiled, now {current} ({time})")
            }
        }
    }
}

/// `4s`, `2m 10s`
fn clock(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds => format!("{}m {:02}s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_build_only_says_that_it_builds() {
        let mut progress = Progress::start("orders", "dev");
        progress.compiling("orders");
        assert_eq!(progress.line(), "Building orders (dev)");
    }

    #[test]
    fn a_cold_build_says_what_it_compiles() {
        let mut progress = Progress::start("orders", "dev");
        progress.compiling("arrow");
        progress.compiled();
        progress.compiling("datafusion");
        assert_eq!(
            progress.line(),
            "Building orders: 1 crate compiled, now datafusion (0s)"
        );
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(
            [59, 130].map(|seconds| clock(Duration::from_secs(seconds))),
            ["59s", "2m 10s"]
        );
    }
}
