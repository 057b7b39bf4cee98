//! Reading variables: the first that is set counts, and one whose value is invalid is as if it were not set, with a warning.

use std::fmt;
use std::str::FromStr;

use super::value::{Invalid, Text};
use crate::settings::{Environment, Given};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Of a flag or a variable, by its name.
    Given(String),
    /// Nobody has said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Chosen<T> {
    /// What holds where nobody has said anything.
    pub fn default(value: T) -> Self {
        Self {
            value,
            origin: Origin::Default,
        }
    }
}

/// A variable or flag whose value counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The name of the variable or flag.
    pub name: String,
    value: String,
    reason: Invalid,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            value,
            reason,
        } = self;
        // Headers hold secrets, and a header that cannot be read may be one.
        match name.ends_with("_HEADERS") {
            true => write!(f, "ignored {name}: {reason}"),
            false => write!(f, "ignored {name}={:?}: {reason}", without_secrets(value)),
        }
    }
}

/// A value without what could be a password or a query of a URL. Where they begin and end is not known, since it is none.
fn without_secrets(value: &str) -> String {
    if !value.contains(['?', '@']) {
        return value.to_owned();
    }
    let is_scheme = |text: &str| {
        text.chars()
            .all(|character| character.is_ascii_alphanumeric())
    };
    match value.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) => format!("{scheme}://***"),
        _ => "***".to_owned(),
    }
}

/// The variables of a process, and what was wrong with them.
pub(crate) struct Variables<'a> {
    environment: &'a Environment<'a>,
    pub ignored: Vec<Ignored>,
}

impl<'a> Variables<'a> {
    pub fn new(environment: &'a Environment<'a>) -> Self {
        Self {
            environment,
            ignored: Vec::new(),
        }
    }

    /// The value of the first of the variables that is set and not empty.
    pub fn given<T: FromStr<Err = Invalid>>(&mut self, names: &[&str]) -> Option<Chosen<T>> {
        names.iter().find_map(|name| self.one(name))
    }

    /// As [`Variables::given`], of a setting that has a value in any case.
    pub fn chosen<T: FromStr<Err = Invalid>>(&mut self, names: &[&str], default: T) -> Chosen<T> {
        self.given(names)
            .unwrap_or_else(|| Chosen::default(default))
    }

    /// As [`Variables::given`], where it does not matter who said so.
    pub fn value<T: FromStr<Err = Invalid>>(&mut self, names: &[&str]) -> Option<T> {
        self.given(names).map(|chosen| chosen.value)
    }

    /// As [`Variables::given`], for settings that are texts.
    pub fn text(&mut self, names: &[&'static str]) -> Option<Given> {
        names.iter().find_map(|origin| {
            let Text(value) = self.one(origin)?.value;
            Some(Given { value, origin })
        })
    }

    fn one<T: FromStr<Err = Invalid>>(&mut self, name: &str) -> Option<Chosen<T>> {
        let value = (self.environment)(name).filter(|value| !value.is_empty())?;
        let parsed = value.to_str().ok_or(Invalid::Text).and_then(str::parse);
        match parsed {
            Ok(value) => Some(Chosen {
                value,
                origin: Origin::Given(name.to_owned()),
            }),
            Err(reason) => {
                self.ignore(name, &value.to_string_lossy(), reason);
                None
            }
        }
    }

    /// As [`Variables::given`], of something that the settings hold.
    pub fn setting<T: FromStr<Err = Invalid>>(
        &mut self,
        given: Option<&Given>,
    ) -> Option<Chosen<T>> {
        let given = given?;
        match given.value.parse() {
            Ok(value) => Some(Chosen {
                value,
                origin: Origin::Given(given.origin.to_owned()),
            }),
            Err(reason) => {
                self.ignore(given.origin, &given.value, reason);
                None
            }
        }
    }

    pub fn ignore(&mut self, name: &str, value: &str, reason: Invalid) {
        let ignored = Ignored {
            name: name.to_owned(),
            value: value.to_owned(),
            reason,
        };
        if !self.ignored.contains(&ignored) {
            self.ignored.push(ignored);
        }
    }
}
