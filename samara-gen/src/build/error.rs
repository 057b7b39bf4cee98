//! Why a crate cannot be built.

use std::io;
use std::path::{Path, PathBuf};

/// Why there is no binary.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// No environment variable says where caches live.
    #[error("cannot tell where to keep the built engine: set SAMARA_CACHE_DIR, or HOME")]
    NoCacheDirectory,
    /// There is no cargo to build with.
    #[error(
        "building a pipeline needs cargo, and there is none on the PATH\n  install Rust with rustup, from https://rustup.rs, and try again"
    )]
    NoCargo,
    /// Somebody builds a pipeline with what was to be removed.
    #[error("a pipeline is being built\n  try again when that has ended")]
    Busy,
    /// The directory holds what somebody else wrote.
    #[error("{} is not empty and holds no crate that samara-gen wrote\n  choose another --emit-dir, or empty it", .path.display())]
    NotOurs {
        /// The directory.
        path: PathBuf,
    },
    /// A generated file was taken over by a person.
    #[error("{} is no longer marked as generated, so it is left alone\n  choose another --emit-dir, or remove the file", .path.display())]
    TakenOver {
        /// The file.
        path: PathBuf,
    },
    /// A file or directory cannot be read or written.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried, as in "cannot write".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Cargo did not build the crate.
    #[error("cargo could not build the pipeline; its crate is in {}\n\n{output}", .crate_directory.display())]
    Cargo {
        /// Where the crate is.
        crate_directory: PathBuf,
        /// All that cargo said about it.
        output: String,
    },
}

impl BuildError {
    /// For `map_err`: what was tried, and on what.
    pub(super) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> BuildError + use<'a> {
        move |source| BuildError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}
