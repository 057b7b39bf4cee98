#[samara::step(attributes(tabel))]
fn load(table: &str) {
    let _ = table;
}

fn main() {}
