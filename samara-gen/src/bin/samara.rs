//! The compiler of Samara.

use std::path::Path;

fn main() -> std::process::ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    let name = match Path::new(&called).file_stem() {
        Some(name) if name == "samara-gen" => "samara-gen",
        _ => "samara",
    };
    samara_gen::cli::main(name)
}
