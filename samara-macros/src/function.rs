//! A function as a macro sees it: its signature parsed, its body as it was written.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Signature, Token, Visibility, braced};

/// A function with a body. The body's tokens go through untouched, so that the compiler says of them what it would say without a macro.
pub struct Function {
    /// What stands above it, documentation included.
    pub attributes: Vec<Attribute>,
    /// Who may call it.
    pub visibility: Visibility,
    /// What it takes and gives.
    pub signature: Signature,
    /// The attributes that stand in its braces, and say something of the whole.
    pub inner_attributes: Vec<Attribute>,
    /// What stands in its braces.
    pub body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        if input.peek(Token![impl]) {
            return Err(input.error(
                "this is an `impl`: write the attribute on each of its functions that is meant",
            ));
        }
        if !begins_function(input) {
            return Err(input.error("this attribute belongs on a function"));
        }
        let signature: Signature = input.parse()?;
        if input.peek(Token![;]) {
            let message = "this function has no body: write the attribute where it is implemented";
            return Err(Error::new_spanned(&signature.ident, message));
        }
        let content;
        let braces = braced!(content in input);
        Ok(Self {
            attributes,
            visibility,
            signature,
            inner_attributes: content.call(Attribute::parse_inner)?,
            body: block(content.parse()?, braces.span.join()),
        })
    }
}

/// Statements in braces that stand at a place of the source: an error at their end is shown there.
pub fn block(statements: TokenStream, place: Span) -> Group {
    let mut block = Group::new(Delimiter::Brace, statements);
    block.set_span(place);
    block
}

/// What is no signature, but has a `fn` in its head, is a signature with a mistake: syn says which.
fn begins_function(input: ParseStream) -> bool {
    let head = input.fork();
    while !head.is_empty() && !head.peek(Token![fn]) {
        match head.parse::<TokenTree>() {
            Ok(TokenTree::Ident(_) | TokenTree::Literal(_)) => {}
            _ => return false,
        }
    }
    head.peek(Token![fn])
}

impl Function {
    /// The function with another body.
    pub fn with_body(&self, body: &TokenStream) -> TokenStream {
        let Self {
            attributes,
            visibility,
            signature,
            inner_attributes,
            ..
        } = self;
        let body = block(quote!(#(#inner_attributes)* #body), self.body.span());
        quote!(#(#attributes)* #visibility #signature #body)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.with_body(&self.body.stream()));
    }
}
