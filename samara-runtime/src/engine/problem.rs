//! What a library says of a file that it cannot read or write.

/// Why not, in the library's own words.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Problem(Box<dyn std::error::Error + Send + Sync>);

impl Problem {
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}
