#[samara::step]
fn load(text: String) -> &'static str {
    &text
}

fn main() {}
