#[samara::step]
pub mod load {}

fn main() {}
