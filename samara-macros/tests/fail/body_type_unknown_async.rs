#[samara::step]
async fn load() -> Row {
    todo!()
}

fn main() {}
