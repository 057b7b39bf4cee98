#[samara::step(atributes(table))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
