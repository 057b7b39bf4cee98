#[derive(samara::ErrorType)]
union LoadError {
    number: u64,
}

fn main() {}
