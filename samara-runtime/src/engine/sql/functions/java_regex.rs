//! Java's regular expressions, by the crate `regex`: the pattern in its terms, and matches one after the other as Java finds them.

use std::iter::Peekable;
use std::ops::Range;
use std::str::Chars;

use datafusion::common::{DataFusionError, Result};
use regex::{Captures, Regex};

/// The pattern that was compiled last: most columns have one.
#[derive(Default)]
pub(crate) struct Compiled(Option<(String, JavaRegex)>);

impl Compiled {
    /// A pattern, compiled.
    ///
    /// # Errors
    ///
    /// For one that is none, or that cannot be given Java's meaning.
    pub fn get(&mut self, pattern: &str) -> Result<JavaRegex> {
        if let Some((text, regex)) = &self.0
            && text == pattern
        {
            return Ok(regex.clone());
        }
        let regex = JavaRegex::new(pattern)?;
        self.0 = Some((pattern.to_owned(), regex.clone()));
        Ok(regex)
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct JavaRegex {
    regex: Regex,
    places: Places,
}

/// What the groups of the translation are.
#[derive(Debug, Clone, Default)]
struct Places {
    /// Those of the pattern, from its first on.
    groups: Vec<usize>,
    /// Those that stand for a `$`: the match ends there, although the end of a line behind it was looked at.
    ends: Vec<usize>,
}

impl Places {
    fn next(&self) -> usize {
        1 + self.groups.len() + self.ends.len()
    }
}

/// The sentence of an error, which shows the pattern first.
fn reason(shown: &str) -> &str {
    let sentence = shown.rsplit_once("error: ").map(|(_, sentence)| sentence);
    sentence.unwrap_or(shown).trim()
}

impl JavaRegex {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// For one that is none, or that cannot be given Java's meaning.
    pub fn new(pattern: &str) -> Result<Self> {
        let (translated, places) = Translation::of(pattern)
            .map_err(|why| DataFusionError::NotImplemented(format!("`{pattern}`: {why}")))?;
        let regex = Regex::new(&translated).map_err(|error| {
            let shown = error.to_string();
            let why = reason(&shown);
            DataFusionError::Execution(format!("`{pattern}` is no regular expression: {why}"))
        })?;
        Ok(Self { regex, places })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// Whether the pattern is the empty text.
    pub fn is_empty(&self) -> bool {
        self.regex.as_str().is_empty()
    }

    /// How many groups the pattern has.
    pub fn groups(&self) -> usize {
        self.places.groups.len()
    }

    /// The first match.
    pub fn find<'t>(&self, text: &'t str) -> Option<Found<'_, 't>> {
        self.find_at(text, 0)
    }

    fn find_at<'t>(&self, text: &'t str, from: usize) -> Option<Found<'_, 't>> {
        let captures = self.regex.captures_at(text, from)?;
        let ends = self.places.ends.iter();
        let ends = ends.filter_map(|end| captures.get(*end).map(|end| end.start()));
        // The whole match is always there.
        let whole = captures.get(0).map_or(0..0, |whole| whole.range());
        let end = ends.min().unwrap_or(whole.end);
        Some(Found {
            places: &self.places,
            captures,
            text,
            range: whole.start..end,
        })
    }

    /// The matches. After one with letters in it there may be an empty one, as in Java.
    pub fn each<'p, 't>(&'p self, text: &'t str) -> impl Iterator<Item = Found<'p, 't>> {
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let found = self.find_at(text, from?)?;
            let end = found.range.end;
            let letter = || text[end..].chars().next();
            from = match found.range.is_empty() {
                true => letter().map(|letter| end + letter.len_utf8()),
                false => Some(end),
            };
            Some(found)
        })
    }
}

/// A match.
pub(crate) struct Found<'p, 't> {
    places: &'p Places,
    captures: Captures<'t>,
    text: &'t str,
    range: Range<usize>,
}

impl<'t> Found<'_, 't> {
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    pub fn text(&self) -> &'t str {
        &self.text[self.range.clone()]
    }

    /// What a group took, if it is in the match; 0 is the match.
    pub fn group(&self, number: usize) -> Option<&'t str> {
        let Some(before) = number.checked_sub(1) else {
            return Some(self.text());
        };
        self.before_end(self.captures.get(*self.places.groups.get(before)?)?)
    }

    pub fn named(&self, name: &str) -> Option<&'t str> {
        self.before_end(self.captures.name(name)?)
    }

    fn before_end(&self, group: regex::Match<'t>) -> Option<&'t str> {
        let end = group.end().min(self.range.end);
        self.text.get(group.start().min(end)..end)
    }
}

