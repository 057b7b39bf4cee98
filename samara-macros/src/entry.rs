//! `#[samara::main]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, ItemFn, ReturnType};

/// Expands `#[samara::main]` on `item`.
pub fn expand(arguments: &TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    if !arguments.is_empty() {
        return Err(Error::new_spanned(
            arguments,
            "`#[samara::main]` takes no arguments",
        ));
    }
    let mut main: ItemFn = syn::parse2(item)?;
    refuse_other_than_plain_main(&main)?;
    let attributes = std::mem::take(&mut main.attrs);
    let visibility = std::mem::replace(&mut main.vis, syn::Visibility::Inherited);
    Ok(quote! {
        #(#attributes)*
        #visibility fn main() -> ::std::process::ExitCode {
            #main
            ::samara::entry::start(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"), main)
        }
    })
}

fn refuse_other_than_plain_main(main: &ItemFn) -> syn::Result<()> {
    let signature = &main.sig;
    let refuse = |place: &dyn ToTokens, message: &str| Err(Error::new_spanned(place, message));
    if signature.ident != "main" {
        return refuse(&signature.ident, "`#[samara::main]` belongs on `fn main`");
    }
    if let Some(token) = &signature.asyncness {
        return refuse(token, "`main` builds a workflow, and need not be async");
    }
    if let Some(token) = &signature.constness {
        return refuse(token, "`main` cannot be const");
    }
    if !signature.generics.params.is_empty() || signature.generics.where_clause.is_some() {
        return refuse(&signature.generics, "`main` cannot be generic");
    }
    if !signature.inputs.is_empty() {
        return refuse(
            &signature.inputs,
            "`main` takes no arguments: the program's flags are Samara's",
        );
    }
    if matches!(signature.output, ReturnType::Default) {
        return refuse(
            &signature.ident,
            "`main` returns the workflow to run: `fn main() -> samara::Workflow`",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse_quote;

    fn error(item: TokenStream) -> String {
        expand(&TokenStream::new(), item)
            .expect_err("the item is meant to be wrong")
            .to_string()
    }

    #[test]
    fn main_hands_its_workflow_to_the_entry() {
        let expanded = expand(
            &TokenStream::new(),
            quote! {
                /// Docs.
                fn main() -> samara::Workflow { body() }
            },
        );
        let expected: syn::File = parse_quote! {
            /// Docs.
            fn main() -> ::std::process::ExitCode {
                fn main() -> samara::Workflow { body() }
                ::samara::entry::start(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"), main)
            }
        };
        let file: syn::File = syn::parse2(expanded.expect("a plain main")).expect("Rust");
        assert_eq!(
            prettyplease::unparse(&file),
            prettyplease::unparse(&expected)
        );
    }

    #[test]
    fn any_other_function_is_refused() {
        assert_eq!(
            error(quote!(
                fn start() -> T {}
            )),
            "`#[samara::main]` belongs on `fn main`"
        );
        assert_eq!(
            error(quote!(
                async fn main() -> T {}
            )),
            "`main` builds a workflow, and need not be async"
        );
        assert_eq!(
            error(quote!(
                fn main<A>() -> T {}
            )),
            "`main` cannot be generic"
        );
        let takes = "`main` takes no arguments: the program's flags are Samara's";
        assert_eq!(
            error(quote!(
                fn main(a: u8) -> T {}
            )),
            takes
        );
        let returns = "`main` returns the workflow to run: `fn main() -> samara::Workflow`";
        assert_eq!(
            error(quote!(
                fn main() {}
            )),
            returns
        );
    }

    #[test]
    fn arguments_are_refused() {
        let error = expand(
            &quote!(a = 1),
            quote!(
                fn main() -> T {}
            ),
        )
        .expect_err("no arguments");
        assert_eq!(error.to_string(), "`#[samara::main]` takes no arguments");
    }
}
