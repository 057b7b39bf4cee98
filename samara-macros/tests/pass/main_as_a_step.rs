#![deny(warnings)]

#[samara::main]
#[samara::step(id = "program", kind = "job")]
async fn main() -> Result<(), std::num::ParseIntError> {
    let n: u8 = "2".parse()?;
    assert_eq!(n, 2);
    Ok(())
}
