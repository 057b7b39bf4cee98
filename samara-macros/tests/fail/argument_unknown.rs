#[samara::step(skip(table))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
