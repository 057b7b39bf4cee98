//! Paths as arguments of a program.

use std::path::PathBuf;

use clap::builder::{PathBufValueParser, TypedValueParser};

use crate::location::{Location, LocationError};

/// Parses an argument that names a file or a directory of this machine, as the system takes it or behind `file:`. What names another store is
/// refused: it would be a directory `s3:` here.
pub fn path_argument() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(of_this_machine)
}

fn of_this_machine(path: PathBuf) -> Result<PathBuf, LocationError> {
    match path.to_str() {
        Some(text) if text.starts_with("file:") => Ok(Location::parse(text)?.path().into()),
        Some(text) if text.contains(":/") => Location::parse(text).map(|_| path),
        _ => Ok(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_a_path_of_this_machine_or_refused() {
        let path = |text: &str| of_this_machine(text.into());
        for text in ["a/", "./s3://a", "a:b", "/a:/b", ""] {
            assert_eq!(path(text), Ok(text.into()), "it stays as it is");
        }
        assert_eq!(path("file:///data/a"), Ok("/data/a".into()));
        for text in [
            "s3://bucket/a",
            "C:/a",
            "dbfs:/a",
            "file://host/a",
            "file:a",
        ] {
            assert!(path(text).is_err(), "{text}");
        }
    }
}
