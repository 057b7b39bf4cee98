//! The compiler of Samara, under the name by which pipelines are run.

fn main() -> std::process::ExitCode {
    samara_gen::cli::main(env!("CARGO_BIN_NAME"))
}
