//! Formats whose files say themselves which columns they hold: parquet, avro and orc.

mod avro;
mod avro_blocks;
mod conform;
mod infer;
mod input;
mod kind;
mod options;
mod orc;
mod orc_footer;
mod parquet;

use std::panic::{AssertUnwindSafe, catch_unwind};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Fields;
use datafusion::physical_plan::metrics::Count;

use crate::engine::Format;
use crate::engine::problem::Problem;
use crate::engine::read::ReadError;
use crate::engine::read::files::Part;
use crate::engine::types::Schema;

pub(super) use conform::{Conform, Declared};
pub(super) use infer::infer;
pub(crate) use options::TypedOptions;

/// A format of such files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typed {
    Parquet,
    Avro,
    Orc,
}

impl Typed {
    fn format(self) -> Format {
        match self {
            Self::Parquet => Format::Parquet,
            Self::Avro => Format::Avro,
            Self::Orc => Format::Orc,
        }
    }

    /// Whether parts of a file can be read side by side.
    pub fn may_cut(self) -> bool {
        self != Self::Avro
    }

    /// Opens a part of a file: what it holds is known then, and not read yet.
    pub fn open(self, part: &Part, bytes_read: Count) -> Result<Box<dyn TypedFile>, ReadError> {
        let opened = guarded(|| match self {
            Self::Parquet => parquet::open(part, bytes_read),
            Self::Avro => avro::open(part, bytes_read),
            Self::Orc => orc::open(part, bytes_read),
        });
        opened.map_err(|problem| self.unreadable(part, problem))
    }

    /// What stands in a file, as an error about it.
    pub fn unreadable(self, part: &Part, problem: Problem) -> ReadError {
        ReadError::Unreadable {
            path: part.path.clone(),
            format: self.format().name(),
            problem: problem.to_string(),
        }
    }
}

impl From<conform::Mismatch> for Problem {
    fn from(mismatch: conform::Mismatch) -> Self {
        Self::new(mismatch)
    }
}

/// The rows of a file, a batch at a time.
pub(crate) type Batches = Box<dyn Iterator<Item = Result<RecordBatch, Problem>>>;

/// Reads columns of a file, and takes a panic of its library for what it is: the file is damaged.
pub(super) fn read(
    file: Box<dyn TypedFile>,
    columns: &[usize],
    rows_per_batch: usize,
) -> Result<impl Iterator<Item = Result<RecordBatch, Problem>>, Problem> {
    let mut batches = guarded(|| file.read(columns, rows_per_batch))?;
    Ok(std::iter::from_fn(move || {
        guarded(|| batches.next().transpose()).transpose()
    }))
}

/// What panics is not used again: the error ends the step.
fn guarded<T>(work: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let text = text.unwrap_or("for no reason that it gives");
        Err(Problem::new(format!(
            "the library that reads it gave up: {text}"
        )))
    })
}

/// A file whose columns are known.
pub(crate) trait TypedFile {
    /// The columns as they are read.
    fn fields(&self) -> &Fields;

    /// The columns as Spark would have them, every one nullable.
    fn schema(&self) -> Result<Schema, conform::Mismatch> {
        kind::schema_of(self.fields())
    }

    /// Reads the columns at the given indices, which ascend, in this order.
    fn read(self: Box<Self>, columns: &[usize], rows_per_batch: usize) -> Result<Batches, Problem>;
}

#[cfg(test)]
mod tests;
