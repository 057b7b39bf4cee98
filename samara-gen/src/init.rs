//! A new project: the smallest one that shows a workflow with its schema, its data and its alerts, and that runs.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What runs the project, in its directory.
pub const RUN: &str = "samara run job.jsonc --alert-filepath alert.jsonc";

const FILES: [(&str, &str); 6] = [
    ("job.jsonc", include_str!("init/project/job.jsonc")),
    (
        "orders_schema.json",
        include_str!("init/project/orders_schema.json"),
    ),
    (
        "data/orders.csv",
        include_str!("init/project/data/orders.csv"),
    ),
    ("alert.jsonc", include_str!("init/project/alert.jsonc")),
    (".gitignore", include_str!("init/project/gitignore")),
    ("README.md", include_str!("init/project/README.md")),
];

/// Why there is no new project.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Files of the project are there already.
    #[error(
        "{} has {} already, and nothing is overwritten\n  choose another directory: samara init DIR",
        .directory.display(),
        .files.join(", ")
    )]
    Taken {
        /// The directory.
        directory: PathBuf,
        /// The files that are there.
        files: Vec<&'static str>,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes a project in a directory, which is made if it is not there. Gives the files, relative to it.
///
/// # Errors
/// [`InitError::Taken`] if one of the files is there, or a link of its name: nothing is written then. [`InitError::Io`].
pub fn write_project(directory: &Path) -> Result<Vec<&'static str>, InitError> {
    let names = || FILES.iter().map(|(name, _)| *name);
    // A link that leads nowhere is somebody's, too.
    let taken: Vec<&str> = names()
        .filter(|name| fs::symlink_metadata(directory.join(name)).is_ok())
        .collect();
    if !taken.is_empty() {
        return Err(InitError::Taken {
            directory: directory.to_owned(),
            files: taken,
        });
    }
    for (name, text) in FILES {
        let path = directory.join(name);
        write_new(&path, text).map_err(|source| InitError::Io { path, source })?;
    }
    Ok(names().collect())
}

/// Writes a file that is not there, even if somebody else makes it just now.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_overwrites_nothing_and_writes_nothing_then()
    -> Result<(), Box<dyn std::error::Error>> {
        for theirs in ["README.md", "data/orders.csv"] {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join(theirs);
            fs::create_dir_all(path.parent().ok_or("a folder")?)?;
            fs::write(&path, "mine")?;
            let error = write_project(folder.path()).err().ok_or("refused")?;
            assert!(error.to_string().contains(theirs), "{error}");
            assert_eq!(fs::read_to_string(&path)?, "mine");
            assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        }
        Ok(())
    }

    #[test]
    fn a_project_finds_room_beside_other_files() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("notes.txt"), "mine")?;
        write_project(folder.path())?;
        assert_eq!(fs::read_dir(folder.path())?.count(), 1 + 6);
        Ok(())
    }
}
