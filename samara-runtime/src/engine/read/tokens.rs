//! From a record of csv to its fields, as univocity's parser splits it for Spark (`UnescapedQuoteHandling.STOP_AT_DELIMITER`).
//!
//! A field in order, quoted or not, is a slice of the line. What has escapes or quotes out of order goes through [`Quoted`], which takes the
//! same steps as univocity's `CsvParser.parseQuotedValue`, since its answers on such text follow from those steps and from nothing shorter.

use std::borrow::Cow;

use memchr::memchr2;

/// What separates fields, and what is left out around them. A character that is not used is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokenizer {
    pub delimiter: u8,
    /// What ends a record, outside of quotes; the delimiter, if a line is a record whatever its quotes say.
    pub newline: u8,
    pub quote: u8,
    pub escape: u8,
    pub trim_start: bool,
    pub trim_end: bool,
}

/// What a record's fields come to, each its text: none for a field without text, an empty one for an empty pair of quotes.
type Token<'a> = Option<Cow<'a, [u8]>>;

impl Tokenizer {
    /// Splits a record into its fields. True if it ends inside of quotes, so that a line which follows belongs to it.
    pub fn tokens<'a>(&self, record: &'a [u8], mut on_token: impl FnMut(Token<'a>)) -> bool {
        let mut is_open = false;
        let mut rest = Some(record);
        while let Some(text) = rest {
            let start = if self.trim_start {
                self.skip_blanks(text)
            } else {
                text
            };
            let token;
            (token, rest) = if self.quote != 0 && start.first() == Some(&self.quote) {
                self.take_quoted(&start[1..], &mut is_open)
            } else {
                self.take_plain(start)
            };
            on_token(token);
        }
        is_open
    }

    fn skip_blanks<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let kept = [self.delimiter, self.quote, self.newline];
        let is_text = |byte: &u8| *byte > b' ' || kept.contains(byte);
        let at = text.iter().position(is_text);
        &text[at.unwrap_or(text.len())..]
    }

    fn ends_field(&self, byte: u8) -> bool {
        byte == self.delimiter || byte == self.newline
    }

    /// What follows the character at which a field ended: nothing, if that was the record's end.
    fn after<'a>(&self, text: &'a [u8], end: usize) -> Option<&'a [u8]> {
        (text[end] == self.delimiter).then(|| &text[end + 1..])
    }

    /// Takes a field without quotes off the front; with it, what follows its delimiter, if there is one.
    fn take_plain<'a>(&self, text: &'a [u8]) -> (Token<'a>, Option<&'a [u8]>) {
        let (field, rest) = match memchr2(self.delimiter, self.newline, text) {
            Some(at) => (&text[..at], self.after(text, at)),
            None => (text, None),
        };
        let blanks = field.iter().rev().take_while(|byte| **byte <= b' ');
        let blanks = if self.trim_end { blanks.count() } else { 0 };
        let field = &field[..field.len() - blanks];
        ((!field.is_empty()).then_some(Cow::Borrowed(field)), rest)
    }

    /// Takes a field off the front whose opening quote is gone already.
    fn take_quoted<'a>(&self, text: &'a [u8], is_open: &mut bool) -> (Token<'a>, Option<&'a [u8]>) {
        let bytes = text;
        if let Some(at) = memchr2(self.quote, self.escape, bytes)
            && bytes[at] == self.quote
        {
            match bytes.get(at + 1) {
                None if at > 0 || self.escape != 0 => {
                    return (Some(Cow::Borrowed(&text[..at])), None);
                }
                None => {}
                Some(byte) if self.ends_field(*byte) => {
                    return (Some(Cow::Borrowed(&text[..at])), self.after(text, at + 1));
                }
                Some(_) => {}
            }
        }
        Quoted::new(self, bytes).take(is_open)
    }
}

/// The line ended where univocity's parser asked for one more character.
struct EndOfLine;

type Step<T = ()> = Result<T, EndOfLine>;

/// A quoted field on its way through the parser's steps.
struct Quoted<'t, 'a> {
    tokenizer: &'t Tokenizer,
    bytes: &'a [u8],
    /// Where the next character is.
    at: usize,
    /// The current character. Where a run of characters is taken at once, its first.
    current: u8,
    /// The character before it, as far as it has a meaning; 0 once that is used up.
    previous: u8,
    text: Vec<u8>,
    /// Whether a quote was met that closes nothing.
    unescaped: bool,
    /// Whether the field ends at the next delimiter, whatever else comes.
    is_settled: bool,
    /// Whether blanks at the end are text.
    trim_end: bool,
}

impl<'t, 'a> Quoted<'t, 'a> {
    fn new(tokenizer: &'t Tokenizer, bytes: &'a [u8]) -> Self {
        Self {
            tokenizer,
            bytes,
            at: 0,
            current: tokenizer.quote,
            previous: 0,
            text: Vec::new(),
            unescaped: false,
            is_settled: false,
            trim_end: false,
        }
    }

