#[samara::main]
struct Main;

fn main() {}
