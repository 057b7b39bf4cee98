#[samara::main]
#[tokio::main]
async fn main() {}
