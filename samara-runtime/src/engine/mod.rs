//! The engine: frames over Apache DataFusion, with Spark's semantics.
//!
//! Every call of DataFusion that is generic or async stays behind the concrete functions of this module, so that a pipeline compiles in a
//! second: what it links was compiled here.

mod aggregates;
mod boundary;
mod calendar;
mod compression;
mod csv_characters;
mod frame;
mod functions;
mod kept;
mod memory;
pub(crate) mod option;
mod ordered;
mod problem;
mod projection;
pub mod read;
pub(crate) mod rehearsal;
mod session;
mod share;
#[cfg(test)]
mod size_tests;
mod spill;
mod sql;
pub(crate) mod stack;
mod statistics;
pub(crate) mod text;
pub(crate) mod types;
pub mod write;

pub use frame::DataFrame;
pub use functions::dropna::Dropna;
pub use functions::join::Join;
pub use functions::order_by::{SortColumn, asc, desc};
pub use option::OptionError;
pub use session::Session;
pub use types::{DataType, Field, Schema};

/// Names and values, in order.
pub(crate) type Pairs = Vec<(String, String)>;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One json object a line.
    Json,
    /// One column of texts, a line each.
    Text,
    /// Apache Parquet.
    Parquet,
    /// Apache Avro.
    Avro,
    /// Apache ORC.
    Orc,
}

impl Format {
    /// The name that workflows have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Text => "text",
            Self::Parquet => "parquet",
            Self::Avro => "avro",
            Self::Orc => "orc",
        }
    }

    /// What the name of a file of it ends with.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Text => "txt",
            _ => self.name(),
        }
    }
}
