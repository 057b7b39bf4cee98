#[samara::step(attributes(table, rows = 1, table = "t"))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
