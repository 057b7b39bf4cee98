#![deny(warnings)]

#[samara::main]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let n: u8 = "2".parse()?;
    assert_eq!(n, 2);
    Ok(())
}
