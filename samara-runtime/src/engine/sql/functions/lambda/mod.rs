//! Functions that take a function: `transform(list, x -> x + 1)` and its like.

mod arrays;
mod body;
mod call;
mod kind;
mod maps;
mod sort;

pub(in crate::engine::sql) use body::{Body, Captures};
pub(in crate::engine::sql) use call::{higher_order, is_higher_order};
