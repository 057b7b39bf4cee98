//! The characters that mean something in csv: one that means two things means neither.

use crate::engine::option::{OptionError, OptionValue};

/// What a reader or writer of csv takes apart by.
pub(crate) struct Characters {
    pub separator: String,
    pub quote: char,
    pub escape: char,
    pub comment: Option<char>,
    /// The line end that an option gives.
    pub line_end: Option<String>,
}

/// Something that characters are used for, by the options that set it.
struct Role<'a> {
    options: &'static [&'static str],
    /// What it is for, as in "`;` is the separator, too".
    name: &'static str,
    text: &'a str,
}

impl Characters {
    /// Refuses a character with two meanings, at the option that gave it the second one. Spark takes them all, and reads and writes nonsense.
    pub fn check(&self, given: &[OptionValue<'_>]) -> Result<(), OptionError> {
        let one = |character: char| match character {
            // No character at all.
            '\0' => String::new(),
            character => character.to_string(),
        };
        let (quote, escape) = (one(self.quote), one(self.escape));
        let comment = self.comment.map(one).unwrap_or_default();
        let role = |options, name, text| Role {
            options,
            name,
            text,
        };
        let separator = role(&["sep", "delimiter"], "the separator", &self.separator);
        let quote = role(&["quote"], "the quote", &quote);
        let mut escape = role(&["escape"], "the escape", &escape);
        // Where nobody asked for an escape, a separator may be one: there is none then outside of quotes.
        if option(given, &escape).is_none() {
            escape.text = "";
        }
        let comment = role(&["comment"], "what begins a comment", &comment);
        let line_end = self.line_end.as_deref().unwrap_or_default();
        let line_end = role(&["lineSep"], "the line end", line_end);
        for role in [&separator, &quote, &escape, &comment] {
            if let (Some(option), true) = (option(given, role), role.text.contains(['\n', '\r'])) {
                return Err(option.error(format!("{} cannot hold a line end", role.name)));
            }
        }
        let others = [&quote, &escape, &comment, &line_end];
        let of_separator = others.map(|other| (&separator, other));
        let of_line_end = [&quote, &escape, &comment].map(|other| (&line_end, other));
        let pairs = of_separator.into_iter().chain(of_line_end);
        pairs
            .chain([(&quote, &comment)])
            .try_for_each(|(one, other)| differ(given, one, other))
    }
}

fn differ(given: &[OptionValue<'_>], one: &Role<'_>, other: &Role<'_>) -> Result<(), OptionError> {
    let (longer, shorter) = match one.text.len() >= other.text.len() {
        true => (one.text, other.text),
        false => (other.text, one.text),
    };
    if shorter.is_empty() || !longer.contains(shorter) {
        return Ok(());
    }
    match (option(given, other), option(given, one)) {
        (Some(option), _) => Err(option.error(format!("`{shorter}` is {}, too", one.name))),
        (None, Some(option)) => Err(option.error(format!("`{shorter}` is {}, too", other.name))),
        (None, None) => Ok(()),
    }
}

/// The option that sets what a role is.
fn option<'a>(given: &'a [OptionValue<'a>], role: &Role<'_>) -> Option<&'a OptionValue<'a>> {
    let sets = |option: &&OptionValue<'_>| {
        let mut names = role.options.iter();
        names.any(|name| name.eq_ignore_ascii_case(option.name))
    };
    given.iter().rev().find(sets)
}

#[cfg(test)]
mod tests {
    use crate::engine::Format;
    use crate::engine::{read, write};

    #[test]
    fn a_character_with_two_meanings_is_refused_for_reading_and_writing() {
        for (options, message) in [
            (
                &[("sep", "\n")][..],
                "option `sep`: the separator cannot hold a line end",
            ),
            (
                &[("delimiter", "ab\r")],
                "option `delimiter`: the separator cannot hold a line end",
            ),
            (
                &[("quote", "\n")],
                "option `quote`: the quote cannot hold a line end",
            ),
            (
                &[("escape", "\n")],
                "option `escape`: the escape cannot hold a line end",
            ),
            (
                &[("comment", "\n")],
                "option `comment`: what begins a comment cannot hold a line end",
            ),
            (
                &[("quote", ",")],
                "option `quote`: `,` is the separator, too",
            ),
            (
                &[("sep", ";"), ("quote", ";")],
                "option `quote`: `;` is the separator, too",
            ),
            (&[("sep", "\"")], "option `sep`: `\"` is the quote, too"),
            (&[("sep", ",\"")], "option `sep`: `\"` is the quote, too"),
            (
                &[("escape", ",")],
                "option `escape`: `,` is the separator, too",
            ),
            (
                &[("comment", ",")],
                "option `comment`: `,` is the separator, too",
            ),
            (
                &[("comment", "\"")],
                "option `comment`: `\"` is the quote, too",
            ),
            (
                &[("lineSep", ",")],
                "option `lineSep`: `,` is the separator, too",
            ),
            (
                &[("lineSep", "\"")],
                "option `lineSep`: `\"` is the quote, too",
            ),
            (
                &[("lineSep", ";"), ("sep", ";")],
                "option `lineSep`: `;` is the separator, too",
            ),
        ] {
            for checked in [
                read::check_options(Format::Csv, options),
                write::check_options(Format::Csv, options),
            ] {
                assert_eq!(checked.expect_err("two meanings").to_string(), message);
            }
        }
    }

    #[test]
    fn an_escape_may_be_the_quote_and_there_may_be_no_quote() {
        for options in [
            &[("escape", "\"")][..],
            &[("quote", "")],
            &[("quote", "\\")],
            &[("quote", ""), ("escape", "")],
            &[("sep", "||"), ("comment", "#")],
            &[("lineSep", "\r\n")],
            &[("comment", "\\")],
            &[("sep", "\\\\")],
        ] {
            assert_eq!(
                read::check_options(Format::Csv, options),
                Ok(()),
                "{options:?}"
            );
            assert_eq!(
                write::check_options(Format::Csv, options),
                Ok(()),
                "{options:?}"
            );
        }
    }

    #[test]
    fn an_option_that_is_given_twice_with_two_values_is_refused() {
        for (format, options, message) in [
            (
                Format::Csv,
                [("sep", ","), ("delimiter", ";")],
                "option `delimiter`: `sep` says otherwise, and both are one option",
            ),
            (
                Format::Csv,
                [("header", "true"), ("Header", "false")],
                "option `Header`: `header` says otherwise, and both are one option",
            ),
            (
                Format::Json,
                [("encoding", "UTF-8"), ("charset", "ISO-8859-1")],
                "option `charset`: `encoding` says otherwise, and both are one option",
            ),
        ] {
            let error = read::check_options(format, &options).expect_err("two values");
            assert_eq!(error.to_string(), message);
        }
        assert_eq!(
            read::check_options(Format::Csv, &[("sep", ";"), ("delimiter", ";")]),
            Ok(())
        );
        let codecs = [("compression", "gzip"), ("codec", "none")];
        assert!(write::check_options(Format::Parquet, &codecs).is_err());
    }

    #[test]
    fn limits_are_positive() {
        for option in [
            ("maxColumns", "0"),
            ("maxColumns", "-1"),
            ("maxCharsPerColumn", "0"),
            ("maxCharsPerColumn", "-5"),
        ] {
            assert!(
                read::check_options(Format::Csv, &[option]).is_err(),
                "{option:?}"
            );
        }
        assert_eq!(
            read::check_options(Format::Csv, &[("maxCharsPerColumn", "-1")]),
            Ok(())
        );
    }
}
