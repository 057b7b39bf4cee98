#[derive(clap::Args)]
struct Arguments {}

#[samara::main]
fn main(one: Arguments, other: Arguments) {}
