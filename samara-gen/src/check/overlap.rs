//! Locations compared by their texts alone: nothing is looked up, since the run decides in which directory they are.

use samara::location::NamePattern;

/// What is special in a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// A location without what makes no difference: `out//a/`, `./out/a` and `out/b/../a` are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Normal {
    parts: Vec<String>,
}

/// How the files that one location names lie to those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// Both are one.
    Same,
    /// The other lies inside this one.
    Holds,
    /// This one lies inside the other.
    Inside,
}

impl Normal {
    pub fn of(location: &str) -> Self {
        let path = location.strip_prefix("file://").unwrap_or(location);
        let path = path.strip_prefix("file:").unwrap_or(path);
        let mut parts: Vec<String> = Vec::new();
        if path.starts_with('/') {
            parts.push(String::new());
        }
        for part in split(path) {
            match (part, parts.last().map(String::as_str)) {
                ("" | ".", _) => {}
                // The directory above the root is the root.
                ("..", Some("")) => {}
                ("..", Some(last)) if last != ".." && is_plain(last) => drop(parts.pop()),
                (part, _) => parts.push(part.to_owned()),
            }
        }
        Self { parts }
    }

    /// How this lies to another location, if they have anything to do with each other.
    pub fn relation(&self, other: &Self) -> Option<Relation> {
        if self.parts == other.parts {
            Some(Relation::Same)
        } else if other.parts.starts_with(&self.parts) {
            Some(Relation::Holds)
        } else if self.parts.starts_with(&other.parts) {
            Some(Relation::Inside)
        } else {
            None
        }
    }

    /// As [`Self::relation`], of a location that may be a glob: the closest relation that any path has which it matches.
    pub fn relation_of_pattern(&self, other: &Self) -> Option<Relation> {
        for (pattern, name) in self.parts.iter().zip(&other.parts) {
            if !part_matches(pattern, name)? {
                return None;
            }
        }
        Some(match self.parts.len().cmp(&other.parts.len()) {
            std::cmp::Ordering::Equal => Relation::Same,
            std::cmp::Ordering::Less => Relation::Holds,
            std::cmp::Ordering::Greater => Relation::Inside,
        })
    }
}

/// Whether a part of a path is a name, and no variable or pattern that may stand for several.
fn is_plain(part: &str) -> bool {
    !part.contains("${") && !part.contains(GLOB)
}

/// The parts between slashes; a slash within `${…}`, `{…}` or `[…]` parts nothing.
fn split(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0_usize);
    for (at, character) in path.char_indices() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                parts.push(&path[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&path[start..]);
    parts
}

/// Whether a part of a pattern stands for a name; none if it is no glob.
fn part_matches(pattern: &str, name: &str) -> Option<bool> {
    if pattern.contains("${") || !pattern.contains(GLOB) {
        return Some(pattern == name);
    }
    Some(NamePattern::parse(pattern).ok()?.matches(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_the_same_however_it_is_spelled() {
        for spelling in [
            "out/a",
            "./out/a",
            "out/a/",
            "out//a",
            "out/b/../a",
            "./out/./a//",
        ] {
            assert_eq!(Normal::of(spelling), Normal::of("out/a"), "{spelling}");
        }
        assert_eq!(Normal::of("file:///data/x"), Normal::of("/data/x"));
        assert_eq!(Normal::of("/../data"), Normal::of("/data"));
        assert_ne!(Normal::of("/out/a"), Normal::of("out/a"));
        assert_ne!(Normal::of("../a"), Normal::of("a"));
        assert_ne!(Normal::of("${A}/../a"), Normal::of("a"));
        assert_eq!(
            Normal::of("${A:-x/y}//b"),
            Normal {
                parts: vec!["${A:-x/y}".to_owned(), "b".to_owned()]
            }
        );
    }

    #[test]
    fn one_location_may_hold_another() {
        let relation = |one: &str, other: &str| Normal::of(one).relation(&Normal::of(other));
        assert_eq!(relation("out", "./out/a"), Some(Relation::Holds));
        assert_eq!(relation("out/a", "out"), Some(Relation::Inside));
        assert_eq!(relation("out/a", "out/ab"), None);
        assert_eq!(relation("${OUT}", "${OUT}/a"), Some(Relation::Holds));
        assert_eq!(relation(".", "a"), Some(Relation::Holds));
    }

    #[test]
    fn a_glob_stands_for_what_it_matches() {
        let relation =
            |one: &str, other: &str| Normal::of(one).relation_of_pattern(&Normal::of(other));
        for glob in [
            "data/*",
            "data/?",
            "data/[xy]",
            "data/[!a]",
            "data/{x,y}",
            "*/x",
        ] {
            assert_eq!(relation(glob, "data/x"), Some(Relation::Same), "{glob}");
        }
        assert_eq!(relation("data/*.csv", "data/x"), None);
        assert_eq!(relation("data/[^x]", "data/x"), None);
        assert_eq!(
            relation("data/x/*.parquet", "data/x"),
            Some(Relation::Inside)
        );
        assert_eq!(relation("dat*", "data/x"), Some(Relation::Holds));
    }
}
