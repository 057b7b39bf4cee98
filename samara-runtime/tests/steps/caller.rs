//! Steps that are told who calls them.

use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::Mutex;

use opentelemetry::trace::Status;
use samara::telemetry::names;

use crate::LoadError;
use crate::recorded::{attribute, failed, points, succeeded, traced};

/// The line that a panic is reported at.
fn line_of_panic(panics: impl FnOnce()) -> u32 {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    thread_local!(static LINE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) });
    let _alone = ONE_AT_A_TIME.lock();
    let before = panic::take_hook();
    panic::set_hook(Box::new(|panic| {
        LINE.set(panic.location().map_or(0, Location::line));
    }));
    let panicked = catch_unwind(AssertUnwindSafe(panics));
    panic::set_hook(before);
    assert!(panicked.is_err());
    LINE.get()
}

struct Loader<T>(Option<T>);

impl<T: Clone> Loader<T> {
    #[samara::step]
    #[track_caller]
    fn row(&self) -> T {
        self.0.clone().unwrap()
    }
}

trait Named {
    fn caller(&self) -> u32;
}

impl<T> Named for Loader<T> {
    #[samara::step]
    #[track_caller]
    fn caller(&self) -> u32 {
        Location::caller().line()
    }
}

#[test]
fn a_step_that_tracks_its_caller_is_told_who_calls_it() {
    #[samara::step]
    #[track_caller]
    fn line() -> u32 {
        Location::caller().line()
    }
    #[track_caller]
    #[samara::step]
    fn line_of<T>(_value: impl Into<T>) -> Result<u32, LoadError> {
        let line: u32 = Ok::<_, LoadError>(Location::caller().line())?;
        return Ok(line);
    }
    let (lines, trace) = traced(|| {
        [
            (line(), line!()),
            (line_of::<u64>(1_u8).unwrap_or(0), line!()),
        ]
    });
    for (told, here) in lines {
        assert_eq!(told, here);
    }
    let ((told, here), _) = traced(|| (Loader(Some(1)).caller(), line!()));
    assert_eq!(told, here);
    assert_eq!(points("line"), succeeded(1));
    // The step itself stands where it is written.
    let said = attribute(trace.span("line"), names::CODE_LINE_NUMBER);
    assert_ne!(said, Some(lines[0].1.to_string()));
}

#[test]
fn a_panic_in_a_step_that_tracks_its_caller_is_reported_at_the_caller() {
    #[samara::step]
    #[track_caller]
    fn refuses(n: u64) {
        assert!(n > 0, "zero");
    }
    #[samara::step]
    #[track_caller]
    fn never() -> ! {
        panic!("never")
    }
    let ((), trace) = traced(|| {
        assert_eq!(line_of_panic(|| refuses(0)), line!());
        assert_eq!(line_of_panic(|| never()), line!());
        assert_eq!(line_of_panic(|| _ = Loader(None::<u64>).row()), line!());
    });
    for name in ["refuses", "never", "row"] {
        assert!(matches!(trace.span(name).status, Status::Error { .. }));
        assert_eq!(points(name), failed("panic", 1));
    }
}

#[test]
fn an_error_of_a_step_that_tracks_its_caller_is_told_however_it_is_left() {
    #[derive(Debug, thiserror::Error, samara::ErrorType)]
    enum ReadError {
        #[error("no number: {0}")]
        Number(#[from] std::num::ParseIntError),
        #[error("zero")]
        Zero,
        #[error("too large")]
        TooLarge,
    }
    #[samara::step]
    #[track_caller]
    fn read(text: &str) -> Result<u64, ReadError> {
        let rows: Vec<u64> = vec![text.trim().parse()?];
        for row in &rows {
            if *row == 0 || *row == 7 {
                return Err(ReadError::Zero);
            }
        }
        let large = rows.iter().find(|row| {
            if **row > 9 {
                return true;
            }
            false
        });
        match large {
            Some(_) => Err(ReadError::TooLarge),
            None => Ok(rows[0]),
        }
    }
    #[samara::step]
    #[track_caller]
    fn first(text: &str) -> Option<char> {
        let first = text.chars().next()?;
        Some(first)
    }
    for (text, class, message) in [
        ("x", "Number", "no number: invalid digit found in string"),
        ("0", "Zero", "zero"),
        ("10", "TooLarge", "too large"),
    ] {
        let (outcome, trace) = traced(|| read(text));
        assert!(outcome.is_err());
        let span = trace.span("read");
        assert_eq!(span.status, Status::error(message));
        assert_eq!(span.events.len(), 1);
        assert_eq!(attribute(span, names::ERROR_TYPE).as_deref(), Some(class));
    }
    traced(|| (first(""), first("a")));
    assert_eq!(points("first"), succeeded(2));
}

#[test]
fn an_error_inside_a_closure_is_none_of_the_step_that_tracks_its_caller() {
    use std::num::ParseIntError;

    #[samara::step]
    #[track_caller]
    fn numbers(texts: &[&str]) -> Result<u64, ParseIntError> {
        let parsed = texts
            .iter()
            .map(|text| Ok::<u64, ParseIntError>(text.parse::<u64>()? + 1));
        Ok(parsed.filter_map(Result::ok).sum())
    }
    let (outcome, trace) = traced(|| numbers(&["1", "x"]));
    assert_eq!(outcome, Ok(2));
    assert_eq!(trace.span("numbers").status, Status::Unset);
    assert_eq!(points("numbers"), succeeded(1));
}

#[test]
#[rustfmt::skip]
fn an_error_behind_a_leading_bar_is_told() {
    #[samara::step]
    #[track_caller]
    fn refused(n: Option<u64>) -> Result<u64, LoadError> {
        match n {
            | Some(0) | None => return Err(LoadError::Full),
            | Some(n) => Ok(n),
        }
    }
    let (outcome, trace) = traced(|| refused(None));
    assert!(outcome.is_err());
    assert_eq!(trace.span("refused").status, Status::error("the disk is full"));
    assert_eq!(points("refused"), failed("Full", 1));
}
