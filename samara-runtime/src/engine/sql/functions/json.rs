//! Functions of json.

use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};

use crate::engine::DataType as T;
use crate::engine::read::columns::{ColumnBuilder, Fit, ValueRules};
use crate::engine::read::json;
use crate::engine::read::lenient::{self, Dialect};
use crate::engine::sql::functions::array::list_of;
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::functions::value::Value;
use crate::engine::text;
use crate::engine::text::zone::Zone;
use crate::engine::write::json::JsonOptions;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, OnlyText, Text};
    let f = SparkFunction::rows;
    vec![
        f("get_json_object", &[OnlyText, Text], T::String, |row| {
            Ok(steps(row.text(1))?
                .and_then(|path| found(row.text(0), &path))
                .into())
        })
        .may_be_null(),
        f("json_array_length", &[OnlyText], T::Integer, |row| {
            let elements = whole(row.text(0)).and_then(elements);
            Ok(elements.map_or(Value::Null, |elements| Value::int(elements.len())))
        })
        .may_be_null(),
        SparkFunction::typed_rows(
            "json_object_keys",
            &[OnlyText],
            |call| Ok(call.nullable(list_of(ArrowType::Utf8, true))),
            |row| {
                let entries = whole(row.text(0)).and_then(entries);
                let keys = |entries: Vec<(Cow<'_, str>, &str)>| {
                    Value::Texts(
                        entries
                            .into_iter()
                            .map(|(key, _)| key.into_owned())
                            .collect(),
                    )
                };
                Ok(entries.map_or(Value::Null, keys))
            },
        ),
        SparkFunction::columns_in_zone("to_json", &[Any], to_json_field, |args, _, zone| {
            let options = JsonOptions::default().in_session(zone);
            Ok(Arc::new(options.texts(&args[0])?))
        }),
        SparkFunction::columns_in_zone("from_json", &[OnlyText, Text], from_json_field, from_json),
    ]
}

/// The raw elements of an array, read as files are without options.
fn elements(text: &str) -> Option<Vec<&str>> {
    json::elements(text, Dialect::default())
}

/// The keys and the raw values of an object, read as files are without options.
fn entries(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    json::entries(text, Dialect::default())
}

/// A text that is json from end to end.
fn whole(text: &str) -> Option<&str> {
    if lenient::is_too_deep(text, Dialect::default()) {
        return None;
    }
    let strict = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    (strict || is_lenient(text)).then_some(text)
}

/// Whether the parser that knows Jackson's liberties reads all values of a text.
fn is_lenient(text: &str) -> bool {
    let deeper = |value: &str| !value.starts_with(['{', '[']) || is_lenient(value);
    match text.trim_start().as_bytes().first() {
        Some(b'{') => entries(text).is_some_and(|all| all.iter().all(|(_, value)| deeper(value))),
        Some(b'[') => elements(text).is_some_and(|all| all.iter().all(|value| deeper(value))),
        _ => false,
    }
}

/// A step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
    Each,
}

/// Refuses a path that cannot be followed yet.
pub(super) fn check_path(path: &str) -> Result<()> {
    steps(path).map(drop)
}

/// The steps of `$.key['key'][0][*]`; nothing, if this is no path.
fn steps(path: &str) -> Result<Option<Vec<Step>>> {
    let Some(mut rest) = path.strip_prefix('$') else {
        return Ok(None);
    };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if &name[..end] == "*" {
                return exec_err!("`.*` in the path `{path}` is not supported yet");
            }
            (
                Some(Step::Key(name[..end].to_owned())).filter(|_| end > 0),
                &name[end..],
            )
        } else if let Some((name, after)) = rest
            .strip_prefix("['")
            .and_then(|rest| rest.split_once("']"))
        {
            (Some(Step::Key(name.to_owned())), after)
        } else if let Some((index, after)) =
            rest.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        {
            let step = match index {
                "*" => Some(Step::Each),
                index => index.parse().ok().map(Step::Index),
            };
            (step, after)
        } else {
            (None, rest)
        };
        let Some(step) = step else {
            return Ok(None);
        };
        steps.push(step);
        rest = after;
    }
    Ok(Some(steps))
}

/// How Hive's evaluation, which Spark's follows, writes what it finds.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// A text alone, without quotes.
    Raw,
    /// Everything as json.
    Quoted,
    /// The elements of arrays, without their brackets.
    Flat,
}

