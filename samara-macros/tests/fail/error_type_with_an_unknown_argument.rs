#[derive(samara::ErrorType)]
#[error_type(krate = samara)]
struct LoadError;

fn main() {}
