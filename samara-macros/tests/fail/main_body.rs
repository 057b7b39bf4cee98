#[samara::main]
async fn main() -> Result<(), std::fmt::Error> {
    "1".parse::<u64>()?;
    Ok(())
}
