#[samara::step]
async fn load() -> u64 {
    let rows = Vec::new();
    rows.len() as u64
}

fn main() {}
