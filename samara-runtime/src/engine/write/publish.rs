//! From the old output to the new one in one step.
//!
//! New output is built in a hidden directory beside the old one and then takes its place by a single system call: by a rename where there was
//! none, else by an exchange of the two directories. Whoever looks, and a crash at any moment, finds the old output or the new one.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, RenameFlags, access, renameat_with};
use rustix::io::Errno;
use uuid::Uuid;

use crate::engine::write::{SaveMode, WriteError};
use crate::location::Location;

/// The file in a staging directory that its writer holds locked as long as it lives.
const LOCK: &str = ".lock";

/// Output in the making. Dropped without being published, it leaves everything as it was.
#[derive(Debug)]
pub(super) struct Staging {
    location: String,
    mode: SaveMode,
    target: PathBuf,
    path: PathBuf,
    _lock: File,
}

impl Staging {
    /// Begins new output for `location`; nothing, if there is output and the mode is to ignore it.
    pub fn open(location: &Location, mode: SaveMode) -> Result<Option<Self>, WriteError> {
        let target = absolute(location)?;
        restore(&target)?;
        match admitted(location.text(), target, mode)? {
            Some(target) => Self::create(location.text().to_owned(), mode, target).map(Some),
            None => Ok(None),
        }
    }

    fn create(location: String, mode: SaveMode, target: PathBuf) -> Result<Self, WriteError> {
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
            location,
            mode,
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
        match self.mode {
            SaveMode::Overwrite => self.replace()?,
            SaveMode::Append => self.extend()?,
            SaveMode::ErrorIfExists if self.place()? => {}
            SaveMode::ErrorIfExists => {
                return Err(WriteError::Exists {
                    location: self.location.clone(),
                });
            }
            SaveMode::Ignore => drop(self.place()?),
        }
        sync_directory(parent_of(&self.target))
    }

    /// Takes the place of old output, or of none.
    fn replace(&self) -> Result<(), WriteError> {
        while !self.exchange()? && !self.place()? {}
        Ok(())
    }

    /// Takes the place of old output with its files beside the new ones. Writers that append wait for each other: each holds the
    /// directory that is the output locked.
    fn extend(&self) -> Result<(), WriteError> {
        loop {
            let Some(_held) = lock_directory(&self.target)? else {
                if self.place()? {
                    return Ok(());
                }
                continue;
            };
            link_tree(&self.target, &self.path)?;
            if self.exchange()? {
                // What somebody else put there in the meantime is in the old directory only.
                return link_tree(&self.path, &self.target);
            }
        }
    }

