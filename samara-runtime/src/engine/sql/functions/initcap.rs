//! Spark's `initcap`: words begin after blanks only.

/// The text with the first letter of each word as in a title, and the others small.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            push_title(&mut out, first);
            out.push_str(&letters.as_str().to_lowercase());
        }
    }
    out
}

/// A letter as it begins a word: of one that is two, as `ß` and `ǆ`, only the first is great.
fn push_title(out: &mut String, letter: char) {
    let digraph = match letter {
        'Ǆ' | 'ǅ' | 'ǆ' => Some('ǅ'),
        'Ǉ' | 'ǈ' | 'ǉ' => Some('ǈ'),
        'Ǌ' | 'ǋ' | 'ǌ' => Some('ǋ'),
        'Ǳ' | 'ǲ' | 'ǳ' => Some('ǲ'),
        _ => None,
    };
    let mut upper = letter.to_uppercase();
    match (digraph, upper.next()) {
        (Some(digraph), _) => out.push(digraph),
        (None, Some(first)) => {
            out.push(first);
            out.extend(upper.flat_map(char::to_lowercase));
        }
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_blanks_begin_words() {
        assert_eq!(title("a-b c'd  e_F\tg ß ǆa"), "A-b C'd  E_f\tg Ss ǅa");
    }
}