/// Where `$` and `\Z` match: at the end, and before a line end that is the last. `regex` does not look ahead, so a group notes the place and
/// the line end is taken.
const END: &str = r"(?:()(?:(?mR:$)(?:\r\n|[\n\r])?|[\x{85}\x{2028}\x{2029}])\z)";

type Outcome<T = ()> = std::result::Result<T, &'static str>;

/// A pattern on its way into the terms of the crate; an error says what there is no equal of.
struct Translation<'a> {
    letters: Peekable<Chars<'a>>,
    out: String,
    places: Places,
    /// Whether case is of no matter to the letters of ASCII, and to those alone.
    folds_ascii: bool,
    dot_is_any: bool,
    has_lines: bool,
    /// For each group that is open, whether one of its alternatives ends with the end of the text.
    open: Vec<bool>,
    /// Whether what comes next stands behind the end of the text.
    at_end: bool,
    /// Whether a quantifier came last.
    after_quantifier: bool,
}

impl<'a> Translation<'a> {
    fn of(pattern: &'a str) -> Outcome<(String, Places)> {
        let sets = |flag| sets_flag(pattern, flag);
        if sets('U') || sets('d') {
            return Err("the flags U and d are not supported");
        }
        let mut translation = Self {
            letters: pattern.chars().peekable(),
            out: String::new(),
            places: Places::default(),
            folds_ascii: sets('i') && !sets('u'),
            dot_is_any: sets('s'),
            has_lines: sets('m'),
            open: Vec::new(),
            at_end: false,
            after_quantifier: false,
        };
        while let Some(letter) = translation.letters.next() {
            translation.take(letter)?;
        }
        Ok((translation.out, translation.places))
    }

