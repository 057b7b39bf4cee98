#[samara::step]
async fn load(text: String) -> &'static str {
    &text
}

fn main() {}
