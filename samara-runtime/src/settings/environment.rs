//! Environment variables as settings that change what a run does, the fallback of a flag: a bad one is a usage error.

use std::fmt;
use std::str::FromStr;

use clap::error::ErrorKind;

use super::{Environment, Given};

/// The flag, which clap has parsed already, or else the first of the variables that is set and not empty.
pub(super) fn parsed<T>(
    flag: Option<T>,
    variables: &[&'static str],
    environment: &Environment<'_>,
) -> Result<Option<T>, clap::Error>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    if flag.is_some() {
        return Ok(flag);
    }
    let given = variable(variables, environment)?;
    given
        .map(|given| given.value.parse().map_err(|error| invalid(&given, &error)))
        .transpose()
}

fn variable(
    names: &[&'static str],
    environment: &Environment<'_>,
) -> Result<Option<Given>, clap::Error> {
    let set = names.iter().find_map(|name| {
        let value = environment(name).filter(|value| !value.is_empty())?;
        Some((*name, value))
    });
    let Some((origin, value)) = set else {
        return Ok(None);
    };
    match value.into_string() {
        Ok(value) => Ok(Some(Given { value, origin })),
        Err(value) => Err(invalid(
            &Given {
                value: value.to_string_lossy().into_owned(),
                origin,
            },
            &"it is not UTF-8",
        )),
    }
}

fn invalid(given: &Given, reason: &dyn fmt::Display) -> clap::Error {
    let Given { value, origin } = given;
    clap::Error::raw(
        ErrorKind::ValueValidation,
        format!("invalid value {value:?} for the environment variable {origin}: {reason}\n"),
    )
}
