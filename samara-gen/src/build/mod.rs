//! Crate -> binary, by cargo.
//!
//! The engine takes minutes to compile, so everything here serves to compile it once: the runtime's sources travel inside this
//! program and are unpacked to one place, and all pipelines share one target directory, lock file and profile with it.

mod cache;
mod cargo;
mod clean;
mod crate_directory;
mod digest;
mod error;
mod file;
mod kept;
mod outer_cargo;
mod progress;
mod runtime;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf, absolute};
use std::process::Command;
use std::thread;
use std::time::Duration;

pub use clean::{Cleaned, Part, clean};
pub use error::BuildError;
pub use runtime::Runtime;

use crate::krate::Crate;
use cargo::Cargo;
use digest::Digest;
use progress::{Delay, Progress};

/// How often a build that waits for another looks whether that has ended.
const LOCK_INTERVAL: Duration = Duration::from_millis(200);

/// How much rustc optimises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Optimised: for binaries that are shipped.
    Release,
    /// Built sooner: for trying out.
    Dev,
}

impl Profile {
    /// The name by which cargo knows it.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Release => "release",
            Profile::Dev => "dev",
        }
    }
}

impl Default for Profile {
    /// The profile that this program was built with: the engine is there already, then.
    fn default() -> Profile {
        if cfg!(debug_assertions) {
            Profile::Dev
        } else {
            Profile::Release
        }
    }
}

/// How a crate is built.
#[derive(Debug, Clone)]
pub struct BuildOptions {
    /// The workflow's file: each file has its own crate in the cache.
    pub workflow: PathBuf,
    /// Where the crate is written; none puts it into the cache.
    pub emit_directory: Option<PathBuf>,
    /// How much rustc optimises.
    pub profile: Profile,
    /// Whether nothing is shown of what the build is doing.
    pub quiet: bool,
}

/// A pipeline's executable. It lives in the cache until newer ones take its place: copy it to keep it.
#[derive(Debug, Clone)]
pub struct Binary {
    /// Where it is.
    pub path: PathBuf,
    /// How many bytes it has.
    pub size: u64,
    /// How long it took to build.
    pub time: Duration,
}

impl Binary {
    /// Copies it to where a person wants it: its place there is taken at once, or not at all.
    ///
    /// # Errors
    /// [`BuildError::Io`].
    pub fn copy_to(&self, path: &Path) -> Result<(), BuildError> {
        file::copy(&self.path, path)
    }

    /// Runs it in the place of this process, with its own exit code and signals. Returns only if that fails.
    pub fn run(
        &self,
        arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
    ) -> BuildError {
        let mut command = Command::new(&self.path);
        command.args(arguments);
        BuildError::io("run", &self.path)(become_process(command))
    }
}

#[cfg(unix)]
fn become_process(mut command: Command) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

#[cfg(not(unix))]
fn become_process(mut command: Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(99)),
        Err(error) => error,
    }
}

/// Unpacks the runtime that emitted crates build against.
///
/// # Errors
/// [`BuildError::NoCacheDirectory`] or [`BuildError::Io`].
pub fn runtime() -> Result<Runtime, BuildError> {
    Runtime::unpack(&cache::directory()?)
}

/// Writes a crate, and does not build it.
///
/// # Errors
/// [`BuildError::NotOurs`] or [`BuildError::TakenOver`] for a directory that is somebody else's; [`BuildError::Io`].
pub fn write(krate: &Crate, directory: &Path) -> Result<(), BuildError> {
    crate_directory::write(krate, directory)
}

/// Builds a crate, and shows on stderr what it is doing.
///
/// # Errors
/// See [`BuildError`]; a build that fails says where the crate is, and all that cargo said.
pub fn build(krate: &Crate, options: &BuildOptions) -> Result<Binary, BuildError> {
    let cache = cache::directory()?;
    let runtime = Runtime::unpack(&cache)?;
    let path = kept::path(&cache, krate, &runtime, options.profile);
    build_unless(|| false, krate, options, &path)
}

/// The binary of a crate that was built before from the same sources, or else a new one.
///
/// # Errors
/// As [`build`].
pub fn kept_or_built(krate: &Crate, options: &BuildOptions) -> Result<Binary, BuildError> {
    let cache = cache::directory()?;
    let runtime = Runtime::unpack(&cache)?;
    let path = kept::path(&cache, krate, &runtime, options.profile);
    match kept::is_there(&path) {
        true => binary(path, Duration::ZERO),
        false => build_unless(|| kept::is_there(&path), krate, options, &path),
    }
}

/// Builds a crate into `kept`, unless another build that was waited for has done so.
fn build_unless(
    is_built: impl Fn() -> bool,
    krate: &Crate,
    options: &BuildOptions,
    kept: &Path,
) -> Result<Binary, BuildError> {
    let cache = cache::directory()?;
    let runtime = Runtime::unpack(&cache)?;
    let target_directory = cache::target_directory(&cache)?;
    let directory = match &options.emit_directory {
        Some(directory) => directory.clone(),
        None => cache.join("pipelines").join(format!(
            "{}-{}",
            krate.name,
            digest_of_path(&options.workflow)
        )),
    };
    let mut progress = Progress::start(&krate.name, options.profile.name(), options.quiet);
    // Crates of one name share one executable in the target directory, until it is copied.
    let lock = lock(&target_directory, &mut progress)?;
    if is_built() {
        let time = progress.finish();
        return binary(kept.to_owned(), time);
    }
    crate_directory::write(krate, &directory)?;
    let cargo = Cargo {
        directory: &directory,
        target_directory: &target_directory,
        rustc_wrapper: &runtime.rustc_wrapper(),
        profile: options.profile,
    };
    let built = cargo.build(&mut progress);
    let time = progress.finish();
    kept::keep(&built?, kept)?;
    drop(lock);
    binary(kept.to_owned(), time)
}

fn binary(path: PathBuf, time: Duration) -> Result<Binary, BuildError> {
    let size = fs::metadata(&path)
        .map_err(BuildError::io("read", &path))?
        .len();
    Ok(Binary { path, size, time })
}

/// Held while the file is open: one build at a time.
fn lock(target_directory: &Path, progress: &mut Progress) -> Result<File, BuildError> {
    fs::create_dir_all(target_directory).map_err(BuildError::io("create", target_directory))?;
    let path = target_directory.join(cache::LOCK);
    let file = File::create(&path).map_err(BuildError::io("create", &path))?;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) => {
                progress.delayed(Delay::AnotherBuild);
                progress.show();
                thread::sleep(LOCK_INTERVAL);
            }
            Err(TryLockError::Error(error)) => return Err(BuildError::io("lock", &path)(error)),
        }
    }
    progress.goes_on();
    progress.show();
    Ok(file)
}

fn digest_of_path(path: &Path) -> String {
    let path = path
        .canonicalize()
        .or_else(|_| absolute(path))
        .unwrap_or_else(|_| path.to_owned());
    Digest::new()
        .add(path.as_os_str().as_encoded_bytes())
        .short()
}
