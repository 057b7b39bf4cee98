//! The runtime of Samara: what a compiled or hand-written pipeline links.
//!
//! # Any program
//!
//! [`#[samara::step]`](macro@step) over a function gives it a span, a duration histogram and error reporting, and [`#[samara::main]`](macro@main)
//! over `main` sends them to any OpenTelemetry collector. That is all there is without the feature `engine`, and it compiles in less than
//! a minute.
//!
//! ```no_run
//! #[samara::step(attributes(path))]
//! fn count_lines(path: &str) -> std::io::Result<usize> {
//!     Ok(std::fs::read_to_string(path)?.lines().count())
//! }
//!
//! #[samara::main]
//! fn main() -> std::io::Result<()> {
//!     println!("{} lines", count_lines("orders.csv")?);
//!     Ok(())
//! }
//! ```
//!
#![cfg_attr(
    feature = "engine",
    doc = r#"
# Pipelines

With the feature `engine`, a program is a [`Workflow`] of jobs; a job is a function that calls steps in order; a step reads, changes or
writes a [`DataFrame`]. The binary that comes of it has the flags and variables of [`RunSettings`].

```no_run
use samara::{DataFrame, Load, Result, SaveMode, Session};

#[samara::step(id = "extract-people", kind = "extract")]
fn extract_people(session: &Session) -> Result<DataFrame> {
    session.read().option("header", "true").schema([("id", "bigint"), ("name", "string")]).csv("people.csv")
}

#[samara::step(id = "load-people", kind = "load")]
fn load_people(people: DataFrame) -> Result<Load> {
    people.write().mode(SaveMode::Overwrite).json("people")
}

fn copy(session: &Session) -> Result<()> {
    let people = extract_people(session)?;
    session.run([load_people(people)?])
}

#[samara::main]
fn main() -> samara::Workflow {
    samara::Workflow::new("copy-people").job("copy", copy)
}
```
"#
)]

extern crate self as samara;

// What the guides show compiles.
#[cfg(doctest)]
#[doc = include_str!("../../docs/step.md")]
mod guide_of_steps {}
#[cfg(doctest)]
#[doc = include_str!("../../docs/telemetry.md")]
mod guide_of_telemetry {}

#[cfg(feature = "engine")]
pub mod alert;
mod client;
mod context;
#[cfg(feature = "engine")]
pub mod engine;
pub mod entry;
#[cfg(feature = "engine")]
mod error;
#[cfg(feature = "engine")]
mod interrupt;
#[cfg(feature = "engine")]
pub mod location;
mod panicked;
mod proxy;
#[cfg(feature = "engine")]
pub mod request;
pub mod settings;
pub mod step;
pub mod telemetry;
#[cfg(feature = "engine")]
pub mod variables;
#[cfg(feature = "engine")]
pub mod workflow;
#[cfg(feature = "engine")]
pub mod yaml;

pub use context::{in_current_context, spawn};
pub use samara_macros::{ErrorType, main, step};
pub use settings::Settings;
pub use step::ErrorType;
pub use telemetry::{init, meter, tracer};
pub use {opentelemetry, opentelemetry_sdk};

#[cfg(feature = "engine")]
pub use engine::read::Reader;
#[cfg(feature = "engine")]
pub use engine::write::{Load, SaveMode, Writer};
#[cfg(feature = "engine")]
pub use engine::{
    DataFrame, DataType, Dropna, Field, Format, Join, OptionError, Schema, Session, SortColumn,
    asc, desc,
};
#[cfg(feature = "engine")]
pub use error::{Error, Result};
#[cfg(feature = "engine")]
pub use settings::RunSettings;
#[cfg(feature = "engine")]
pub use workflow::{Hook, Hooks, Workflow};
