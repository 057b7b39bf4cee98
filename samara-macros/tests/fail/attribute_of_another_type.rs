#[samara::step(attributes(path))]
fn load(path: &std::path::Path) {
    let _ = path;
}

fn main() {}
