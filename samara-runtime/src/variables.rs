//! `${NAME}` in texts of a workflow or alert file, resolved when the text is used.
//!
//! So that no secret needs to stand in a file, or ends up in a binary: locations, urls, headers and passwords hold the
//! variable's name, and the machine that runs the pipeline holds its value.

use std::collections::HashSet;
use std::env::{self, VarError};
use std::ops::Range;

use thiserror::Error;

/// Why a text could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VariableError {
    /// Variables are not set, and the text gives no default.
    #[error("{}", not_set(.names))]
    NotSet {
        /// The variables' names, each once; one at least.
        names: Vec<String>,
    },
    /// The variable's value is not text.
    #[error("environment variable {name} is not UTF-8")]
    NotUtf8 {
        /// The variable's name.
        name: String,
    },
}

impl VariableError {
    /// The names of the variables that are not set.
    pub(crate) fn names(&self) -> &[String] {
        match self {
            Self::NotSet { names } => names,
            Self::NotUtf8 { .. } => &[],
        }
    }
}

/// Replaces each `${NAME}` by the environment variable's value, and each `${NAME:-default}` by it or, if it is unset or
/// empty, by the default.
///
/// A name is of ASCII letters, digits and `_`, and begins with no digit. A default ends at the first `}`. Any other `$` or `${` stands
/// for itself, so that a password such as `a$b{c}` needs no escape. Values are not resolved again.
///
/// # Errors
/// [`VariableError`] if variables without default are unset, or a value is not UTF-8.
///
/// # Examples
/// ```
/// let location = samara::variables::resolve("${SAMARA_EXAMPLE_DIR:-data}/orders.csv")?;
/// assert_eq!(location, "data/orders.csv");
/// # Ok::<(), samara::variables::VariableError>(())
/// ```
pub fn resolve(text: &str) -> Result<String, VariableError> {
    resolve_with(text, |name| env::var(name))
}

fn resolve_with(
    text: &str,
    environment: impl Fn(&str) -> Result<String, VarError>,
) -> Result<String, VariableError> {
    let mut resolved = String::with_capacity(text.len());
    let mut unset = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        resolved.push_str(before);
        match Reference::parse(reference) {
            Some(found) => {
                match found.value(&environment) {
                    Err(VariableError::NotSet { names }) => unset.extend(names),
                    value => resolved.push_str(&value?),
                }
                rest = &reference[found.length..];
            }
            None => {
                resolved.push_str("${");
                rest = &reference[2..];
            }
        }
    }
    resolved.push_str(rest);
    all_set(unset)?;
    Ok(resolved)
}

/// Checks that all of the texts could be resolved.
///
/// # Errors
/// [`VariableError::NotSet`] with the names of all variables that are missing, in order; else as [`resolve`].
pub(crate) fn check<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<(), VariableError> {
    let mut unset = Vec::new();
    for text in texts {
        match resolve(text) {
            Err(VariableError::NotSet { names }) => unset.extend(names),
            resolved => drop(resolved?),
        }
    }
    all_set(unset)
}

/// Checks that all of the variables are set.
///
/// # Errors
/// [`VariableError::NotSet`] with the names of those that are not.
pub(crate) fn check_names<'a>(
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(), VariableError> {
    let is_unset = |name: &&str| env::var_os(name).is_none();
    let unset = names.into_iter().filter(is_unset);
    all_set(unset.map(str::to_owned).collect())
}

fn all_set(mut unset: Vec<String>) -> Result<(), VariableError> {
    let mut seen = HashSet::new();
    unset.retain(|name| seen.insert(name.clone()));
    match unset.is_empty() {
        true => Ok(()),
        false => Err(VariableError::NotSet { names: unset }),
    }
}

fn not_set(names: &[String]) -> String {
    let which = match names {
        [] | [_] => format!("environment variable {} is not set", names.concat()),
        [others @ .., last] => format!(
            "environment variables {} and {last} are not set",
            others.join(", ")
        ),
    };
    let name = names.last().map_or("NAME", String::as_str);
    format!("{which}, and `${{{name}}}` gives no default as in `${{{name}:-default}}`")
}

