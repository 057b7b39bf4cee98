#[samara::step]
async fn load() -> u64 {
    let rows = 1;
    println!("{rows}");
}

fn main() {}
