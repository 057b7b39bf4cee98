//! The body of a function inside of that function, where a closure would be told another caller.
//!
//! Each way out of it, `return` and `?`, has to pass its step. Both are found among the body's tokens, in the arguments of macros too; not inside of
//! what has ways out of its own: closures, async blocks, functions.

use proc_macro2::{Delimiter, Group, Ident, Spacing, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::{ExprClosure, Lifetime, Signature, Token};

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
        let mut is_after_return = false;
        while let Some(token) = tokens.next() {
            let is_first = std::mem::take(&mut is_after_return);
            let last = redirected.last().filter(|_| !is_first);
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
                    let block = self.parenthesized(&mut tokens);
                    is_after_return = block.is_none();
                    redirected.extend(block.map(TokenTree::from));
                }
                TokenTree::Ident(word) if word == "fn" || word == "macro_rules" => {
                    let item = item_length(&token, &tokens);
                    redirected.push(token);
                    redirected.extend(tokens.by_ref().take(item.saturating_sub(1)));
                }
                TokenTree::Ident(word) if word == "async" => {
                    redirected.push(token);
                    redirected.extend(tokens.next_if(|token| is_word(token, "move")));
                    if !tokens.peek().is_some_and(|token| is_mark(token, '|')) {
                        push_through_braces(&mut redirected, &mut tokens);
                    }
                }
                TokenTree::Punct(mark) if mark.as_char() == '|' && begins_expression(last) => {
                    let closure = closure_length(&token, &tokens);
                    redirected.push(token);
                    redirected.extend(tokens.by_ref().take(closure.saturating_sub(1)));
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

    /// The block or the loop that is returned: behind a label, the compiler takes it for a mistake.
    fn parenthesized(&mut self, tokens: &mut Tokens) -> Option<Group> {
        let is_block = tokens.peek().is_some_and(|token| {
            is_braces(token) || is_word(token, "loop") || is_word(token, "unsafe")
        });
        if !is_block {
            return None;
        }
        let mut block = Vec::new();
        push_through_braces(&mut block, tokens);
        let block = self.redirected(block.into_iter().collect());
        let mut parenthesized = Group::new(Delimiter::Parenthesis, block);
        parenthesized.set_span(Span::mixed_site());
        Some(parenthesized)
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

/// How many tokens the closure has that begins here: none, if this is the first `|` of a pattern.
fn closure_length(first: &TokenTree, rest: &Tokens) -> usize {
    beginning_length(first, rest, |input| {
        input.parse::<ExprClosure>()?;
        // `| A | B => …` begins like a closure.
        let is_pattern = input.peek(Token![=>])
            || input.peek(Token![if])
            || input.peek(Token![@])
            || input.peek(Token![=]);
        if is_pattern {
            return Err(input.error("a pattern"));
        }
        Ok(())
    })
}

/// How many tokens the function or the macro has that is defined here: none, if the word means something else.
fn item_length(first: &TokenTree, rest: &Tokens) -> usize {
    beginning_length(first, rest, |input| {
        if input.peek(Token![fn]) {
            input.parse::<Signature>()?;
            input.parse::<TokenTree>()?;
        } else {
            input.parse::<Ident>()?;
            input.parse::<Token![!]>()?;
            input.parse::<Ident>()?;
            input.parse::<Group>()?;
        }
        Ok(())
    })
}

/// How many tokens `parse` takes, or none if it takes them for nothing.
fn beginning_length(
    first: &TokenTree,
    rest: &Tokens,
    parse: impl FnOnce(ParseStream<'_>) -> syn::Result<()>,
) -> usize {
    let tokens: TokenStream = std::iter::once(first.clone()).chain(rest.clone()).collect();
    let length = tokens.clone().into_iter().count();
    let left = |input: ParseStream<'_>| {
        parse(input)?;
        input.parse::<TokenStream>()
    };
    let left = left.parse2(tokens);
    left.map_or(0, |left| length - left.into_iter().count())
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
        "async", "move", "static", "break", "else", "if", "in", "match", "while",
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

fn is_word(token: &TokenTree, expected: &str) -> bool {
    matches!(token, TokenTree::Ident(word) if word == expected)
}

fn is_mark(token: &TokenTree, character: char) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == character)
}