/// The variables that must be set for a text to be resolved: those that it gives no default for.
///
/// # Examples
/// ```
/// let needed: Vec<&str> = samara::variables::needed("${DIR}/${DAY:-today}/orders.csv").collect();
/// assert_eq!(needed, ["DIR"]);
/// ```
pub fn needed(text: &str) -> impl Iterator<Item = &str> {
    references(text)
        .filter(|reference| reference.default.is_none())
        .map(|reference| reference.name)
}

/// The variables that a text names, and whether each must be set: it has no default there.
pub(crate) fn named(text: &str) -> impl Iterator<Item = (&str, bool)> {
    references(text).map(|reference| (reference.name, reference.default.is_none()))
}

/// Whether a text gets its value where it is used: it holds a reference, and none that brings a default along. What holds a secret and
/// is not of this kind must not be built into a binary.
///
/// # Examples
/// ```
/// use samara::variables::is_given_at_run_time;
///
/// assert!(is_given_at_run_time("Bearer ${TOKEN}"));
/// assert!(!is_given_at_run_time("hunter2"));
/// assert!(!is_given_at_run_time("${PASSWORD:-hunter2}"));
/// ```
pub fn is_given_at_run_time(text: &str) -> bool {
    let mut references = references(text).peekable();
    references.peek().is_some() && references.all(|reference| reference.default.is_none())
}

/// The text with each reference replaced by as many bytes of a character that says nothing, for who looks at the rest of it.
pub(crate) fn masked_by(text: &str, character: char) -> String {
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    for (start, _) in text.match_indices("${") {
        if start >= at
            && let Some(reference) = Reference::parse(&text[start..])
        {
            masked.push_str(&text[at..start]);
            masked.extend(std::iter::repeat_n(character, reference.length));
            at = start + reference.length;
        }
    }
    masked + &text[at..]
}

/// The default of the reference that a text begins with, and where it begins, if there is one.
pub(crate) fn leading_default(text: &str) -> Option<(usize, &str)> {
    let default = Reference::parse(text)?.default?;
    let end = text.find('}')?;
    Some((end - default.len(), default))
}

/// What begins like a reference, and is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReferenceError {
    /// `${NAME` without an end.
    #[error("`{reference}` has no `}}`: a variable is `${{NAME}}` or `${{NAME:-default}}`")]
    Unclosed {
        /// What begins like a reference.
        reference: String,
    },
    /// `${}`
    #[error("`${{}}` names no variable: a variable is `${{NAME}}` or `${{NAME:-default}}`")]
    Empty,
    /// `${NOT-A-NAME}`
    #[error(
        "`{reference}` names no variable: a name is of ASCII letters, digits and `_`, begins with no digit, and ends with `}}` or `:-`"
    )]
    Name {
        /// What begins like a reference.
        reference: String,
    },
}

/// Checks that whatever begins like a reference is one. At run it would stand for itself.
///
/// # Errors
/// The first that is none, and which bytes of the text it is.
///
/// # Examples
/// ```
/// use samara::variables::check_references;
///
/// assert!(check_references("${DATA}/${DAY:-today}/$1").is_ok());
/// let (bytes, error) = check_references("in/${DATA/orders").unwrap_err();
/// assert_eq!((bytes, error.to_string().contains("has no `}`")), (3..9, true));
/// ```
pub fn check_references(text: &str) -> Result<(), (Range<usize>, ReferenceError)> {
    let mut at = 0;
    while let Some(start) = text[at..].find("${").map(|start| at + start) {
        match Reference::parse(&text[start..]) {
            Some(reference) => at = start + reference.length,
            None => return Err(no_reference(text, start)),
        }
    }
    Ok(())
}

fn no_reference(text: &str, start: usize) -> (Range<usize>, ReferenceError) {
    let inside = &text[start + "${".len()..];
    let name = inside.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let closed = inside.find('}');
    let end = start + "${".len() + closed.map_or(name.unwrap_or(inside.len()), |end| end + 1);
    let reference = text[start..end].to_owned();
    let error = match closed {
        None => ReferenceError::Unclosed { reference },
        Some(0) => ReferenceError::Empty,
        Some(_) => ReferenceError::Name { reference },
    };
    (start..end, error)
}

