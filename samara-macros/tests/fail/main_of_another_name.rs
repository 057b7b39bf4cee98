#[samara::main]
fn start() {}

fn main() {}
