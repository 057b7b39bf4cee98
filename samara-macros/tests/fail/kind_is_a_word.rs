#[samara::step(kind = load)]
fn load() {}

fn main() {}
