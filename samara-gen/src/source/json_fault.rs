//! Where a text stops to be JSON, and what a person would do about it.
//!
//! The parser says what it met; this says what is missing, and where. It looks at texts that the parser refused, and only at those.

use super::fault::Fault;
use super::{Span, Syntax};

/// The first breach of the syntax; none if there is none that is known here.
pub(super) fn find(text: &str, syntax: Syntax) -> Option<Fault> {
    let mut reader = Reader {
        text,
        syntax,
        open: Vec::new(),
        state: State::Value,
        last: Span::default(),
        misplaced: None,
    };
    for token in (Tokens { text, at: 0 }) {
        if let Err(fault) = reader.take(token) {
            return Some(fault);
        }
    }
    reader.end()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One of `{ } [ ] : ,`.
    Mark(u8),
    /// A string in double quotes; not closed, if it runs over its line.
    String,
    /// A string in other quotes.
    Quoted,
    Comment,
    /// A comment that ends with the file.
    OpenComment,
    /// A number, a name, or whatever else.
    Word,
}

#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    span: Span,
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let start = self.at + (rest.len() - rest.trim_start().len());
        let rest = &self.text[start..];
        let first = rest.chars().next()?;
        let (kind, length) = match first {
            '{' | '}' | '[' | ']' | ':' | ',' => (Kind::Mark(rest.as_bytes()[0]), 1),
            '"' => (Kind::String, quoted(rest, '"')),
            '\'' | '`' => (Kind::Quoted, quoted(rest, first)),
            '“' | '”' | '„' | '‘' | '’' => (Kind::Quoted, first.len_utf8()),
            '/' if rest.starts_with("//") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => match rest.find("*/") {
                Some(end) => (Kind::Comment, end + 2),
                None => (Kind::OpenComment, rest.len()),
            },
            '#' => (Kind::Comment, rest.find('\n').unwrap_or(rest.len())),
            _ => {
                let ends = |c: char| c.is_whitespace() || "{}[]:,\"".contains(c);
                (Kind::Word, rest.find(ends).unwrap_or(rest.len()).max(1))
            }
        };
        self.at = start + length;
        let span = Span::new(start, self.at);
        Some(Token { kind, span })
    }
}

/// The length of a string, quotes included; up to the end of its line, if it is not closed there.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\n' | '\r' => return at,
            '\\' => drop(characters.next()),
            character if character == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What may come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A value; the end of a list that is empty so far.
    Value,
    /// A value after a comma of a list.
    Element,
    /// A key, or the end of an object that is empty so far.
    FirstKey,
    /// A key after a comma.
    Key,
    Colon,
    /// A value after a colon.
    Member,
    /// A comma, or the end of what is open.
    Comma,
}

struct Reader<'a> {
    text: &'a str,
    syntax: Syntax,
    /// The brackets that are open.
    open: Vec<Span>,
    state: State,
    /// The token before.
    last: Span,
    /// A bracket that seems to be closed by one that belongs to another, by how their lines are indented.
    misplaced: Option<Span>,
}

