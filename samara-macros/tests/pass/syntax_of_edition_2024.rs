#![deny(warnings)]

use samara::entry::block_on;

#[samara::step]
async fn async_closures(n: u64) -> Result<u64, String> {
    let add = async |m: u64| -> Result<u64, String> {
        if m == 0 {
            return Err("zero".to_owned());
        }
        Ok(n + m)
    };
    let sum = add(1).await?;
    Ok(sum + add(2).await?)
}

#[samara::step]
fn let_chains(text: Option<&str>) -> u64 {
    if let Some(text) = text
        && let Ok(n) = text.parse::<u64>()
        && n > 1
    {
        return n;
    }
    let Some(_) = text else {
        return 0;
    };
    1
}

#[samara::step]
fn captured<'a>(text: &'a str, other: &str) -> impl Fn() -> usize + use<'a> {
    assert_eq!(other, "b");
    move || text.len()
}

#[samara::step]
async fn async_callback(f: impl AsyncFn(u64) -> u64) -> u64 {
    f(1).await
}

fn main() {
    assert_eq!(block_on(async_closures(1)), Ok(5));
    assert_eq!([Some("2"), Some("x"), None].map(let_chains), [2, 1, 0]);
    assert_eq!(captured("a", &"b".to_owned())(), 1);
    assert_eq!(block_on(async_callback(async |n| n + 1)), 2);
}
