//! The compiler of Samara.

fn main() -> std::process::ExitCode {
    samara_gen::cli::main(env!("CARGO_BIN_NAME"))
}
