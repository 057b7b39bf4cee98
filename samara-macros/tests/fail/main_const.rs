#[samara::main]
const fn main() {}