    fn take(mut self, is_open: &mut bool) -> (Token<'a>, Option<&'a [u8]>) {
        let rest = match self.parse() {
            Ok(()) => self.tokenizer.after(self.bytes, self.at - 1),
            Err(EndOfLine) => {
                *is_open = !self.is_settled;
                self.end_line();
                None
            }
        };
        if self.trim_end {
            let blanks = self.text.iter().rev().take_while(|byte| **byte <= b' ');
            self.text.truncate(self.text.len() - blanks.count());
        }
        (Some(Cow::Owned(self.text)), rest)
    }

    /// A quote that is the line's last character belongs to the text unless it closes the field.
    fn end_line(&mut self) {
        let quote = self.tokenizer.quote;
        if self.current == quote && self.previous != quote && !self.unescaped {
            self.text.push(quote);
        }
    }

    fn next(&mut self) -> Step {
        self.current = *self.bytes.get(self.at).ok_or(EndOfLine)?;
        self.at += 1;
        Ok(())
    }

    /// Appends the current character and all that follow, until one of the stops is the current one.
    fn append_until(&mut self, stops: [u8; 2]) -> Step {
        if stops.contains(&self.current) {
            return Ok(());
        }
        let rest = &self.bytes[self.at..];
        let length = memchr2(stops[0], stops[1], rest);
        self.text.push(self.current);
        self.text.extend(&rest[..length.unwrap_or(rest.len())]);
        self.at += length.ok_or(EndOfLine)?;
        self.next()
    }

    /// Takes the text up to the closing quote, its escapes resolved, and what stands between that quote and the delimiter.
    fn parse(&mut self) -> Step {
        let Tokenizer { quote, escape, .. } = *self.tokenizer;
        self.next()?;
        loop {
            if self.previous == quote
                && (self.current <= b' ' || self.tokenizer.ends_field(self.current))
            {
                return self.parse_after_closing_quote();
            }
            if self.current != quote && self.current != escape {
                if self.previous == quote {
                    self.unescaped = true;
                    self.text.extend([quote, self.current]);
                    return self.parse_to_delimiter();
                }
                if self.previous == escape && escape != 0 {
                    self.text.push(escape);
                }
                self.append_until([quote, escape])?;
            } else if self.resolve_escape() {
                self.parse_text_after_quote()?;
            }
            self.previous = self.current;
            self.next()?;
            if self.unescaped && self.tokenizer.ends_field(self.current) {
                return Ok(());
            }
        }
    }

    /// Blanks between the closing quote and the delimiter are left out; with anything else there, all of it is text.
    fn parse_after_closing_quote(&mut self) -> Step {
        self.is_settled = true;
        let start = self.at - 1;
        while !self.tokenizer.ends_field(self.current) && self.current <= b' ' {
            self.next()?;
        }
        if self.tokenizer.ends_field(self.current) {
            return Ok(());
        }
        self.text.push(self.tokenizer.quote);
        self.text.extend(&self.bytes[start..self.at]);
        self.parse_to_delimiter()
    }

    /// The quotes turned out to be text: so is the opening one, and the field goes on to the next delimiter.
    fn parse_to_delimiter(&mut self) -> Step {
        self.is_settled = true;
        self.previous = self.current;
        self.text.insert(0, self.tokenizer.quote);
        while let Some(byte @ 0x80..=0xbf) = self.bytes.get(self.at) {
            self.text.push(*byte);
            self.at += 1;
        }
        self.next()?;
        self.trim_end = self.tokenizer.trim_end;
        self.append_until([self.tokenizer.delimiter, self.tokenizer.newline])
    }

    /// Appends what a quote or an escape character stands for. True if the character before it was a quote that closed nothing.
    fn resolve_escape(&mut self) -> bool {
        let Tokenizer { quote, escape, .. } = *self.tokenizer;
        let escaped_escape = self.current == escape && self.previous == escape;
        if escaped_escape && escape != quote && escape != 0 {
            self.text.push(escape);
            self.current = 0;
        } else if self.previous == escape {
            if self.current == quote {
                self.text.push(quote);
                self.current = 0;
            } else {
                self.text.push(self.previous);
            }
        } else if self.current == quote && self.previous == quote {
            self.text.push(quote);
        } else {
            return self.previous == quote;
        }
        false
    }

