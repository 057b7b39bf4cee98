//! Holds the expansions that the documentation shows to what the macros do.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{ItemFn, Meta};

use crate::{entry, step};

/// The text blocks of the documentation in `lib.rs` that show an expansion: what is written, and what it becomes.
fn expansions() -> Vec<(String, String)> {
    let lines = include_str!("lib.rs").lines();
    let text: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("///"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let text = text.join("\n");
    let blocks = text.split("```text\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next()?.split_once("// becomes"))
        .map(|(written, becomes)| (written.to_owned(), becomes.to_owned()))
        .collect()
}

fn expanded(written: &str) -> TokenStream {
    let mut function: ItemFn = syn::parse_str(written).expect("a function");
    let attribute = function.attrs.remove(0);
    let arguments = match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    let expand = match attribute.path().segments.last() {
        Some(last) if last.ident == "main" => entry::expand,
        _ => step::expand,
    };
    expand(arguments, function.into_token_stream()).expect("a valid use")
}

fn formatted(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("Rust"))
}

#[test]
fn every_expansion_is_as_the_documentation_shows_it() {
    let expansions = expansions();
    assert_eq!(expansions.len(), 7);
    for (written, becomes) in expansions {
        let becomes = becomes.parse().expect("tokens");
        assert_eq!(formatted(expanded(&written)), formatted(becomes));
    }
}
