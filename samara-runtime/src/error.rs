//! Everything that can go wrong in a run.

use std::error::Error as StdError;

use datafusion::common::DataFusionError;

use crate::engine::option::OptionError;
use crate::engine::read::ReadError;
use crate::engine::types::why_no_type;
use crate::engine::write::WriteError;
use crate::location::LocationError;
use crate::step::StepFailed;
use crate::variables::VariableError;

/// The result of the runtime's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong in building or running a pipeline.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A column that the frame does not have.
    #[error("no column `{name}`; there are {}", list(.candidates))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The names there are.
        candidates: Vec<String>,
        /// Where in an expression the name stands, in bytes, if it stands in one.
        offset: Option<usize>,
    },
    /// A name that stands for several columns.
    #[error("column `{name}` is ambiguous: there are several of that name")]
    AmbiguousColumn {
        /// The name asked for.
        name: String,
    },
    /// An expression that is not valid Spark SQL, or does not fit the frame.
    #[error("{message} in `{expression}`")]
    Expression {
        /// The expression as it was written.
        expression: String,
        /// What is wrong with it.
        message: String,
        /// Where in the expression, in bytes, if that is known.
        offset: Option<usize>,
    },
    /// A name that is no Spark type.
    #[error("{}", why_no_type(.name))]
    UnknownType {
        /// The name as it was written.
        name: String,
    },
    /// A schema that is not Spark's schema JSON.
    #[error("schema: {0}")]
    Schema(String),
    /// A cast between types that Spark does not cast between.
    #[error("cannot cast `{column}` from {from} to {to}")]
    Cast {
        /// The column.
        column: String,
        /// Its type.
        from: String,
        /// The type asked for.
        to: String,
    },
    /// A pivot over a column of too many different values.
    #[error("`{column}` has more than {most} different values, each of which would be a column")]
    TooManyPivotValues {
        /// The column.
        column: String,
        /// How many there may be.
        most: usize,
    },
    /// A reader's or writer's option that is unknown or holds a wrong value.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// A location that names a variable that is not set.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// A text that names no place of files, or one in a store that is not supported.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// Input that cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Output that cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A step that failed while its rows streamed.
    #[error("step `{step}`: {message}")]
    Step {
        /// The step's id.
        step: String,
        /// What kind of failure it is: one of a fixed few.
        kind: &'static str,
        /// What happened in it.
        message: String,
    },
    /// A job that failed.
    #[error("job `{job}` failed: {source}")]
    Job {
        /// The job's id.
        job: String,
        /// Why.
        source: Box<Error>,
    },
    /// A failure of the engine itself.
    #[error("engine: {}", sentence(.0))]
    Engine(#[source] DataFusionError),
    /// A signal that ended the run.
    #[error("interrupted by {signal}")]
    Interrupted {
        /// Its name.
        signal: &'static str,
    },
    /// A failure of a hand-written step.
    #[error(transparent)]
    Other(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// Wraps an error of a hand-written step.
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// A short name of the kind of error, for the attribute `error.type`: one of a fixed few.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::UnknownColumn { .. } => "UnknownColumn",
            Self::AmbiguousColumn { .. } => "AmbiguousColumn",
            Self::Expression { .. } => "Expression",
            Self::UnknownType { .. } => "UnknownType",
            Self::Schema(_) => "Schema",
            Self::Cast { .. } => "Cast",
            Self::TooManyPivotValues { .. } => "TooManyPivotValues",
            Self::Option(_) => "Option",
            Self::Variable(_) => "Variable",
            Self::Location(_) => "Location",
            Self::Read(_) => "Read",
            Self::Write(_) => "Write",
            Self::Step { kind, .. } => kind,
            Self::Job { source, .. } => source.kind(),
            Self::Engine(_) => "Engine",
            Self::Interrupted { .. } => "Interrupted",
            Self::Other(_) => "Other",
        }
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match StepFailed::find(&error) {
            Some(failed) => Self::Step {
                step: failed.step.to_owned(),
                kind: failed.kind,
                message: failed.message.clone(),
            },
            None => Self::Engine(error),
        }
    }
}

/// The kind of an engine error, for the attribute `error.type`.
pub(crate) fn kind_of(error: &DataFusionError) -> &'static str {
    match error.find_root() {
        DataFusionError::External(error) if error.is::<ReadError>() => "Read",
        DataFusionError::Execution(_) | DataFusionError::ArrowError(..) => "Execution",
        DataFusionError::ResourcesExhausted(_) => "ResourcesExhausted",
        _ => "Engine",
    }
}

const OUT_OF_MEMORY: &str = "the memory limit is too small for what has to be held at once, and that cannot be spilled to disk; \
     --memory-limit sets a greater one";

/// An engine error as one sentence: its root cause, without the layers' names and without a back trace.
pub(crate) fn sentence(error: &DataFusionError) -> String {
    let text = match error.find_root() {
        DataFusionError::Execution(text)
        | DataFusionError::Plan(text)
        | DataFusionError::NotImplemented(text) => text.clone(),
        DataFusionError::External(error) => error.to_string(),
        DataFusionError::ResourcesExhausted(detail) => format!("{OUT_OF_MEMORY} ({detail})"),
        DataFusionError::ArrowError(error, _) => match error.to_string() {
            dump if dump.contains("IntervalMonthDayNano") => {
                "a date and an interval lead beyond the last date".to_owned()
            }
            text => text,
        },
        other => other.to_string(),
    };
    match text.split_once("\n\nbacktrace:") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

fn list(names: &[String]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
