#[samara::step(attributes(db.table))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
