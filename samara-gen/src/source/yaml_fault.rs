//! Where a text stops to be YAML, and what a person would do about it.
//!
//! The parser says which token it did not expect, often lines after the cause. This looks at the lines around for what people get wrong.

use super::Span;
use super::fault::Fault;

/// The fault that the parser means by `message` at byte `at`; none if it is none that is known here.
pub(super) fn find(text: &str, message: &str, at: usize) -> Option<Fault> {
    let lines = lines(text);
    let index = lines.iter().rposition(|line| line.start <= at)?;
    let place = Place {
        text,
        lines,
        index,
        at,
    };
    if let Some(fault) = place.tab() {
        return Some(fault);
    }
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["unexpected character", "unknown anchor"]) {
        return place.special_character();
    }
    if has(&["unknown escape"]) {
        return place.escape();
    }
    if has(&[
        "in quoted scalar",
        "unexpected end of stream",
        "end of document",
    ]) {
        return place.open_string();
    }
    if has(&["trailing content"]) {
        return place.quote_in_string();
    }
    if has(&["misplaced bracket"]) {
        let span = Span::new(at, at + 1);
        let bracket = text.get(span.range())?;
        return Some(Fault::new(format!("`{bracket}` closes nothing"), span));
    }
    if let Some(fault) = place.open_bracket() {
        return Some(fault);
    }
    if has(&["simple key"]) {
        let ended = |line: &&Line<'_>| line.start + line.text.len() <= at;
        return colon_of(*place.lines.iter().rev().find(ended)?);
    }
    if has(&["mapping values", "illegal placement"]) {
        return place.colon();
    }
    if has(&["expected key", "expected '-'"]) {
        return place.indentation();
    }
    None
}

/// A line that is neither blank nor a comment.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    /// Its first byte.
    start: usize,
    /// Without the line end.
    text: &'a str,
}

impl<'a> Line<'a> {
    fn indentation(self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// What stands behind the blanks and the dashes of a list.
    fn content(self) -> (usize, &'a str) {
        let text = self.text.trim_start_matches([' ', '-']);
        (self.start + self.text.len() - text.len(), text.trim_end())
    }

    /// The columns at which another line may begin beside something in this one: the line's, and that of what a dash leads in.
    fn levels(self) -> [usize; 2] {
        let (content, _) = self.content();
        [self.indentation(), content - self.start]
    }
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        let text = line.trim_end_matches(['\n', '\r']);
        let line_start = start;
        start += line.len();
        Line {
            start: line_start,
            text,
        }
    });
    let says_something = |line: &Line<'_>| {
        let text = line.text.trim_start();
        !text.is_empty() && !text.starts_with('#')
    };
    lines.filter(says_something).collect()
}

struct Place<'a> {
    text: &'a str,
    lines: Vec<Line<'a>>,
    /// The line of the fault.
    index: usize,
    /// The byte of the fault.
    at: usize,
}

