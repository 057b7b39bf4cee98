//! YAML into values with their places.
//!
//! Plain scalars are typed as PyYAML types them, since files that are read by it are to mean the same here: YAML 1.1's booleans (`yes`, `off`)
//! and merge keys (`<<`), on top of the core schema of YAML 1.2. Keys are always texts.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::Value;

/// The key of a mapping whose value's entries are added to it (<https://yaml.org/type/merge.html>).
const MERGE: &str = "<<";

/// A file nested deeper than this was written by no person.
const MOST_DEPTH: usize = 100;

/// More values than this come of no file that a person wrote, but of aliases of aliases.
const MOST_NODES: usize = 100_000;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value's place in bytes, quotes and brackets included.
    pub place: Range<usize>,
    /// The value.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// No value.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// Keys that differ, with their values, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's place in bytes, quotes included.
    pub key_place: Range<usize>,
    /// The value.
    pub value: Node,
}

/// Why a text is no YAML document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// A breach of the syntax.
    #[error("{message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// Where, in bytes.
        place: Range<usize>,
    },
    /// A key that stands twice in one map.
    #[error("the key `{key}` appears twice in one object")]
    DuplicateKey {
        /// The key.
        key: String,
        /// Where it stands first, in bytes.
        first: Range<usize>,
        /// Where it stands again.
        again: Range<usize>,
    },
}

/// Parses a text that is one document.
///
/// # Errors
///
/// The first thing that is wrong with it.
///
/// # Examples
///
/// ```
/// let document = samara::yaml::parse("alert:\n  channels: []\n")?;
/// assert_eq!(document.to_json(), serde_json::json!({"alert": {"channels": []}}));
/// # Ok::<(), samara::yaml::YamlError>(())
/// ```
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let mut reader = Reader {
        text,
        offsets: Offsets::of(text),
        events: Parser::new_from_str(text),
        anchors: HashMap::new(),
        nodes: 0,
        depth: 0,
    };
    let root = loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd, _) => return Err(YamlError::Empty),
            (event, span) => break reader.node(event, span)?,
        }
    };
    loop {
        match reader.next()? {
            (Event::StreamEnd, _) => return Ok(root),
            (Event::DocumentStart(_), span) => {
                return Err(syntax("there is a second document", reader.place(span)));
            }
            _ => {}
        }
    }
}

fn syntax(message: &str, place: Range<usize>) -> YamlError {
    YamlError::Syntax {
        message: message.to_owned(),
        place,
    }
}

impl Node {
    /// The value without places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(text) => text.parse().map_or(Value::Null, Value::Number),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(elements) => elements.iter().map(Node::to_json).collect(),
            Kind::Map(entries) => {
                let entries = entries.iter();
                Value::Object(
                    entries
                        .map(|entry| (entry.key.clone(), entry.value.to_json()))
                        .collect(),
                )
            }
        }
    }

    /// How many values there are in this one, itself included.
    fn size(&self) -> usize {
        let inside: usize = match &self.kind {
            Kind::List(elements) => elements.iter().map(Node::size).sum(),
            Kind::Map(entries) => entries.iter().map(|entry| entry.value.size()).sum(),
            _ => 0,
        };
        1 + inside
    }
}

