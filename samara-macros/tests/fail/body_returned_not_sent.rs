use std::future::{Future, ready};
use std::rc::Rc;

#[samara::step]
fn load(rows: Rc<u64>) -> impl Future<Output = u64> + Send {
    async move {
        ready(()).await;
        *rows
    }
}

fn main() {}
