#[samara::step]
async fn load() -> String {
    let rows = 1;
    rows + 1
}

fn main() {}
