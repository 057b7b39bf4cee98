//! The runtime of Samara: what a compiled or hand-written pipeline links.
//!
//! A pipeline is a [`Workflow`] of jobs; a job is a function that calls steps in order; a step is a function under
//! [`#[samara::step]`](macro@step) that reads, changes or writes a [`DataFrame`]. The binary that comes of it has the flags and variables of
//! [`Settings`], and reports each run to OpenTelemetry by itself.
//!
//! # Examples
//!
//! ```no_run
//! use samara::{DataFrame, Result, SaveMode, Session};
//!
//! #[samara::step(id = "extract-people", kind = "extract")]
//! fn extract_people(session: &Session) -> Result<DataFrame> {
//!     session.read().option("header", "true").schema([("id", "bigint"), ("name", "string")]).csv("people.csv")
//! }
//!
//! #[samara::step(id = "load-people", kind = "load")]
//! fn load_people(people: DataFrame) -> Result<()> {
//!     people.write().mode(SaveMode::Overwrite).json("people")
//! }
//!
//! fn copy(session: &Session) -> Result<()> {
//!     load_people(extract_people(session)?)
//! }
//!
//! #[samara::main]
//! fn main() -> samara::Workflow {
//!     samara::Workflow::new("copy-people").job("copy", copy)
//! }
//! ```

extern crate self as samara;

pub mod alert;
pub mod engine;
pub mod entry;
mod error;
pub mod settings;
pub mod step;
pub mod telemetry;
pub mod variables;
pub mod workflow;

pub use engine::read::Reader;
pub use engine::write::{SaveMode, Writer};
pub use engine::{DataFrame, DataType, Field, Format, Join, OptionError, Schema, Session};
pub use error::{Error, Result};
pub use samara_macros::{main, step};
pub use settings::Settings;
pub use workflow::Workflow;
