//! A function as a macro sees it: its signature parsed, its body as it was written.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Signature, Token, Visibility};

/// A function with a body. The body's tokens go through untouched, so that the compiler says of them what it would say without a macro.
pub struct Function {
    /// What stands above it, documentation included.
    pub attributes: Vec<Attribute>,
    /// Who may call it.
    pub visibility: Visibility,
    /// What it takes and gives.
    pub signature: Signature,
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
        match input.parse()? {
            TokenTree::Group(body) => Ok(Self {
                attributes,
                visibility,
                signature,
                body,
            }),
            other => Err(Error::new_spanned(other, "expected the body of a function")),
        }
    }
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
            ..
        } = self;
        let mut braces = Group::new(proc_macro2::Delimiter::Brace, body.clone());
        braces.set_span(self.body.span());
        quote!(#(#attributes)* #visibility #signature #braces)
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.with_body(&self.body.stream()));
    }
}
