//! The flags of `validate` that try alerts out.

use std::collections::BTreeMap;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use thiserror::Error;

/// A failure that did not happen, so that its alerts can be seen.
///
/// # Examples
///
/// ```
/// #[derive(clap::Parser)]
/// struct Program {
///     #[command(flatten)]
///     test: samara::settings::AlertTest,
/// }
///
/// let program = <Program as clap::Parser>::parse_from(["program", "--test-exception", "disk full", "--test-env-var", "ENV=prod"]);
/// assert_eq!(program.test.exception.as_deref(), Some("disk full"));
/// assert_eq!(program.test.variables()?["ENV"], "prod");
/// # Ok::<(), samara::settings::NotAVariable>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertTest {
    /// The failure's message.
    pub exception: Option<String>,
    /// Variables as rules are to see them, each as `KEY=VALUE`: not yet checked.
    pub env_vars: Vec<String>,
}

/// A variable that is not of the form `KEY=VALUE`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("--test-env-var {0:?} is not of the form KEY=VALUE")]
pub struct NotAVariable(String);

impl AlertTest {
    /// Whether alerts are to be tested at all.
    pub fn is_asked_for(&self) -> bool {
        self.exception.is_some() || !self.env_vars.is_empty()
    }

    /// The variables by their names.
    ///
    /// # Errors
    ///
    /// [`NotAVariable`] for one without a name or a `=`.
    pub fn variables(&self) -> Result<BTreeMap<String, String>, NotAVariable> {
        let variable = |text: &String| match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
            _ => Err(NotAVariable(text.clone())),
        };
        self.env_vars.iter().map(variable).collect()
    }
}

impl FromArgMatches for AlertTest {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = Flags::from_arg_matches(matches)?;
        Ok(Self {
            exception: flags.test_exception,
            env_vars: flags.test_env_var,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for AlertTest {
    fn augment_args(command: Command) -> Command {
        Flags::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Flags::augment_args_for_update(command)
    }
}

// As in the parent module: a doc comment here would become the program's description.
#[derive(Args)]
#[group(skip)]
struct Flags {
    /// Send the alerts of a failure with this message, and exit with 41
    #[arg(long, value_name = "MESSAGE", help_heading = "Alert test")]
    test_exception: Option<String>,
    /// Send the alerts of a failure where this variable is set, and exit with 41; may be given several times
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Alert test")]
    test_env_var: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(texts: &[&str]) -> Result<BTreeMap<String, String>, NotAVariable> {
        let env_vars = texts.iter().map(|text| (*text).to_owned()).collect();
        let exception = None;
        AlertTest {
            exception,
            env_vars,
        }
        .variables()
    }

    #[test]
    fn a_value_may_hold_an_equals_sign_and_may_be_empty() {
        let variables = variables(&["A=b=c", "D="]).expect("pairs");
        assert_eq!((&*variables["A"], &*variables["D"]), ("b=c", ""));
    }

    #[test]
    fn what_has_no_name_or_no_equals_sign_is_refused() {
        for text in ["", "A", "=b"] {
            assert_eq!(variables(&[text]), Err(NotAVariable(text.to_owned())));
        }
    }
}
