#[samara::step]
async fn load(n: u64) {
    if n == 0 {
        return 1;
    }
}

fn main() {}
