//! How much a program says, and in which colours.

use std::ffi::OsString;

use clap::{ArgMatches, Args, ColorChoice, Command, FromArgMatches, ValueEnum as _};

/// What flags say about all that a program prints.
///
/// # Examples
/// ```
/// #[derive(clap::Parser)]
/// struct Program {
///     #[command(flatten)]
///     output: samara::settings::Output,
/// }
///
/// let program = <Program as clap::Parser>::parse_from(["program", "--quiet", "--color=never"]);
/// assert!(program.output.quiet);
/// assert_eq!(program.output.color, Some(clap::ColorChoice::Never));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Output {
    /// Whether output is coloured; none leaves it to `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM`, and whether there is a terminal.
    pub color: Option<ColorChoice>,
    /// Whether only warnings and errors are printed.
    pub quiet: bool,
}

impl Output {
    /// Colours all that is printed from now on as these arguments of a program say: also the help, and what clap says of wrong ones.
    pub fn colour_by(arguments: impl IntoIterator<Item = OsString>) {
        let choice = match color_flag(arguments) {
            None | Some(ColorChoice::Auto) => anstream::ColorChoice::Auto,
            Some(ColorChoice::Always) => anstream::ColorChoice::Always,
            Some(ColorChoice::Never) => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }

    /// The flags that give another Samara program these settings.
    pub(super) fn to_args(self) -> Vec<OsString> {
        let color = self.color.map(|color| format!("--color={color}").into());
        let quiet = self.quiet.then(|| "--quiet".into());
        color.into_iter().chain(quiet).collect()
    }
}

/// The last valid `--color` among arguments. Clap tells of one that is not valid.
fn color_flag(arguments: impl IntoIterator<Item = OsString>) -> Option<ColorChoice> {
    let mut arguments = arguments
        .into_iter()
        .map(|argument| argument.to_string_lossy().into_owned())
        .take_while(|argument| argument != "--");
    let mut choice = None;
    while let Some(argument) = arguments.next() {
        let value = match argument.split_once('=') {
            Some(("--color", value)) => Some(value.to_owned()),
            _ if argument == "--color" => arguments.next(),
            _ => None,
        };
        choice = value
            .and_then(|value| ColorChoice::from_str(&value, true).ok())
            .or(choice);
    }
    choice
}

impl FromArgMatches for Output {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Flags { color, quiet } = Flags::from_arg_matches(matches)?;
        Ok(Self { color, quiet })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Output {
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
    /// Colour the output; auto if not given: on a terminal, unless variables say otherwise [env: NO_COLOR, CLICOLOR, CLICOLOR_FORCE, TERM]
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        ignore_case = true,
        help_heading = "Output"
    )]
    color: Option<ColorChoice>,
    /// Print warnings and errors only
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn color(arguments: &[&str]) -> Option<ColorChoice> {
        color_flag(arguments.iter().map(OsString::from))
    }

    #[test]
    fn the_colour_is_known_before_the_arguments_are_parsed() {
        for (arguments, expected) in [
            (&["run", "--color=never"][..], Some(ColorChoice::Never)),
            (&["--color", "ALWAYS", "run"], Some(ColorChoice::Always)),
            (&["--color=auto"], Some(ColorChoice::Auto)),
            (&["--color=sometimes"], None),
            (&["--color"], None),
            (&["--", "--color=never"], None),
            (&[], None),
        ] {
            assert_eq!(color(arguments), expected, "{arguments:?}");
        }
    }

    #[test]
    fn another_program_gets_what_was_given_and_nothing_else() {
        assert_eq!(Output::default().to_args(), [""; 0]);
        let given = Output {
            color: Some(ColorChoice::Never),
            quiet: true,
        };
        assert_eq!(given.to_args(), ["--color=never", "--quiet"]);
    }
}
