#[samara::step(id = "a" kind = "load")]
fn load() {}

fn main() {}
