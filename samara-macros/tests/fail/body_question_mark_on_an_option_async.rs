#[samara::step]
async fn load(text: Option<&str>) -> Result<u64, String> {
    let text = text?;
    text.parse().map_err(|_| text.to_owned())
}

fn main() {}
