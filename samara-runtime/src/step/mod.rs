//! Steps: what `#[samara::step]` expands into.
//!
//! A [`Site`] is a step as it stands in the source. A call of a function opens it with [`Site::enter`] and [`Step::call`], an async one with
//! [`Site::start`] and [`Started::drive`]; [`conclude!`](crate::conclude!) ends it with what the function returned. In between the step's span is the
//! current one. Where nobody has set telemetry up, all of that comes to one atomic load.
//!
//! A step that returns a future or a stream hands its open span to that, which has it as the current one whenever it is polled, and ends it.
//!
//! A step that returns a `DataFrame` hands its open span to the frame, which ends it when the rows have streamed through: its work happens
//! then, not in the function.
//!
//! # Examples
//!
//! ```
//! #[samara::step(id = "double", kind = "transform", attributes(n))]
//! fn double(n: u64) -> Result<u64, std::num::TryFromIntError> {
//!     Ok(2 * n)
//! }
//! assert_eq!(double(21), Ok(42));
//! ```

mod attributes;
mod deferred;
mod drive;
mod ending;
mod error_type;
mod exits;
mod expected;
mod follow;
#[cfg(feature = "engine")]
mod frame;
#[cfg(feature = "engine")]
mod job;
mod location;
mod open;
mod outcome;
#[cfg(feature = "engine")]
mod report;
mod site;

pub use attributes::{Attributes, ToAttribute};
pub use deferred::Deferred;
pub use drive::{Driven, Started};
pub use ending::*;
pub use error_type::ErrorType;
pub use exits::{Exit, Exits};
pub use expected::*;
pub use follow::Followed;
pub use location::Location;
pub use outcome::*;
pub use site::{Site, Step};

#[cfg(feature = "engine")]
pub(crate) use frame::{OpenStep, StepFailed};
#[cfg(feature = "engine")]
pub(crate) use job::JobSteps;
#[cfg(feature = "engine")]
pub(crate) use report::{
    Measured, Reports, StepReport, current_step, fail_current, measure_current,
};
