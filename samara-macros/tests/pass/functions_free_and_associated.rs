#![deny(warnings)]

use samara::entry::block_on;

#[samara::step]
fn sync(n: u64) -> u64 {
    n + 1
}

#[samara::step(id = "an-id", kind = "load")]
async fn in_the_future(n: u64) -> u64 {
    std::future::ready(n).await + 1
}

#[samara::step(name = "nothing")]
fn nothing() {}

#[samara::step()]
async fn nothing_in_the_future() {}

struct Loader;

impl Loader {
    #[samara::step]
    fn associated(n: u64) -> Self {
        assert_eq!(n, 1);
        Self
    }

    #[samara::step]
    async fn associated_in_the_future() -> Self {
        Self
    }
}

fn main() {
    assert_eq!(sync(1), 2);
    assert_eq!(block_on(in_the_future(1)), 2);
    nothing();
    block_on(nothing_in_the_future());
    let _: [Loader; 2] = [
        Loader::associated(1),
        block_on(Loader::associated_in_the_future()),
    ];
}
