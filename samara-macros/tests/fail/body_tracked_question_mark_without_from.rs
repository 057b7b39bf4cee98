#[samara::step]
#[track_caller]
fn load(text: &str) -> Result<u64, std::fmt::Error> {
    let n = text.parse::<u64>()?;
    Ok(n)
}

fn main() {}
