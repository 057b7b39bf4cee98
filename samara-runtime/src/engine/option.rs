//! The options of readers and writers: names and values as text, taken one by one.

use std::str::FromStr;

use crate::engine::read::lines::LineEnd;

/// An option that is unknown, not supported yet, or holds a value that it cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("option `{name}`: {message}")]
pub struct OptionError {
    /// The option's name as it was written.
    pub name: String,
    /// What is wrong.
    pub message: String,
    /// Whether the name is unknown; if not, it is the value that is wrong.
    pub is_unknown: bool,
    /// The nearest name that exists, if the name is unknown.
    pub suggestion: Option<String>,
}

/// One option on its way into a typed struct.
pub(crate) struct OptionValue<'a> {
    pub name: &'a str,
    pub value: &'a str,
}

/// Options that are given as pairs of name and value.
pub(crate) fn values<'a>(
    options: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = OptionValue<'a>> {
    options
        .iter()
        .map(|(name, value)| OptionValue { name, value })
}

/// Names of one option, beside each other.
const ALIASES: [[&str; 2]; 3] = [
    ["sep", "delimiter"],
    ["encoding", "charset"],
    ["compression", "codec"],
];

/// Refuses an option that is given twice, by another spelling or another name, with two values: one of them would be ignored.
pub(crate) fn refuse_contradictions(options: &[(&str, &str)]) -> Result<(), OptionError> {
    let one_name = |name: &str| {
        let name = name.to_lowercase();
        let alias = ALIASES.iter().find(|names| names[1] == name);
        alias.map_or(name, |names| names[0].to_owned())
    };
    for (index, (name, value)) in options.iter().enumerate() {
        let mut earlier = options[..index].iter();
        let other = earlier
            .find(|(other, of_other)| one_name(other) == one_name(name) && of_other != value);
        if let Some((other, _)) = other {
            let message = format!("`{other}` says otherwise, and both are one option");
            return Err(OptionValue { name, value }.error(message));
        }
    }
    Ok(())
}

impl OptionValue<'_> {
    /// An error about this option.
    pub fn error(&self, message: impl Into<String>) -> OptionError {
        OptionError {
            name: self.name.to_owned(),
            message: message.into(),
            is_unknown: false,
            suggestion: None,
        }
    }

    /// Names the known option that is nearest to this unknown one.
    pub fn unknown(&self, known: &[&str]) -> OptionError {
        let distance = |name: &&str| {
            strsim::damerau_levenshtein(&self.name.to_lowercase(), &name.to_lowercase())
        };
        let nearest = known
            .iter()
            .copied()
            .min_by_key(distance)
            .filter(|name| distance(name) <= 3);
        OptionError {
            is_unknown: true,
            suggestion: nearest.map(str::to_owned),
            ..self.error(format!("unknown; the known ones are {}", known.join(", ")))
        }
    }

    /// `true` or `false`, in any case.
    pub fn boolean(&self) -> Result<bool, OptionError> {
        bool::from_str(&self.value.to_lowercase())
            .map_err(|_| self.error(format!("`{}` is neither true nor false", self.value)))
    }

    /// One character that is one byte; Spark's `\t` and `\\` are understood.
    pub fn byte(&self) -> Result<u8, OptionError> {
        match self.value {
            "\\t" => Ok(b'\t'),
            "\\\\" => Ok(b'\\'),
            value => match value.as_bytes() {
                [byte] => Ok(*byte),
                _ => Err(self.error(format!("`{value}` is not a single ASCII character"))),
            },
        }
    }

    /// A text that separates fields: a character or more, with Spark's escapes in it (`CSVExprUtils.toDelimiterStr`).
    pub fn separator(&self) -> Result<String, OptionError> {
        let mut separator = String::new();
        let mut characters = self.value.chars();
        while let Some(character) = characters.next() {
            separator.push(match character {
                '\\' if characters.as_str().is_empty() => {
                    return Err(self.error("a single backslash is no separator: write `\\\\`"));
                }
                '\\' => self.escaped(characters.next())?,
                other => other,
            });
        }
        match separator.is_empty() {
            true => Err(self.error("a separator has at least one character")),
            false => Ok(separator),
        }
    }

    fn escaped(&self, character: Option<char>) -> Result<char, OptionError> {
        Ok(match character {
            Some('t') => '\t',
            Some('r') => '\r',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some(same @ ('\\' | '"' | '\'')) => same,
            _ => return Err(self.error(format!("`{}` has an unknown escape", self.value))),
        })
    }

    /// A text that ends lines.
    pub fn line_end(&self) -> Result<LineEnd, OptionError> {
        match self.value {
            "" => Err(self.error("what ends a line has at least one character")),
            end => Ok(LineEnd::Exactly(end.to_owned())),
        }
    }

    /// What a writer ends lines with.
    pub fn written_line_end(&self) -> Result<String, OptionError> {
        match self.line_end()? {
            LineEnd::Exactly(end) => Ok(end),
            LineEnd::Any | LineEnd::AsTheFirst => Ok("\n".to_owned()),
        }
    }

    /// A whole number.
    pub fn number<T: FromStr>(&self) -> Result<T, OptionError> {
        let wrong = |_| self.error(format!("`{}` is no such number", self.value));
        self.value.trim().parse().map_err(wrong)
    }

    /// The error of an option that would have types inferred from a part of the rows only.
    pub fn no_sampling(&self) -> OptionError {
        self.error("types are inferred from all rows, never from a sample of them")
    }

    /// As [`Self::byte`], or nothing where the value is empty.
    pub fn optional_byte(&self) -> Result<Option<u8>, OptionError> {
        if self.value.is_empty() {
            Ok(None)
        } else {
            self.byte().map(Some)
        }
    }

    /// Refuses a value that asks for what is not built yet.
    pub fn only(&self, supported: &str) -> Result<(), OptionError> {
        if self.value.eq_ignore_ascii_case(supported) {
            Ok(())
        } else {
            Err(self.error(format!(
                "`{}` is not supported yet, only `{supported}` is",
                self.value
            )))
        }
    }
}