struct Reader<'a> {
    text: &'a str,
    offsets: Offsets,
    events: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), YamlError> {
        let failed = |error: ScanError| {
            let at = self.offsets.byte(error.marker().index());
            syntax(error.info(), at..at)
        };
        let event = self.events.next().transpose().map_err(failed)?;
        Ok(event.unwrap_or((Event::StreamEnd, Span::default())))
    }

    /// The parser ends some scalars where the next token begins: blanks are no part of one.
    fn place(&self, span: Span) -> Range<usize> {
        let start = self.offsets.byte(span.start.index());
        let whole = start..self.offsets.byte(span.end.index());
        let written = self.text.get(whole).unwrap_or_default().trim_end();
        start..start + written.len()
    }

    /// The value that begins with an event.
    fn node(&mut self, event: Event<'a>, span: Span) -> Result<Node, YamlError> {
        let mut place = self.place(span);
        self.count(1, &place)?;
        if self.depth == MOST_DEPTH {
            return Err(syntax("the values are nested too deep", place));
        }
        self.depth += 1;
        let (kind, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.is_some_and(|tag| tag.suffix == "str");
                let kind = match style {
                    ScalarStyle::Plain if !is_text => plain(&text),
                    _ => Kind::Text(text.into_owned()),
                };
                (kind, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let (elements, end) = self.elements()?;
                place.end = end;
                (Kind::List(elements), anchor)
            }
            Event::MappingStart(anchor, _) => {
                let (entries, end) = self.entries()?;
                place.end = end;
                (Kind::Map(entries), anchor)
            }
            Event::Alias(anchor) => (self.alias(anchor, &place)?, 0),
            _ => return Err(syntax("expected a value", place)),
        };
        self.depth -= 1;
        let node = Node { place, kind };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, place: &Range<usize>) -> Result<Kind, YamlError> {
        let size = self.anchors.get(&anchor).map_or(0, Node::size);
        self.count(size, place)?;
        let node = self.anchors.get(&anchor);
        let node = node.ok_or_else(|| syntax("an alias of itself", place.clone()))?;
        Ok(node.kind.clone())
    }

    fn count(&mut self, nodes: usize, place: &Range<usize>) -> Result<(), YamlError> {
        self.nodes += nodes;
        if self.nodes > MOST_NODES {
            return Err(syntax("the aliases stand for too much", place.clone()));
        }
        Ok(())
    }

    fn elements(&mut self) -> Result<(Vec<Node>, usize), YamlError> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => {
                    let end = self.end(span, elements.last());
                    return Ok((elements, end));
                }
                (event, span) => elements.push(self.node(event, span)?),
            }
        }
    }

    fn entries(&mut self) -> Result<(Vec<Entry>, usize), YamlError> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (key, key_place) = match self.next()? {
                (Event::MappingEnd, span) => {
                    let end = self.end(span, entries.last().map(|entry| &entry.value));
                    add_missing(&mut entries, merged);
                    return Ok((entries, end));
                }
                (Event::Scalar(key, ..), span) => (key.into_owned(), self.place(span)),
                (_, span) => return Err(syntax("a key is a text", self.place(span))),
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            if key == MERGE {
                merged.extend(mergeable(value)?);
                continue;
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(YamlError::DuplicateKey {
                    key,
                    first: first.key_place.clone(),
                    again: key_place,
                });
            }
            entries.push(Entry {
                key,
                key_place,
                value,
            });
        }
    }

    /// Where a collection ends: at its bracket or, if it has none, with its last value, not where the next line begins.
    fn end(&self, span: Span, last: Option<&Node>) -> usize {
        let place = self.place(span);
        match last {
            Some(last) if place.is_empty() => last.place.end,
            _ => place.end,
        }
    }
}

/// The entries that the value of a merge key adds.
fn mergeable(value: Node) -> Result<Vec<Entry>, YamlError> {
    match value.kind {
        Kind::Map(entries) => Ok(entries),
        Kind::List(maps) => {
            let maps = maps.into_iter().map(mergeable);
            Ok(maps.collect::<Result<Vec<_>, _>>()?.concat())
        }
        _ => Err(syntax(
            "`<<` takes an object, or a list of objects",
            value.place,
        )),
    }
}

fn add_missing(entries: &mut Vec<Entry>, merged: Vec<Entry>) {
    for entry in merged {
        if entries.iter().all(|known| known.key != entry.key) {
            entries.push(entry);
        }
    }
}

/// What a scalar without quotes is.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Kind::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            Kind::Bool(false)
        }
        _ => number(text).map_or_else(|| Kind::Text(text.to_owned()), Kind::Number),
    }
}

/// The number that a text is, as JSON writes it.
fn number(text: &str) -> Option<String> {
    let digits = text.replace('_', "");
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let based = |prefix, radix| {
        let digits = digits.strip_prefix(prefix)?;
        i64::from_str_radix(digits, radix).ok()
    };
    if let Some(number) = based("0x", 16).or_else(|| based("0o", 8)) {
        return Some(number.to_string());
    }
    let whole = match digits.strip_prefix('.') {
        Some(fraction) => format!("0.{fraction}"),
        None => digits.strip_suffix('.').unwrap_or(digits).to_owned(),
    };
    let begins = text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let is_number = serde_json::from_str::<serde_json::Number>(&whole).is_ok();
    (begins && is_number).then_some(whole)
}

