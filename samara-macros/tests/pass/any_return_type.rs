#![deny(warnings)]

use samara::entry::block_on;

struct Opaque;

type Alias<T> = Result<T, Opaque>;

#[samara::step]
fn unit() {}

#[samara::step]
fn unit_written() -> () {}

#[samara::step]
fn never() -> ! {
    panic!("never")
}

#[samara::step]
fn option(n: u64) -> Option<u64> {
    let n = n.checked_sub(1)?;
    Some(n)
}

#[samara::step]
fn tuple() -> (u8, &'static str) {
    (1, "a")
}

#[samara::step]
fn array() -> [u8; 2] {
    [1, 2]
}

#[samara::step]
fn function() -> fn(u8) -> u8 {
    |n| n + 1
}

#[samara::step]
fn pointer() -> *const u8 {
    std::ptr::null()
}

#[samara::step]
fn error_without_text() -> Result<u8, Opaque> {
    Err(Opaque)
}

#[samara::step]
fn alias() -> Alias<u8> {
    error_without_text()
}

#[samara::step]
fn unbounded_error<T, E>(result: Result<T, E>) -> Result<T, E> {
    let value = result?;
    Ok(value)
}

#[samara::step]
fn control_flow(end: bool) -> std::ops::ControlFlow<u8> {
    if end {
        std::ops::ControlFlow::Break(1)?;
    }
    std::ops::ControlFlow::Continue(())
}

#[samara::step]
fn projected<I: Iterator>(mut rows: I) -> Option<<I as Iterator>::Item> {
    rows.next()
}

#[samara::step]
async fn async_never() -> ! {
    panic!("never")
}

#[samara::step]
async fn async_option(n: u64) -> Option<u64> {
    let n = n.checked_sub(1)?;
    Some(n)
}

#[samara::step]
async fn async_tuple() -> (u8, &'static str) {
    (1, "a")
}

#[samara::step]
async fn async_alias() -> Alias<u8> {
    error_without_text()?;
    Ok(1)
}

#[samara::step]
async fn async_unbounded_error<T, E>(result: Result<T, E>) -> Result<T, E> {
    let value = result?;
    Ok(value)
}

fn main() {
    unit();
    unit_written();
    std::panic::set_hook(Box::new(|_| {}));
    assert!(std::panic::catch_unwind(|| never()).is_err());
    assert!(std::panic::catch_unwind(|| block_on(async_never())).is_err());
    assert_eq!((option(0), option(1)), (None, Some(0)));
    assert_eq!(tuple(), (1, "a"));
    assert_eq!(array(), [1, 2]);
    assert_eq!(function()(1), 2);
    assert!(pointer().is_null());
    assert!(error_without_text().is_err());
    assert!(alias().is_err());
    assert!(unbounded_error::<(), _>(Err(Opaque)).is_err());
    assert_eq!(control_flow(true), std::ops::ControlFlow::Break(1));
    assert_eq!(control_flow(false), std::ops::ControlFlow::Continue(()));
    assert_eq!(projected([1].into_iter()), Some(1));
    assert_eq!(block_on(async_option(1)), Some(0));
    assert_eq!(block_on(async_tuple()), (1, "a"));
    assert!(block_on(async_alias()).is_err());
    assert!(block_on(async_unbounded_error::<(), _>(Err(Opaque))).is_err());
}
