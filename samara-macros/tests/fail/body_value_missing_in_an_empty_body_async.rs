#[samara::step]
async fn load() -> String {

}

fn main() {}
