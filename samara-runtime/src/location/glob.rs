//! Hadoop's patterns: what one name has to match (`GlobPattern`), what braces stand for (`GlobExpander`), and the files that are found
//! (`Globber`).

use std::fs;
use std::io::{self, ErrorKind};
use std::ops::Range;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::{Location, LocationError, normal};

/// As many patterns as braces may stand for.
const MOST_ALTERNATIVES: usize = 10_000;

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the glob `{pattern}` {problem}")]
pub struct GlobError {
    pattern: String,
    problem: String,
}

impl GlobError {
    fn new(pattern: &str, problem: impl Into<String>) -> Self {
        Self {
            pattern: pattern.to_owned(),
            problem: problem.into(),
        }
    }

    /// The bytes of a text that are this pattern; all of them, if it stands there in another form.
    pub(super) fn range_in(&self, text: &str) -> Range<usize> {
        match text.rfind(&self.pattern) {
            Some(start) => start..start + self.pattern.len(),
            None => 0..text.len(),
        }
    }

    /// Names the pattern otherwise.
    pub(super) fn name(&mut self, pattern: &str) {
        pattern.clone_into(&mut self.pattern);
    }
}

/// A glob of one name, as Hadoop's `GlobPattern` matches it: the part of a location between two slashes, or a `pathGlobFilter`.
///
/// # Examples
///
/// ```
/// use samara::location::NamePattern;
///
/// let pattern = NamePattern::parse("day-[0-9]*.{csv,json}")?;
/// assert!(pattern.matches("day-1.csv") && !pattern.matches("days.csv"));
/// # Ok::<(), samara::location::GlobError>(())
/// ```
#[derive(Debug, Clone)]
pub struct NamePattern {
    regex: Regex,
    /// The only name that matches, if nothing in the pattern stands for more than itself.
    literal: Option<String>,
}

impl NamePattern {
    /// Reads a glob.
    ///
    /// # Errors
    ///
    /// [`GlobError`] if it is none, such as `[` without its `]`.
    pub fn parse(glob: &str) -> Result<Self, GlobError> {
        let (java, has_wildcard) = to_java(glob)?;
        let regex = of_java(&java).map_err(|problem| GlobError::new(glob, problem))?;
        let regex = Regex::new(&regex)
            .map_err(|_| GlobError::new(glob, "is too large, or too deeply nested"))?;
        Ok(Self {
            regex,
            literal: (!has_wildcard).then(|| unescaped(glob)),
        })
    }

    /// Whether the whole name matches.
    pub fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }

    /// As a segment of a path, in which a backslash makes of each character a plain one if nothing else is special.
    fn matches_segment(&self, name: &str) -> bool {
        match &self.literal {
            Some(literal) => literal == name,
            None => self.matches(name),
        }
    }
}

fn unescaped(glob: &str) -> String {
    let mut text = String::with_capacity(glob.len());
    let mut characters = glob.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            character => text.push(character),
        }
    }
    text
}

/// The regular expression that `GlobPattern.set` makes of a glob, character for character, and whether it has a wildcard.
fn to_java(glob: &str) -> Result<(String, bool), GlobError> {
    let mut regex = String::new();
    let (mut in_set, mut open_groups, mut has_wildcard) = (false, 0_usize, false);
    let mut before = None;
    let mut characters = glob.chars();
    while let Some(character) = characters.next() {
        has_wildcard |= matches!(character, '*' | '?' | '{' | '[');
        match character {
            '\\' => match characters.next() {
                Some(escaped) => regex.extend(['\\', escaped]),
                None => return Err(ends_with_backslash(glob)),
            },
            '.' | '$' | '(' | ')' | '|' | '+' => regex.extend(['\\', character]),
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '{' => {
                regex.push_str("(?:");
                open_groups += 1;
            }
            ',' if open_groups > 0 => regex.push('|'),
            '}' if open_groups > 0 => {
                regex.push(')');
                open_groups -= 1;
            }
            '[' if in_set => {
                return Err(GlobError::new(
                    glob,
                    "has a `[` within `[…]`: write `\\[` for the character",
                ));
            }
            '[' => {
                regex.push('[');
                in_set = true;
            }
            '^' if !in_set => regex.push_str("\\^"),
            '!' if in_set && before == Some('[') => regex.push('^'),
            ']' => {
                regex.push(']');
                in_set = false;
            }
            character => regex.push(character),
        }
        before = Some(character);
    }
    match (in_set, open_groups) {
        (false, 0) => Ok((regex, has_wildcard)),
        (true, _) => Err(GlobError::new(
            glob,
            "has a `[` without a `]`: write `\\[` for the character",
        )),
        (false, _) => Err(GlobError::new(
            glob,
            "has a `{` without a `}`: write `\\{` for the character",
        )),
    }
}

