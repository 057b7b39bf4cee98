use std::future::Future;

#[samara::step]
fn load(text: &str) -> impl Future<Output = Result<u64, std::fmt::Error>> {
    async move {
        let n = text.parse::<u64>()?;
        Ok(n)
    }
}

fn main() {}
