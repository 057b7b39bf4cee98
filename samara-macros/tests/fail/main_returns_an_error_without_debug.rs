struct LoadError;

#[samara::main]
fn main() -> Result<(), LoadError> {
    Err(LoadError)
}
