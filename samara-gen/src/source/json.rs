//! JSON and JSONC into nodes.

use std::collections::HashMap;
use std::sync::Arc;

use jsonc_parser::ast::{Object, ObjectPropName, Value};
use jsonc_parser::common::{Range, Ranged};
use jsonc_parser::errors::ParseError;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Member, Node, NodeKind, SourceText, Span, Syntax, json_fault};
use crate::diagnostic::{Diagnostic, code};

/// Parses a whole file.
///
/// # Errors
/// A diagnostic for the first breach of the syntax, or the first key that one object has twice.
pub(super) fn parse(source: &Arc<SourceText>, syntax: Syntax) -> Result<Node, Diagnostic> {
    if let Some(span) = unclosed_string(source.text()) {
        return Err(
            Diagnostic::error(code::SYNTAX, "a string is not closed on its line")
                .at(source, span, "starts here")
                .help("a string ends with `\"`; a line break in it is written `\\n`"),
        );
    }
    let parsed = parse_to_ast(source.text(), &CollectOptions::default(), &options(syntax));
    match parsed
        .map_err(|error| syntax_error(source, syntax, &error))?
        .value
    {
        Some(value) => node(source, value),
        None => Err(Diagnostic::error(code::SYNTAX, "the file is empty").in_file(source)),
    }
}

fn options(syntax: Syntax) -> ParseOptions {
    ParseOptions {
        allow_comments: syntax == Syntax::Jsonc,
        allow_trailing_commas: syntax == Syntax::Jsonc,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

fn syntax_error(source: &Arc<SourceText>, syntax: Syntax, error: &ParseError) -> Diagnostic {
    match json_fault::find(source.text(), syntax) {
        Some(fault) => fault.into_diagnostic(source),
        None => {
            let message = lower_first(&error.kind().to_string());
            Diagnostic::error(code::SYNTAX, message).at(source, span(error.range()), "")
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}

fn node(source: &Arc<SourceText>, value: Value<'_>) -> Result<Node, Diagnostic> {
    let span = span(value.range());
    let kind = match value {
        Value::NullKeyword(_) => NodeKind::Null,
        Value::BooleanLit(literal) => NodeKind::Bool(literal.value),
        Value::NumberLit(literal) => NodeKind::Number(literal.value.to_owned()),
        Value::StringLit(literal) => NodeKind::String(literal.value.into_owned()),
        Value::Array(array) => NodeKind::Array(
            array
                .elements
                .into_iter()
                .map(|value| node(source, value))
                .collect::<Result<_, _>>()?,
        ),
        Value::Object(object) => NodeKind::Object(members(source, object)?),
    };
    Ok(Node { span, kind })
}

fn members(source: &Arc<SourceText>, object: Object<'_>) -> Result<Vec<Member>, Diagnostic> {
    let mut seen: HashMap<String, Span> = HashMap::new();
    let mut members = Vec::with_capacity(object.properties.len());
    for property in object.properties {
        let key_span = match &property.name {
            ObjectPropName::String(literal) => span(literal.range),
            ObjectPropName::Word(literal) => span(literal.range),
        };
        let key = property.name.into_string();
        if let Some(first) = seen.insert(key.clone(), key_span) {
            return Err(Diagnostic::error(
                code::DUPLICATE_KEY,
                format!("the key `{key}` appears twice in one object"),
            )
            .at(source, key_span, "again here")
            .see(source, first, "first here"));
        }
        members.push(Member {
            key,
            key_span,
            value: node(source, property.value)?,
        });
    }
    Ok(members)
}

fn span(range: Range) -> Span {
    Span::new(range.start, range.end)
}

/// The first string that runs over the end of its line.
///
/// The parser would take the next quote, lines later, as its end, and complain about what stands there.
fn unclosed_string(text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        at = match &bytes[at..] {
            [b'/', b'/', ..] => after(text, at, "\n"),
            [b'/', b'*', ..] => after(text, at + 2, "*/"),
            [b'"', ..] => match string_end(bytes, at) {
                Ok(end) => end,
                Err(end) => return Some(Span::new(at, end)),
            },
            _ => at + 1,
        };
    }
    None
}

fn after(text: &str, from: usize, mark: &str) -> usize {
    text[from..]
        .find(mark)
        .map_or(text.len(), |found| from + found + mark.len())
}

/// The end of the string that starts at `start`; as an error, the end of the line that it runs over.
fn string_end(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\n' | b'\r') | None => return Err(at.min(bytes.len())),
            Some(b'\\') if !matches!(bytes.get(at + 1), Some(b'\n' | b'\r') | None) => at += 2,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str, syntax: Syntax) -> Result<Node, Diagnostic> {
        parse(&Arc::new(SourceText::new("job.json", text)), syntax)
    }

    fn failure(text: &str) -> String {
        parse_text(text, Syntax::Json)
            .expect_err("the text is broken")
            .to_string()
    }

    #[test]
    fn comments_and_trailing_commas_are_part_of_jsonc() {
        let node = parse_text("{ // one\n \"a\": [1, 2,], /* two */ }", Syntax::Jsonc)
            .expect("this is JSONC");

        assert_eq!(node.to_json(), serde_json::json!({"a": [1, 2]}));
    }

    #[test]
    fn comments_and_trailing_commas_are_no_part_of_json() {
        assert_eq!(
            failure("{\n // one\n}"),
            "job.json:2:2: error[S0102]: comments are not allowed"
        );
        assert_eq!(
            failure("[1,\n2,]"),
            "job.json:2:2: error[S0102]: trailing commas are not allowed"
        );
    }

    #[test]
    fn a_missing_comma_is_shown_where_it_belongs() {
        assert_eq!(
            failure("{\n  \"a\": 1\n  \"b\": 2\n}"),
            "job.json:2:9: error[S0102]: a comma is missing"
        );
    }

    #[test]
    fn a_string_that_is_not_closed_is_shown_where_it_starts() {
        let message = failure("{\n  \"a\": \"one,\n  \"b\": \"two\"\n}");

        assert_eq!(
            message,
            "job.json:2:8: error[S0102]: a string is not closed on its line"
        );
    }

    #[test]
    fn quotes_in_comments_are_no_strings() {
        assert!(parse_text("// it\"s\n{} /* \" */", Syntax::Jsonc).is_ok());
    }

    #[test]
    fn a_key_that_appears_twice_is_refused_at_its_second_place() {
        let message = failure("{\"a\": 1,\n \"a\": 2}");

        assert_eq!(
            message,
            "job.json:2:2: error[S0103]: the key `a` appears twice in one object"
        );
    }

    #[test]
    fn an_empty_file_is_called_empty() {
        assert_eq!(failure(" \n"), "job.json: error[S0102]: the file is empty");
    }

    #[test]
    fn no_cut_of_a_file_makes_the_parser_panic() {
        let text = r#"{"a": ["ä\u00e9\ud83d\ude00\n", -1.5e+3, true, null], /* c */ "b": {"c": "d\"e"}, } // end"#;
        let cuts = text.char_indices().map(|(at, _)| text[..at].to_owned());
        let gaps = text
            .char_indices()
            .map(|(at, gone)| [&text[..at], &text[at + gone.len_utf8()..]].concat());
        for broken in cuts.chain(gaps) {
            for syntax in [Syntax::Json, Syntax::Jsonc] {
                if let Err(diagnostic) = parse_text(&broken, syntax) {
                    assert!(
                        !diagnostic
                            .render(crate::diagnostic::Colour::Never)
                            .is_empty()
                    );
                }
            }
        }
    }
}
