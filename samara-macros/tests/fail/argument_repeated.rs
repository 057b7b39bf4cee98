#[samara::step(kind = "load", id = "load", kind = "extract")]
fn load() {}

fn main() {}
