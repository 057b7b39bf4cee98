//! The sources of the runtime that travel inside this program, and their unpacked copy.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::build::{BuildError, file};
use crate::emit::RuntimeSource;

mod archive {
    include!(concat!(env!("OUT_DIR"), "/runtime_archive.rs"));
}

/// What a pipeline links of the workspace: folder and package.
const MEMBERS: [(&str, &str); 2] = [
    ("samara-macros", "samara-macros"),
    ("samara-runtime", "samara"),
];

/// The unpacked runtime.
#[derive(Debug, Clone)]
pub struct Runtime {
    folder: PathBuf,
}

impl Runtime {
    /// Unpacks the sources into the cache, unless they are there. Two programs may do so at once.
    ///
    /// # Errors
    /// [`BuildError::Io`] if the cache cannot be written.
    pub fn unpack(cache: &Path) -> Result<Runtime, BuildError> {
        let name = format!("{}-{}", env!("CARGO_PKG_VERSION"), archive::DIGEST);
        let runtime = Runtime {
            folder: cache.join("samara").join(name),
        };
        if runtime.is_complete() {
            return Ok(runtime);
        }
        let aside = file::beside(&runtime.folder.with_extension("incomplete"));
        if fs::rename(&runtime.folder, &aside).is_ok() {
            let _ = fs::remove_dir_all(&aside);
        }
        match file::replace(&runtime.folder, write_all) {
            // Somebody else was faster.
            Err(_) if runtime.is_complete() => Ok(runtime),
            written => written.map(|()| runtime),
        }
    }

    /// What `emit` needs to know of it.
    pub fn source(&self) -> RuntimeSource {
        let manifest = |(folder, package): (&str, &str)| {
            let text = embedded(&format!("{folder}/Cargo.toml"));
            (package.to_owned(), text.to_owned())
        };
        RuntimeSource {
            folder: self.folder.join("samara-runtime"),
            rustc_wrapper: self.rustc_wrapper(),
            workspace_manifest: embedded("Cargo.toml").to_owned(),
            workspace_lock: embedded("Cargo.lock").to_owned(),
            member_manifests: BTreeMap::from_iter(MEMBERS.map(manifest)),
        }
    }

    /// Names the sources: another digest, other sources.
    pub fn digest(&self) -> &'static str {
        archive::DIGEST
    }

    /// The script that keeps paths of this machine out of binaries.
    pub fn rustc_wrapper(&self) -> PathBuf {
        self.folder.join(".cargo/rustc")
    }

    /// Whether every file is there at its full length; one might have been cleaned away.
    fn is_complete(&self) -> bool {
        files().iter().all(|(name, text)| {
            fs::metadata(self.folder.join(name))
                .is_ok_and(|metadata| metadata.len() == text.len() as u64)
        })
    }
}

fn embedded(name: &str) -> &'static str {
    archive::FILES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
        .unwrap_or_default()
}

/// The archive, with a workspace of the two members only.
fn files() -> Vec<(&'static str, String)> {
    let text = |name: &str, text: &str| match name {
        "Cargo.toml" => workspace_of_members(text),
        _ => text.to_owned(),
    };
    // The lock file is for pipelines; as a workspace's own it would name members that are not here.
    let kept = archive::FILES
        .iter()
        .filter(|(name, _)| *name != "Cargo.lock");
    kept.map(|(name, content)| (*name, text(name, content)))
        .collect()
}

fn workspace_of_members(manifest: &str) -> String {
    let mut manifest: Table = manifest.parse().unwrap_or_default();
    if let Some(workspace) = manifest.get_mut("workspace").and_then(Value::as_table_mut) {
        let members = MEMBERS.map(|(folder, _)| Value::from(folder)).to_vec();
        workspace.insert("members".to_owned(), Value::Array(members));
        if let Some(dependencies) = workspace
            .get_mut("dependencies")
            .and_then(Value::as_table_mut)
        {
            let is_here = |path: &str| MEMBERS.iter().any(|(folder, _)| *folder == path);
            dependencies.retain(|_, value| {
                value
                    .get("path")
                    .and_then(Value::as_str)
                    .is_none_or(is_here)
            });
        }
    }
    manifest.to_string()
}

fn write_all(folder: &Path) -> Result<(), BuildError> {
    for (name, text) in files() {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(BuildError::io("create", parent))?;
        }
        fs::write(&path, text).map_err(BuildError::io("write", &path))?;
    }
    make_executable(&folder.join(".cargo/rustc"))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> Result<(), BuildError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(BuildError::io("write", path))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> Result<(), BuildError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runtime_is_unpacked_once_and_mended_when_a_file_is_gone()
    -> Result<(), Box<dyn std::error::Error>> {
        let cache = tempfile::tempdir()?;
        let runtime = Runtime::unpack(cache.path())?;
        let wrapper = runtime.rustc_wrapper();
        let written = fs::metadata(&wrapper)?.modified()?;

        assert_eq!(
            fs::metadata(Runtime::unpack(cache.path())?.rustc_wrapper())?.modified()?,
            written
        );
        fs::remove_file(runtime.source().folder.join("Cargo.toml"))?;
        assert!(Runtime::unpack(cache.path())?.is_complete());
        assert_eq!(fs::read_dir(cache.path().join("samara"))?.count(), 1);
        Ok(())
    }

    #[test]
    fn many_programs_may_unpack_at_once() -> Result<(), Box<dyn std::error::Error>> {
        let cache = tempfile::tempdir()?;
        let runtime = Runtime {
            folder: cache.path().join("samara/x"),
        };
        file::replace(&runtime.folder, write_all)?;
        // The loser of a race finds the folder in its place.
        assert!(file::replace(&runtime.folder, write_all).is_err());
        assert!(runtime.is_complete());
        Ok(())
    }

    #[test]
    fn the_unpacked_workspace_names_only_what_is_in_it() {
        let manifest = workspace_of_members(embedded("Cargo.toml"));
        assert!(
            manifest.contains("members = [\"samara-macros\", \"samara-runtime\"]"),
            "{manifest}"
        );
        assert!(!manifest.contains("samara-gen"), "{manifest}");
    }
}
