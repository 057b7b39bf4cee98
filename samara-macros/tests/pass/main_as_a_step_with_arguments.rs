#![deny(warnings)]

#[derive(clap::Args, Debug)]
struct Arguments {
    file: Option<String>,
}

#[samara::main]
#[samara::step(attributes(file = arguments.file, ?arguments))]
fn main(arguments: Arguments) {
    assert_eq!(arguments.file, None);
}