fn ends_with_backslash(glob: &str) -> GlobError {
    GlobError::new(
        glob,
        "ends with a backslash, which stands before a character that is to be plain",
    )
}

/// A regular expression of Java's RE2 as one of Rust's: they differ in what is special between brackets.
fn of_java(java: &str) -> Result<String, String> {
    let mut regex = "(?s)\\A(?:".to_owned();
    let mut rest = java.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => regex.push_str(&escape(rest.next())?),
            '[' => regex.push_str(&set(&mut rest)?),
            '{' | '}' | ']' => regex.extend(['\\', character]),
            character => regex.push(character),
        }
    }
    Ok(regex + ")\\z")
}

/// What a backslash and a character stand for, between brackets or not.
fn escape(character: Option<char>) -> Result<String, String> {
    let character = character.ok_or("ends with a backslash")?;
    Ok(match character {
        'd' => "[0-9]".to_owned(),
        'D' => "[^0-9]".to_owned(),
        's' => "[\\t\\n\\x0C\\r ]".to_owned(),
        'S' => "[^\\t\\n\\x0C\\r ]".to_owned(),
        'w' => "[0-9A-Za-z_]".to_owned(),
        'W' => "[^0-9A-Za-z_]".to_owned(),
        character => plain(escaped(character)?),
    })
}

/// The character that a backslash makes of another one.
fn escaped(character: char) -> Result<char, String> {
    Ok(match character {
        'a' => '\x07',
        'f' => '\x0C',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0B',
        other if other.is_ascii_alphanumeric() => {
            return Err(format!(
                "has `\\{other}`: a backslash stands before a character that is to be plain, and `{other}` is"
            ));
        }
        other => other,
    })
}

/// One character, whatever it is.
fn plain(character: char) -> String {
    format!("\\x{{{:x}}}", u32::from(character))
}

/// What stands between brackets, up to the closing one (RE2, `parseClass`).
fn set(rest: &mut std::str::Chars<'_>) -> Result<String, String> {
    let mut set = "[".to_owned();
    if rest.as_str().starts_with('^') {
        rest.next();
        set.push('^');
    }
    let mut is_first = true;
    loop {
        let character = rest
            .next()
            .ok_or("has a `[` without a `]`: write `\\[` for the character")?;
        if character == ']' && !is_first {
            return Ok(set + "]");
        }
        is_first = false;
        let from = match character {
            '\\' => match rest.next() {
                class @ Some('d' | 'D' | 's' | 'S' | 'w' | 'W') => {
                    set.push_str(&escape(class)?);
                    continue;
                }
                Some(character) => escaped(character)?,
                None => return Err("ends with a backslash".to_owned()),
            },
            character => character,
        };
        let to = range_end(rest)?.unwrap_or(from);
        if to < from {
            return Err(format!(
                "has the range `{from}-{to}`, which ends before it begins"
            ));
        }
        set.push_str(&format!("{}-{}", plain(from), plain(to)));
    }
}

/// The last character of a range, after its first one was read, if it is a range.
fn range_end(rest: &mut std::str::Chars<'_>) -> Result<Option<char>, String> {
    let after = rest.as_str().strip_prefix('-');
    if after.is_none_or(|after| after.starts_with(']')) {
        return Ok(None);
    }
    rest.next();
    match rest.next() {
        Some('\\') => rest.next().map(escaped).transpose(),
        character => Ok(character),
    }
}

/// A location that may be several paths: for each of its alternatives, what the segments of a path have to match.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Alternative>);

#[derive(Debug, Clone)]
struct Alternative {
    is_absolute: bool,
    segments: Vec<NamePattern>,
}

impl Pattern {
    pub fn parse(location: &Location) -> Result<Self, LocationError> {
        let of_glob = |source| LocationError::Glob {
            location: location.text().to_owned(),
            source,
        };
        let mut alternatives = Vec::new();
        let is_absolute = location.path().starts_with('/');
        let patterns = expanded(location.path()).map_err(of_glob)?;
        for pattern in &patterns {
            if patterns.len() > 1 && begins_with_scheme(pattern) {
                Location::parse(pattern).map_err(|error| error.about(location.text()))?;
                let problem = "has a scheme within braces: write it before them";
                return Err(of_glob(GlobError::new(location.path(), problem)));
            }
            let path = normal(pattern.trim_start_matches('/'));
            let segments = path.split('/').filter(|segment| *segment != ".");
            let segments = segments.map(NamePattern::parse);
            alternatives.push(Alternative {
                is_absolute,
                segments: segments.collect::<Result<_, _>>().map_err(of_glob)?,
            });
        }
        Ok(Self(alternatives))
    }

    /// The files and directories that are there, sorted.
    ///
    /// # Errors
    /// The directory that cannot be looked into, and why.
    pub fn matches(&self) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
        let mut found = Vec::new();
        for alternative in &self.0 {
            found.extend(alternative.matches()?);
        }
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Whether some of what it matches would be `directory`, a path from the root, or lie in it.
    pub fn is_within(&self, directory: &Path) -> bool {
        self.0
            .iter()
            .any(|alternative| alternative.is_within(directory))
    }
}

