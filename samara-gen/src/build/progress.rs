//! One line that says what a build is doing.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// How often a log, which is no terminal, gets a line while a build goes on or waits.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// A line that no usual terminal wraps.
const WIDTH: usize = 79;

/// The state of a build, shown on stderr.
#[derive(Debug)]
pub struct Progress {
    name: String,
    profile: &'static str,
    started: Instant,
    shown: Shown,
    compiled: usize,
    current: Option<String>,
    waiting: bool,
}

/// How the state is shown.
#[derive(Debug)]
enum Shown {
    /// As one line of a terminal, which changes.
    Line,
    /// As lines of a log: one when the build begins, then one for each news.
    Log {
        /// When the last one was written.
        last: Instant,
        /// Whether it said that the build waits.
        waiting: bool,
    },
    /// Not at all.
    Quiet,
}

impl Progress {
    /// Begins with the line that is all if nothing but the pipeline is to be compiled.
    pub fn start(name: &str, profile: &'static str, is_quiet: bool) -> Progress {
        let mut progress = Progress {
            name: name.to_owned(),
            profile,
            started: Instant::now(),
            shown: Shown::Quiet,
            compiled: 0,
            current: None,
            waiting: false,
        };
        if is_quiet {
            return progress;
        }
        if is_terminal() {
            progress.shown = Shown::Line;
            progress.show();
        } else {
            progress.shown = Shown::Log {
                last: progress.started,
                waiting: false,
            };
            // Who does not hear of the progress still gets the binary.
            let _ = writeln!(stderr(), "{}", progress.line());
        }
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

    /// Brings what is shown up to date: a terminal each time, a log at once if the build begins to wait, and else from time to time.
    pub fn show(&mut self) {
        let (line, news) = (self.line(), self.news());
        let mut stderr = stderr();
        match &mut self.shown {
            Shown::Quiet => {}
            Shown::Line => {
                let line: String = line.chars().take(WIDTH).collect();
                let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
            }
            Shown::Log { last, waiting } => {
                let begins_to_wait = self.waiting && !*waiting;
                *waiting = self.waiting;
                if let Some(news) = news
                    && (begins_to_wait || last.elapsed() >= LOG_INTERVAL)
                {
                    *last = Instant::now();
                    let _ = writeln!(stderr, "  {news}");
                }
            }
        }
    }

    /// Takes the line away. Gives the time that the build took.
    pub fn finish(self) -> Duration {
        if let Shown::Line = self.shown {
            let mut stderr = stderr();
            let _ = write!(stderr, "\r\x1b[2K").and_then(|()| stderr.flush());
        }
        self.started.elapsed()
    }

    /// All in one line.
    fn line(&self) -> String {
        match self.news() {
            Some(news) => format!("Building {}: {news}", self.name),
            None => format!("Building {} ({})", self.name, self.profile),
        }
    }

    /// What a person does not expect: a build that waits, or that compiles more than the pipeline.
    fn news(&self) -> Option<String> {
        let time = clock(self.started.elapsed());
        if self.waiting {
            return Some(format!("waiting for another build ({time})"));
        }
        let crates = if self.compiled == 1 {
            "crate"
        } else {
            "crates"
        };
        let current = self.current.as_ref()?;
        Some(format!(
            "{} {crates} compiled, now {current} ({time})",
            self.compiled
        ))
    }
}

/// Whether a line on stderr can be written anew.
fn is_terminal() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
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
        let mut progress = Progress::start("orders", "dev", true);
        progress.compiling("orders");
        assert_eq!(progress.line(), "Building orders (dev)");
    }

    #[test]
    fn a_cold_build_says_what_it_compiles() {
        let mut progress = Progress::start("orders", "dev", true);
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
