#[samara::step]
#[track_caller]
fn load(n: u64) -> u64 {
    if n == 0 {
        return "none";
    }
    n
}

fn main() {}
