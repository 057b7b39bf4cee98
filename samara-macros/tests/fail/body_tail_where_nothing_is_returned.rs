#[samara::step]
fn load() {
    1
}

fn main() {}