/// The text as it may be shown: references stand for what is not to be seen, but for one that the text begins with, and that does not
/// make up all of it. So `${BASE}/tell?key=${KEY}` shows where it goes.
pub(crate) fn masked(text: &str) -> Result<String, VariableError> {
    let base = Reference::parse(text).filter(|base| base.length < text.len());
    let (base, rest) = text.split_at(base.map_or(0, |base| base.length));
    Ok(resolve(base)? + &resolve_with(rest, |_| Ok("REDACTED".to_owned()))?)
}

fn references(text: &str) -> impl Iterator<Item = Reference<'_>> {
    let starts = text.match_indices("${").map(|(start, _)| start);
    starts.filter_map(|start| Reference::parse(&text[start..]))
}

struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
    /// Of the whole reference, `${` and `}` included.
    length: usize,
}

impl<'a> Reference<'a> {
    /// The reference that `text` begins with, if it is one.
    fn parse(text: &'a str) -> Option<Self> {
        let inside = text.strip_prefix("${")?;
        let end = inside.find('}')?;
        let inside = &inside[..end];
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        is_name(name).then_some(Self {
            name,
            default,
            length: end + "${}".len(),
        })
    }

    fn value(
        &self,
        environment: impl Fn(&str) -> Result<String, VarError>,
    ) -> Result<String, VariableError> {
        let name = || self.name.to_owned();
        match (environment(self.name), self.default) {
            (Err(VarError::NotPresent), None) => Err(VariableError::NotSet {
                names: vec![name()],
            }),
            (Err(VarError::NotUnicode(_)), _) => Err(VariableError::NotUtf8 { name: name() }),
            (Err(VarError::NotPresent), Some(default)) => Ok(default.to_owned()),
            (Ok(value), Some(default)) if value.is_empty() => Ok(default.to_owned()),
            (Ok(value), _) => Ok(value),
        }
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.bytes();
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    characters.next().is_some_and(first)
        && characters.all(|byte| first(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Result<String, VariableError> {
        resolve_with(text, |name| match name {
            "HOST" => Ok("db".to_owned()),
            "EMPTY" => Ok(String::new()),
            "NESTED" => Ok("${HOST}".to_owned()),
            _ => Err(VarError::NotPresent),
        })
    }

    #[test]
    fn variables_are_replaced_by_their_values() {
        assert_eq!(
            resolved("http://${HOST}/${HOST}?é").as_deref(),
            Ok("http://db/db?é")
        );
    }

    #[test]
    fn a_default_stands_in_for_an_unset_or_empty_variable() {
        assert_eq!(
            resolved("${HOST:-x} ${NONE:-y} ${EMPTY:-z} ${NONE:-}|").as_deref(),
            Ok("db y z |")
        );
    }

    #[test]
    fn an_empty_variable_without_default_is_empty() {
        assert_eq!(resolved("[${EMPTY}]").as_deref(), Ok("[]"));
    }

    #[test]
    fn an_unset_variable_without_default_is_an_error_that_names_it() {
        let error = resolved("a/${NONE}/b").expect_err("unset");
        assert!(
            error.to_string().contains("`${NONE}`")
                && error.to_string().contains("`${NONE:-default}`"),
            "{error}"
        );
    }

    #[test]
    fn all_unset_variables_of_a_text_are_named_at_once() {
        let error = resolved("${ONE}/${HOST}/${TWO}/${ONE}/${THREE}").expect_err("unset");
        let expected = "environment variables ONE, TWO and THREE are not set";
        assert!(error.to_string().starts_with(expected), "{error}");
    }

    #[test]
    fn text_that_is_no_reference_stays_as_it_is() {
        for text in [
            "", "$", "$HOST", "${", "${HOST", "${}", "${1A}", "${A-B}", "pa$${ss", "${ HOST}",
        ] {
            assert_eq!(resolved(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn values_are_not_resolved_again() {
        assert_eq!(resolved("${NESTED}").as_deref(), Ok("${HOST}"));
    }
}
