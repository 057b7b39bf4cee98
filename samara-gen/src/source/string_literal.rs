//! From a place inside a string to the place in the file that wrote it.

/// The byte of `literal`, a string as JSON or YAML write it, that byte `offset` of its decoded text comes from.
///
/// The end of the text, or any offset beyond it, is the closing quote.
pub(super) fn literal_offset(literal: &str, offset: usize) -> usize {
    match literal.as_bytes().first() {
        Some(b'"') => double_quoted_offset(literal, offset),
        Some(b'\'') => single_quoted_offset(literal, offset),
        _ => offset.min(literal.len()),
    }
}

/// In single quotes nothing is escaped but the quote, by another one.
fn single_quoted_offset(literal: &str, offset: usize) -> usize {
    let end = literal.len() - 1;
    let mut at = 1;
    for _ in 0..offset {
        let is_quote = literal.get(at..).is_some_and(|rest| rest.starts_with("''"));
        at += if is_quote { 2 } else { 1 };
    }
    at.min(end)
}

fn double_quoted_offset(literal: &str, offset: usize) -> usize {
    let mut at = 1;
    let mut decoded = 0;
    while let Some((written, meant)) = next_character(literal.get(at..).unwrap_or_default()) {
        if decoded + meant > offset {
            break;
        }
        at += written;
        decoded += meant;
    }
    at.min(literal.len())
}

/// How many bytes the next character takes in the literal, and how many once decoded; `None` at the closing quote.
fn next_character(rest: &str) -> Option<(usize, usize)> {
    let first = rest.chars().next().filter(|first| *first != '"')?;
    if first != '\\' {
        return Some((first.len_utf8(), first.len_utf8()));
    }
    match rest.as_bytes().get(1) {
        Some(b'u') => Some(unicode_escape(rest)),
        Some(_) => Some((2, 1)),
        None => None,
    }
}

fn unicode_escape(rest: &str) -> (usize, usize) {
    let unit = rest
        .get(2..6)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or_default();
    match char::from_u32(unit) {
        Some(character) => (6, character.len_utf8()),
        // The first half of a surrogate pair: `\ud83d\ude00`, four bytes in UTF-8.
        None => (12, 4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_escapes_only_the_quote_is_skipped() {
        assert_eq!(literal_offset(r#""amount > 10""#, 0), 1);
        assert_eq!(literal_offset(r#""amount > 10""#, 9), 10);
        assert_eq!(literal_offset(r#""ab""#, 2), 3);
        assert_eq!(literal_offset(r#""ab""#, 99), 3);
    }

    #[test]
    fn yaml_has_plain_and_single_quoted_strings_too() {
        assert_eq!(literal_offset("amount > 10", 9), 9);
        assert_eq!(literal_offset("'a = ''x'' AND b'", 4), 5);
        assert_eq!(literal_offset("'a = ''x'' AND b'", 12), 15);
        assert_eq!(literal_offset("'ab'", 99), 3);
    }

    #[test]
    fn escapes_before_a_place_move_it() {
        let literal = r#""name = \"x\" AND \u00e4\ud83d\ude00 amuont > 1\n""#;
        let decoded: String = serde_json::from_str(literal).expect("the literal is JSON");

        let found = literal_offset(literal, decoded.find("amuont").expect("it is there"));

        assert_eq!(&literal[found..found + 6], "amuont");
    }
}
