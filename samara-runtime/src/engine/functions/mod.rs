//! The functions of a workflow, a file each: methods of [`DataFrame`](crate::DataFrame).

mod attribute;
mod cast;
mod drop;
mod drop_duplicates;
mod filter;
pub(crate) mod join;
mod select;
mod with_column;
