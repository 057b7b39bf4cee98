//! Puts a crate on disk, and takes away what an earlier one left there: never a file that samara-gen did not write.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use toml::{Table, Value};

use crate::build::{BuildError, file};
use crate::emit::GENERATED;
use crate::krate::Crate;

/// Writes the files of a crate that differ from those on disk, and removes the stale ones.
///
/// # Errors
/// [`BuildError::NotOurs`] for a directory that holds something else, [`BuildError::TakenOver`] for a file of ours that somebody
/// made theirs by removing its first line: nothing is changed then. [`BuildError::Io`] if writing fails.
pub fn write(krate: &Crate, directory: &Path) -> Result<(), BuildError> {
    let old = written_before(directory)?;
    let stale: Vec<&PathBuf> = old
        .iter()
        .filter(|path| !krate.files.contains_key(*path))
        .collect();
    for path in krate.files.keys().chain(stale.iter().copied()) {
        refuse_taken_over(&directory.join(path))?;
    }
    for path in stale {
        let path = directory.join(path);
        if path.exists() {
            fs::remove_file(&path).map_err(BuildError::io("remove", &path))?;
        }
    }
    for (path, text) in &krate.files {
        file::write_if_changed(&directory.join(path), text)?;
    }
    Ok(())
}

/// Whether a directory holds a crate that was written here.
pub fn is_ours(directory: &Path) -> bool {
    fs::read_to_string(directory.join("Cargo.toml")).is_ok_and(|manifest| is_generated(&manifest))
}

/// Removes the files of a crate, and the directories that are empty then. What somebody else has put beside them stays.
pub fn remove(directory: &Path) -> io::Result<()> {
    let files = written_before(directory).map_err(io::Error::other)?;
    // The manifest goes last: until then it says what is to be removed.
    for path in files
        .iter()
        .map(PathBuf::as_path)
        .chain([Path::new("Cargo.toml")])
    {
        match fs::remove_file(directory.join(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut directories: Vec<PathBuf> = files
        .iter()
        .flat_map(|path| path.ancestors().skip(1))
        .map(|path| directory.join(path))
        .collect();
    directories.sort();
    for directory in directories.iter().rev() {
        // One that is not empty stays.
        let _ = fs::remove_dir(directory);
    }
    Ok(())
}

/// The files that an earlier crate brought here, by what its manifest says.
fn written_before(directory: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(BuildError::io("read", directory)(error)),
    };
    if is_empty {
        return Ok(Vec::new());
    }
    let manifest = fs::read_to_string(directory.join("Cargo.toml")).unwrap_or_default();
    if !is_generated(&manifest) {
        return Err(BuildError::NotOurs {
            path: directory.to_owned(),
        });
    }
    let manifest: Table = manifest.parse().unwrap_or_default();
    let samara = ["package", "metadata", "samara"]
        .iter()
        .try_fold(&manifest, |table, key| {
            table.get(*key).and_then(Value::as_table)
        });
    let files = samara
        .and_then(|samara| samara.get("files"))
        .and_then(Value::as_array);
    let paths = files
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(PathBuf::from);
    Ok(paths
        .filter(|path| {
            path.components()
                .all(|part| matches!(part, Component::Normal(_)))
        })
        .collect())
}

fn refuse_taken_over(path: &Path) -> Result<(), BuildError> {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    match fs::read_to_string(path) {
        Ok(text) if is_rust && !is_generated(&text) => Err(BuildError::TakenOver {
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

fn is_generated(text: &str) -> bool {
    text.lines()
        .next()
        .is_some_and(|line| line.contains(GENERATED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn krate(files: &[&str]) -> Crate {
        let text = |path: &&str| (PathBuf::from(path), format!("// {GENERATED} 1\n"));
        let mut files: BTreeMap<PathBuf, String> = files.iter().map(text).collect();
        let paths: Vec<String> = files
            .keys()
            .map(|path| format!("{:?}", path.display().to_string()))
            .collect();
        let manifest = format!(
            "# {GENERATED} 1\n[package.metadata.samara]\nfiles = [{}]\n",
            paths.join(", ")
        );
        files.insert("Cargo.toml".into(), manifest);
        Crate {
            name: "orders".into(),
            files,
        }
    }

    #[test]
    fn a_job_that_is_gone_takes_its_file_along_and_nothing_else()
    -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        write(&krate(&["src/main.rs", "src/gold.rs"]), folder.path())?;
        fs::write(folder.path().join("notes.txt"), "mine")?;
        write(&krate(&["src/main.rs", "src/silver.rs"]), folder.path())?;
        assert!(!folder.path().join("src/gold.rs").exists());
        assert!(
            folder.path().join("src/silver.rs").exists()
                && folder.path().join("notes.txt").exists()
        );
        Ok(())
    }

    #[test]
    fn a_directory_of_somebody_else_is_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("Cargo.toml"), "[package]\n")?;
        let refused = write(&krate(&["src/main.rs"]), folder.path());
        assert!(matches!(refused, Err(BuildError::NotOurs { .. })));
        assert!(!folder.path().join("src").exists());
        Ok(())
    }

    #[test]
    fn a_file_that_a_person_took_over_is_left_alone() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        write(&krate(&["src/main.rs", "src/gold.rs"]), folder.path())?;
        fs::write(folder.path().join("src/gold.rs"), "// mine\n")?;
        let refused = write(&krate(&["src/main.rs"]), folder.path());
        assert!(matches!(refused, Err(BuildError::TakenOver { .. })));
        assert_eq!(
            fs::read_to_string(folder.path().join("src/gold.rs"))?,
            "// mine\n"
        );
        Ok(())
    }

    #[test]
    fn a_file_that_did_not_change_keeps_its_time_stamp() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let main = folder.path().join("src/main.rs");
        write(&krate(&["src/main.rs"]), folder.path())?;
        let before = fs::metadata(&main)?.modified()?;
        write(&krate(&["src/main.rs", "src/gold.rs"]), folder.path())?;
        assert_eq!(fs::metadata(&main)?.modified()?, before);
        Ok(())
    }
}
