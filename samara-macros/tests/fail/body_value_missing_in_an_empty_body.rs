#[samara::step]
fn load() -> String {

}

fn main() {}