fn found(json: &str, path: &[Step]) -> Option<String> {
    let mut out = Vec::new();
    evaluate(whole(json)?.trim(), path, Style::Raw, &mut out)?;
    (!out.is_empty()).then(|| out.join(","))
}

/// Adds what a path finds in a value; nothing, if a value is not what json allows.
fn evaluate(raw: &str, path: &[Step], style: Style, out: &mut Vec<String>) -> Option<()> {
    let first = raw.as_bytes().first()?;
    match (first, path) {
        // Half a surrogate pair has no text.
        (b'"' | b'\'', []) if style == Style::Raw => {
            let units = lenient::units(raw, Dialect::default())?;
            out.push(String::from_utf16(&units).ok()?);
        }
        (b'[', []) if style == Style::Flat => {
            for element in elements(raw)? {
                evaluate(element, path, style, out)?;
            }
        }
        (_, []) => out.push(rewritten(raw)?),
        (b'{', [Step::Key(name), rest @ ..]) => {
            let entries = entries(raw)?;
            let values = entries
                .iter()
                .filter(|(key, value)| key == name && *value != "null");
            for (_, value) in values {
                let before = out.len();
                evaluate(value, rest, style, out)?;
                if out.len() > before {
                    break;
                }
            }
        }
        (b'[', [Step::Each, Step::Each, rest @ ..]) => {
            let mut inner = Vec::new();
            for element in elements(raw)? {
                evaluate(element, rest, Style::Flat, &mut inner)?;
            }
            out.push(format!("[{}]", inner.join(",")));
        }
        (b'[', [Step::Each, rest @ ..]) if style != Style::Quoted => {
            let next = if style == Style::Raw {
                Style::Quoted
            } else {
                Style::Flat
            };
            let mut inner = Vec::new();
            for element in elements(raw)? {
                evaluate(element, rest, next, &mut inner)?;
            }
            match inner.len() {
                0 => {}
                1 => out.append(&mut inner),
                _ => out.push(format!("[{}]", inner.join(","))),
            }
        }
        (b'[', [Step::Each, rest @ ..]) => {
            let mut inner = Vec::new();
            for element in elements(raw)? {
                evaluate(element, rest, style, &mut inner)?;
            }
            out.push(format!("[{}]", inner.join(",")));
        }
        (b'[', [Step::Index(index), rest @ ..]) => {
            let style = if rest.first() == Some(&Step::Each) {
                Style::Quoted
            } else {
                style
            };
            if let Some(element) = elements(raw)?.get(*index) {
                evaluate(element, rest, style, out)?;
            }
        }
        _ => {}
    }
    Some(())
}

/// A value as Jackson writes it: without blanks, numbers with a point as Java's doubles.
fn rewritten(raw: &str) -> Option<String> {
    Some(match raw.as_bytes().first()? {
        b'{' => {
            let each = lenient::raw_entries(raw, Dialect::default())?
                .into_iter()
                .map(|(key, value)| {
                    let key = quoted(key)?;
                    Some(format!("{key}:{}", rewritten(value)?))
                });
            format!("{{{}}}", each.collect::<Option<Vec<_>>>()?.join(","))
        }
        b'[' => {
            let each = elements(raw)?.into_iter().map(rewritten);
            format!("[{}]", each.collect::<Option<Vec<_>>>()?.join(","))
        }
        b'"' | b'\'' => quoted(raw)?,
        b'-' | b'0'..=b'9' if raw.contains(['.', 'e', 'E']) => {
            let mut out = String::new();
            text::write_f64(&mut out, raw.parse().ok()?);
            out
        }
        _ => raw.to_owned(),
    })
}

/// A string as Jackson writes it, with surrogates as they are in memory: escaped, each alone.
fn quoted(raw: &str) -> Option<String> {
    let mut out = String::from("\"");
    for unit in lenient::units(raw, Dialect::default())? {
        match unit {
            0x22 => out.push_str("\\\""),
            0x5c => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            0x09 => out.push_str("\\t"),
            0x0a => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            0x0d => out.push_str("\\r"),
            0..0x20 | 0xd800..0xe000 => out.push_str(&format!("\\u{unit:04X}")),
            _ => out.extend(char::from_u32(u32::from(unit))),
        }
    }
    out.push('"');
    Some(out)
}

fn to_json_field(call: &Call<'_>) -> Result<Field> {
    match call.kind(0) {
        ArrowType::Struct(_) | ArrowType::List(_) | ArrowType::Map(..)
            if call.fields.len() == 1 =>
        {
            Ok(call.nullable(ArrowType::Utf8))
        }
        _ => plan_err!("`to_json` takes a struct, an array or a map"),
    }
}

