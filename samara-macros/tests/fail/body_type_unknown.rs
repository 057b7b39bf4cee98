#[samara::step]
fn load() -> Row {
    todo!()
}

fn main() {}
