#[samara::step(attributes = table)]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