impl<'a> Reader<'a> {
    fn written(&self, span: Span) -> &'a str {
        &self.text[span.range()]
    }

    /// The bracket that is open.
    fn bracket(&self) -> Option<(Span, &'a str)> {
        self.open.last().map(|span| (*span, self.written(*span)))
    }

    /// The place behind the token before, where something is missing.
    fn behind(&self) -> Span {
        Span::new(self.last.end, self.last.end)
    }

    fn take(&mut self, token: Token) -> Result<(), Fault> {
        let span = token.span;
        match token.kind {
            Kind::Comment
                if self.syntax == Syntax::Jsonc && !self.written(span).starts_with('#') =>
            {
                return Ok(());
            }
            Kind::Comment => return Err(self.comment(span)),
            Kind::OpenComment => {
                return Err(Fault::new(
                    "a comment is not closed",
                    Span::new(span.start, span.start + 2),
                )
                .label("starts here")
                .help("a comment ends with `*/`, one that begins with `//` with its line"));
            }
            Kind::Quoted => {
                return Err(
                    Fault::new("a string stands in double quotes", span).help("write `\"…\"`")
                );
            }
            Kind::String => self.check_string(span)?,
            Kind::Mark(_) | Kind::Word => {}
        }
        self.state = match token.kind {
            Kind::Mark(b'{') => self.opened(span, State::FirstKey)?,
            Kind::Mark(b'[') => self.opened(span, State::Value)?,
            Kind::Mark(b'}' | b']') => self.closed(span)?,
            Kind::Mark(b':') => self.colon(span)?,
            Kind::Mark(_) => self.comma(span)?,
            Kind::String => self.string(span)?,
            _ => self.word(span)?,
        };
        self.last = span;
        Ok(())
    }

    fn comment(&self, span: Span) -> Fault {
        let fault = Fault::new("comments are not allowed", span);
        match self.syntax {
            Syntax::Jsonc => fault.help("a comment is `// …` or `/* … */`"),
            _ => fault.help("a file named `.jsonc` may have comments"),
        }
    }

    /// A value or a key where one may stand.
    fn may_begin(&self, span: Span) -> Result<(), Fault> {
        match (self.state, self.bracket()) {
            (State::Comma, None) => Err(self.surplus(span)),
            (State::Comma, Some(_)) => Err(self.missing_comma(span)),
            (State::Colon, _) => Err(Fault::new("a colon is missing", self.behind())
                .label("between a key and its value")),
            _ => Ok(()),
        }
    }

    fn missing_comma(&self, span: Span) -> Fault {
        let is_string = self.written(self.last).starts_with('"');
        if is_string && self.last.end == span.start && !self.written(span).starts_with(['{', '[']) {
            return Fault::new(
                "the string ends here, and more of it follows",
                Span::new(self.last.end - 1, self.last.end),
            )
            .help("a quote within a string is written `\\\"`");
        }
        Fault::new("a comma is missing", self.behind()).see(span, "before this")
    }

    fn surplus(&self, span: Span) -> Fault {
        Fault::new("there is more after the end", span)
            .label("not a part of the value before")
            .see(
                Span::new(self.last.start, self.last.end),
                "the value ends here",
            )
    }

    fn opened(&mut self, span: Span, state: State) -> Result<State, Fault> {
        self.may_begin(span)?;
        if matches!(self.state, State::Key | State::FirstKey) {
            return Err(
                Fault::new("a key is missing", Span::new(span.start, span.start))
                    .label("an object has keys: `\"key\": value`"),
            );
        }
        self.open.push(span);
        Ok(state)
    }

    fn closed(&mut self, span: Span) -> Result<State, Fault> {
        let closing = self.written(span);
        let Some((open, bracket)) = self.bracket() else {
            return Err(Fault::new(format!("`{closing}` closes nothing"), span));
        };
        let wanted = if bracket == "{" { "}" } else { "]" };
        if wanted != closing {
            return Err(self.crossed(span, open, wanted));
        }
        match self.state {
            State::Colon => {
                return Err(
                    Fault::new("a key has no value", self.last).help("write `\"key\": value`")
                );
            }
            State::Member => {
                return Err(
                    Fault::new("a value is missing", self.behind()).label("after the colon")
                );
            }
            State::Key | State::Element if self.syntax == Syntax::Json => {
                return Err(Fault::new("trailing commas are not allowed", self.last)
                    .help("a file named `.jsonc` may have trailing commas"));
            }
            _ => {}
        }
        let (outer, inner) = (self.indentation(open), self.indentation(span));
        let stands_first = self.text[..span.start]
            .trim_end_matches([' ', '\t'])
            .ends_with('\n');
        if stands_first && inner < outer && self.misplaced.is_none() {
            self.misplaced = Some(open);
        }
        self.open.pop();
        Ok(State::Comma)
    }

    /// A bracket that closes one of the other kind.
    fn crossed(&self, span: Span, open: Span, wanted: &str) -> Fault {
        let closing = self.written(span);
        let outer = self.open.iter().rev().skip(1);
        let mut of_its_kind =
            outer.filter(|outer| (self.written(**outer) == "{") == (closing == "}"));
        match (self.misplaced, of_its_kind.next()) {
            (Some(misplaced), _) => self.unclosed(misplaced),
            (None, Some(_)) => Fault::new(format!("`{wanted}` is missing"), self.behind())
                .label("before the next bracket closes")
                .see(open, "opened here"),
            (None, None) => Fault::new(
                format!("`{closing}` does not close `{}`", self.written(open)),
                span,
            )
            .see(open, "opened here")
            .help(format!("write `{wanted}`")),
        }
    }

    fn unclosed(&self, open: Span) -> Fault {
        Fault::new(format!("`{}` is not closed", self.written(open)), open).label("opened here")
    }

    /// The blanks that the line of a place begins with.
    fn indentation(&self, span: Span) -> usize {
        let start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let line = &self.text[start..];
        line.len() - line.trim_start_matches([' ', '\t']).len()
    }

    fn colon(&self, span: Span) -> Result<State, Fault> {
        match (self.state, self.bracket()) {
            (State::Colon, _) => Ok(State::Member),
            (_, Some((open, "["))) => Err(Fault::new("a list has no keys", span)
                .see(open, "the list begins here")
                .help("an object is `{\"key\": value}`")),
            (State::Comma, Some(_)) => Err(Fault::new("a comma is missing", self.behind())),
            _ => Err(
                Fault::new("a key is missing", Span::new(span.start, span.start))
                    .label("before the colon"),
            ),
        }
    }

    fn comma(&self, span: Span) -> Result<State, Fault> {
        match (self.state, self.bracket()) {
            (State::Comma, Some((_, "{"))) => Ok(State::Key),
            (State::Comma, Some(_)) => Ok(State::Element),
            (State::Comma, None) => Err(self.surplus(span)),
            (State::Colon, _) => {
                Err(Fault::new("a key has no value", self.last).help("write `\"key\": value`"))
            }
            (State::Member, _) => {
                Err(Fault::new("a value is missing", self.behind()).label("after the colon"))
            }
            _ => Err(Fault::new("a comma too many", span)),
        }
    }

    fn string(&self, span: Span) -> Result<State, Fault> {
        self.may_begin(span)?;
        Ok(match self.state {
            State::Key | State::FirstKey => State::Colon,
            _ => State::Comma,
        })
    }

    fn word(&self, span: Span) -> Result<State, Fault> {
        let word = self.written(span);
        if matches!(self.state, State::Key | State::FirstKey) {
            return Err(Fault::new("a key stands in double quotes", span)
                .help(format!("write `\"{}\"`", word.trim_matches('"'))));
        }
        self.may_begin(span)?;
        let is_number = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        let fault = |help: String| {
            Err(Fault::new(format!("`{word}` is not a JSON value"), span).help(help))
        };
        match word {
            "true" | "false" | "null" => Ok(State::Comma),
            "True" | "TRUE" | "yes" | "on" => fault("write `true`".to_owned()),
            "False" | "FALSE" | "no" | "off" => fault("write `false`".to_owned()),
            "None" | "nil" | "NULL" | "Null" | "undefined" => fault("write `null`".to_owned()),
            _ if word.parse::<serde_json::Number>().is_ok() => Ok(State::Comma),
            _ if is_number => fault("a number is written like `12`, `-0.5` or `1e6`".to_owned()),
            _ => fault(format!(
                "a text stands in double quotes: `\"{}\"`",
                word.trim_matches('"')
            )),
        }
    }

    /// Escapes and characters that a string cannot have.
    fn check_string(&self, span: Span) -> Result<(), Fault> {
        let text = self.written(span);
        let mut characters = text.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            let start = span.start + at;
            match character {
                '\\' => {
                    let Some((_, escaped)) = characters.next() else {
                        return Ok(());
                    };
                    let end = start + 1 + escaped.len_utf8();
                    let digits = text.get(at + 2..at + 6).unwrap_or_default();
                    let is_code =
                        digits.len() == 4 && digits.chars().all(|c| c.is_ascii_hexdigit());
                    if !"\"\\/bfnrtu".contains(escaped) || (escaped == 'u' && !is_code) {
                        let message = format!("`\\{escaped}` is not an escape of JSON");
                        return Err(Fault::new(message, Span::new(start, end))
                            .help("a backslash is written `\\\\`"));
                    }
                }
                '\u{0}'..='\u{1f}' => {
                    let end = start + character.len_utf8();
                    return Err(Fault::new(
                        "a string cannot hold this control character",
                        Span::new(start, end),
                    )
                    .help("a tab is written `\\t`, any other one `\\u001f`"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is wrong with the end of the file.
    fn end(self) -> Option<Fault> {
        let open = self.misplaced.or(self.open.last().copied());
        open.filter(|_| !self.open.is_empty())
            .map(|open| self.unclosed(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Message and place of the fault, the place as the text up to it with `^` where it begins.
    fn shown(text: &str, syntax: Syntax) -> (String, String) {
        let fault = find(text, syntax).expect("a fault");
        let before = &text[..fault.span.start];
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        (fault.message, format!("{}^", &before[line..]))
    }

    #[test]
    fn every_fault_is_shown_where_a_person_mends_it() {
        for (text, message, place) in [
            (
                "{\n  \"a\": 1\n  \"b\": 2\n}",
                "a comma is missing",
                "  \"a\": 1^",
            ),
            ("[{}\n {}]", "a comma is missing", "[{}^"),
            (
                "{\"a\": [1, 2]\n \"b\": 1}",
                "a comma is missing",
                "{\"a\": [1, 2]^",
            ),
            ("[1 2]", "a comma is missing", "[1^"),
            ("{\"a\" 1}", "a colon is missing", "{\"a\"^"),
            ("{\"a\": }", "a value is missing", "{\"a\":^"),
            ("{\"a\": , \"b\": 1}", "a value is missing", "{\"a\":^"),
            ("{\"a\"}", "a key has no value", "{^"),
            ("{: 1}", "a key is missing", "{^"),
            (
                "{\"a\": 1,}",
                "trailing commas are not allowed",
                "{\"a\": 1^",
            ),
            ("[1,, 2]", "a comma too many", "[1,^"),
            ("{\"a\": 1}}", "`}` closes nothing", "{\"a\": 1}^"),
            (
                "{\"a\": 1} {}",
                "there is more after the end",
                "{\"a\": 1} ^",
            ),
            (
                "{\"a\": 1} x",
                "there is more after the end",
                "{\"a\": 1} ^",
            ),
            ("{\"a\": [1, 2}", "`]` is missing", "{\"a\": [1, 2^"),
            ("[1, 2}", "`}` does not close `[`", "[1, 2^"),
            (
                "{\"a\": 'x'}",
                "a string stands in double quotes",
                "{\"a\": ^",
            ),
            ("{'a': 1}", "a string stands in double quotes", "{^"),
            ("{a: 1}", "a key stands in double quotes", "{^"),
            ("{\"a\": True}", "`True` is not a JSON value", "{\"a\": ^"),
            ("{\"a\": csv}", "`csv` is not a JSON value", "{\"a\": ^"),
            ("{\"a\": 01}", "`01` is not a JSON value", "{\"a\": ^"),
            ("{} // note", "comments are not allowed", "{} ^"),
            ("{\"a\": 1 /* x }", "a comment is not closed", "{\"a\": 1 ^"),
            (
                "{\"a\": \"C:\\data\"}",
                "`\\d` is not an escape of JSON",
                "{\"a\": \"C:^",
            ),
            (
                "{\"a\": \"x\ty\"}",
                "a string cannot hold this control character",
                "{\"a\": \"x^",
            ),
            (
                "{\"a\": \"x = \"y\" z\"}",
                "the string ends here, and more of it follows",
                "{\"a\": \"x = ^",
            ),
            ("[\"a\": 1]", "a list has no keys", "[\"a\"^"),
            (
                "{\"a\": “x”}",
                "a string stands in double quotes",
                "{\"a\": ^",
            ),
            ("{\"a\": {\"b\": 1}", "`{` is not closed", "^"),
        ] {
            let expected = (message.to_owned(), place.to_owned());
            assert_eq!(shown(text, Syntax::Json), expected, "{text}");
        }
    }

    #[test]
    fn the_bracket_that_is_not_closed_is_found_by_its_indentation() {
        let text = "{\n  \"a\": {\n    \"b\": 1,\n  \"c\": 2\n}\n";
        assert_eq!(
            shown(text, Syntax::Json),
            ("`{` is not closed".to_owned(), "  \"a\": ^".to_owned())
        );
        let text = "{\n  \"a\": [\n    1,\n    2\n}\n";
        assert_eq!(
            shown(text, Syntax::Json),
            ("`]` is missing".to_owned(), "    2^".to_owned())
        );
    }

    #[test]
    fn what_jsonc_allows_is_no_fault() {
        assert_eq!(find("// a\n{\"a\": [1, /* b */ 2,],}", Syntax::Jsonc), None);
        assert_eq!(
            shown("# a\n{}", Syntax::Jsonc).0,
            "comments are not allowed"
        );
    }
}
