#![deny(warnings)]

use samara::entry::block_on;

trait Load {
    fn rows(&self) -> u64;

    #[samara::step]
    fn doubled(&self) -> u64 {
        2 * self.rows()
    }

    #[samara::step(attributes(by))]
    fn times(&self, by: u64) -> u64
    where
        Self: Sized,
    {
        by * self.rows()
    }

    #[samara::step]
    fn name() -> &'static str
    where
        Self: Sized,
    {
        "load"
    }
}

struct Loader(u64);

impl Load for Loader {
    #[samara::step]
    fn rows(&self) -> u64 {
        self.0
    }
}

#[allow(async_fn_in_trait)]
trait AsyncLoad {
    async fn rows(&self) -> u64;

    #[samara::step]
    async fn doubled(&self) -> u64 {
        2 * self.rows().await
    }
}

impl AsyncLoad for Loader {
    #[samara::step]
    async fn rows(&self) -> u64 {
        self.0
    }
}

fn main() {
    let loader = Loader(2);
    assert_eq!(Load::rows(&loader), 2);
    assert_eq!((&loader as &dyn Load).doubled(), 4);
    assert_eq!(loader.times(3), 6);
    assert_eq!(Loader::name(), "load");
    assert_eq!(block_on(AsyncLoad::doubled(&loader)), 4);
}
