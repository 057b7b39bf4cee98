#[samara::step(attributes)]
fn load() {}

fn main() {}
