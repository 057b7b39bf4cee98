#![deny(warnings)]
#![deny(missing_docs)]

//! A crate.

use samara::entry::block_on;

/// Documented.
#[inline]
#[must_use]
#[samara::step]
pub fn documented() -> u64 {
    1
}

/// Documented below.
#[samara::step]
/// And here.
#[inline(never)]
#[must_use = "it is the number"]
pub async fn documented_below() -> u64 {
    1
}

#[samara::step]
#[cfg(not(all()))]
fn left_out() -> NoType {}

#[samara::step]
#[allow(unused_variables)]
fn allowed(n: u64) {
    let unused = 1;
}

#[samara::step]
#[expect(unused_variables)]
async fn expected() {
    let unused = 1;
}

#[samara::step]
#[deprecated]
fn deprecated() {}

#[samara::step]
#[track_caller]
fn line() -> u32 {
    1
}

#[samara::step]
fn attributes_of_arguments(#[allow(unused_variables)] n: u64, #[cfg(not(all()))] left_out: NoType) {
}

fn main() {
    assert_eq!(documented() + block_on(documented_below()), 2);
    allowed(1);
    block_on(expected());
    #[allow(deprecated)]
    deprecated();
    assert_eq!(line(), 1);
    attributes_of_arguments(1);
}
