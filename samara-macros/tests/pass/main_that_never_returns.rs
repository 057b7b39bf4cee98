#![deny(warnings)]

#[samara::main]
fn main() -> ! {
    std::process::exit(0)
}
