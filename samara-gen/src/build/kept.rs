//! Binaries that were built before, so that an unchanged pipeline starts without cargo.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::build::digest::Digest;
use crate::build::runtime::Runtime;
use crate::build::{BuildError, Profile, file};
use crate::krate::Crate;

/// How many binaries are kept; the ones that were not used for the longest time go.
const MOST: usize = 8;

/// Where the binary of a crate is kept, by all that it is made from.
pub fn path(cache: &Path, krate: &Crate, runtime: &Runtime, profile: Profile) -> PathBuf {
    let mut digest = Digest::new();
    digest
        .add(runtime.digest().as_bytes())
        .add(profile.name().as_bytes());
    for (path, text) in &krate.files {
        digest
            .add(path.to_string_lossy().as_bytes())
            .add(text.as_bytes());
    }
    cache
        .join("bin")
        .join(format!("{}-{}", krate.name, digest.short()))
}

/// Whether the binary is there; it counts as used then.
pub fn is_there(path: &Path) -> bool {
    let Ok(file) = File::open(path) else {
        return false;
    };
    // Only the order of removal depends on it.
    let _ = file.set_modified(SystemTime::now());
    true
}

/// Keeps a copy of an executable, and lets go of the oldest ones.
///
/// # Errors
/// [`BuildError::Io`] if it cannot be copied.
pub fn keep(executable: &Path, path: &Path) -> Result<(), BuildError> {
    file::copy(executable, path)?;
    is_there(path);
    remove_oldest(path.parent().unwrap_or(Path::new(".")));
    Ok(())
}

/// A binary that cannot be removed is kept a little longer. One that runs right now runs on: its file goes when it ends.
fn remove_oldest(directory: &Path) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut binaries: Vec<(SystemTime, PathBuf)> = entries
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    binaries.sort();
    let too_many = binaries.len().saturating_sub(MOST);
    for (_, path) in &binaries[..too_many] {
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binaries_used_last_are_kept() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let executable = folder.path().join("built");
        fs::write(&executable, "x")?;
        let kept = |number: usize| folder.path().join("bin").join(format!("orders-{number}"));
        for number in 0..MOST {
            keep(&executable, &kept(number))?;
        }
        assert!(is_there(&kept(0)));
        keep(&executable, &kept(MOST))?;
        assert!(is_there(&kept(0)) && is_there(&kept(MOST)) && !is_there(&kept(1)));
        Ok(())
    }
}
