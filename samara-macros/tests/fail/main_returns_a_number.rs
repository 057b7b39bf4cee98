#[samara::main]
fn main() -> u64 {
    1
}
