//! The arguments of `#[samara::step(…)]`.

use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

const KNOWN: [&str; 3] = ["id", "name", "kind"];

/// What stands in the brackets of `#[samara::step(…)]`.
#[derive(Default)]
pub struct Arguments {
    /// How telemetry names the step.
    pub id: Option<LitStr>,
    /// What sort of step it is.
    pub kind: Option<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let mut arguments = Arguments::default();
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let place = match name.to_string().as_str() {
                "id" | "name" => &mut arguments.id,
                "kind" => &mut arguments.kind,
                _ => return Err(unknown(&name)),
            };
            if place.is_some() {
                return Err(repeated(&name));
            }
            input.parse::<Token![=]>()?;
            *place = Some(text(input, &name)?);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(arguments)
    }
}

fn text(input: ParseStream, name: &Ident) -> syn::Result<LitStr> {
    input.parse().map_err(|error| {
        syn::Error::new(
            error.span(),
            format!("`{name}` takes a string, as in `{name} = \"…\"`"),
        )
    })
}

fn unknown(name: &Ident) -> syn::Error {
    let written = name.to_string();
    let nearest = KNOWN
        .into_iter()
        .map(|known| (distance(&written, known), known))
        .min();
    let hint = match nearest {
        Some((distance, known)) if distance <= 2 => format!("did you mean `{known}`?"),
        _ => "a step takes `id` and `kind`".to_owned(),
    };
    syn::Error::new(name.span(), format!("unknown argument `{written}`: {hint}"))
}

fn repeated(name: &Ident) -> syn::Error {
    let message = match name.to_string().as_str() {
        "kind" => "`kind` is given twice",
        _ => "the id is given twice (`name` is another word for `id`)",
    };
    syn::Error::new(name.span(), message)
}

/// Levenshtein's distance: how many letters to add, leave out or change.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in right.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        syn::parse_str::<Arguments>(text)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[test]
    fn an_unknown_argument_is_answered_with_the_nearest_one() {
        assert_eq!(
            error("knd = \"x\""),
            "unknown argument `knd`: did you mean `kind`?"
        );
        assert_eq!(
            error("attributes = \"x\""),
            "unknown argument `attributes`: a step takes `id` and `kind`"
        );
    }

    #[test]
    fn an_argument_given_twice_is_refused() {
        assert_eq!(error("kind = \"a\", kind = \"b\""), "`kind` is given twice");
        assert_eq!(
            error("id = \"a\", name = \"b\""),
            "the id is given twice (`name` is another word for `id`)"
        );
    }

    #[test]
    fn an_argument_that_is_no_string_is_refused() {
        assert_eq!(error("id = 5"), "`id` takes a string, as in `id = \"…\"`");
    }
}