    fn take(&mut self, letter: char) -> Outcome {
        if self.after_quantifier && letter == '+' {
            return Err("possessive quantifiers are not supported");
        }
        let is_quantifier = matches!(letter, '*' | '+' | '?' | '}');
        self.after_quantifier = is_quantifier && !(self.after_quantifier && letter == '?');
        match letter {
            '*' | '+' | '?' => self.out.push(letter),
            '{' => self.counted(),
            '$' => return self.end_of_text(),
            '^' if self.has_lines => return Err("`^` of lines, by the flag m, is not supported"),
            '|' => {
                if let Some(ends) = self.open.last_mut() {
                    *ends |= self.at_end;
                }
                self.at_end = false;
                self.out.push('|');
            }
            ')' => {
                self.at_end |= self.open.pop().unwrap_or(false);
                self.out.push(')');
            }
            _ if self.at_end && letter == '\\' && self.letters.peek() == Some(&'Z') => {
                self.letters.next();
                return self.end_of_text();
            }
            _ if self.at_end => return Err("what stands behind a `$` is not supported"),
            '(' => return self.group(),
            '[' => return self.class(),
            '\\' => return self.escape(false),
            '.' if !self.dot_is_any => self.out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]"),
            other => self.literal(other),
        }
        Ok(())
    }

    /// `{2,3}`, as it stands.
    fn counted(&mut self) {
        self.out.push('{');
        while let Some(letter) = self
            .letters
            .next_if(|letter| letter.is_ascii_digit() || *letter == ',')
        {
            self.out.push(letter);
        }
    }

    fn end_of_text(&mut self) -> Outcome {
        if self.has_lines {
            return Err("`$` of lines, by the flag m, is not supported");
        }
        self.places.ends.push(self.places.next());
        self.out.push_str(END);
        self.at_end = true;
        Ok(())
    }

    fn group(&mut self) -> Outcome {
        self.out.push('(');
        self.open.push(false);
        let ahead: String = self.letters.clone().take(3).collect();
        if ["?=", "?!", "?>", "?<=", "?<!"]
            .iter()
            .any(|look| ahead.starts_with(look))
        {
            return Err("look-around and atomic groups are not supported");
        }
        if !ahead.starts_with('?') || ahead.starts_with("?<") {
            self.places.groups.push(self.places.next());
        }
        if ahead.starts_with('?') {
            // The flags, or the name, up to what ends them; `(?i)` is no group.
            for letter in self.letters.by_ref() {
                self.out.push(letter);
                if letter == ')' {
                    self.open.pop();
                }
                if matches!(letter, ')' | ':' | '>') {
                    break;
                }
            }
        }
        Ok(())
    }

    fn literal(&mut self, letter: char) {
        match letter {
            // Their like beyond ASCII are no equals of theirs in Java.
            'k' | 'K' | 's' | 'S' if self.folds_ascii => {
                self.out.push_str(&format!("(?-u:{letter})"));
            }
            letter if self.folds_ascii && !letter.is_ascii() => {
                self.out.push_str(&format!("(?-i:{letter})"));
            }
            letter => self.out.push(letter),
        }
    }

    /// A class, whose `[` is gone already.
    fn class(&mut self) -> Outcome {
        let start = self.out.len();
        self.out.push('[');
        let negated = self.letters.next_if_eq(&'^').is_some();
        if negated {
            self.out.push('^');
        }
        let mut depth = 1;
        // Java has no `[:alpha:]`.
        self.colon_as_letter();
        while depth > 0 {
            let Some(letter) = self.letters.next() else {
                return Ok(());
            };
            match letter {
                '\\' => {
                    self.escape(true)?;
                    continue;
                }
                '[' => depth += 1,
                ']' => depth -= 1,
                '-' | '~' if self.letters.peek() == Some(&letter) => self.out.push('\\'),
                _ => {}
            }
            self.out.push(letter);
            if letter == '[' {
                if self.letters.next_if_eq(&'^').is_some() {
                    self.out.push('^');
                }
                self.colon_as_letter();
            }
        }
        if self.folds_ascii {
            let class = self.out.split_off(start);
            self.out.push_str(&folded_class(&class, negated)?);
        }
        Ok(())
    }

    fn colon_as_letter(&mut self) {
        if self.letters.next_if_eq(&':').is_some() {
            self.out.push_str(r"\:");
        }
    }

    /// What a backslash stands before.
    fn escape(&mut self, in_class: bool) -> Outcome {
        let Some(letter) = self.letters.next() else {
            self.out.push('\\');
            return Ok(());
        };
        let class = match letter {
            'w' | 'W' => "0-9A-Za-z_",
            'd' | 'D' => "0-9",
            's' | 'S' => r" \t\n\x0B\x0C\r",
            'h' | 'H' => r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
            'p' | 'P' => return named_class(letter, &mut self.letters, &mut self.out),
            'Z' if !in_class => return self.end_of_text(),
            '1'..='9' | 'k' if !in_class => return Err("back references are not supported"),
            'Q' => return quoted(&mut self.letters, &mut self.out),
            'e' => {
                self.out.push_str(r"\x1B");
                return Ok(());
            }
            'Z' | 'G' | 'R' | 'X' | 'c' | 'E' | 'N' | 'v' | 'V' | '0' | '<' | '>' => {
                return Err("one of its escapes is not supported");
            }
            'u' => {
                let code: String = self.letters.by_ref().take(4).collect();
                self.out.push_str(&format!(r"\x{{{code}}}"));
                return Ok(());
            }
            other => {
                self.out.push('\\');
                self.out.push(other);
                return Ok(());
            }
        };
        let negated = if letter.is_ascii_uppercase() { "^" } else { "" };
        let class = format!("[{negated}{class}]");
        match self.folds_ascii && !in_class {
            true => self.out.push_str(&format!("(?-i:{class})")),
            false => self.out.push_str(&class),
        }
        Ok(())
    }
}

/// A class in which case is of no matter to the letters of ASCII alone: the crate would take U+017F for an `s`, and U+212A for a `k`.
fn folded_class(class: &str, negated: bool) -> Outcome<String> {
    if !class.is_ascii() || class.contains(r"\p") || class[1..].contains("[^") {
        return Err("with the flag i such a class needs the flag u, too");
    }
    Ok(match negated {
        true => format!(r"(?:{class}|(?-i:[\x{{17f}}\x{{212a}}]))"),
        false => format!("(?-u:{class})"),
    })
}

/// Whether a group of flags sets one.
fn sets_flag(pattern: &str, flag: char) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        rest.chars()
            .take_while(char::is_ascii_alphabetic)
            .any(|letter| letter == flag)
    })
}