impl<'a> Place<'a> {
    fn line(&self) -> Line<'a> {
        self.lines[self.index]
    }

    fn before(&self) -> Option<Line<'a>> {
        self.lines[..self.index].last().copied()
    }

    fn tab(&self) -> Option<Fault> {
        let tab = |line: &Line<'_>| {
            let blanks = line.text.len() - line.text.trim_start_matches([' ', '\t', '-']).len();
            line.text[..blanks].find('\t').map(|at| line.start + at)
        };
        let at = self.lines[..=self.index]
            .iter()
            .rev()
            .take(2)
            .find_map(tab)?;
        let fault = Fault::new("a tab cannot indent a line", Span::new(at, at + 1));
        Some(fault.help("indent with spaces"))
    }

    /// The value from a place to the end of its line, without a comment.
    fn value(&self, start: usize) -> Span {
        let rest = &self.text[start..];
        let line = rest.lines().next().unwrap_or_default();
        let value = line.split(" #").next().unwrap_or(line).trim_end();
        Span::new(start, start + value.len().max(1))
    }

    fn special_character(&self) -> Option<Fault> {
        let first = self.text.get(self.at..)?.chars().next()?;
        let fault = Fault::new(
            format!("a text that begins with `{first}` stands in quotes"),
            self.value(self.at),
        );
        Some(fault.help("write `\"…\"`"))
    }

    fn escape(&self) -> Option<Fault> {
        let string = self.text.get(self.at..)?;
        let mut characters = string.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == '\\' {
                let (_, escaped) = characters.next()?;
                if !"0abtnvfre \"/\\N_LPxuU\t\n".contains(escaped) {
                    let start = self.at + at;
                    let span = Span::new(start, start + 1 + escaped.len_utf8());
                    let fault = Fault::new(format!("`\\{escaped}` is not an escape of YAML"), span);
                    return Some(fault.help(
                        "a backslash in double quotes is written `\\\\`; in single quotes it stands for itself",
                    ));
                }
            }
        }
        None
    }

    /// The quote that opens a string which does not end.
    fn open_string(&self) -> Option<Fault> {
        let start = match self.text.get(self.at..)?.chars().next() {
            Some('"' | '\'') => self.at,
            _ => return None,
        };
        let span = self.value(start);
        let fault = Fault::new("a string is not closed", span).label("starts here");
        Some(fault.help("a string ends with the quote that it begins with"))
    }

    fn quote_in_string(&self) -> Option<Fault> {
        let quote = self.at.checked_sub(1)?;
        let span = Span::new(quote, self.at);
        let fault = Fault::new("the string ends here, and more of it follows", span);
        match self.text.get(span.range())? {
            "'" => Some(fault.help("a quote within single quotes is written twice: `'it''s'`")),
            "\"" => Some(fault.help("a quote within double quotes is written `\\\"`")),
            _ => None,
        }
    }

    /// The bracket that is open where the fault is, and what is wrong in it.
    fn open_bracket(&self) -> Option<Fault> {
        let mut open = Vec::new();
        let mut quote = None;
        let mut last = ' ';
        for (at, character) in self.text[..self.at].char_indices() {
            let begins = last.is_whitespace() || "[{,:(".contains(last);
            match (quote, character) {
                (Some(closing), _) if character == closing => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') if begins => quote = Some(character),
                (None, '#') if last.is_whitespace() => quote = Some('\n'),
                (None, '[' | '{') if begins || !open.is_empty() => open.push(at),
                (None, ']' | '}') => drop(open.pop()),
                _ => {}
            }
            last = character;
        }
        let bracket = *open.last()?;
        let line = self.line();
        let is_on_its_line = line.start <= bracket;
        let rest = self.text.get(self.at..)?;
        if is_on_its_line && rest.starts_with(':') {
            let inside = &self.text[bracket + 1..self.at];
            let key = inside.trim_end().rfind([' ', ','])?;
            let end = bracket + 1 + inside[..key].trim_end().len();
            let key = Span::new(bracket + 2 + key, self.at);
            return Some(
                Fault::new("a comma is missing", Span::new(end, end)).see(key, "before this"),
            );
        }
        if is_on_its_line && rest.starts_with([']', '}']) {
            let wanted = if self.text[bracket..].starts_with('{') {
                "}"
            } else {
                "]"
            };
            if !rest.starts_with(wanted) {
                let end = self.text[..self.at].trim_end().len();
                let open = Span::new(bracket, bracket + 1);
                return Some(
                    Fault::new(format!("`{wanted}` is missing"), Span::new(end, end))
                        .label("before the next bracket closes")
                        .see(open, "opened here"),
                );
            }
        }
        let span = Span::new(bracket, bracket + 1);
        let message = format!("`{}` is not closed", &self.text[span.range()]);
        Some(Fault::new(message, span).label("opened here"))
    }

    /// A colon that cannot be: the line before is not what it was meant to be, or the line has two of them.
    fn colon(&self) -> Option<Fault> {
        let (start, content) = self.line().content();
        let first = content.find(": ")?;
        let key_end = start + first;
        if key_end < self.at {
            let value = start + first + 1;
            let value = value + (self.text[value..].len() - self.text[value..].trim_start().len());
            return Some(
                Fault::new("a text with `: ` in it stands in quotes", self.value(value))
                    .help("write `\"…\"`"),
            );
        }
        self.before()
            .and_then(colon_of)
            .or_else(|| self.indentation())
    }

    /// A line that is not indented as one of those that it could belong to.
    fn indentation(&self) -> Option<Fault> {
        let own = self.line();
        let mut levels: Vec<usize> = Vec::new();
        let mut least = usize::MAX;
        for line in self.lines[..self.index].iter().rev() {
            if line.indentation() < least {
                least = line.indentation();
                levels.extend(line.levels().iter().rev());
            }
        }
        levels.sort_unstable();
        levels.dedup();
        let (start, content) = own.content();
        let is_element = own.text.trim_start().starts_with("- ");
        let wanted = match levels.contains(&own.indentation()) {
            // As deep as a list, and no element of it.
            true if !is_element => levels
                .iter()
                .copied()
                .find(|level| *level > own.indentation()),
            true => None,
            false => {
                let distance = |level: &usize| level.abs_diff(own.indentation());
                levels.iter().copied().min_by_key(distance)
            }
        }?;
        let word = content.find([':', ' ']).unwrap_or(content.len());
        let span = Span::new(start, start + word.max(1));
        let message = format!(
            "`{}` is indented by {}, as nothing above that it could stand beside",
            &content[..word],
            spaces(own.indentation())
        );
        Some(Fault::new(message, span).help(format!("indent it by {}", spaces(wanted))))
    }
}

