#[samara::step(attributes(?name = table))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
