#[samara::step]
async fn load() -> &'static str {
    let text = String::new();
    &text
}

fn main() {}