/// `\Q…\E`: what stands between is meant as it stands.
fn quoted(letters: &mut Peekable<Chars<'_>>, out: &mut String) -> Outcome {
    let mut text = String::new();
    for letter in letters.by_ref() {
        text.push(letter);
        if let Some(inner) = text.strip_suffix(r"\E") {
            text.truncate(inner.len());
            break;
        }
    }
    out.push_str(&regex::escape(&text));
    Ok(())
}

/// `\p{…}`: Java's names without a prefix are of ASCII.
fn named_class(letter: char, letters: &mut Peekable<Chars<'_>>, out: &mut String) -> Outcome {
    let name: String = if letters.next_if_eq(&'{').is_some() {
        letters
            .by_ref()
            .take_while(|letter| *letter != '}')
            .collect()
    } else {
        letters.next().into_iter().collect()
    };
    let negated = if letter == 'P' { "^" } else { "" };
    match name.as_str() {
        "Lower" | "Upper" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Cntrl"
        | "XDigit" | "Blank" | "Space" => {
            out.push_str(&format!("[[:{negated}{}:]]", name.to_lowercase()));
        }
        name if name.len() <= 2 => out.push_str(&format!("\\{letter}{{{name}}}")),
        name if name.starts_with("Is") => {
            out.push_str(&format!("\\{letter}{{{}}}", &name[2..]));
        }
        _ => return Err("one of its classes is not supported"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        JavaRegex::new(pattern).unwrap().is_match(text)
    }

    #[test]
    fn classes_are_of_ascii_and_a_dot_is_no_line_end_as_in_java() {
        for (pattern, text, expected) in [
            (r"\w", "é", false),
            (r"\W", "é", true),
            (r"[\d]", "٣", false),
            (r"a.b", "a\rb", false),
            (r"(?s)a.b", "a\nb", true),
            (r"\p{Alpha}", "é", false),
            (r"\p{L}", "é", true),
            (r"\Qa.b\E", "axb", false),
            (r"[a--]", "-", true),
            (r"(?i)k", "K", true),
            (r"(?i)k", "\u{212a}", false),
            (r"(?i)[a-z]", "\u{17f}", false),
            (r"(?i)[^a-z]", "\u{17f}", true),
            (r"(?i)é", "É", false),
            (r"(?iu)é", "É", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_before_its_last_line_end_too() {
        let all = |pattern, text| {
            let pattern = JavaRegex::new(pattern).unwrap();
            let found = pattern.each(text).map(|found| found.range());
            found
                .map(|range| (range.start, range.end))
                .collect::<Vec<_>>()
        };
        assert_eq!(all("$", "ab"), [(2, 2)]);
        assert_eq!(all("$", "ab\n"), [(2, 2), (3, 3)]);
        assert_eq!(all("$", "ab\r\n"), [(2, 2), (4, 4)]);
        assert!(all("b$", "ab\n\n").is_empty());
        assert_eq!(all(r"(b|\r)$", "ab\r"), [(1, 2), (2, 3)]);
        assert_eq!(all(r"\s*$", "ab\n"), [(2, 3), (3, 3)]);
        assert_eq!(all(r"(?:a$|b)\Z", "ab\u{2028}"), [(1, 2)]);
        assert_eq!(all("a*", "aab"), [(0, 2), (2, 2), (3, 3)]);
    }

    #[test]
    fn groups_keep_their_numbers_and_end_where_the_match_ends() {
        let pattern = JavaRegex::new("(a(b$)|x)").unwrap();
        let found = pattern.find("ab\n").unwrap();
        let groups = [0, 1, 2, 3].map(|group| found.group(group));
        assert_eq!(groups, [Some("ab"), Some("ab"), Some("b"), None]);
        assert_eq!(pattern.groups(), 2);
    }

    #[test]
    fn what_has_no_equal_is_refused() {
        for pattern in [
            "a(?=b)", "(?<!a)b", r"(a)\1", "a*+", "(?>a)", r"a\G", "[", r"$\n", "(a$)b", "(?m)a$",
            "(?m)^a", "(?i)[é]", "(?U)a",
        ] {
            assert!(JavaRegex::new(pattern).is_err(), "{pattern}");
        }
    }
}
