#[samara::main]
fn main<T>() {}
