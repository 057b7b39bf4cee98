#[samara::step]
fn load() -> u64 {
    std::future::ready(1).await
}

fn main() {}
