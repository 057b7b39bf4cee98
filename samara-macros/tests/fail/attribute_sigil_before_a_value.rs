#[samara::step(attributes(%table.name()))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
