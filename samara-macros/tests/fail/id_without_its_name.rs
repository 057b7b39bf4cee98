#[samara::step("load", kind = "load")]
fn load() {}

fn main() {}
