#![deny(warnings)]

use samara::entry::block_on;

/// # Safety
/// `place` is valid.
#[samara::step]
unsafe fn read(place: *const u64) -> u64 {
    unsafe { *place }
}

/// # Safety
/// `place` is valid.
#[samara::step]
async unsafe fn async_read(place: *const u64) -> u64 {
    unsafe { *place }
}

#[samara::step(attributes(n))]
extern "C" fn foreign(n: u64) -> u64 {
    n
}

#[samara::step]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn samara_test_exported(n: u64) -> u64 {
    n
}

fn main() {
    assert_eq!(unsafe { read(&1) }, 1);
    assert_eq!(block_on(unsafe { async_read(&1) }), 1);
    assert_eq!(foreign(1), 1);
    assert_eq!(unsafe { samara_test_exported(1) }, 1);
}
