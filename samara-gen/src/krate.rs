//! A crate as texts: what `emit` gives and `build` takes.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// A cargo project that is not on disk yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crate {
    /// The name of the package, and of the binary that it builds.
    pub name: String,
    /// The text of every file, by its path inside the project.
    pub files: BTreeMap<PathBuf, String>,
}
