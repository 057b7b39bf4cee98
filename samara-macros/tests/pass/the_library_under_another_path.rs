#![deny(warnings)]

mod facade {
    pub mod telemetry {
        pub use ::samara::{ErrorType, conclude, entry, main, package, source_location, step};
    }
}

/// Nothing here says where `samara` is.
mod user {
    use super::facade::telemetry;

    #[derive(Debug, telemetry::ErrorType)]
    #[error_type(crate = crate::facade::telemetry)]
    pub enum LoadError {
        Full,
    }

    #[telemetry::step(crate = crate::facade::telemetry, attributes(n), err = Debug)]
    pub fn sync(n: u8) -> Result<u8, LoadError> {
        if n > 0 { Err(LoadError::Full) } else { Ok(n) }
    }

    #[telemetry::step(crate = super::facade::telemetry)]
    pub async fn in_the_future(n: u8) -> Result<u8, LoadError> {
        sync(n)
    }
}

#[facade::telemetry::main(crate = facade::telemetry)]
async fn main() {
    assert!(user::sync(0).is_ok());
    assert!(user::in_the_future(1).await.is_err());
    use facade::telemetry::step::ErrorType as _;
    assert_eq!(user::LoadError::Full.error_type(), "Full");
}
