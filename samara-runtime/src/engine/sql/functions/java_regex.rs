//! Java's regular expressions in the terms of the crate `regex`.

use datafusion::common::{DataFusionError, Result};
use regex::Regex;

/// The pattern that was compiled last: most columns have one.
#[derive(Default)]
pub(crate) struct Compiled(Option<(String, Regex)>);

impl Compiled {
    /// A pattern, compiled.
    ///
    /// # Errors
    ///
    /// For one that is none, or that cannot be given Java's meaning.
    pub fn get(&mut self, pattern: &str) -> Result<Regex> {
        if let Some((text, regex)) = &self.0
            && text == pattern
        {
            return Ok(regex.clone());
        }
        let regex = compiled(pattern)?;
        self.0 = Some((pattern.to_owned(), regex.clone()));
        Ok(regex)
    }
}

fn compiled(pattern: &str) -> Result<Regex> {
    let wrong = |why: &dyn std::fmt::Display| {
        DataFusionError::Execution(format!("`{pattern}` is no regular expression: {why}"))
    };
    let translated = translated(pattern)
        .map_err(|why| DataFusionError::NotImplemented(format!("`{pattern}`: {why}")))?;
    Regex::new(&translated).map_err(|error| wrong(&error))
}

/// The pattern with Java's meaning of classes; an error says what there is no equal of.
fn translated(pattern: &str) -> std::result::Result<String, &'static str> {
    let mut out = String::new();
    let mut letters = pattern.chars().peekable();
    let mut depth = 0_usize;
    let mut after_quantifier = false;
    let dot_is_any = sets_flag(pattern, 's');
    while let Some(letter) = letters.next() {
        let quantifier = depth == 0 && matches!(letter, '*' | '+' | '?' | '}');
        if after_quantifier && letter == '+' {
            return Err("possessive quantifiers are not supported");
        }
        after_quantifier = quantifier && !(after_quantifier && letter == '?');
        match letter {
            '\\' => escaped(&mut letters, depth > 0, &mut out)?,
            '[' => {
                depth += 1;
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // Java has no `[:alpha:]`.
                if letters.next_if_eq(&':').is_some() {
                    out.push_str(r"\:");
                }
            }
            ']' if depth > 0 => {
                depth -= 1;
                out.push(']');
            }
            '.' if depth == 0 && !dot_is_any => {
                out.push_str(r"[^\n\r\x{85}\x{2028}\x{2029}]");
            }
            '-' | '~' if depth > 0 && letters.peek() == Some(&letter) => {
                out.push('\\');
                out.push(letter);
            }
            '(' if depth == 0 && letters.peek() == Some(&'?') => {
                out.push('(');
                refuse_look_around(&letters)?;
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

/// Whether a group of flags sets one.
fn sets_flag(pattern: &str, flag: char) -> bool {
    pattern.split("(?").skip(1).any(|rest| {
        rest.chars()
            .take_while(char::is_ascii_alphabetic)
            .any(|letter| letter == flag)
    })
}

fn refuse_look_around(
    rest: &std::iter::Peekable<std::str::Chars<'_>>,
) -> std::result::Result<(), &'static str> {
    let ahead: String = rest.clone().skip(1).take(2).collect();
    let looks =
        ahead.starts_with(['=', '!', '>']) || ahead.starts_with("<=") || ahead.starts_with("<!");
    if looks {
        return Err("look-around and atomic groups are not supported");
    }
    Ok(())
}

fn escaped(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    in_class: bool,
    out: &mut String,
) -> std::result::Result<(), &'static str> {
    let Some(letter) = letters.next() else {
        out.push('\\');
        return Ok(());
    };
    let class = match letter {
        'w' | 'W' => "0-9A-Za-z_",
        'd' | 'D' => "0-9",
        's' | 'S' => r" \t\n\x0B\x0C\r",
        'h' | 'H' => r" \t\x{A0}\x{1680}\x{180e}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}",
        'p' | 'P' => return named_class(letter, letters, out),
        '1'..='9' if !in_class => return Err("back references are not supported"),
        'k' if !in_class => return Err("back references are not supported"),
        'Q' => return quoted(letters, out),
        'e' => {
            out.push_str(r"\x1B");
            return Ok(());
        }
        'Z' | 'G' | 'R' | 'X' | 'c' | 'E' | 'N' | 'v' | 'V' | '0' | '<' | '>' => {
            return Err("one of its escapes is not supported");
        }
        'u' => {
            let code: String = letters.by_ref().take(4).collect();
            out.push_str(&format!(r"\x{{{code}}}"));
            return Ok(());
        }
        other => {
            out.push('\\');
            out.push(other);
            return Ok(());
        }
    };
    let negated = if letter.is_ascii_uppercase() { "^" } else { "" };
    out.push_str(&format!("[{negated}{class}]"));
    Ok(())
}

/// `\Q…\E`: what stands between is meant as it stands.
fn quoted(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> std::result::Result<(), &'static str> {
    let mut text = String::new();
    for letter in letters.by_ref() {
        text.push(letter);
        if let Some(inner) = text.strip_suffix(r"\E") {
            text.truncate(inner.len());
            break;
        }
    }
    out.push_str(&regex::escape(&text));
    Ok(())
}

/// `\p{…}`: Java's names without a prefix are of ASCII.
fn named_class(
    letter: char,
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> std::result::Result<(), &'static str> {
    let name: String = if letters.next_if_eq(&'{').is_some() {
        letters
            .by_ref()
            .take_while(|letter| *letter != '}')
            .collect()
    } else {
        letters.next().into_iter().collect()
    };
    let negated = if letter == 'P' { "^" } else { "" };
    match name.as_str() {
        "Lower" | "Upper" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Cntrl"
        | "XDigit" | "Blank" | "Space" => {
            out.push_str(&format!("[[:{negated}{}:]]", name.to_lowercase()));
        }
        name if name.len() <= 2 => out.push_str(&format!("\\{letter}{{{name}}}")),
        name if name.starts_with("Is") => {
            out.push_str(&format!("\\{letter}{{{}}}", &name[2..]));
        }
        _ => return Err("one of its classes is not supported"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_of_ascii_and_a_dot_is_no_line_end_as_in_java() {
        for (pattern, text, matches) in [
            (r"\w", "é", false),
            (r"\W", "é", true),
            (r"[\d]", "٣", false),
            (r"a.b", "a\rb", false),
            (r"(?s)a.b", "a\nb", true),
            (r"\p{Alpha}", "é", false),
            (r"\p{L}", "é", true),
            (r"\Qa.b\E", "axb", false),
            (r"[a--]", "-", true),
        ] {
            assert_eq!(
                compiled(pattern).unwrap().is_match(text),
                matches,
                "{pattern}"
            );
        }
    }

    #[test]
    fn what_has_no_equal_is_refused() {
        for pattern in ["a(?=b)", "(?<!a)b", r"(a)\1", "a*+", "(?>a)", r"a\Z", "["] {
            assert!(compiled(pattern).is_err(), "{pattern}");
        }
    }
}
