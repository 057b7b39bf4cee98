//! Json as Jackson takes it under Spark's defaults, where that is more than the standard allows: single quotes, `NaN` and the infinities as
//! numbers, surrogates without their other half, and anything after the end.
//!
//! Slower than `serde_json`, hence only asked once that has refused a text.

use std::borrow::Cow;

/// Deeper values than this are refused, as Jackson's `StreamReadConstraints` does.
const DEEPEST: usize = 1000;

const NUMBERS_BY_NAME: [&str; 6] = ["NaN", "Infinity", "+Infinity", "-Infinity", "+INF", "-INF"];

/// The keys and the raw values of an object, in their order.
pub(crate) fn entries(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut scanner = Scanner::new(text);
    let mut entries = Vec::new();
    scanner.members(b'{', b'}', |scanner| {
        let key = scanner.key()?;
        entries.push((unescape(key)?, scanner.value(0)?));
        Some(())
    })?;
    Some(entries)
}

/// The raw elements of an array.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(text);
    let mut elements = Vec::new();
    scanner.members(b'[', b']', |scanner| {
        elements.push(scanner.value(0)?);
        Some(())
    })?;
    Some(elements)
}

/// The text of a string, in quotes of either kind. Half a surrogate pair becomes `?`, as in Spark.
pub(crate) fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = raw[1..].strip_suffix(quote)?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (character, after) = take_escape(&rest[at + 1..])?;
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Takes what follows a backslash off the front.
fn take_escape(text: &str) -> Option<(char, &str)> {
    let character = match text.chars().next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return take_unicode(&text[1..]),
        other @ ('"' | '\'' | '/' | '\\') => other,
        _ => return None,
    };
    Some((character, &text[1..]))
}

/// Takes four hexadecimal digits off the front, and those of a second escape if both are one character.
fn take_unicode(text: &str) -> Option<(char, &str)> {
    let (high, rest) = take_unit(text)?;
    let pair = rest.strip_prefix("\\u").and_then(take_unit);
    if let Some((low, rest)) = pair
        && let Some(Ok(character)) = char::decode_utf16([high, low]).next()
        && character.len_utf16() == 2
    {
        return Some((character, rest));
    }
    Some((char::from_u32(u32::from(high)).unwrap_or('?'), rest))
}

fn take_unit(text: &str) -> Option<(u16, &str)> {
    let digits = text.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let unit = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((unit, &text[4..]))
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Takes an object or an array, one member by each call of `member`.
    fn members(
        &mut self,
        open: u8,
        close: u8,
        mut member: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.skip_blanks();
        self.eat(open)?;
        self.skip_blanks();
        if self.eat(close).is_some() {
            return Some(());
        }
        loop {
            self.skip_blanks();
            member(self)?;
            self.skip_blanks();
            if self.eat(close).is_some() {
                return Some(());
            }
            self.eat(b',')?;
        }
    }

    /// Takes a key and its colon.
    fn key(&mut self) -> Option<&'a str> {
        let key = self.string()?;
        self.skip_blanks();
        self.eat(b':')?;
        self.skip_blanks();
        Some(key)
    }

    /// Takes a value as it stands.
    fn value(&mut self, depth: usize) -> Option<&'a str> {
        let start = self.at;
        match self.peek()? {
            _ if depth > DEEPEST => return None,
            b'{' => self.members(b'{', b'}', |scanner| {
                scanner.key()?;
                scanner.value(depth + 1).map(drop)
            })?,
            b'[' => self.members(b'[', b']', |scanner| scanner.value(depth + 1).map(drop))?,
            b'"' | b'\'' => drop(self.string()?),
            _ => self.word()?,
        }
        Some(&self.text[start..self.at])
    }

    /// Takes a string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let quote = self.peek().filter(|byte| matches!(byte, b'"' | b'\''))?;
        self.at += 1;
        loop {
            match self.peek()? {
                0..=0x1f => return None,
                b'\\' => {
                    let (_, rest) = take_escape(&self.text[self.at + 1..])?;
                    self.at = self.text.len() - rest.len();
                }
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return Some(&self.text[start..self.at]);
                    }
                }
            }
        }
    }

    /// Takes a number or one of the names.
    fn word(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let end = rest.find([' ', '\t', '\n', '\r', ',', ']', '}']);
        let word = &rest[..end.unwrap_or(rest.len())];
        let is_value = matches!(word, "true" | "false" | "null")
            || NUMBERS_BY_NAME.contains(&word)
            || serde_json::from_str::<&serde_json::value::RawValue>(word).is_ok();
        is_value.then(|| self.at += word.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_standard_refuses_and_spark_takes_is_taken() {
        assert_eq!(
            entries(r#"{'a':NaN,"b": [+INF, {'c' : -Infinity}] ,"d":'it\'s'} and more"#),
            Some(vec![
                ("a".into(), "NaN"),
                ("b".into(), "[+INF, {'c' : -Infinity}]"),
                ("d".into(), r"'it\'s'"),
            ])
        );
        assert_eq!(elements("[ 1, NaN ,'x']] "), Some(vec!["1", "NaN", "'x'"]));
        assert_eq!(elements("[]"), Some(Vec::new()));
    }

    #[test]
    fn what_spark_refuses_is_refused() {
        for text in [
            r#"{"a":1"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            "{a:1}",
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":INF}"#,
            r#"{"a":NaNa}"#,
            r#"{"a":foo}"#,
            "{\"a\":\"b\tc\"}",
            r#"{"a":"\x"}"#,
            "1",
        ] {
            assert_eq!(entries(text), None, "{text}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_a_question_mark() {
        for (raw, text) in [
            (r#""\ud83d""#, "?"),
            (r#""a\ude00b""#, "a?b"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d\u0041""#, "?A"),
            (r#""\u00e9\/""#, "é/"),
        ] {
            assert_eq!(unescape(raw).as_deref(), Some(text), "{raw}");
        }
    }
}
