//! The compiler of Samara: a workflow in, one observable binary out.
//!
//! The stages, each a function from one type to the next: [`source`] reads text into values with positions, [`model`] gives them
//! types, [`check`] proves a [`plan`], [`emit`] writes the crate, [`build`] makes the binary. [`cli`] calls them in that order.

pub mod build;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod emit;
pub mod init;
pub mod krate;
pub mod model;
pub mod plan;
pub mod source;
