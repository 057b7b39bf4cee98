//! Where files are: every text of a pipeline that names a place becomes a [`Location`], and nothing else becomes a path.
//!
//! Hadoop's `Path` decides what a text means: what stands before a colon, and no slash, is a scheme; `%20` stands for itself; `.`, `..` and empty
//! segments go. Only the files of this machine are supported: another store of files begins here.

mod glob;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::variables;

pub(crate) use glob::Pattern;
pub use glob::{GlobError, NamePattern};

/// A place of files on this machine.
///
/// # Examples
///
/// ```
/// use samara::location::Location;
///
/// let location = Location::parse("file:///data/orders/")?;
/// assert_eq!(location.path(), "/data/orders");
/// assert!(Location::parse("s3://my-bucket/orders").is_err());
/// # Ok::<(), samara::location::LocationError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    text: String,
    path: String,
}

/// A text that names no place that can be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// There is no text.
    #[error("a location must not be empty")]
    Empty,
    /// The text begins with a scheme, and it is not `file`.
    #[error(
        "`{location}`: the scheme `{scheme}` is not supported; a location is a path of this machine, `data/orders` or `file:///data/orders`, \
         and one with a colon in its first name begins with `./`"
    )]
    Scheme {
        /// The text.
        location: String,
        /// What stands before its colon.
        scheme: String,
    },
    /// A drive of Windows.
    #[error(
        "`{location}` is a path of Windows, which is not supported: write it as this machine has it, `/data/orders`"
    )]
    Drive {
        /// The text.
        location: String,
    },
    /// `file://data/orders` names the machine `data`.
    #[error(
        "`{location}` names a file of the machine `{host}`: a file of this one has three slashes, `file:///{host}/…`"
    )]
    Host {
        /// The text.
        location: String,
        /// The name of the machine.
        host: String,
    },
    /// `file:orders`
    #[error(
        "`{location}` has no slash after `file:`: write `file:///data/orders`, or the relative path without `file:`"
    )]
    Relative {
        /// The text.
        location: String,
    },
    /// A pattern that is none.
    #[error("`{location}`: {source}")]
    Glob {
        /// The text.
        location: String,
        /// What is wrong with it.
        source: GlobError,
    },
}

impl LocationError {
    /// The bytes of the text that are wrong.
    fn range(&self) -> Range<usize> {
        match self {
            Self::Empty => 0..0,
            // Within braces it does not stand at the beginning.
            Self::Scheme { location, scheme } => {
                let start = location.find(&format!("{scheme}:")).unwrap_or(0);
                start..start + scheme.len() + 1
            }
            Self::Drive { .. } => 0..2,
            Self::Relative { location } => {
                let after = location["file:".len()..].chars().next();
                0.."file:".len() + after.map_or(0, char::len_utf8)
            }
            Self::Host { host, .. } => {
                let start = "file://".len();
                start..start + host.len()
            }
            Self::Glob { location, source } => source.range_in(location),
        }
    }

    /// The same error, said of the text that the location was made of.
    pub(crate) fn about(mut self, text: &str) -> Self {
        match &mut self {
            Self::Empty => {}
            Self::Scheme { location, .. }
            | Self::Drive { location }
            | Self::Host { location, .. }
            | Self::Relative { location }
            | Self::Glob { location, .. } => text.clone_into(location),
        }
        self
    }
}

/// What is done with the files of a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// They are read: the location may be a glob.
    Read,
    /// They are written: every character of it stands for itself.
    Write,
}

/// The working directory.
impl Default for Location {
    fn default() -> Self {
        let here = ".".to_owned();
        Self {
            text: here.clone(),
            path: here,
        }
    }
}