impl Alternative {
    fn matches(&self) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
        let root = if self.is_absolute { "/" } else { "" };
        let mut candidates = vec![PathBuf::from(root)];
        for (index, segment) in self.segments.iter().enumerate() {
            let is_last = index + 1 == self.segments.len();
            match &segment.literal {
                Some(name) => candidates.iter_mut().for_each(|path| path.push(name)),
                None => {
                    let mut matched = Vec::new();
                    for candidate in &candidates {
                        matched.extend(children(candidate, segment, is_last)?);
                    }
                    candidates = matched;
                }
            }
        }
        candidates.retain(|path| path.exists());
        Ok(candidates)
    }

    fn is_within(&self, directory: &Path) -> bool {
        let root = match self.is_absolute {
            true => Ok(PathBuf::from("/")),
            false => std::env::current_dir(),
        };
        let Ok(inside) = root.as_deref().map(|root| directory.strip_prefix(root)) else {
            return false;
        };
        inside.is_ok_and(|inside| {
            let names = inside.iter().map(|name| name.to_string_lossy());
            let mut pairs = names.clone().zip(&self.segments);
            names.count() <= self.segments.len()
                && pairs.all(|(name, segment)| segment.matches_segment(&name))
        })
    }
}

/// `{data/orders,s3://bucket/orders}` stands for a location in a store, too.
fn begins_with_scheme(pattern: &str) -> bool {
    pattern
        .split_once('/')
        .is_some_and(|(first, _)| first.ends_with(':'))
}

/// What a directory holds that matches; nothing, if it is none. Files too, if nothing is to be looked for in them.
fn children(
    directory: &Path,
    segment: &NamePattern,
    is_last: bool,
) -> Result<Vec<PathBuf>, (PathBuf, io::Error)> {
    let place = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let failed = |error| (place.to_owned(), error);
    let entries = match fs::read_dir(place) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        entries => entries.map_err(failed)?,
    };
    let mut matched = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name();
        if segment.matches_segment(&name.to_string_lossy()) {
            let path = directory.join(name);
            if is_last || path.is_dir() {
                matched.push(path);
            }
        }
    }
    Ok(matched)
}

/// The patterns that a pattern with slashes in braces stands for (`GlobExpander.expand`).
fn expanded(pattern: &str) -> Result<Vec<String>, GlobError> {
    let mut expanded = Vec::new();
    let mut waiting = vec![(pattern.to_owned(), 0)];
    while let Some((flat, offset)) = waiting.pop() {
        match braces_with_slash(&flat, offset)? {
            None => expanded.push(flat),
            Some(start) => waiting.extend(choices(&flat, start).into_iter().rev()),
        }
        if expanded.len() + waiting.len() > MOST_ALTERNATIVES {
            let problem = format!("stands for more than {MOST_ALTERNATIVES} patterns");
            return Err(GlobError::new(pattern, problem));
        }
    }
    Ok(expanded)
}

/// Where the first outer braces begin that have a slash in them, from an offset on (`leftmostOuterCurlyContainingSlash`).
fn braces_with_slash(pattern: &str, offset: usize) -> Result<Option<usize>, GlobError> {
    let (mut open, mut start, mut seen_slash) = (0_usize, 0, false);
    let mut characters = pattern[offset..].char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if characters.next().is_none() => return Err(ends_with_backslash(pattern)),
            '{' => {
                if open == 0 {
                    start = offset + at;
                }
                open += 1;
            }
            '}' if open > 0 => {
                open -= 1;
                if open == 0 && seen_slash {
                    return Ok(Some(start));
                }
            }
            '/' if open > 0 => seen_slash = true,
            _ => {}
        }
    }
    Ok(None)
}

/// The patterns that braces stand for which begin at `start`, and where each goes on (`expandLeftmost`). As in Hadoop, a backslash within them is
/// used up.
fn choices(pattern: &str, start: usize) -> Vec<(String, usize)> {
    let (prefix, rest) = pattern.split_at(start);
    let (mut choices, mut choice, mut open) = (Vec::new(), String::new(), 0_usize);
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => choice.extend(characters.next()),
            '{' => {
                open += 1;
                if open > 1 {
                    choice.push(character);
                }
            }
            '}' if open == 1 => {
                choices.push(choice);
                break;
            }
            '}' => {
                open -= 1;
                choice.push(character);
            }
            ',' if open == 1 => choices.push(std::mem::take(&mut choice)),
            character => choice.push(character),
        }
    }
    let suffix = characters.as_str();
    let with_choice = |choice: String| (format!("{prefix}{choice}{suffix}"), prefix.len());
    choices.into_iter().map(with_choice).collect()
}
