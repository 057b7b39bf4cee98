#[samara::step]
fn load(rows: Vec<u64>) -> Vec<u64> {
    rows.push(1);
    rows
}

fn main() {}
