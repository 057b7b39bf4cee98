#[samara::step]
async fn load() -> Box<dyn Iterator<Item = u64>> {
    Box::new("one")
}

fn main() {}
