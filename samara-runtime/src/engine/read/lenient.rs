//! Json as Jackson takes it under Spark's defaults, where that is more than the standard allows: single quotes, `NaN` and the infinities as
//! numbers, surrogates without their other half, and anything after the end.
//!
//! Slower than `serde_json`, hence only asked once that has refused a text.

use std::borrow::Cow;

/// Deeper values than this are refused, as Jackson's `StreamReadConstraints` does.
const DEEPEST: usize = 1000;

/// What is taken for json beyond the standard, by the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub single_quotes: bool,
    /// `NaN` and the infinities, without quotes.
    pub numbers_by_name: bool,
    pub comments: bool,
    pub unquoted_names: bool,
    pub leading_zeros: bool,
    /// A backslash before any character.
    pub any_escape: bool,
    /// Control characters in strings.
    pub control_characters: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            single_quotes: true,
            numbers_by_name: true,
            comments: false,
            unquoted_names: false,
            leading_zeros: false,
            any_escape: false,
            control_characters: false,
        }
    }
}

/// Whether a value is a number that has no digits.
pub(crate) fn is_number_by_name(raw: &str) -> bool {
    NUMBERS_BY_NAME.contains(&raw)
}

const NUMBERS_BY_NAME: [&str; 6] = ["NaN", "Infinity", "+Infinity", "-Infinity", "+INF", "-INF"];

/// Whether a value has more levels than Jackson takes: then it is no json. It is looked for before anything goes down these levels.
pub(crate) fn is_too_deep(text: &str, dialect: Dialect) -> bool {
    if text.len() <= DEEPEST {
        return false;
    }
    let mut depth = 0_usize;
    let mut quote = None;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match (byte, quote) {
            (b'\\', Some(_)) => drop(bytes.next()),
            (byte, Some(open)) if byte == open => quote = None,
            (_, Some(_)) => {}
            (b'"', None) => quote = Some(byte),
            (b'\'', None) if dialect.single_quotes => quote = Some(byte),
            (b'{' | b'[', None) => depth += 1,
            (b'}' | b']', None) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

/// The keys and the raw values of an object, in their order.
pub(crate) fn entries(text: &str, dialect: Dialect) -> Option<Vec<(Cow<'_, str>, &str)>> {
    let mut scanner = Scanner::new(text, dialect);
    let mut entries = Vec::new();
    scanner.members(b'{', b'}', |scanner| {
        let key = scanner.key()?;
        let key = match key.starts_with(['"', '\'']) {
            true => unescape(key, dialect)?,
            false => Cow::Borrowed(key),
        };
        entries.push((key, scanner.value(0)?));
        Some(())
    })?;
    Some(entries)
}

/// The raw keys and the raw values of an object, in their order.
pub(crate) fn raw_entries(text: &str, dialect: Dialect) -> Option<Vec<(&str, &str)>> {
    let mut scanner = Scanner::new(text, dialect);
    let mut entries = Vec::new();
    scanner.members(b'{', b'}', |scanner| {
        entries.push((scanner.key()?, scanner.value(0)?));
        Some(())
    })?;
    Some(entries)
}

/// The text of a string in units of UTF-16, which may hold half a surrogate pair.
pub(crate) fn units(raw: &str, dialect: Dialect) -> Option<Vec<u16>> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut rest = raw[1..].strip_suffix(quote)?;
    let mut units = Vec::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        units.extend(rest[..at].encode_utf16());
        let escape = &rest[at + 1..];
        rest = match escape.strip_prefix('u').and_then(take_unit) {
            Some((unit, after)) => {
                units.push(unit);
                after
            }
            None => {
                let (letter, after) = take_escape(escape, dialect)?;
                units.extend(letter.encode_utf16(&mut [0; 2]).iter());
                after
            }
        };
    }
    units.extend(rest.encode_utf16());
    Some(units)
}

/// The raw elements of an array.
pub(crate) fn elements(text: &str, dialect: Dialect) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(text, dialect);
    let mut elements = Vec::new();
    scanner.members(b'[', b']', |scanner| {
        elements.push(scanner.value(0)?);
        Some(())
    })?;
    Some(elements)
}

/// Whether there is nothing but blanks and, if they are allowed, comments.
pub(crate) fn is_blank(text: &str, dialect: Dialect) -> bool {
    let mut scanner = Scanner::new(text, dialect);
    scanner.skip_blanks();
    scanner.peek().is_none()
}

/// Whether a key, at any depth, has half a surrogate pair: Jackson, which reads files as bytes, refuses it.
pub(crate) fn has_broken_key(text: &str, dialect: Dialect) -> bool {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return false;
    }
    let mut scanner = Scanner::new(text, dialect);
    scanner.skip_blanks();
    scanner.is_read_from_bytes = true;
    scanner.value(0).is_none()
}

