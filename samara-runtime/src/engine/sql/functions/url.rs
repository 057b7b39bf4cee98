//! Functions of URLs.

use datafusion::common::{Result, exec_err};

use crate::engine::DataType as T;
use crate::engine::sql::functions::function::{Row, SparkFunction, Takes};
use crate::engine::sql::functions::java_regex::JavaRegex;
use crate::engine::sql::functions::value::Value;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::Text;
    let f = SparkFunction::rows;
    vec![
        f("parse_url", &[Text, Text, Text], T::String, |row| {
            parsed(row, true)
        })
        .at_least(2)
        .may_be_null(),
        f("try_parse_url", &[Text, Text, Text], T::String, |row| {
            parsed(row, false)
        })
        .at_least(2)
        .may_be_null(),
        f("url_encode", &[Text], T::String, |row| {
            Ok(encoded(row.text(0)).into())
        })
        .may_be_null(),
        f("url_decode", &[Text], T::String, |row| {
            match decoded(row.text(0)) {
                Some(text) => Ok(text.into()),
                None => exec_err!("`{}` is not URL-encoded", row.text(0)),
            }
        })
        .may_be_null(),
        f("try_url_decode", &[Text], T::String, |row| {
            Ok(decoded(row.text(0)).into())
        })
        .may_be_null(),
    ]
}

/// As `application/x-www-form-urlencoded`.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code = std::str::from_utf8(after.get(..2)?).ok()?;
                bytes.push(u8::from_str_radix(code, 16).ok()?);
                rest = &after[2..];
            }
            other => bytes.push(*other),
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The parts of a URI, as RFC 2396 parts it.
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    /// Nothing, if what follows the scheme is none, as in `mailto:`.
    path: Option<&'a str>,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Nothing for a text with letters that a URI does not have.
    fn of(text: &'a str) -> Option<Self> {
        let is_wrong = |letter: char| {
            letter.is_control() || letter.is_whitespace() || "\"<>\\^`{|}".contains(letter)
        };
        let percents = text.match_indices('%').all(|(at, _)| {
            let code = text.as_bytes().get(at + 1..at + 3);
            code.is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit))
        });
        if text.contains(is_wrong) || !percents {
            return None;
        }
        let (rest, fragment) = split(text, '#');
        let (rest, query) = split(rest, '?');
        let scheme = rest.find(':').filter(|end| {
            let name = &rest[..*end];
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        });
        let (scheme, rest) =
            scheme.map_or((None, rest), |end| (Some(&rest[..end]), &rest[end + 1..]));
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                (Some(&rest[..end]).filter(|_| end > 0), &rest[end..])
            }
            None => (None, rest),
        };
        let path =
            Some(path).filter(|path| scheme.is_none() || path.is_empty() || path.starts_with('/'));
        Some(Self {
            scheme,
            authority,
            path,
            query,
            fragment,
        })
    }

    fn host(&self) -> Option<&'a str> {
        let authority = self.authority?;
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let end = host.rfind(':').filter(|at| !host[*at..].contains(']'));
        Some(&host[..end.unwrap_or(host.len())])
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

fn parsed(row: &Row<'_>, fails: bool) -> Result<Value> {
    let Some(parts) = Parts::of(row.text(0)) else {
        if fails {
            return exec_err!("`{}` is no URL", row.text(0));
        }
        return Ok(Value::Null);
    };
    let key = (row.len() > 2).then(|| row.text(2));
    let found = match (row.text(1), key) {
        ("QUERY", Some(key)) => match parts.query {
            Some(query) => of_key(query, key)?,
            None => None,
        },
        (_, Some(_)) => None,
        ("HOST", None) => parts.host().map(str::to_owned),
        ("PATH", None) => parts.path.map(str::to_owned),
        ("QUERY", None) => parts.query.map(str::to_owned),
        ("REF", None) => parts.fragment.map(str::to_owned),
        ("PROTOCOL", None) => parts.scheme.map(str::to_owned),
        ("FILE", None) => parts.path.map(|path| match parts.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }),
        ("AUTHORITY", None) => parts.authority.map(str::to_owned),
        ("USERINFO", None) => parts
            .authority
            .and_then(|all| all.rsplit_once('@'))
            .map(|(user, _)| user.to_owned()),
        _ => None,
    };
    Ok(found.into())
}

/// The value of a key, which is a pattern for Spark.
fn of_key(query: &str, key: &str) -> Result<Option<String>> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_-".contains(letter);
    if key.chars().all(is_plain) {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let found = pairs.find(|(name, _)| *name == key);
        return Ok(found.map(|(_, value)| value.to_owned()));
    }
    let pattern = JavaRegex::new(&format!("(&|^){key}=([^&]*)"))?;
    let found = pattern.find(query);
    Ok(found.and_then(|found| found.group(2).map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_comes_back() {
        assert_eq!(encoded("a b&é~*"), "a+b%26%C3%A9%7E*");
        assert_eq!(decoded("a+b%26%C3%A9%7E*").as_deref(), Some("a b&é~*"));
        assert_eq!(decoded("%zz"), None);
    }
}
