//! How a program ends.

use std::process::ExitCode;

use crate::alert::AlertError;

/// How a program ends, as the exit code of its process. `samara` and the pipelines that it builds share them.
///
/// # Examples
///
/// ```
/// use samara::workflow::Exit;
///
/// assert_eq!(Exit::JobFailed as u8, 50);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// Arguments that are none, or do not go together. A flag that does not exist is 2, by clap.
    InvalidArguments = 10,
    /// A file of the program's own cannot be read or written.
    Io = 20,
    /// The run lacks what it is to be given, such as a variable.
    Configuration = 30,
    /// The alert file is wrong.
    AlertConfiguration = 31,
    /// The workflow is wrong.
    WorkflowConfiguration = 32,
    /// `validate` has found something.
    Validation = 40,
    /// Alerts were tested.
    AlertTest = 41,
    /// A job failed.
    JobFailed = 50,
    /// A signal ended the run.
    Interrupted = 98,
    /// What should not happen.
    Unexpected = 99,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&AlertError> for Exit {
    fn from(error: &AlertError) -> Self {
        match error {
            AlertError::Read { .. } => Self::Io,
            _ => Self::AlertConfiguration,
        }
    }
}
