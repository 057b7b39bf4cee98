#[samara::step]
struct Load {
    table: String,
}

fn main() {}
