#[samara::step(id, kind = "load")]
fn load() {}

fn main() {}
