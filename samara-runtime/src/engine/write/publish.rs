//! From the old output to the new one in one step.
//!
//! New output is built in a hidden directory beside the old one and then takes its place by a single system call: by a rename where there was
//! none, else by an exchange of the two directories. Whoever looks, and a crash at any moment, finds the old output or the new one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use uuid::Uuid;

use crate::engine::write::{SaveMode, WriteError};

/// The file in a staging directory that its writer holds locked as long as it lives.
const LOCK: &str = ".lock";

/// Output in the making. Dropped without being published, it leaves everything as it was.
#[derive(Debug)]
pub(super) struct Staging {
    target: PathBuf,
    path: PathBuf,
    _lock: File,
}

impl Staging {
    /// Begins new output for `location`; nothing, if there is output and the mode is to ignore it.
    pub fn open(location: &str, mode: SaveMode) -> Result<Option<Self>, WriteError> {
        let target = absolute(Path::new(location))?;
        restore(&target)?;
        let exists = fs::symlink_metadata(&target).is_ok();
        match mode {
            SaveMode::Ignore if exists => return Ok(None),
            SaveMode::ErrorIfExists if exists => {
                return Err(WriteError::Exists {
                    location: location.to_owned(),
                });
            }
            _ if exists && !target.is_dir() => {
                return Err(WriteError::NotADirectory {
                    location: location.to_owned(),
                });
            }
            _ => {}
        }
        // Through a symbolic link, it is the directory behind it that is replaced.
        let target = if exists {
            fs::canonicalize(&target).map_err(WriteError::io(&target))?
        } else {
            target
        };
        let staging = Self::create(target)?;
        if mode == SaveMode::Append && exists {
            link_tree(&staging.target, &staging.path)?;
        }
        Ok(Some(staging))
    }

    fn create(target: PathBuf) -> Result<Self, WriteError> {
        let parent = parent_of(&target);
        fs::create_dir_all(parent).map_err(WriteError::io(parent))?;
        let prefix = prefix_of(&target);
        remove_abandoned(parent, &prefix);
        let path = parent.join(format!("{prefix}{}", Uuid::new_v4()));
        fs::create_dir(&path).map_err(WriteError::io(&path))?;
        let lock_path = path.join(LOCK);
        let lock = File::create(&lock_path)
            .and_then(|lock| lock.lock().map(|()| lock))
            .map_err(WriteError::io(&lock_path))?;
        Ok(Self {
            target,
            path,
            _lock: lock,
        })
    }

    /// The directory that the part files go into.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the new output the output.
    pub fn publish(self) -> Result<(), WriteError> {
        let success = self.path.join("_SUCCESS");
        File::create(&success).map_err(WriteError::io(&success))?;
        sync_directory(&self.path)?;
        match renameat_with(CWD, &self.path, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => self.unlock_published()?,
            Err(rustix::io::Errno::NOENT) => {
                rename_new(&self.path, &self.target)?;
                self.unlock_published()?;
            }
            Err(_) => self.replace_in_two_steps()?,
        }
        sync_directory(parent_of(&self.target))
    }

    /// For file systems that cannot exchange: the old output steps aside first. A crash between the two renames leaves it
    /// there, for [`restore`] to find; never a mixture.
    fn replace_in_two_steps(&self) -> Result<(), WriteError> {
        let aside = aside_of(&self.target);
        fs::rename(&self.target, &aside).map_err(WriteError::io(&self.target))?;
        if let Err(error) = fs::rename(&self.path, &self.target) {
            restore(&self.target)?;
            return Err(WriteError::Io {
                path: self.target.clone(),
                source: error,
            });
        }
        self.unlock_published()?;
        fs::remove_dir_all(&aside).map_err(WriteError::io(&aside))
    }

    /// The lock has no place in the output. It goes after the exchange, so that until then the staging directory is known to be in use.
    fn unlock_published(&self) -> Result<(), WriteError> {
        let lock = self.target.join(LOCK);
        fs::remove_file(&lock).map_err(WriteError::io(&lock))
    }
}

impl Drop for Staging {
    /// After an exchange this is the old output, before it the unfinished new one: either may go.
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!("cannot remove `{}`: {error}", self.path.display());
        }
    }
}

/// Where there was no output: a plain rename, which fails if another has put some there meanwhile.
fn rename_new(from: &Path, to: &Path) -> Result<(), WriteError> {
    fs::rename(from, to).map_err(WriteError::io(to))
}

/// Where the old output is between two renames.
fn aside_of(target: &Path) -> PathBuf {
    parent_of(target).join(format!("{}old", prefix_of(target)))
}

/// Puts old output back that a killed run left aside.
fn restore(target: &Path) -> Result<(), WriteError> {
    let aside = aside_of(target);
    if fs::symlink_metadata(target).is_err() && aside.is_dir() {
        fs::rename(&aside, target).map_err(WriteError::io(target))?;
    }
    Ok(())
}

/// Staging directories of the same target whose writer is gone: its lock is free.
fn remove_abandoned(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        let is_staging = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(prefix));
        if is_staging && is_abandoned(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A staging directory without a lock is old output whose removal was cut short, or a minute old at most.
fn is_abandoned(staging: &Path) -> bool {
    match File::open(staging.join(LOCK)) {
        Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
        Err(_) => {
            let modified = fs::metadata(staging).and_then(|metadata| metadata.modified());
            modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() >= 60))
        }
    }
}