impl Location {
    /// The location that a text names.
    ///
    /// # Errors
    /// [`LocationError`], but for [`LocationError::Glob`].
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let path = local_path(text)?;
        Ok(Self {
            text: text.to_owned(),
            path: normal(path),
        })
    }

    /// The location that a text names once the variables in it are replaced.
    pub(crate) fn resolve(text: &str) -> crate::Result<Self> {
        Ok(Self::parse(&variables::resolve(text)?)?)
    }

    /// The text that named it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The path on this machine, perhaps a relative one, without `.`, `..` and slashes that say nothing.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn as_path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// The path from the root; an error, if there is no working directory any more.
    pub(crate) fn absolute(&self) -> io::Result<PathBuf> {
        std::path::absolute(&self.path)
    }

    /// The pattern that this is when it is read, if it is one (Spark, `SparkHadoopUtil.isGlobPath`).
    ///
    /// # Errors
    /// [`LocationError::Glob`]; [`LocationError::Scheme`] within braces.
    pub(crate) fn pattern(&self) -> Result<Option<Pattern>, LocationError> {
        match self.path.contains(['{', '}', '[', ']', '*', '?', '\\']) {
            true => Pattern::parse(self).map(Some),
            false => Ok(None),
        }
    }

    /// Whether what this would read is `directory`, a path from the root, or lies in it.
    pub(crate) fn is_within(&self, directory: &Path) -> bool {
        let Ok(path) = self.absolute() else {
            return false;
        };
        let pattern = self.pattern().ok().flatten();
        path.starts_with(directory) || pattern.is_some_and(|pattern| pattern.is_within(directory))
    }
}

/// Checks what a text shows of a location before the variables in it are known.
///
/// # Errors
/// What is wrong, and which bytes of the text it is about.
///
/// # Examples
/// ```
/// use samara::location::{Use, check};
///
/// assert!(check("${DATA}/days/{a,b}.csv", Use::Read).is_ok());
/// let (bytes, _) = check("${DATA}/days/[ab.csv", Use::Read).unwrap_err();
/// assert_eq!(bytes, 13..20);
/// let (bytes, _) = check("s3://${BUCKET}/orders", Use::Write).unwrap_err();
/// assert_eq!(bytes, 0..3);
/// ```
pub fn check(text: &str, used: Use) -> Result<(), (Range<usize>, LocationError)> {
    if let Some((start, default)) = variables::leading_default(text)
        && let Err(error @ (LocationError::Scheme { .. } | LocationError::Drive { .. })) =
            local_path(default)
    {
        let range = error.range();
        return Err((start + range.start..start + range.end, error));
    }
    let known = variables::masked_by(text, 'x');
    let Err(mut error) = check_resolved(&known, used) else {
        return Ok(());
    };
    let range = error.range();
    if let (LocationError::Glob { source, .. }, Some(written)) =
        (&mut error, text.get(range.clone()))
    {
        source.name(written);
    }
    // What a variable is a part of, the run tells.
    let is_known = known.get(range.clone()) == text.get(range.clone());
    match is_known || matches!(error, LocationError::Glob { .. }) {
        true => Err((range, error.about(text))),
        false => Ok(()),
    }
}

/// Checks a text in which no variables are left.
pub(crate) fn check_resolved(text: &str, used: Use) -> Result<(), LocationError> {
    let location = Location::parse(text)?;
    match used {
        Use::Read => location.pattern().map(drop),
        Use::Write => Ok(()),
    }
}

/// The part of a text that is a path, if it is one of this machine.
fn local_path(text: &str) -> Result<&str, LocationError> {
    let location = || text.to_owned();
    if text.is_empty() {
        return Err(LocationError::Empty);
    }
    let Some((scheme, rest)) = text
        .split_once(':')
        .filter(|(scheme, _)| !scheme.contains('/'))
    else {
        return Ok(text);
    };
    if !scheme.eq_ignore_ascii_case("file") {
        let is_drive = scheme.len() == 1 && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        return Err(match is_drive && rest.starts_with(['\\', '/']) {
            true => LocationError::Drive {
                location: location(),
            },
            false => LocationError::Scheme {
                location: location(),
                scheme: scheme.to_owned(),
            },
        });
    }
    let Some(authority) = rest.strip_prefix("//") else {
        return match rest.starts_with('/') {
            true => Ok(rest),
            false => Err(LocationError::Relative {
                location: location(),
            }),
        };
    };
    let (host, path) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
    match host.is_empty() || host.eq_ignore_ascii_case("localhost") {
        true if path.is_empty() => Ok("/"),
        true => Ok(path),
        false => Err(LocationError::Host {
            location: location(),
            host: host.to_owned(),
        }),
    }
}

/// A path as Hadoop's `Path` normalizes it.
fn normal(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if segments.last().is_some_and(|last| *last != "..") => drop(segments.pop()),
            ".." if is_absolute => {}
            segment => segments.push(segment),
        }
    }
    let path = segments.join("/");
    match (is_absolute, path.is_empty()) {
        (true, _) => format!("/{path}"),
        (false, true) => ".".to_owned(),
        (false, false) => path,
    }
}

#[cfg(test)]
mod tests;
