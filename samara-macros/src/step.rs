//! `#[samara::step]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Block, Error, Expr, GenericArgument, ItemFn, LitStr, PathArguments, ReturnType, Stmt, Type,
    parse_quote,
};

use crate::arguments::Arguments;

/// Expands `#[samara::step(arguments)]` on `item`.
pub fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let mut function: ItemFn = syn::parse2(item)?;
    refuse_what_cannot_be_a_step(&function)?;
    let body = body(&arguments, &function);
    // Verbatim, so that the body's own tokens go through as they came, their spans included.
    *function.block = Block {
        brace_token: function.block.brace_token,
        stmts: vec![Stmt::Expr(Expr::Verbatim(body), None)],
    };
    Ok(function.into_token_stream())
}

fn refuse_what_cannot_be_a_step(function: &ItemFn) -> syn::Result<()> {
    if let Some(token) = &function.sig.constness {
        return Err(Error::new_spanned(
            token,
            "a step is measured while the program runs, and cannot be `const`",
        ));
    }
    if let Some(token) = &function.sig.asyncness {
        return Err(Error::new_spanned(
            token,
            "async steps come with the next release",
        ));
    }
    Ok(())
}

fn body(arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let site = site(arguments, function);
    let block = &function.block;
    let output = closure_output(&function.sig.output);
    // Hygienic names: an argument of the function may be called `step` too.
    let here = Span::mixed_site();
    quote_spanned! {here=>
        let step = {
            static STEP: ::samara::step::Site = #site;
            STEP.enter()
        };
        #[allow(clippy::redundant_closure_call, clippy::let_unit_value)]
        let outcome = (move || -> #output #block)();
        ::samara::conclude!(step, outcome)
    }
}

fn site(arguments: &Arguments, function: &ItemFn) -> TokenStream {
    let name = LitStr::new(&function.sig.ident.to_string(), function.sig.ident.span());
    let id = arguments.id.as_ref().unwrap_or(&name);
    let kind = arguments
        .kind
        .clone()
        .unwrap_or_else(|| LitStr::new("step", Span::call_site()));
    quote! {
        ::samara::step::Site::new(
            #id,
            #kind,
            ::samara::step::Location::new(
                ::core::concat!(::core::module_path!(), "::", #name),
                ::core::file!(),
                ::core::line!(),
            ),
        )
    }
}

/// The type of what the body gives, so that `?` and literals in it mean what they mean in the function.
fn closure_output(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, output) => {
            let mut output = Type::clone(output);
            infer_opaque(&mut output);
            output
        }
    }
}

/// Puts `_` where the type says `impl Trait`, which a closure cannot name.
fn infer_opaque(output: &mut Type) {
    match output {
        Type::ImplTrait(_) => *output = parse_quote!(_),
        Type::Path(path) => {
            let brackets =
                path.path
                    .segments
                    .iter_mut()
                    .filter_map(|segment| match &mut segment.arguments {
                        PathArguments::AngleBracketed(brackets) => Some(brackets),
                        _ => None,
                    });
            for argument in brackets.flat_map(|brackets| brackets.args.iter_mut()) {
                if let GenericArgument::Type(inner) = argument {
                    infer_opaque(inner);
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(infer_opaque),
        Type::Reference(reference) => infer_opaque(&mut reference.elem),
        Type::Paren(paren) => infer_opaque(&mut paren.elem),
        Type::Group(group) => infer_opaque(&mut group.elem),
        Type::Array(array) => infer_opaque(&mut array.elem),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(arguments: TokenStream, item: TokenStream) -> String {
        let tokens = expand(arguments, item).expect("a step");
        prettyplease::unparse(&syn::parse2(tokens).expect("Rust"))
    }

    fn error(item: TokenStream) -> String {
        expand(TokenStream::new(), item)
            .expect_err("the item is meant to be wrong")
            .to_string()
    }

    #[test]
    fn a_function_runs_between_enter_and_conclude() {
        let item = quote! {
            /// Docs.
            pub fn load<T: Rows>(&self, rows: T) -> Result<u64> where T: Send { rows.count() }
        };
        let expected: syn::File = parse_quote! {
            /// Docs.
            pub fn load<T: Rows>(&self, rows: T) -> Result<u64> where T: Send {
                let step = {
                    static STEP: ::samara::step::Site = ::samara::step::Site::new(
                        "load-rows",
                        "load",
                        ::samara::step::Location::new(
                            ::core::concat!(::core::module_path!(), "::", "load"),
                            ::core::file!(),
                            ::core::line!(),
                        ),
                    );
                    STEP.enter()
                };
                #[allow(clippy::redundant_closure_call, clippy::let_unit_value)]
                let outcome = (move || -> Result<u64> { rows.count() })();
                ::samara::conclude!(step, outcome)
            }
        };
        let written = expanded(quote!(id = "load-rows", kind = "load"), item);
        assert_eq!(written, prettyplease::unparse(&expected));
    }

    #[test]
    fn a_step_without_arguments_is_named_after_its_function() {
        let written = expanded(
            TokenStream::new(),
            quote!(
                fn load() {}
            ),
        );
        assert!(
            written.contains("Site::new(\n            \"load\",\n            \"step\","),
            "{written}"
        );
        assert!(written.contains("(move || -> () {})()"), "{written}");
    }

    #[test]
    fn an_opaque_type_is_left_to_inference() {
        let written = expanded(
            TokenStream::new(),
            quote!(
                fn rows() -> Result<impl Iterator<Item = u8>, E> {
                    x
                }
            ),
        );
        assert!(written.contains("move || -> Result<_, E>"), "{written}");
    }

    #[test]
    fn const_and_async_functions_are_refused() {
        assert!(
            error(quote!(
                const fn f() {}
            ))
            .contains("cannot be `const`")
        );
        assert_eq!(
            error(quote!(
                async fn f() {}
            )),
            "async steps come with the next release"
        );
    }
}
