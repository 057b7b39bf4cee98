//! Puts the sources of the runtime into the program, so that it builds pipelines with no checkout beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

#[path = "src/build/digest.rs"]
mod digest;

/// What a pipeline is built from, in the workspace's folder: files, and folders with all that is in them.
const SOURCES: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/rustc",
    "samara-macros/Cargo.toml",
    "samara-macros/src",
    "samara-runtime/Cargo.toml",
    "samara-runtime/src",
];

fn main() -> io::Result<()> {
    // As it is when this runs: a cache may hold a build script that was compiled for another checkout.
    let package = set_by_cargo("CARGO_MANIFEST_DIR")?;
    let workspace = package.join("..").canonicalize()?;
    let mut files = Vec::new();
    for source in SOURCES {
        // Relative to the package, for the same reason.
        println!("cargo::rerun-if-changed=../{source}");
        collect(&workspace.join(source), &mut files)?;
    }
    files.sort();

    let mut list = String::new();
    let mut digest = digest::Digest::new();
    for file in &files {
        let name = file
            .strip_prefix(&workspace)
            .map_err(io::Error::other)?
            .to_string_lossy()
            .replace('\\', "/");
        digest.add(name.as_bytes()).add(&fs::read(file)?);
        // Cargo takes what this writes for any checkout that shares the target directory.
        let included = format!(r#"concat!(env!("CARGO_MANIFEST_DIR"), "/../{name}")"#);
        writeln!(list, "    ({name:?}, include_str!({included})),").map_err(io::Error::other)?;
    }
    let archive = format!(
        "pub const FILES: &[(&str, &str)] = &[\n{list}];\npub const DIGEST: &str = \"{}\";\n",
        digest.short()
    );
    let output = set_by_cargo("OUT_DIR")?;
    // <target>/<profile>/build/<package>/out
    let target = output.ancestors().nth(4).unwrap_or(&output);
    println!("cargo::rustc-env=SAMARA_BUILT_IN={}", target.display());
    fs::write(output.join("runtime_archive.rs"), archive)
}

fn set_by_cargo(name: &str) -> io::Result<PathBuf> {
    let value = env::var_os(name).ok_or_else(|| io::Error::other(format!("cargo sets {name}")))?;
    Ok(value.into())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}
