use std::rc::Rc;

#[samara::step]
async fn load(rows: Rc<u64>) -> u64 {
    std::future::ready(()).await;
    *rows
}

fn sent<T: Send>(_: T) {}

fn start() {
    sent(load(Rc::new(1)));
}

fn main() {}
