//! Where things live that are made once and used again.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};

use crate::build::BuildError;

/// The file in a target directory that is locked during a build.
pub const LOCK: &str = ".samara-build.lock";

/// The directory of all caches: `SAMARA_CACHE_DIR`, else `$XDG_CACHE_HOME/samara`, else `~/.cache/samara`.
///
/// # Errors
/// [`BuildError::NoCacheDirectory`] if none of the variables is set.
pub fn directory() -> Result<PathBuf, BuildError> {
    directory_by(|name| env::var_os(name))
}

fn directory_by(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, BuildError> {
    let path = |name: &str| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // A relative XDG_CACHE_HOME is to be ignored (XDG base directory specification).
    let xdg = || {
        path("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .map(|path| path.join("samara"))
    };
    let home = || path("HOME").map(|path| path.join(".cache/samara"));
    let directory = path("SAMARA_CACHE_DIR")
        .or_else(xdg)
        .or_else(home)
        .ok_or(BuildError::NoCacheDirectory)?;
    absolute(&directory).map_err(BuildError::io("resolve", &directory))
}

/// The target directory that this program was built in. `cargo install --path` leaves it where it is, with the engine in it.
const BUILT_IN: &str = env!("SAMARA_BUILT_IN");

/// The one cargo target directory of all pipelines, so that the engine is built once: `CARGO_TARGET_DIR`, else the one that this
/// program lies in, else the one that it was built in if that is still there and may be written to, else one in the cache.
///
/// # Errors
/// [`BuildError::Io`] if a relative path cannot be resolved.
pub fn target_directory(cache: &Path) -> Result<PathBuf, BuildError> {
    if let Some(given) = env::var_os("CARGO_TARGET_DIR").filter(|given| !given.is_empty()) {
        let given = PathBuf::from(given);
        return absolute(&given).map_err(BuildError::io("resolve", &given));
    }
    let program = env::current_exe().ok();
    let own = program.and_then(|program| target_directory_of(&program));
    let built_in = || {
        let target = Path::new(BUILT_IN);
        (is_target_directory(target) && is_writable(target)).then(|| target.to_owned())
    };
    Ok(own
        .or_else(built_in)
        .unwrap_or_else(|| cache.join("target")))
}

/// `<target>` of `<target>/{debug,release}/program`, or of a test in `deps` there.
fn target_directory_of(program: &Path) -> Option<PathBuf> {
    let mut ancestors = program.ancestors().skip(2).take(2);
    ancestors
        .find(|ancestor| is_target_directory(ancestor))
        .map(Path::to_owned)
}

/// Whether a directory is one of cargo's.
pub fn is_target_directory(path: &Path) -> bool {
    let tag = std::fs::read_to_string(path.join("CACHEDIR.TAG")).unwrap_or_default();
    tag.contains("created by cargo")
}

/// Whether the lock of builds can be opened there.
fn is_writable(target: &Path) -> bool {
    let mut lock = std::fs::File::options();
    lock.create(true)
        .append(true)
        .open(target.join(LOCK))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory_with(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let find = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.into())
        };
        directory_by(find).ok()
    }

    #[test]
    fn the_most_special_variable_says_where_the_cache_is() {
        let all = [
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "/x"),
            ("SAMARA_CACHE_DIR", "/s"),
        ];
        assert_eq!(directory_with(&all), Some("/s".into()));
        assert_eq!(directory_with(&all[..2]), Some("/x/samara".into()));
        assert_eq!(directory_with(&all[..1]), Some("/h/.cache/samara".into()));
        assert_eq!(directory_with(&[]), None);
    }

    #[test]
    fn variables_that_say_nothing_are_passed_over() {
        let variables = [
            ("HOME", "/h"),
            ("XDG_CACHE_HOME", "relative"),
            ("SAMARA_CACHE_DIR", ""),
        ];
        assert_eq!(directory_with(&variables), Some("/h/.cache/samara".into()));
    }

    #[test]
    fn a_program_that_cargo_built_shares_its_target_directory() -> std::io::Result<()> {
        let target = tempfile::tempdir()?;
        let program = target.path().join("debug/samara");
        assert_eq!(target_directory_of(&program), None);
        std::fs::write(
            target.path().join("CACHEDIR.TAG"),
            "# a cache directory tag created by cargo.\n",
        )?;
        assert_eq!(
            target_directory_of(&program),
            Some(target.path().to_owned())
        );
        assert_eq!(
            target_directory_of(&target.path().join("debug/deps/test")),
            Some(target.path().to_owned())
        );
        Ok(())
    }
}
