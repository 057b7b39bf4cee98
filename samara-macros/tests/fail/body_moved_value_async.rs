#[samara::step]
async fn load(rows: Vec<u64>) -> Vec<u64> {
    drop(rows);
    rows
}

fn main() {}