    /// Takes a place that is free. Says whether it was.
    fn place(&self) -> Result<bool, WriteError> {
        match renameat_with(CWD, &self.path, CWD, &self.target, RenameFlags::NOREPLACE) {
            Ok(()) => self.unlock_published().map(|()| true),
            Err(Errno::EXIST | Errno::NOTEMPTY) => Ok(false),
            Err(error) if is_unsupported(error) && !self.target.exists() => {
                fs::rename(&self.path, &self.target).map_err(WriteError::io(&self.target))?;
                self.unlock_published().map(|()| true)
            }
            Err(error) if is_unsupported(error) => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Changes places with old output. Says whether there was any.
    fn exchange(&self) -> Result<bool, WriteError> {
        if let Ok(old) = fs::metadata(&self.target) {
            fs::set_permissions(&self.path, old.permissions())
                .map_err(WriteError::io(&self.path))?;
        }
        match renameat_with(CWD, &self.path, CWD, &self.target, RenameFlags::EXCHANGE) {
            Ok(()) => self.unlock_published().map(|()| true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) if is_unsupported(error) => self.replace_in_two_steps().map(|()| true),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// For file systems that cannot exchange: the old output steps aside first. A crash between the two renames leaves it
    /// there, for [`restore`] to find; never a mixture.
    fn replace_in_two_steps(&self) -> Result<(), WriteError> {
        let aside = aside_of(&self.target);
        fs::rename(&self.target, &aside).map_err(WriteError::io(&self.target))?;
        if let Err(source) = fs::rename(&self.path, &self.target) {
            restore(&self.target)?;
            return Err(WriteError::io(&self.target)(source));
        }
        fs::rename(&aside, &self.path).map_err(WriteError::io(&aside))?;
        self.unlock_published()
    }

    fn failed(&self, error: Errno) -> WriteError {
        match error {
            Errno::BUSY => WriteError::MountPoint {
                location: self.location.clone(),
            },
            error => WriteError::io(&self.target)(error.into()),
        }
    }

    /// The lock has no place in the output. It goes after the exchange, so that until then the staging directory is known to be
    /// in use.
    fn unlock_published(&self) -> Result<(), WriteError> {
        let lock = self.target.join(LOCK);
        match fs::remove_file(&lock) {
            // Another writer has replaced this output already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.map_err(WriteError::io(&lock)),
        }
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

/// Where new output goes; nowhere, if there is output and the mode is to ignore it.
fn admitted(
    location: &str,
    target: PathBuf,
    mode: SaveMode,
) -> Result<Option<PathBuf>, WriteError> {
    if fs::symlink_metadata(&target).is_err() {
        return Ok(Some(target));
    }
    let location = location.to_owned();
    match mode {
        SaveMode::Ignore => Ok(None),
        SaveMode::ErrorIfExists => Err(WriteError::Exists { location }),
        _ if !target.is_dir() => Err(WriteError::NotADirectory { location }),
        _ if is_mount_point(&target) => Err(WriteError::MountPoint { location }),
        // Through a symbolic link, it is the directory behind it that is replaced.
        _ => fs::canonicalize(&target)
            .map(Some)
            .map_err(WriteError::io(&target)),
    }
}

/// Whether output could go to a location, as far as that can be told without writing.
pub(super) fn check_output(location: &Location, mode: SaveMode) -> Result<(), WriteError> {
    match admitted(location.text(), absolute(location)?, mode)? {
        Some(target) => check_directory(parent_of(&target)),
        None => Ok(()),
    }
}

/// As [`check_output`], for a file.
pub(super) fn check_file(path: &Location) -> Result<(), WriteError> {
    let target = absolute(path)?;
    if target.is_dir() {
        return Err(WriteError::io(&target)(io::ErrorKind::IsADirectory.into()));
    }
    check_directory(parent_of(&target))
}

/// Whether a directory can be written into, or made: then it is the nearest one that exists that counts.
fn check_directory(path: &Path) -> Result<(), WriteError> {
    let exists = |path: &&Path| fs::symlink_metadata(path).is_ok();
    let nearest = path.ancestors().find(exists).unwrap_or(path);
    if !nearest.is_dir() {
        return Err(WriteError::io(nearest)(io::ErrorKind::NotADirectory.into()));
    }
    access(nearest, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| WriteError::io(nearest)(error.into()))
}

/// Whether a file system does not know the flags of a rename (`renameat2(2)`: EINVAL; kernels and libraries without it: ENOSYS).
fn is_unsupported(error: Errno) -> bool {
    matches!(error, Errno::INVAL | Errno::NOSYS | Errno::NOTSUP)
}

/// Locks the directory that a path names, once nobody else holds it; nothing if there is none.
fn lock_directory(path: &Path) -> Result<Option<File>, WriteError> {
    loop {
        let directory = match File::open(path) {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(WriteError::io(path)(error)),
        };
        directory.lock().map_err(WriteError::io(path))?;
        // While we waited, the directory may have been exchanged for another.
        let held = directory.metadata().map_err(WriteError::io(path))?;
        if fs::metadata(path).is_ok_and(|now| now.ino() == held.ino() && now.dev() == held.dev()) {
            return Ok(Some(directory));
        }
    }
}

/// Whether another file system begins at a path: it can be written into, and not be exchanged.
fn is_mount_point(path: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    device(path) != device(parent_of(path))
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

/// A file in the making. Dropped without being published, it leaves what was there.
#[derive(Debug)]
pub(super) struct StagedFile {
    target: PathBuf,
    staged: PathBuf,
}

impl StagedFile {
    /// Writes the new contents of a file beside it.
    pub fn write(path: &Location, contents: &[u8]) -> Result<Self, WriteError> {
        let target = absolute(path)?;
        let parent = parent_of(&target);
        fs::create_dir_all(parent).map_err(WriteError::io(parent))?;
        let name = format!("{}{}", prefix_of(&target), Uuid::new_v4());
        let file = Self {
            staged: parent.join(name),
            target,
        };
        fs::write(&file.staged, contents).map_err(WriteError::io(&file.target))?;
        Ok(file)
    }

    /// Makes the new contents the file's.
    pub fn publish(self) -> Result<(), WriteError> {
        fs::rename(&self.staged, &self.target).map_err(WriteError::io(&self.target))
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After it was published there is nothing left to remove.
        let _ = fs::remove_file(&self.staged);
    }
}

/// Gives `to` every file of `from` that it does not have, linked where the file system can, else copied.
fn link_tree(from: &Path, to: &Path) -> Result<(), WriteError> {
    for entry in fs::read_dir(from).map_err(WriteError::io(from))? {
        let entry = entry.map_err(WriteError::io(from))?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            fs::create_dir_all(&target).map_err(WriteError::io(&target))?;
            link_tree(&source, &target)?;
        } else if !is_ours(&source) && !target.exists() && fs::hard_link(&source, &target).is_err()
        {
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

fn absolute(location: &Location) -> Result<PathBuf, WriteError> {
    let failed = WriteError::io(location.as_path());
    location.absolute().map_err(failed)
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

        fn location(&self) -> Location {
            Location::parse(self.target().to_str().unwrap()).unwrap()
        }

        fn write(&self, file: &str, mode: SaveMode) -> Result<bool, WriteError> {
            let Some(staging) = Staging::open(&self.location(), mode)? else {
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
    fn two_writers_that_append_at_once_both_keep_their_files() {
        let dir = Dir::new();
        dir.write("old", SaveMode::Overwrite).unwrap();
        let open = || {
            let staging = Staging::open(&dir.location(), SaveMode::Append);
            staging.unwrap().unwrap()
        };
        let writers: Vec<Staging> = (0..8).map(|_| open()).collect();
        fs::write(dir.target().join("by-somebody-else"), "").unwrap();
        std::thread::scope(|scope| {
            for (number, staging) in writers.into_iter().enumerate() {
                fs::write(staging.path().join(format!("new-{number}")), "").unwrap();
                scope.spawn(move || staging.publish().unwrap());
            }
        });
        let names = Dir::names(&dir.target());
        assert_eq!(names.len(), 1 + 1 + 1 + 8, "{names:?}");
        assert_eq!(Dir::names(&dir.0), ["out"]);
    }

    #[test]
    fn output_that_came_into_being_meanwhile_is_not_replaced_by_who_expected_none() {
        let dir = Dir::new();
        for (mode, published) in [(SaveMode::ErrorIfExists, false), (SaveMode::Ignore, true)] {
            let late = Staging::open(&dir.location(), mode).unwrap().unwrap();
            fs::write(late.path().join("late"), "").unwrap();
            dir.write("first", SaveMode::Overwrite).unwrap();
            assert_eq!(late.publish().is_ok(), published);
            assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "first"]);
            fs::remove_dir_all(dir.target()).unwrap();
        }
    }

    #[test]
    fn the_permissions_of_old_output_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = Dir::new();
        dir.write("one", SaveMode::Overwrite).unwrap();
        fs::set_permissions(dir.target(), fs::Permissions::from_mode(0o700)).unwrap();
        dir.write("two", SaveMode::Overwrite).unwrap();
        let mode = fs::metadata(dir.target()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn output_that_is_not_published_leaves_no_trace() {
        let dir = Dir::new();
        dir.write("one", SaveMode::Overwrite).unwrap();
        drop(Staging::open(&dir.location(), SaveMode::Overwrite).unwrap());
        assert_eq!(Dir::names(&dir.target()), ["_SUCCESS", "one"]);
        assert_eq!(Dir::names(&dir.0), ["out"]);
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_what_a_living_one_builds_is_not() {
        let dir = Dir::new();
        let abandoned = dir.0.join(format!("{}dead", prefix_of(&dir.target())));
        fs::create_dir(&abandoned).unwrap();
        fs::write(abandoned.join(LOCK), "").unwrap();
        let living = Staging::open(&dir.location(), SaveMode::Overwrite)
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
        let staging = Staging::open(&dir.location(), SaveMode::Overwrite)
            .unwrap()
            .unwrap();
        fs::write(staging.path().join("two"), "").unwrap();
        staging.replace_in_two_steps().unwrap();
        drop(staging);
        assert_eq!(Dir::names(&dir.target()), ["two"]);
        assert_eq!(Dir::names(&dir.0), ["out"]);
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
