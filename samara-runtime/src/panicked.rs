//! What a panic says.

use std::any::Any;

/// The text that somebody panicked with.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    let literal = payload.downcast_ref::<&str>().copied();
    let text = literal.or_else(|| payload.downcast_ref().map(String::as_str));
    text.unwrap_or("a panic without a text")
}
