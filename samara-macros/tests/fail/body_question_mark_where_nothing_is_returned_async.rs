#[samara::step]
async fn load(text: &str) {
    let n = text.parse::<u64>()?;
    println!("{n}");
}

fn main() {}
