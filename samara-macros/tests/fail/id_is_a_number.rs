#[samara::step(id = 5)]
fn load() {}

fn main() {}
