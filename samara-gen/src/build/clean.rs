//! Takes away what builds have left in the cache: never a file that samara did not write.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::build::{BuildError, cache, crate_directory};

/// What was removed.
#[derive(Debug)]
pub struct Cleaned {
    /// The cache.
    pub directory: PathBuf,
    /// What of it, by its kind: those of which there was something.
    pub parts: Vec<Part>,
    /// The target directory of builds, if it is not the cache's: it stays.
    pub elsewhere: Option<PathBuf>,
}

/// What there was of one kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// What one of them is called.
    pub noun: &'static str,
    /// How many there were.
    pub count: usize,
    /// How much room they took.
    pub bytes: u64,
}

/// A kind of things in the cache.
struct Kind {
    noun: &'static str,
    folder: &'static str,
    /// Whether a file or directory of this name in the folder is ours.
    is_ours: fn(&Path) -> bool,
    /// Takes it away, or as much of it as is ours.
    remove: fn(&Path) -> io::Result<()>,
}

const KINDS: [Kind; 3] = [
    Kind {
        noun: "built pipeline",
        folder: "bin",
        is_ours: |path| path.is_file() && has_digest(path),
        remove: |path| fs::remove_file(path),
    },
    Kind {
        noun: "crate",
        folder: "pipelines",
        is_ours: |path| has_digest(path) && crate_directory::is_ours(path),
        remove: crate_directory::remove,
    },
    Kind {
        noun: "unpacked runtime",
        folder: "samara",
        is_ours: |path| has_digest(path) && path.join("samara-runtime/Cargo.toml").is_file(),
        remove: |path| fs::remove_dir_all(path),
    },
];

/// Empties the cache, or only looks what is in it.
///
/// # Errors
/// [`BuildError::Busy`] if a pipeline is being built; [`BuildError::NoCacheDirectory`] or [`BuildError::Io`].
pub fn clean(is_dry_run: bool) -> Result<Cleaned, BuildError> {
    let directory = cache::directory()?;
    let in_use = cache::target_directory(&directory)?;
    clean_in(&directory, &in_use, is_dry_run)
}

fn clean_in(directory: &Path, in_use: &Path, is_dry_run: bool) -> Result<Cleaned, BuildError> {
    let target = directory.join("target");
    // Who builds with it now may build somewhere else, and needs the runtime.
    let _locks = [locked(&target)?, locked(in_use)?];
    let mut parts = Vec::new();
    for kind in KINDS {
        let folder = directory.join(kind.folder);
        let found = entries(&folder).filter(|path| (kind.is_ours)(path));
        parts.push(take(kind.noun, found, kind.remove, is_dry_run)?);
        if !is_dry_run {
            // Somebody else's files keep it.
            let _ = fs::remove_dir(&folder);
        }
    }
    let built = cache::is_target_directory(&target).then_some(target.clone());
    let remove = |path: &Path| fs::remove_dir_all(path);
    parts.push(take("built engine", built.into_iter(), remove, is_dry_run)?);
    parts.retain(|part| part.count > 0);
    Ok(Cleaned {
        directory: directory.to_owned(),
        parts,
        elsewhere: (in_use != target && in_use.is_dir()).then(|| in_use.to_owned()),
    })
}

fn take(
    noun: &'static str,
    found: impl Iterator<Item = PathBuf>,
    remove: impl Fn(&Path) -> io::Result<()>,
    is_dry_run: bool,
) -> Result<Part, BuildError> {
    let (mut count, mut bytes) = (0, 0);
    for path in found {
        let size = size(&path);
        if !is_dry_run {
            remove(&path).map_err(BuildError::io("remove", &path))?;
        }
        count += 1;
        bytes += size;
    }
    Ok(Part { noun, count, bytes })
}

/// The lock of builds in a target directory, if there is one.
fn locked(target: &Path) -> Result<Option<File>, BuildError> {
    let path = target.join(cache::LOCK);
    let Ok(lock) = File::open(&path) else {
        return Ok(None);
    };
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => Err(BuildError::Busy),
        _ => Ok(Some(lock)),
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter()
}

