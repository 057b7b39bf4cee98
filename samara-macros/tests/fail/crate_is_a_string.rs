#[samara::step(crate = "telemetry")]
fn load() {}

fn main() {}