    /// Takes text that follows a quote which closed nothing and an escape character. Each further pair of the two asks for one delimiter more
    /// (univocity calls itself there).
    fn parse_text_after_quote(&mut self) -> Step {
        let Tokenizer { quote, escape, .. } = *self.tokenizer;
        let mut delimiters = 0;
        self.text.push(quote);
        self.previous = self.current;
        loop {
            if self.tokenizer.ends_field(self.current) {
                if delimiters == 0 {
                    return Ok(());
                }
                delimiters -= 1;
            } else if self.current == quote || self.current == escape {
                if self.resolve_escape() {
                    delimiters += 1;
                    self.text.push(quote);
                    self.previous = self.current;
                    continue;
                }
            } else if self.previous == quote {
                self.text.push(quote);
                self.previous = self.current;
                continue;
            } else {
                self.text.push(self.current);
            }
            self.previous = self.current;
            self.next()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Tokenizer = Tokenizer {
        delimiter: b',',
        newline: b',',
        quote: b'"',
        escape: b'\\',
        trim_start: false,
        trim_end: false,
    };

    /// The fields, with `~` for one without text.
    fn fields(tokenizer: Tokenizer, line: &str) -> Vec<String> {
        let mut fields = Vec::new();
        let tokenizer = Tokenizer {
            newline: tokenizer.delimiter,
            ..tokenizer
        };
        tokenizer.tokens(line.as_bytes(), |token| {
            let text = token.map(|token| String::from_utf8(token.into_owned()).unwrap());
            fields.push(text.unwrap_or("~".to_owned()));
        });
        fields
    }

    #[test]
    fn quotes_out_of_order_are_taken_as_spark_takes_them() {
        let doubled = Tokenizer {
            escape: b'"',
            ..PLAIN
        };
        for (line, with_backslash, with_doubled) in [
            (
                r#""a,b"c,d"#,
                &[r#""a,b"c"#, "d"][..],
                &[r#""a,b"c"#, "d"][..],
            ),
            (r#""open,x"#, &["open,x"], &["open,x"]),
            (r#""a""b",c"#, &[r#""a""b""#, "c"], &[r#"a"b"#, "c"]),
            (r#"a"b,c"#, &[r#"a"b"#, "c"], &[r#"a"b"#, "c"]),
            (r#""a\"b",c"#, &[r#"a"b"#, "c"], &[r#""a\"b""#, "c"]),
            (r#""a\\",b"#, &[r"a\", "b"], &[r"a\\", "b"]),
            (r#""x" ,y"#, &["x", "y"], &["x", "y"]),
            (r#""x"  y,z"#, &[r#""x"  y"#, "z"], &[r#""x"  y"#, "z"]),
            (r#""x"" ,y"#, &[r#"x""#, "y"], &[r#"x" ,y"#]),
            (r#"""""#, &[r#"""#], &[r#"""#]),
            (r#""""""#, &[r#""""#], &[r#"""#]),
            (r#""a"\,b"#, &[r#"a"\b"#], &[r#""a"\"#, "b"]),
            (
                r#""a"b"c,d",e"#,
                &[r#""a"b"c"#, r#"d""#, "e"],
                &[r#""a"b"c"#, r#"d""#, "e"],
            ),
            (r#""a\""b,c"#, &[r#""a""b"#, "c"], &[r#"a\"b,c"#]),
            (r#""\\\"x",y"#, &[r#"\"x"#, "y"], &[r#""\\\"x""#, "y"]),
            (r#""a\"#, &["a"], &[r"a\"]),
            (
                r#"é,"ü"x,y"#,
                &["é", r#""ü"x"#, "y"],
                &["é", r#""ü"x"#, "y"],
            ),
        ] {
            assert_eq!(fields(PLAIN, line), with_backslash, "{line}");
            assert_eq!(fields(doubled, line), with_doubled, "{line}, doubled");
        }
    }

    #[test]
    fn without_an_escape_character_a_doubled_quote_is_text() {
        let none = Tokenizer { escape: 0, ..PLAIN };
        assert_eq!(fields(none, r#""a""b",c"#), [r#""a""b""#, "c"]);
        assert_eq!(fields(none, r#""a\"b",c"#), [r#""a\"b""#, "c"]);
    }

    #[test]
    fn blanks_never_take_a_delimiter_with_them() {
        let tabs = Tokenizer {
            delimiter: b'\t',
            trim_start: true,
            trim_end: true,
            ..PLAIN
        };
        for tokenizer in [
            tabs,
            Tokenizer {
                trim_start: false,
                trim_end: false,
                ..tabs
            },
        ] {
            assert_eq!(fields(tokenizer, "a\t\tb"), ["a", "~", "b"]);
            assert_eq!(fields(tokenizer, "\"x\"\t\t\"y\""), ["x", "~", "y"]);
            assert_eq!(fields(tokenizer, "\"x\" \tz"), ["x", "z"]);
        }
        let spaces = Tokenizer {
            delimiter: b' ',
            ..PLAIN
        };
        assert_eq!(fields(spaces, r#" "x"  "y""#), ["~", "x", "~", "y"]);
    }

    #[test]
    fn blanks_before_a_quote_are_skipped_only_if_asked_for() {
        let trim = Tokenizer {
            trim_start: true,
            ..PLAIN
        };
        assert_eq!(
            fields(PLAIN, r#"a, "x,y" ,b"#),
            ["a", r#" "x"#, r#"y" "#, "b"]
        );
        assert_eq!(fields(trim, r#"a, "x,y" ,b"#), ["a", "x,y", "b"]);
    }
}
