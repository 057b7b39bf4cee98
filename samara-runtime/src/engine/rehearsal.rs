//! A run in which nothing is read or written, for `validate`: each extract looks whether its files are there and begin as they should, each load
//! whether it could write, and what is wrong is gathered.
//!
//! It lies in the context, so a job's function is called as in a run, and a step that fails stops nothing.

use std::path::PathBuf;
use std::sync::Arc;

use opentelemetry::Context;
use parking_lot::Mutex;

use crate::engine::{DataFrame, Field, Schema, Session};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::step::{current_step, fail_current};

/// What would be written, and what would go wrong.
#[derive(Debug, Clone)]
pub(crate) struct Rehearsal {
    session: Session,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    faults: Vec<Fault>,
    written: Vec<Written>,
    /// Whether this job has a frame whose columns only a run knows.
    is_blind: bool,
}

/// What a step would write.
#[derive(Debug)]
struct Written {
    target: PathBuf,
    /// Nothing, if only a run knows it.
    schema: Option<Schema>,
}

impl State {
    fn written(&self, location: &Location) -> Option<&Written> {
        let is_there = |written: &&Written| location.is_within(&written.target);
        self.written.iter().rev().find(is_there)
    }
}

/// What a step could not do.
#[derive(Debug)]
pub(crate) struct Fault {
    pub step: Option<&'static str>,
    pub error: Error,
}

impl Rehearsal {
    pub fn new(session: Session) -> Self {
        Self {
            session,
            state: Arc::default(),
        }
    }

    /// The rehearsal that this is in, if it is in one.
    pub fn current() -> Option<Self> {
        Context::map_current(|context| context.get::<Self>().cloned())
    }

    /// Ends a job: what its steps could not do.
    pub fn end_job(&self) -> Vec<Fault> {
        let mut state = self.state.lock();
        state.is_blind = false;
        std::mem::take(&mut state.faults)
    }

    /// Notes what the current step cannot do.
    pub fn note(&self, error: impl Into<Error>) {
        let (step, error) = (current_step(), error.into());
        fail_current(error.kind(), &error.to_string());
        self.state.lock().faults.push(Fault { step, error });
    }

    /// Notes that a frame has columns that only its rows would tell.
    pub fn lose_sight(&self) {
        self.state.lock().is_blind = true;
    }

    /// Whether the columns of every frame so far are known.
    pub fn sees_columns(&self) -> bool {
        !self.state.lock().is_blind
    }

    /// Notes that a step would write to a location.
    pub fn write(&self, location: &Location, schema: Schema) {
        let mut state = self.state.lock();
        let written = Written {
            target: absolute(location),
            schema: (!state.is_blind).then_some(schema),
        };
        state.written.push(written);
    }

    /// Whether an earlier step would have written to a location by now.
    pub fn is_written(&self, location: &Location) -> bool {
        self.state.lock().written(location).is_some()
    }

    /// The columns of what an earlier step would have written to a location by now, if it would: none, if only a run knows them.
    pub fn columns_written(&self, location: &Location) -> Option<Vec<Field>> {
        let mut state = self.state.lock();
        let schema = state.written(location)?.schema.clone();
        state.is_blind |= schema.is_none();
        Some(schema.map_or_else(Vec::new, |schema| schema.fields))
    }

    /// A frame of which nothing is known, for a step that could not give its own. What later steps say of its columns means nothing.
    fn stand_in(&self, error: Error) -> Result<DataFrame> {
        let is_consequence = !self.sees_columns() && is_about_columns(&error);
        if !is_consequence {
            self.note(error);
        }
        self.lose_sight();
        self.session.empty([])
    }
}

/// What a step gave. In a rehearsal, a failure is noted and stops nothing.
pub(crate) fn endured(outcome: Result<DataFrame>) -> Result<DataFrame> {
    match outcome {
        Ok(frame) => Ok(frame),
        Err(error) => match Rehearsal::current() {
            Some(rehearsal) => rehearsal.stand_in(error),
            None => Err(error),
        },
    }
}

fn is_about_columns(error: &Error) -> bool {
    matches!(
        error,
        Error::UnknownColumn { .. }
            | Error::AmbiguousColumn { .. }
            | Error::Expression { .. }
            | Error::Cast { .. }
            | Error::Engine(_)
    )
}

/// Where a location lies; as it stands, if there is no working directory any more.
fn absolute(location: &Location) -> PathBuf {
    let as_it_stands = |_| PathBuf::from(location.path());
    location.absolute().unwrap_or_else(as_it_stands)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RunSettings;

    fn rehearsal() -> Rehearsal {
        Rehearsal::new(Session::new(&RunSettings::default()).expect("a session"))
    }

    fn location(text: &str) -> Location {
        Location::parse(text).expect("a location")
    }

    fn schema(rehearsal: &Rehearsal) -> Schema {
        let frame = rehearsal.session.empty([("id", "bigint")]);
        frame.and_then(|frame| frame.schema()).expect("a schema")
    }

    #[test]
    fn what_a_load_would_write_is_there_by_any_name_of_the_place() {
        let rehearsal = rehearsal();
        rehearsal.write(&location("out/a"), schema(&rehearsal));
        let same = [
            "out/a",
            "./out/a/",
            "out/b/../a",
            "out/a/part-*.csv",
            "out/*",
            "o*/?/part-*",
            "{x/y,out/a}",
        ];
        for place in same {
            assert!(rehearsal.is_written(&location(place)), "{place}");
        }
        for place in ["out", "out/ab", "a", "other/*", "o*"] {
            assert!(!rehearsal.is_written(&location(place)), "{place}");
        }
        let columns = rehearsal.columns_written(&location("out/a"));
        assert_eq!(columns, Some(schema(&rehearsal).fields));
    }

    #[test]
    fn what_only_a_run_knows_stays_unknown_in_the_jobs_that_read_it() {
        let rehearsal = rehearsal();
        rehearsal.lose_sight();
        rehearsal.write(&location("out"), schema(&rehearsal));
        rehearsal.end_job();
        assert!(rehearsal.sees_columns());
        assert_eq!(
            rehearsal.columns_written(&location("out")),
            Some(Vec::new())
        );
        assert!(!rehearsal.sees_columns());
    }

    #[test]
    fn a_failed_step_is_told_once_and_not_again_by_what_follows_from_it() {
        let rehearsal = rehearsal();
        let context = Context::new().with_value(rehearsal.clone());
        let _current = context.attach();
        let missing = || {
            Err(Error::UnknownColumn {
                name: "a".to_owned(),
                candidates: Vec::new(),
                offset: None,
            })
        };
        assert!(endured(missing()).is_ok() && endured(missing()).is_ok());
        assert!(endured(Err(Error::other("no disk"))).is_ok());
        let told = rehearsal.end_job();
        let told: Vec<&str> = told.iter().map(|fault| fault.error.kind()).collect();
        assert_eq!(told, ["UnknownColumn", "Other"]);
    }
}
