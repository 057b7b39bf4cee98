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
    delay: Option<Delay>,
}

/// Why nothing is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Another build holds the target directory.
    AnotherBuild,
    /// Crates are fetched.
    Download,
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
        /// The delay that it told of.
        delay: Option<Delay>,
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
            delay: None,
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
                delay: None,
            };
            // Who does not hear of the progress still gets the binary.
            let _ = writeln!(stderr(), "{}", progress.line());
        }
        progress
    }

    /// A crate is being compiled.
    pub fn compiling(&mut self, name: &str) {
        self.delay = None;
        if name != self.name || self.current.is_some() {
            self.current = Some(name.to_owned());
        }
    }

    /// A crate was compiled.
    pub fn compiled(&mut self) {
        self.compiled += 1;
    }

    /// Nothing is compiled for now.
    pub fn delayed(&mut self, delay: Delay) {
        self.delay = Some(delay);
    }

    /// It goes on.
    pub fn goes_on(&mut self) {
        self.delay = None;
    }

    /// Brings what is shown up to date: a terminal each time, a log at once if a delay begins, and else from time to time.
    pub fn show(&mut self) {
        let (line, news) = (self.line(), self.news());
        let mut stderr = stderr();
        match &mut self.shown {
            Shown::Quiet => {}
            Shown::Line => {
                let line: String = line.chars().take(WIDTH).collect();
                let _ = write!(stderr, "\r\x1b[2K{line}").and_then(|()| stderr.flush());
            }
            Shown::Log { last, delay } => {
                let is_new = self.delay.is_some() && self.delay != *delay;
                *delay = self.delay;
                if let Some(news) = news
                    && (is_new || last.elapsed() >= LOG_INTERVAL)
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
        match self.delay {
            Some(Delay::AnotherBuild) => {
                return Some(format!("waiting for another build ({time})"));
            }
            Some(Delay::Download) => return Some(format!("downloading crates ({time})")),
            None => {}
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
    fn a_delay_is_said_until_the_build_goes_on() {
        let mut progress = Progress::start("orders", "dev", true);
        for (delay, expected) in [
            (
                Delay::AnotherBuild,
                "Building orders: waiting for another build (0s)",
            ),
            (Delay::Download, "Building orders: downloading crates (0s)"),
        ] {
            progress.delayed(delay);
            assert_eq!(progress.line(), expected);
        }
        progress.goes_on();
        assert_eq!(progress.line(), "Building orders (dev)");
    }

    #[test]
    fn times_read_as_people_say_them() {
        assert_eq!(
            [59, 130].map(|seconds| clock(Duration::from_secs(seconds))),
            ["59s", "2m 10s"]
        );
    }
}