/// Whether the name ends with a digest of ours, or is that of a file that was not finished: `.<name>.<process>`.
fn has_digest(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = name.strip_prefix('.').and_then(|name| {
        let (name, process) = name.rsplit_once('.')?;
        process.parse::<u32>().ok()?;
        Some(name.strip_suffix(".incomplete").unwrap_or(name))
    });
    let digest = unfinished
        .unwrap_or(&name)
        .rsplit_once('-')
        .map(|(_, digest)| digest);
    digest.is_some_and(|digest| {
        digest.len() == 16
            && digest
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// The bytes of a file, or of all files below a directory. Links count for nothing: what they lead to stays.
fn size(path: &Path) -> u64 {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => entries(path).map(|path| size(&path)).sum(),
        Ok(metadata) if metadata.is_file() => metadata.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krate::Crate;

    const DIGEST: &str = "0123456789abcdef";

    fn write(path: &Path, text: &str) -> io::Result<()> {
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        fs::write(path, text)
    }

    /// A cache with one thing of each kind, and files of somebody else beside each.
    fn cache() -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
        let cache = tempfile::tempdir()?;
        let at = |path: &str| cache.path().join(path);
        write(&at(&format!("bin/orders-{DIGEST}")), "12345")?;
        write(&at(&format!("bin/.sales-{DIGEST}.77")), "123")?;
        write(
            &at(&format!("samara/0.1.0-{DIGEST}/samara-runtime/Cargo.toml")),
            "",
        )?;
        write(&at("target/CACHEDIR.TAG"), "created by cargo")?;
        let files = ["src/main.rs", "Cargo.lock"];
        let text = |path: &str| {
            (
                PathBuf::from(path),
                "// @generated by samara-gen 1\n".to_owned(),
            )
        };
        let mut files: std::collections::BTreeMap<_, _> = files.into_iter().map(text).collect();
        let manifest = "# @generated by samara-gen 1\n[package.metadata.samara]\nfiles = [\"src/main.rs\", \"Cargo.lock\"]\n";
        files.insert("Cargo.toml".into(), manifest.to_owned());
        let krate = Crate {
            name: "orders".into(),
            files,
        };
        crate_directory::write(&krate, &at(&format!("pipelines/orders-{DIGEST}")))?;
        for theirs in THEIRS {
            write(&at(theirs), "mine")?;
        }
        Ok(cache)
    }

    const THEIRS: [&str; 5] = [
        "notes.txt",
        "bin/tool",
        "bin/.hidden.7",
        "pipelines/orders-0123456789abcdef/notes.txt",
        "samara/mine-0123456789abcdef/notes.txt",
    ];

    #[test]
    fn what_is_ours_goes_and_nothing_else() -> Result<(), Box<dyn std::error::Error>> {
        let cache = cache()?;
        let target = cache.path().join("target");
        let cleaned = clean_in(cache.path(), &target, false)?;
        let counts: Vec<_> = cleaned
            .parts
            .iter()
            .map(|part| (part.noun, part.count))
            .collect();
        assert_eq!(
            counts,
            [
                ("built pipeline", 2),
                ("crate", 1),
                ("unpacked runtime", 1),
                ("built engine", 1)
            ]
        );
        assert_eq!(cleaned.parts[0].bytes, 8);
        assert_eq!(cleaned.elsewhere, None);
        for theirs in THEIRS {
            assert_eq!(fs::read_to_string(cache.path().join(theirs))?, "mine");
        }
        let left = entries(&cache.path().join("pipelines"))
            .chain(entries(&cache.path().join("bin")))
            .count();
        assert_eq!((left, target.exists()), (3, false));
        assert!(clean_in(cache.path(), &target, false)?.parts.is_empty());
        Ok(())
    }

    #[test]
    fn a_dry_run_removes_nothing() -> Result<(), Box<dyn std::error::Error>> {
        let cache = cache()?;
        let target = cache.path().join("target");
        let before = clean_in(cache.path(), &target, true)?;
        assert_eq!(clean_in(cache.path(), &target, true)?.parts, before.parts);
        Ok(())
    }

    #[test]
    fn a_target_directory_elsewhere_is_named_and_stays() -> Result<(), Box<dyn std::error::Error>> {
        let (cache, elsewhere) = (cache()?, tempfile::tempdir()?);
        let cleaned = clean_in(cache.path(), elsewhere.path(), false)?;
        assert_eq!(cleaned.elsewhere.as_deref(), Some(elsewhere.path()));
        assert!(elsewhere.path().exists());
        Ok(())
    }

    #[test]
    fn nothing_is_removed_while_a_pipeline_is_built() -> Result<(), Box<dyn std::error::Error>> {
        let cache = cache()?;
        let target = cache.path().join("target");
        let lock = File::create(target.join(super::cache::LOCK))?;
        lock.lock()?;
        let refused = clean_in(cache.path(), &target, false);
        assert!(matches!(refused, Err(BuildError::Busy)));
        assert!(target.exists());
        Ok(())
    }
}
