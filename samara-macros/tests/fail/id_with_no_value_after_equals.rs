#[samara::step(id = )]
fn load() {}

fn main() {}
