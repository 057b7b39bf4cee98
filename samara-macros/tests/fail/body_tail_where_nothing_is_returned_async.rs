#[samara::step]
async fn load() {
    1
}

fn main() {}