/// Whether half a surrogate pair is written in a string.
fn has_half_pair(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let half = escape.strip_prefix('u').and_then(take_unit);
        let half = half.is_some_and(|(unit, _)| (0xd800..0xe000).contains(&unit));
        match escape.strip_prefix('u').and_then(take_unicode) {
            Some(('?', _)) if half => return true,
            Some((_, after)) => rest = after,
            None => {
                let length = escape.chars().next().map_or(0, char::len_utf8);
                rest = &escape[length..];
            }
        }
    }
    false
}

/// The text of a string, in quotes of either kind. Half a surrogate pair becomes `?`, as in Spark.
pub(crate) fn unescape(raw: &str, dialect: Dialect) -> Option<Cow<'_, str>> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = raw[1..].strip_suffix(quote)?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let (character, after) = take_escape(&rest[at + 1..], dialect)?;
        text.push(character);
        rest = after;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Takes what follows a backslash off the front.
fn take_escape(text: &str, dialect: Dialect) -> Option<(char, &str)> {
    let character = match text.chars().next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return take_unicode(&text[1..]),
        other @ ('"' | '/' | '\\') => other,
        '\'' if dialect.single_quotes => '\'',
        other if dialect.any_escape => other,
        _ => return None,
    };
    let length = text.chars().next().map_or(0, char::len_utf8);
    Some((character, &text[length..]))
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
    dialect: Dialect,
    /// Half a surrogate pair in a key is refused.
    is_read_from_bytes: bool,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
            is_read_from_bytes: false,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'/') if self.dialect.comments => {
                    if self.skip_comment().is_none() {
                        return;
                    }
                }
                _ => return,
            }
        }
    }

    /// Takes `/* … */`, or `//` and what follows it in its line.
    fn skip_comment(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let length = if let Some(comment) = rest.strip_prefix("/*") {
            comment.find("*/")? + 4
        } else {
            let comment = rest.strip_prefix("//")?;
            comment.find(['\n', '\r']).unwrap_or(comment.len()) + 2
        };
        self.at += length;
        Some(())
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
        let key = match self.peek()? {
            byte if self.dialect.unquoted_names && !self.is_quote(byte) => self.name()?,
            _ => self.string()?,
        };
        if self.is_read_from_bytes && has_half_pair(key) {
            return None;
        }
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
            byte if self.is_quote(byte) => drop(self.string()?),
            _ => self.word()?,
        }
        Some(&self.text[start..self.at])
    }

    fn is_quote(&self, byte: u8) -> bool {
        byte == b'"' || (byte == b'\'' && self.dialect.single_quotes)
    }

    /// Takes a key without quotes: the characters that Jackson allows in one.
    fn name(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_$@#*+-".contains(c);
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then_some(&rest[..end])
    }

    /// Takes a string with its quotes.
    fn string(&mut self) -> Option<&'a str> {
        let start = self.at;
        let quote = self.peek().filter(|byte| self.is_quote(*byte))?;
        self.at += 1;
        loop {
            match self.peek()? {
                0..=0x1f if !self.dialect.control_characters => return None,
                b'\\' => {
                    let (_, rest) = take_escape(&self.text[self.at + 1..], self.dialect)?;
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
        let comment = self.dialect.comments.then_some('/');
        let is_end =
            |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | ',' | ']' | '}') || Some(c) == comment;
        let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
        let is_value = matches!(word, "true" | "false" | "null")
            || (self.dialect.numbers_by_name && NUMBERS_BY_NAME.contains(&word))
            || is_json(word)
            || (self.dialect.leading_zeros
                && without_leading_zeros(word).is_some_and(|number| is_json(&number)));
        is_value.then(|| self.at += word.len())
    }
}

fn is_json(word: &str) -> bool {
    serde_json::from_str::<&serde_json::value::RawValue>(word).is_ok()
}

/// A number without the zeros in front of its first digit, of which there is one at least.
fn without_leading_zeros(number: &str) -> Option<String> {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let significant = digits.strip_prefix('0')?.trim_start_matches('0');
    let zero = if significant.starts_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    Some(format!("{sign}{zero}{significant}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
        super::entries(text, Dialect::default())
    }

    fn elements(text: &str) -> Option<Vec<&str>> {
        super::elements(text, Dialect::default())
    }

    fn unescape(raw: &str) -> Option<Cow<'_, str>> {
        super::unescape(raw, Dialect::default())
    }

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
    fn half_a_surrogate_pair_in_a_key_breaks_a_file_and_no_other_json() {
        let is_broken = |text| has_broken_key(text, Dialect::default());
        for text in [
            r#"{"m\ud83dsg":1}"#,
            r#"{"a":[{"\uDE00":1}]}"#,
            r#"[{"a\ud83d\u0041":1}]"#,
            r#"{"a\ude00\ud83d":1}"#,
        ] {
            assert!(is_broken(text), "{text}");
            assert!(!text.starts_with('{') || entries(text).is_some(), "{text}");
        }
        for text in [
            r#"{"a\ud83d\ude00":1}"#,
            r#"{"a":"\ud83d"}"#,
            r#"{"a\\ud83d":1}"#,
            r#"{"\uD000":1}"#,
        ] {
            assert!(!is_broken(text), "{text}");
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
