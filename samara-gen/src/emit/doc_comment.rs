//! Writes texts of a workflow into comments, where no text may end the comment, change the page or hide characters.

const MAX_WIDTH: usize = 100;

/// A doc comment that reads as plain text: `marker` is `///` or `//!`. Blank lines of the text part its paragraphs.
/// Ends with a line break, unless the text is blank.
pub fn doc(marker: &str, text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let paragraphs = lines
        .split(|line| line.is_empty())
        .filter(|paragraph| !paragraph.is_empty());
    let written: Vec<String> = paragraphs
        .map(|paragraph| wrapped(marker, &escaped(&paragraph.join(" "))))
        .collect();
    written.join(&format!("{marker}\n"))
}

/// A doc comment of one paragraph that is Markdown already; see [`code`].
pub fn doc_of_markdown(marker: &str, markdown: &str) -> String {
    wrapped(marker, markdown)
}

/// A comment that is no doc comment, over as many lines as it takes.
pub fn comment(text: &str) -> String {
    wrapped("//", &visible(text))
}

/// A text as inline code.
pub fn code(text: &str) -> String {
    let text = visible(text);
    if text.trim().is_empty() {
        return "(blank)".to_owned();
    }
    if !text.contains('`') {
        return format!("`{text}`");
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    format!("{fence} {text} {fence}")
}

/// The text with every character that does not print, or changes the direction of others, spelt out.
pub fn visible(text: &str) -> String {
    let visible = |c: char| {
        if matches!(c, '\\' | '"' | '\'') {
            c.to_string()
        } else {
            c.escape_debug().to_string()
        }
    };
    text.chars().map(visible).collect()
}

/// Markdown that shows the text as it is. Paired single backticks keep their meaning: people write names in them.
fn escaped(text: &str) -> String {
    let text = visible(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let pieces: Vec<&str> = text.split('`').collect();
    let paired = pieces.len() % 2 == 1
        && !pieces
            .iter()
            .skip(1)
            .rev()
            .skip(1)
            .any(|piece| piece.is_empty());
    let plain = |piece: &str| {
        let special = |c| matches!(c, '\\' | '<' | '[' | ']' | '*' | '~');
        piece
            .chars()
            .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
            .collect::<String>()
    };
    if !paired {
        return pieces
            .iter()
            .map(|piece| plain(piece))
            .collect::<Vec<_>>()
            .join("\\`");
    }
    let piece = |(place, piece): (usize, &&str)| {
        if place % 2 == 0 {
            plain(piece)
        } else {
            format!("`{piece}`")
        }
    };
    pieces.iter().enumerate().map(piece).collect()
}

fn wrapped(marker: &str, text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= MAX_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{marker} {}", line_start(word))),
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The first word of a line, so that it begins no heading, list, rule or fence.
fn line_start(word: &str) -> String {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 && word[digits..].starts_with(['.', ')']) {
        return format!("{}\\{}", &word[..digits], &word[digits..]);
    }
    if word.starts_with(['#', '-', '+', '=', '_', '>', '|', ':']) || word.starts_with("```") {
        return format!("\\{word}");
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_keeps_its_paragraphs() {
        assert_eq!(
            doc("///", "One\ntwo.\n\nThree."),
            "/// One two.\n///\n/// Three.\n"
        );
    }

    #[test]
    fn a_blank_description_is_no_comment() {
        assert_eq!(doc("///", " \n \n"), "");
    }

    #[test]
    fn names_in_backticks_stay_code() {
        assert_eq!(
            doc("///", "Joins `a_b` and `<c>`."),
            "/// Joins `a_b` and `<c>`.\n"
        );
    }

    #[test]
    fn a_code_fence_or_html_is_shown_and_not_obeyed() {
        assert_eq!(
            doc("///", "```\nfn x() {}\n```"),
            "/// \\`\\`\\` fn x() {} \\`\\`\\`\n"
        );
        assert_eq!(
            doc("//!", "<script>*/[x](y)"),
            "//! \\<script>\\*/\\[x\\](y)\n"
        );
    }

    #[test]
    fn a_line_never_begins_a_list_or_a_heading() {
        assert_eq!(doc("///", "# a"), "/// \\# a\n");
        assert_eq!(doc("///", "- a"), "/// \\- a\n");
        assert_eq!(doc("///", "12. a"), "/// 12\\. a\n");
    }

    #[test]
    fn characters_that_hide_text_are_spelt_out() {
        assert_eq!(comment("a\u{202e}b\0\r\nc"), "// a\\u{202e}b\\0\\r\\nc\n");
    }

    #[test]
    fn inline_code_may_hold_backticks() {
        assert_eq!(code("a``b"), "``` a``b ```");
    }

    #[test]
    fn long_texts_are_wrapped() {
        let text = doc("///", &"word ".repeat(60));
        assert!(
            text.lines()
                .all(|line| line.len() <= MAX_WIDTH && line.starts_with("/// word"))
        );
    }
}
