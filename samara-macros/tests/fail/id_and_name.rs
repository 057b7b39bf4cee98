#[samara::step(id = "load", name = "load")]
fn load() {}

fn main() {}
