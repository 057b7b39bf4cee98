//! Files that are whole at every moment, whoever else reads or writes them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::BuildError;

/// Writes a text, unless the file holds it already: an untouched time stamp spares cargo the work.
pub fn write_if_changed(path: &Path, text: &str) -> Result<(), BuildError> {
    if fs::read(path).is_ok_and(|old| old == text.as_bytes()) {
        return Ok(());
    }
    replace(path, |beside| {
        fs::write(beside, text).map_err(BuildError::io("write", path))
    })
}

/// Copies a file with its permissions.
pub fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    replace(to, |beside| {
        fs::copy(from, beside)
            .map(drop)
            .map_err(BuildError::io("write", to))
    })
}

/// Lets `write` make a file or directory beside `path`, and puts that into its place.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(BuildError::io("create", parent))?;
    }
    let beside = beside(path);
    let written = write(&beside)
        .and_then(|()| fs::rename(&beside, path).map_err(BuildError::io("write", path)));
    if written.is_err() {
        // Nothing to say about what was not even written.
        let _ = fs::remove_file(&beside).or_else(|_| fs::remove_dir_all(&beside));
    }
    written
}

/// A name that no other process uses.
pub fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}
