#![deny(warnings)]

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use samara::entry::block_on;

#[derive(Clone)]
struct Counter(u64);

impl Counter {
    #[samara::step]
    fn owned(self) -> u64 {
        self.0
    }

    #[samara::step]
    fn owned_and_changed(mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[samara::step]
    fn borrowed(&self) -> u64 {
        self.0
    }

    #[samara::step]
    fn changed(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[samara::step]
    fn boxed(self: Box<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    fn counted(self: Rc<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    fn shared(self: Arc<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    fn pinned(mut self: Pin<&mut Self>) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl Counter {
    #[samara::step]
    async fn async_owned(self) -> u64 {
        self.0
    }

    #[samara::step]
    async fn async_owned_and_changed(mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[samara::step]
    async fn async_borrowed(&self) -> u64 {
        self.0
    }

    #[samara::step]
    async fn async_changed(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[samara::step]
    async fn async_boxed(self: Box<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    async fn async_counted(self: Rc<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    async fn async_shared(self: Arc<Self>) -> u64 {
        self.0
    }

    #[samara::step]
    async fn async_pinned(mut self: Pin<&mut Self>) -> u64 {
        self.0 += 1;
        self.0
    }
}

fn main() {
    let mut counter = Counter(1);
    assert_eq!(counter.clone().owned(), 1);
    assert_eq!(counter.clone().owned_and_changed(), 2);
    assert_eq!(counter.borrowed(), 1);
    assert_eq!(counter.changed(), 2);
    assert_eq!(Box::new(counter.clone()).boxed(), 2);
    assert_eq!(Rc::new(counter.clone()).counted(), 2);
    assert_eq!(Arc::new(counter.clone()).shared(), 2);
    assert_eq!(Pin::new(&mut counter).pinned(), 3);

    assert_eq!(block_on(counter.clone().async_owned()), 3);
    assert_eq!(block_on(counter.clone().async_owned_and_changed()), 4);
    assert_eq!(block_on(counter.async_borrowed()), 3);
    assert_eq!(block_on(counter.async_changed()), 4);
    assert_eq!(block_on(Box::new(counter.clone()).async_boxed()), 4);
    assert_eq!(block_on(Rc::new(counter.clone()).async_counted()), 4);
    assert_eq!(block_on(Arc::new(counter.clone()).async_shared()), 4);
    assert_eq!(block_on(Pin::new(&mut counter).async_pinned()), 5);
    assert_eq!(counter.0, 5);
}