/// A type as `from_json` takes it: its name, or fields alone.
fn described(literal: Option<&str>) -> Result<T> {
    let Some(text) = literal else {
        return plan_err!("the schema of `from_json` is a literal");
    };
    let Ok(kind) = text
        .parse::<T>()
        .or_else(|_| format!("struct<{text}>").parse::<T>())
    else {
        return plan_err!("`{text}` is no schema");
    };
    match kind {
        T::Struct(_) | T::Array(_) => Ok(kind),
        T::Map(ref key, _) if **key == T::String => Ok(kind),
        other => {
            plan_err!("`from_json` gives structs, arrays and maps with texts as keys, not {other}")
        }
    }
}

fn from_json_field(call: &Call<'_>) -> Result<Field> {
    Ok(call.nullable(described(call.text(1))?.to_arrow()))
}

/// What cannot be read is a struct of nulls, or null for an array or a map, as in Spark's mode PERMISSIVE.
fn from_json(args: &[ArrayRef], _: &Field, zone: Zone) -> Result<ArrayRef> {
    let schema = ScalarValue::try_from_array(&args[1], 0)?;
    let kind = described(schema.try_as_str().flatten())?;
    let mut builder = ColumnBuilder::new(&kind);
    let mut rules = ValueRules::default();
    rules.times.in_session(zone);
    for json in args[0].as_string::<i32>() {
        match json.map(str::trim) {
            None | Some("") => builder.push_null(),
            Some(json) => push(&mut builder, json, &kind, &rules),
        }
    }
    Ok(builder.finish())
}

fn push(builder: &mut ColumnBuilder, json: &str, kind: &T, rules: &ValueRules) {
    let is_struct = matches!(kind, T::Struct(_));
    let value = whole(json).and_then(|json| with_texts(json, kind));
    let value = value.as_deref();
    let opens = if matches!(kind, T::Array(_)) {
        '['
    } else {
        '{'
    };
    match value {
        Some(json) if json.starts_with(opens) || json == "null" => {
            // A member that does not fit is null.
            let _fit: Fit = builder.push_json(json, rules);
        }
        _ if is_struct => {
            let _fit: Fit = builder.push_json("{}", rules);
        }
        _ => builder.push_null(),
    }
}

/// The same json with what stands where a text is asked for written as Jackson writes it.
fn with_texts(raw: &str, kind: &T) -> Option<String> {
    Some(match (kind, raw.as_bytes().first()?) {
        (T::String, b'"' | b'\'') => raw.to_owned(),
        (T::String, _) => {
            let text = rewritten(raw)?;
            if text == "null" {
                text
            } else {
                serde_json::Value::from(text).to_string()
            }
        }
        (T::Array(element), b'[') => {
            let each = elements(raw)?
                .into_iter()
                .map(|value| with_texts(value, element));
            format!("[{}]", each.collect::<Option<Vec<_>>>()?.join(","))
        }
        (T::Struct(_) | T::Map(..), b'{') => {
            let each = entries(raw)?.into_iter().map(|(key, value)| {
                let member = match kind {
                    T::Struct(fields) => fields
                        .iter()
                        .find(|field| field.name == *key)
                        .map(|field| &field.data_type),
                    T::Map(_, value) => Some(&**value),
                    _ => None,
                };
                let value = member
                    .map_or_else(|| Some(value.to_owned()), |kind| with_texts(value, kind))?;
                Some(format!("{}:{value}", serde_json::Value::from(&*key)))
            });
            format!("{{{}}}", each.collect::<Option<Vec<_>>>()?.join(","))
        }
        _ => raw.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_finds_what_hive_finds() {
        for (json, path, value) in [
            (r#"{"a": "x"}"#, "$.a", Some("x")),
            (r#"[{"a": 1}, {"a": 2}]"#, "$[*].a", Some("[1,2]")),
            (r#"[{"a": 1}]"#, "$[*].a", Some("1")),
            (r#"{"a b": 1}"#, "$['a b']", Some("1")),
            (r#"{"a": null}"#, "$.a", None),
            (r#"{"a": 1e3}"#, "$.a", Some("1000.0")),
            ("{", "$.a", None),
        ] {
            let path = steps(path).unwrap().unwrap();
            assert_eq!(found(json, &path).as_deref(), value, "{json}");
        }
        assert_eq!(steps("a").unwrap(), None);
    }
}
