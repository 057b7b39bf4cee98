#![deny(warnings)]

use std::num::ParseIntError;

use samara::entry::block_on;

#[derive(Debug)]
enum LoadError {
    Number(ParseIntError),
    Zero,
}

impl From<ParseIntError> for LoadError {
    fn from(error: ParseIntError) -> Self {
        Self::Number(error)
    }
}

#[samara::step]
fn sync(text: &str) -> Result<u64, LoadError> {
    let n: u64 = text.parse()?;
    if n == 0 {
        return Err(LoadError::Zero);
    }
    for m in 1.. {
        if m == n {
            return Ok(m);
        }
    }
    unreachable!()
}

#[samara::step]
async fn in_the_future(text: &str) -> Result<u64, LoadError> {
    let n: u64 = text.parse()?;
    if n == 0 {
        return Err(LoadError::Zero);
    }
    for m in 1.. {
        if m == n {
            return Ok(m);
        }
    }
    unreachable!()
}

#[samara::step]
fn unit(text: &str) -> Result<(), LoadError> {
    text.parse::<u64>()?;
    Ok(())
}

#[samara::step]
async fn unit_in_the_future(text: &str) -> Result<(), LoadError> {
    text.parse::<u64>()?;
    Ok(())
}

#[samara::step]
fn early(n: u64) {
    if n == 0 {
        return;
    }
    assert_eq!(n, 1);
}

#[samara::step]
async fn early_in_the_future(n: u64) {
    if n == 0 {
        return;
    }
    assert_eq!(n, 1);
}

fn main() {
    assert!(matches!(sync("x"), Err(LoadError::Number(_))));
    assert!(matches!(sync("0"), Err(LoadError::Zero)));
    assert!(matches!(sync("3"), Ok(3)));
    assert!(matches!(
        block_on(in_the_future("x")),
        Err(LoadError::Number(_))
    ));
    assert!(matches!(block_on(in_the_future("0")), Err(LoadError::Zero)));
    assert!(matches!(block_on(in_the_future("3")), Ok(3)));
    assert!(unit("x").is_err());
    assert!(block_on(unit_in_the_future("x")).is_err());
    early(0);
    block_on(early_in_the_future(0));
}
