#![deny(warnings)]

use std::process::ExitCode;

#[samara::main]
async fn main() -> ExitCode {
    ExitCode::SUCCESS
}
