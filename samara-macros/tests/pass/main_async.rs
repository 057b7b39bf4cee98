#![deny(warnings)]

#[samara::main]
async fn main() {
    assert_eq!(std::future::ready(2).await, 2);
}
