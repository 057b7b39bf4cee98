//! Functions of regular expressions.

use datafusion::arrow::datatypes::Field;
use datafusion::common::{Result, exec_err};

use crate::engine::DataType as T;
use crate::engine::sql::functions::array::list_of;
use crate::engine::sql::functions::function::{Call, Row, SparkFunction, Takes};
use crate::engine::sql::functions::java_regex::{Found, JavaRegex};
use crate::engine::sql::functions::value::Value;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Int, Text};
    let f = SparkFunction::rows;
    let all = vec![
        f("regexp_like", &[Text, Text], T::Boolean, matches),
        f("regexp", &[Text, Text], T::Boolean, matches),
        f("rlike", &[Text, Text], T::Boolean, matches),
        f("regexp_count", &[Text, Text], T::Integer, |row| {
            Ok(Value::int(row.pattern(1)?.each(row.text(0)).count()))
        }),
        f("regexp_instr", &[Text, Text, Int], T::Integer, |row| {
            let text = row.text(0);
            let pattern = row.pattern(1)?;
            Ok(Value::int(pattern.find(text).map_or(0, |found| {
                1 + text[..found.range().start].chars().count()
            })))
        })
        .at_least(2),
        f("regexp_substr", &[Text, Text], T::String, |row| {
            let found = row.pattern(1)?;
            Ok(found.find(row.text(0)).map(|found| found.text()).into())
        })
        .may_be_null(),
        f("regexp_extract", &[Text, Text, Int], T::String, |row| {
            let (pattern, group) = (row.pattern(1)?, row.int_or(2, 1));
            let group = existing(&pattern, group)?;
            let found = pattern.find(row.text(0));
            Ok(found
                .and_then(|found| found.group(group))
                .unwrap_or("")
                .into())
        })
        .at_least(2),
        SparkFunction::typed_rows(
            "regexp_extract_all",
            &[Text, Text, Int],
            nullable_texts,
            |row| {
                let (pattern, group) = (row.pattern(1)?, row.int_or(2, 1));
                let group = existing(&pattern, group)?;
                let each = pattern.each(row.text(0));
                let each = each.map(|found| found.group(group).unwrap_or("").to_owned());
                Ok(Value::Texts(each.collect()))
            },
        )
        .at_least(2),
        f(
            "regexp_replace",
            &[Text, Text, Text, Int],
            T::String,
            replaced,
        )
        .at_least(3),
        SparkFunction::typed_rows("split", &[Text, Text, Int], texts, |row| {
            let limit = row.int_or(2, -1);
            Ok(Value::Texts(parts(row.text(0), &row.pattern(1)?, limit)))
        })
        .at_least(2),
    ];
    all.into_iter()
        .map(|function| function.with_pattern(1))
        .collect()
}

fn texts(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(list_of(T::String.to_arrow(), false)))
}

fn nullable_texts(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(list_of(T::String.to_arrow(), true)))
}

fn matches(row: &Row<'_>) -> Result<Value> {
    Ok(row.pattern(1)?.is_match(row.text(0)).into())
}

/// The number of a group, if the pattern has it.
fn existing(pattern: &JavaRegex, group: i32) -> Result<usize> {
    match usize::try_from(group) {
        Ok(group) if group <= pattern.groups() => Ok(group),
        _ => exec_err!(
            "the pattern has no group {group}; it has {}",
            pattern.groups()
        ),
    }
}

/// Refuses a group that a pattern does not have.
pub(super) fn check_group(pattern: &str, group: i64) -> Result<()> {
    let group = i32::try_from(group).unwrap_or(-1);
    existing(&JavaRegex::new(pattern)?, group).map(drop)
}

/// Refuses a replacement with a group that a pattern does not have.
pub(super) fn check_replacement(pattern: &str, new: &str) -> Result<()> {
    let groups = JavaRegex::new(pattern)?.groups();
    let mut letters = new.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', None) => return exec_err!("the replacement `{new}` ends in a backslash"),
            ('\\', Some(_)) => drop(letters.next()),
            ('$', Some('{')) => {}
            ('$', next) => match next.and_then(|digit| digit.to_digit(10)) {
                Some(group) if group as usize <= groups => {}
                Some(group) => {
                    return exec_err!(
                        "the pattern has no group {group}, which the replacement `{new}` names"
                    );
                }
                None => return exec_err!("`$` stands for no group in the replacement `{new}`"),
            },
            _ => {}
        }
    }
    Ok(())
}