/// From characters, in which the parser counts, to bytes.
struct Offsets(Vec<usize>);

impl Offsets {
    fn of(text: &str) -> Self {
        let starts = text.char_indices().map(|(byte, _)| byte);
        Self(starts.chain([text.len()]).collect())
    }

    fn byte(&self, character: usize) -> usize {
        let last = self.0.last().copied().unwrap_or_default();
        self.0.get(character).copied().unwrap_or(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn json(text: &str) -> serde_json::Value {
        parse(text).expect("YAML").to_json()
    }

    #[test]
    fn scalars_are_typed_as_pyyaml_types_them() {
        let text = "[yes, Off, ~, null, '', 'yes', 12, -3.5, .5, 1_000, 0x1F, 1e3, 1.2.3, a b, !!str 5, 2024-01-15]";
        let expected = json!([
            true,
            false,
            null,
            null,
            "",
            "yes",
            12,
            -3.5,
            0.5,
            1000,
            31,
            1e3,
            "1.2.3",
            "a b",
            "5",
            "2024-01-15"
        ]);
        assert_eq!(json(text), expected);
    }

    #[test]
    fn keys_are_texts_whatever_they_look_like() {
        assert_eq!(
            json("on: customer_id\n1: x"),
            json!({"on": "customer_id", "1": "x"})
        );
    }

    #[test]
    fn blocks_anchors_and_merge_keys_are_what_they_stand_for() {
        let text = "base: &base\n  mode: overwrite\n  method: batch\nload:\n  <<: *base\n  mode: append\nsql: >\n  a > 1\n  AND b\nlines: |\n  x\n  y\n";
        let expected = json!({
            "base": {"mode": "overwrite", "method": "batch"},
            "load": {"mode": "append", "method": "batch"},
            "sql": "a > 1 AND b\n",
            "lines": "x\ny\n",
        });
        assert_eq!(json(text), expected);
    }

    fn entry<'n>(node: &'n Node, key: &str) -> &'n Entry {
        let Kind::Map(entries) = &node.kind else {
            panic!("no map");
        };
        let found = entries.iter().find(|entry| entry.key == key);
        found.expect("the key")
    }

    #[test]
    fn a_value_knows_its_place_in_bytes() {
        let text = "ä: ü\njob: { id: 'x' }\n";
        let root = parse(text).expect("YAML");
        let job = entry(&root, "job");
        assert_eq!(&text[job.value.place.clone()], "{ id: 'x' }");
        let id = entry(&job.value, "id");
        assert_eq!(&text[id.key_place.clone()], "id");
        assert_eq!(&text[id.value.place.clone()], "'x'");
    }

    #[test]
    fn an_object_without_brackets_ends_with_its_last_value() {
        let text = "jobs:\n  - id: a\n    enabled: true\n\n  - id: b\n";
        let root = parse(text).expect("YAML");
        let Kind::List(jobs) = &entry(&root, "jobs").value.kind else {
            panic!("no list");
        };
        assert_eq!(&text[jobs[0].place.clone()], "id: a\n    enabled: true");
    }

    #[test]
    fn what_is_no_single_document_is_refused() {
        let cases = [
            ("a: 1\na: 2\n", "the key `a` appears twice in one object"),
            ("a: 1\n---\nb: 2\n", "there is a second document"),
            ("", "the file is empty"),
            ("[a]: 1\n", "a key is a text"),
            ("<<: 1\n", "`<<` takes an object, or a list of objects"),
        ];
        for (text, message) in cases {
            let error = parse(text).expect_err("no document");
            assert_eq!(error.to_string(), message, "{text}");
        }
    }

    #[test]
    fn aliases_of_aliases_end_somewhere() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..9 {
            let before = format!("*a{}, ", n - 1).repeat(10);
            text.push_str(&format!("a{n}: &a{n} [{before}]\n"));
        }
        let error = parse(&text).expect_err("too much");
        assert_eq!(error.to_string(), "the aliases stand for too much");
        assert!(parse(&"[".repeat(10_000)).is_err());
    }
}
