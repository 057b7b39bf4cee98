#[samara::step(attributes(rows = rows.iter().max(), all = rows))]
async fn load(rows: Vec<u64>) {
    let _ = rows;
}

fn main() {}