fn replaced(row: &Row<'_>) -> Result<Value> {
    let (text, pattern, new) = (row.text(0), row.pattern(1)?, row.text(2));
    let from = row.int_or(3, 1);
    if from < 1 {
        return exec_err!("the place where `regexp_replace` begins is from 1; it is {from}");
    }
    let skip = usize::try_from(from - 1).unwrap_or(usize::MAX);
    let Some(start) = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(skip)
    else {
        return Ok(text.into());
    };
    if from > 1 && start == text.len() {
        return Ok(text.into());
    }
    let mut out = text[..start].to_owned();
    let mut last = start;
    for found in pattern.each(&text[start..]) {
        let whole = found.range();
        out.push_str(&text[last..start + whole.start]);
        expand(&found, new, pattern.groups(), &mut out)?;
        last = start + whole.end;
    }
    out.push_str(&text[last..]);
    Ok(out.into())
}

/// A replacement as Java's `Matcher` reads it: `$1` and `${name}` are groups, a backslash takes the next letter as it is.
fn expand(found: &Found<'_, '_>, new: &str, groups: usize, out: &mut String) -> Result<()> {
    let mut letters = new.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(next) => out.push(next),
                None => return exec_err!("the replacement `{new}` ends in a backslash"),
            },
            '$' if letters.next_if_eq(&'{').is_some() => {
                let name: String = letters
                    .by_ref()
                    .take_while(|letter| *letter != '}')
                    .collect();
                match found.named(&name) {
                    Some(group) => out.push_str(group),
                    None => return exec_err!("the pattern has no group `{name}`"),
                }
            }
            '$' => {
                let digit = |letter: Option<&char>| letter.and_then(|letter| letter.to_digit(10));
                let Some(mut group) = digit(letters.peek()) else {
                    return exec_err!("`$` stands for no group in the replacement `{new}`");
                };
                letters.next();
                while let Some(next) = digit(letters.peek()) {
                    let longer = group * 10 + next;
                    if usize::try_from(longer).map_or(true, |longer| longer > groups) {
                        break;
                    }
                    group = longer;
                    letters.next();
                }
                let group = usize::try_from(group).unwrap_or(usize::MAX);
                if group > groups {
                    return exec_err!("the pattern has no group {group}");
                }
                out.push_str(found.group(group).unwrap_or(""));
            }
            other => out.push(other),
        }
    }
    Ok(())
}

/// The parts of a text between the matches of a pattern.
pub(super) fn parts(text: &str, pattern: &JavaRegex, limit: i32) -> Vec<String> {
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(usize::MAX);
    if pattern.is_empty() {
        return letters(text, limit);
    }
    let mut parts = Vec::new();
    let mut last = 0;
    // As in Java, an empty match at the start parts nothing.
    let matches = pattern.each(text).map(|found| found.range());
    for found in matches.filter(|range| range.end > 0) {
        if parts.len() + 1 >= limit {
            break;
        }
        parts.push(text[last..found.start].to_owned());
        last = found.end;
    }
    parts.push(text[last..].to_owned());
    parts
}

/// The letters of a text; the last part has those that are left.
fn letters(text: &str, limit: usize) -> Vec<String> {
    let mut parts: Vec<String> = text.chars().map(String::from).collect();
    if parts.len() > limit {
        let rest = parts.split_off(limit - 1).concat();
        parts.push(rest);
    }
    if parts.is_empty() {
        parts.push(String::new());
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_as_java_splits_it() {
        let split = |text, pattern, limit| parts(text, &JavaRegex::new(pattern).unwrap(), limit);
        assert_eq!(split("a,b,,", ",", -1), ["a", "b", "", ""]);
        assert_eq!(split("a1b2c", "[0-9]", -1), ["a", "b", "c"]);
        assert_eq!(split("a,b,c", ",", 2), ["a", "b,c"]);
        assert_eq!(split("", ",", -1), [""]);
        assert_eq!(split("aab", "a*", -1), ["", "", "b", ""]);
        assert_eq!(split("ab\n", "$", -1), ["ab", "\n", ""]);
    }
}
