#[samara::step]
fn load() -> &'static str {
    let text = String::new();
    &text
}

fn main() {}
