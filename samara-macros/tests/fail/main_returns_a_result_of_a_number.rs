#[samara::main]
async fn main() -> Result<u64, std::io::Error> {
    Ok(1)
}
