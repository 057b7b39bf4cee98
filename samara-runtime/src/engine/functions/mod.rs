//! The functions of a workflow, a file each: methods of [`DataFrame`](crate::DataFrame).

mod aggregate;
mod attribute;
mod cast;
mod distinct;
mod drop;
mod drop_duplicates;
pub(crate) mod dropna;
mod filter;
pub(crate) mod join;
pub(crate) mod order_by;
mod pivot;
mod select;
mod with_column;
