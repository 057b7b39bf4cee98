#![deny(warnings)]

#[derive(clap::Args)]
struct Arguments {
    /// Files to count
    files: Vec<String>,
}

#[samara::main]
fn main(Arguments { files }: Arguments) {
    assert!(files.is_empty());
}
