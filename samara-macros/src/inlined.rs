//! The body of a function inside of that function, where a closure would be told another caller.
//!
//! Each way out of it, `return` and `?`, has to pass its step. Both are found among the body's tokens, in the arguments of macros too; not inside of
//! what has ways out of its own: closures, async blocks, functions.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::Lifetime;

use crate::function::block;

/// A body whose `return` leaves its block, and whose `?` shows the step the error.
pub struct Inlined {
    /// The block's label with its colon, if there is a `return`.
    pub label: Option<TokenStream>,
    pub block: Group,
    pub has_question_marks: bool,
}

impl Inlined {
    pub fn new(body: &Group) -> Self {
        let mut exits = Exits::default();
        let statements = exits.redirected(body.stream());
        Self {
            label: exits.has_returns.then(|| {
                let label = label(Span::mixed_site());
                quote!(#label:)
            }),
            block: block(statements, body.span()),
            has_question_marks: exits.has_question_marks,
        }
    }
}

fn label(place: Span) -> Lifetime {
    Lifetime::new("'step", Span::mixed_site().located_at(place))
}

#[derive(Default)]
struct Exits {
    has_returns: bool,
    has_question_marks: bool,
}

impl Exits {
    fn redirected(&mut self, tokens: TokenStream) -> TokenStream {
        let mut tokens = tokens.into_iter().peekable();
        let mut redirected: Vec<TokenTree> = Vec::new();
        while let Some(token) = tokens.next() {
            let last = redirected.last();
            match &token {
                TokenTree::Group(group) => {
                    let inside = self.redirected(group.stream());
                    let mut inside = Group::new(group.delimiter(), inside);
                    inside.set_span(group.span());
                    redirected.push(inside.into());
                }
                TokenTree::Ident(word) if word == "return" => {
                    self.has_returns = true;
                    let label = label(word.span());
                    redirected.extend(quote_spanned!(word.span()=> break #label));
                }
                TokenTree::Ident(word)
                    if word == "fn" || word == "async" || word == "macro_rules" =>
                {
                    let is_item =
                        word != "fn" || matches!(tokens.peek(), Some(TokenTree::Ident(_)));
                    redirected.push(token);
                    if is_item {
                        push_through_braces(&mut redirected, &mut tokens);
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == '|' && begins_expression(last) => {
                    redirected.push(token);
                    push_closure(&mut redirected, &mut tokens);
                }
                TokenTree::Punct(mark) if mark.as_char() == '|' => {
                    let is_double = mark.spacing() == Spacing::Joint;
                    redirected.push(token);
                    if is_double {
                        redirected.extend(tokens.next());
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == '?' && ends_expression(last) => {
                    self.has_question_marks = true;
                    let here = Span::mixed_site().located_at(mark.span());
                    redirected.extend(quote_spanned!(here=> .samara_exit(&exits)));
                    redirected.push(token);
                }
                _ => redirected.push(token),
            }
        }
        redirected.into_iter().collect()
    }
}

type Tokens = std::iter::Peekable<proc_macro2::token_stream::IntoIter>;

/// Takes the next block along, with what stands before it.
fn push_through_braces(taken: &mut Vec<TokenTree>, tokens: &mut Tokens) {
    for token in tokens {
        let is_block = is_braces(&token);
        taken.push(token);
        if is_block {
            return;
        }
    }
}

/// Takes along what is left of a closure behind its first `|`.
fn push_closure(taken: &mut Vec<TokenTree>, tokens: &mut Tokens) {
    for token in tokens.by_ref() {
        let is_last = is_mark(&token, '|');
        taken.push(token);
        if is_last {
            break;
        }
    }
    if tokens.peek().is_some_and(|token| is_mark(token, '-')) {
        return push_through_braces(taken, tokens);
    }
    while let Some(token) = tokens.next_if(|token| !is_mark(token, ',') && !is_mark(token, ';')) {
        taken.push(token);
    }
}

/// Whether a `|` behind this token begins a closure.
fn begins_expression(last: Option<&TokenTree>) -> bool {
    match last {
        Some(TokenTree::Ident(word)) => is_keyword_before_an_expression(word),
        last => !ends_expression(last),
    }
}

fn is_keyword_before_an_expression(word: &Ident) -> bool {
    let keywords = [
        "move", "static", "break", "else", "if", "in", "match", "while",
    ];
    keywords.iter().any(|keyword| word == keyword)
}

/// Whether an expression may end with this token.
fn ends_expression(last: Option<&TokenTree>) -> bool {
    match last {
        None => false,
        Some(TokenTree::Punct(mark)) => mark.as_char() == '?',
        Some(_) => true,
    }
}

fn is_braces(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_mark(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == character)
}