/// Writes a whole file, or leaves what was there.
pub(super) fn write_file(path: &Path, contents: &[u8]) -> Result<(), WriteError> {
    let path = absolute(path)?;
    let parent = parent_of(&path);
    fs::create_dir_all(parent).map_err(WriteError::io(parent))?;
    let staged = parent.join(format!("{}{}", prefix_of(&path), Uuid::new_v4()));
    fs::write(&staged, contents)
        .and_then(|()| fs::rename(&staged, &path))
        .map_err(WriteError::io(&path))
}

/// Gives `to` every file of `from`, linked where the file system can, else copied.
fn link_tree(from: &Path, to: &Path) -> Result<(), WriteError> {
    for entry in fs::read_dir(from).map_err(WriteError::io(from))? {
        let source = entry.map_err(WriteError::io(from))?;
        let (source, target) = (source.path(), to.join(source.file_name()));
        if source.is_dir() {
            fs::create_dir(&target).map_err(WriteError::io(&target))?;
            link_tree(&source, &target)?;
        } else if !is_ours(&source) && fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).map_err(WriteError::io(&source))?;
        }
    }
    Ok(())
}

/// Whether new output brings its own.
fn is_ours(file: &Path) -> bool {
    file.file_name()
        .is_some_and(|name| name == "_SUCCESS" || name == LOCK)
}

fn sync_directory(path: &Path) -> Result<(), WriteError> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(WriteError::io(path))
}

fn absolute(path: &Path) -> Result<PathBuf, WriteError> {
    std::path::absolute(path).map_err(WriteError::io(path))
}

fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// The beginning of the names of everything that is staged for a target; a leading dot hides it from readers.
fn prefix_of(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.samara-")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dir(PathBuf);

    impl Dir {
        fn new() -> Self {
            let path = std::env::temp_dir().join(format!("samara-publish-{}", Uuid::new_v4()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn target(&self) -> PathBuf {
            self.0.join("out")
        }

        fn write(&self, file: &str, mode: SaveMode) -> Result<bool, WriteError> {
            let Some(staging) = Staging::open(self.target().to_str().unwrap(), mode)? else {
                return Ok(false);
            };
            fs::write(staging.path().join(file), file).unwrap();
            staging.publish().map(|()| true)
        }

        fn names(path: &Path) -> Vec<String> {
            let mut names: Vec<String> = fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names
        }
    }

    impl Drop for Dir {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn each_mode_does_to_old_output_what_its_name_says() {
        let dir = Dir::new();
        dir.write("one", SaveMode::ErrorIfExists).unwrap();
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "one"]);
        dir.write("two", SaveMode::Append).unwrap();
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "one", "two"]);
        dir.write("three", SaveMode::Overwrite).unwrap();
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "three"]);
        assert!(!dir.write("four", SaveMode::Ignore).unwrap());
        assert!(matches!(
            dir.write("five", SaveMode::ErrorIfExists),
            Err(WriteError::Exists { .. })
        ));
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "three"]);
        assert_eq!(
            Dir::names(&dir.0),
            ["out"],
            "nothing is left beside the output"
        );
    }

    #[test]
    fn output_that_is_not_published_leaves_no_trace() {
        let dir = Dir::new();
        dir.write("one", SaveMode::Overwrite).unwrap();
        drop(Staging::open(dir.target().to_str().unwrap(), SaveMode::Overwrite).unwrap());
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "one"]);
        assert_eq!(Dir::names(&dir.0), ["out"]);
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_what_a_living_one_builds_is_not() {
        let dir = Dir::new();
        let abandoned = dir.0.join(format!("{}dead", prefix_of(&dir.target())));
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK), "").unwrap();
        let living = Staging::open(dir.target().to_str().unwrap(), SaveMode::Overwrite)
            .unwrap()
            .unwrap();
        dir.write("one", SaveMode::Overwrite).unwrap();
        assert!(!abandoned.exists());
        assert!(living.path().exists());
    }

    #[test]
    fn where_directories_cannot_be_exchanged_two_renames_replace_and_a_crash_between_them_loses_nothing()
     {
        let dir = Dir::new();
        dir.write("one", SaveMode::Overwrite).unwrap();
        let staging = Staging::open(dir.target().to_str().unwrap(), SaveMode::Overwrite)
            .unwrap()
            .unwrap();
        fs::write(staging.path().join("two"), "").unwrap();
        staging.replace_in_two_steps().unwrap();
        assert_eq!(Dir::names(&dir.target()), ["two"]);
        drop(staging);
        fs::rename(dir.target(), aside_of(&dir.target())).unwrap();
        dir.write("three", SaveMode::Append).unwrap();
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "three", "two"]);
        assert_eq!(Dir::names(&dir.0), ["out"]);
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_not_touched() {
        let dir = Dir::new();
        fs::write(dir.target(), "mine").unwrap();
        assert!(matches!(
            dir.write("one", SaveMode::Overwrite),
            Err(WriteError::NotADirectory { .. })
        ));
        assert_eq!(fs::read_to_string(dir.target()).unwrap(), "mine");
    }
}
