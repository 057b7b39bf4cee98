//! Baggage that another program gave (W3C Baggage, <https://www.w3.org/TR/baggage/>): read for this one, and handed on as it came.
//!
//! The SDK's `BaggagePropagator` is not used for it: it ends a value at a `=` in it, and writes percent signs and properties otherwise than
//! they came.

#[cfg(feature = "engine")]
use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::baggage::{BaggageExt as _, KeyValueMetadata};
#[cfg(feature = "engine")]
use opentelemetry::propagation::TextMapPropagator as _;
#[cfg(feature = "engine")]
use opentelemetry_sdk::propagation::BaggagePropagator;
use percent_encoding::percent_decode_str;

/// The name of the header.
#[cfg(feature = "engine")]
pub(super) const HEADER: &str = "baggage";

/// What everybody has to hand on, and so all that is: members, and bytes (section 3.3.2, "Limits").
const MEMBERS: usize = 64;
const BYTES: usize = 8192;

/// The members that a context was given, as they were written.
#[cfg(feature = "engine")]
#[derive(Debug)]
struct Received(String);

/// A context with the members of a text that are valid, and how many are not.
pub(super) fn received(context: &Context, text: &str) -> (Context, usize) {
    let written = text
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty());
    let (mut members, mut header, mut left_out) = (Vec::new(), String::new(), 0);
    for written in written {
        let fits = members.len() < MEMBERS && header.len() + 1 + written.len() <= BYTES;
        match member(written).filter(|_| fits) {
            Some(member) => {
                members.push(member);
                if !header.is_empty() {
                    header.push(',');
                }
                header.push_str(written);
            }
            None => left_out += 1,
        }
    }
    if members.is_empty() {
        return (context.clone(), left_out);
    }
    let context = context.with_baggage(members);
    #[cfg(feature = "engine")]
    let context = context.with_value(Received(header));
    (context, left_out)
}

/// The header by which a request carries the baggage of a context on, if it has any.
#[cfg(feature = "engine")]
pub(super) fn header(context: &Context) -> Option<String> {
    if let Some(Received(header)) = context.get() {
        return Some(header.clone());
    }
    let mut carrier = HashMap::new();
    BaggagePropagator::new().inject_context(context, &mut carrier);
    carrier.remove(HEADER)
}

/// `key=value`, and `;` before each property (section 3.3.1, "Definition").
fn member(text: &str) -> Option<KeyValueMetadata> {
    let (pair, properties) = text.split_once(';').unwrap_or((text, ""));
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    let is_valid = is_token(key)
        && is_value(value)
        && text.split(';').skip(1).all(|property| {
            let (key, value) = property.split_once('=').unwrap_or((property, ""));
            is_token(key.trim()) && is_value(value.trim())
        });
    let value = percent_decode_str(value).decode_utf8_lossy();
    is_valid.then(|| KeyValueMetadata::new(key.to_owned(), value.into_owned(), properties))
}

/// `token` of RFC 7230, section 3.2.6.
fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

/// `baggage-octet`s: neither blanks, quotes, commas, semicolons nor backslashes.
fn is_value(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(context: &Context, key: &str) -> Option<String> {
        context.baggage().get(key).map(ToString::to_string)
    }

    #[test]
    fn members_are_read() {
        let text = "user=ann , token=YWJj==;secret;ttl = 5,name=%C3%A4%2541";
        let (context, left_out) = received(&Context::new(), text);
        assert_eq!(left_out, 0);
        assert_eq!(value(&context, "user").as_deref(), Some("ann"));
        assert_eq!(value(&context, "token").as_deref(), Some("YWJj=="));
        assert_eq!(value(&context, "name").as_deref(), Some("ä%41"));
    }

    #[cfg(feature = "engine")]
    #[test]
    fn members_are_handed_on_as_they_came() {
        for text in [
            "user=ann",
            "token=YWJj==,x=%2541",
            "a=1;meta=%20x;flag,a=2",
            "empty=",
        ] {
            let (context, left_out) = received(&Context::new(), text);
            assert_eq!((header(&context).as_deref(), left_out), (Some(text), 0));
        }
        assert_eq!(header(&Context::new()), None);
    }

    #[test]
    fn what_is_no_member_is_left_out_and_counted() {
        for text in [
            "a", "=1", "a b=1", "a=x y", "a=\"x\"", "a=x\\y", "a=ä", "a=1;", "a=1;b c",
        ] {
            let (context, left_out) = received(&Context::new(), &format!("{text},good=1,,"));
            assert_eq!(left_out, 1, "{text}");
            assert_eq!(context.baggage().len(), 1, "{text}");
        }
    }

    #[test]
    fn no_more_is_taken_than_everybody_has_to_hand_on() {
        let many: Vec<String> = (0..65).map(|n| format!("k{n}=v")).collect();
        assert_eq!(received(&Context::new(), &many.join(",")).1, 1);
        let long = format!("a=1,b={}", "x".repeat(8192));
        assert_eq!(received(&Context::new(), &long).1, 1);
    }
}