/// What a line lacks that should be a key with its value: a colon, or the space behind it.
fn colon_of(line: Line<'_>) -> Option<Fault> {
    let (start, content) = line.content();
    if content.contains(": ") || content.ends_with(':') {
        return None;
    }
    if let Some(colon) = content.find(':') {
        let end = start + colon + 1;
        return Some(Fault::new(
            "a space is missing after the colon",
            Span::new(end, end),
        ));
    }
    let key = content.find(' ').unwrap_or(content.len());
    let message = format!("a colon is missing after `{}`", &content[..key]);
    let end = start + key;
    Some(Fault::new(message, Span::new(end, end)))
}

fn spaces(count: usize) -> String {
    match count {
        0 => "no space".to_owned(),
        1 => "1 space".to_owned(),
        count => format!("{count} spaces"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::source::{SourceText, yaml};

    /// What is said of a broken text: `line:column message`.
    fn said(text: &str) -> String {
        let source = Arc::new(SourceText::new("job.yaml", text));
        let diagnostic = yaml::parse(&source).expect_err("the text is broken");
        let span = diagnostic.labels[0].span.expect("a place");
        format!("{} {}", source.position(span.start), diagnostic.message)
    }

    #[test]
    fn every_fault_is_shown_where_a_person_mends_it() {
        for (text, expected) in [
            ("w:\n\tid: x\n", "2:1 a tab cannot indent a line"),
            ("w:\n  a:\n  \t- id: a\n", "3:3 a tab cannot indent a line"),
            (
                "w:\n  id: x\n   jobs: []\n",
                "3:4 `jobs` is indented by 3 spaces, as nothing above that it could stand beside",
            ),
            (
                "w:\n  id: x\n jobs: []\n",
                "3:2 `jobs` is indented by 1 space, as nothing above that it could stand beside",
            ),
            (
                "w:\n  jobs:\n  - id: j\n   e: []\n",
                "4:4 `e` is indented by 3 spaces, as nothing above that it could stand beside",
            ),
            (
                "w:\n  jobs:\n    - id: j\n    e: []\n",
                "4:5 `e` is indented by 4 spaces, as nothing above that it could stand beside",
            ),
            (
                "w:\n  id x\n  jobs: []\n",
                "2:5 a colon is missing after `id`",
            ),
            (
                "w:\n  id:x\n  jobs: []\n",
                "2:6 a space is missing after the colon",
            ),
            (
                "w:\n  id: x\n  mode y\n  jobs: []\n",
                "3:7 a colon is missing after `mode`",
            ),
            (
                "w:\n  id: x\n  mode:y\n  jobs: []\n",
                "3:8 a space is missing after the colon",
            ),
            (
                "w:\n  id: x\n  mode:y\n",
                "3:8 a space is missing after the colon",
            ),
            (
                "w:\n  - id: x\n    mode y\n  - id: z\n",
                "3:9 a colon is missing after `mode`",
            ),
            (
                "w:\n  id: x: y\n",
                "2:7 a text with `: ` in it stands in quotes",
            ),
            ("w:\n  id: \"x\n  jobs: []\n", "2:7 a string is not closed"),
            (
                "w:\n  id: 'it's'\n",
                "2:10 the string ends here, and more of it follows",
            ),
            ("w:\n  id: \"a\\d\"\n", "2:9 `\\d` is not an escape of YAML"),
            (
                "w:\n  id: @x\n",
                "2:7 a text that begins with `@` stands in quotes",
            ),
            (
                "w:\n  id: *x\n",
                "2:7 a text that begins with `*` stands in quotes",
            ),
            (
                "w:\n  id: `x`\n",
                "2:7 a text that begins with ``` stands in quotes",
            ),
            ("w:\n  jobs: ]\n", "2:9 `]` closes nothing"),
            ("w:\n  jobs: [a, b\n  c: 1\n", "2:9 `[` is not closed"),
            ("w: {id: x, jobs: []\n", "1:4 `{` is not closed"),
            ("w: {id: x jobs: []}\n", "1:10 a comma is missing"),
            ("w: {id: x, jobs: [}\n", "1:19 `]` is missing"),
        ] {
            assert_eq!(said(text), expected, "{text}");
        }
    }

    #[test]
    fn no_cut_of_a_file_makes_the_parser_panic() {
        let text =
            "w: # c\n  - {a: [\"ä\\n\", 'b'], c: *x}\n  - d: |\n      e: f\n    g: \"h: i\"\n";
        for (at, gone) in text.char_indices() {
            for broken in [
                text[..at].to_owned(),
                [&text[..at], &text[at + gone.len_utf8()..]].concat(),
            ] {
                let source = Arc::new(SourceText::new("job.yaml", broken));
                if let Err(diagnostic) = yaml::parse(&source) {
                    assert!(!diagnostic.to_string().is_empty());
                }
            }
        }
    }
}
