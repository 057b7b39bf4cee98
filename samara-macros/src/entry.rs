//! `#[samara::main]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser as _};
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, FnArg, Path, ReturnType, Token};

use crate::arguments::{crate_path, runtime};
use crate::function::Function;

/// Expands `#[samara::main]` on `item`.
pub fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let krate = krate.parse2(arguments)?;
    let main: Function = syn::parse2(item)?;
    refuse_what_cannot_be_main(&main)?;
    let here = place(&main);
    let runtime = runtime(krate.as_ref(), here);
    let call = call(&main, &runtime);
    let start = quote_spanned!(here=> #runtime::entry::start(#runtime::package!(), #call));
    Ok(quote_spanned! {Span::call_site()=>
        fn main() -> ::std::process::ExitCode {
            #main
            #start
        }
    })
}

/// Where it is shown that `main` cannot be started: at what it returns, or else at what it takes.
fn place(main: &Function) -> Span {
    let place = match (&main.signature.output, main.signature.inputs.first()) {
        (ReturnType::Type(_, output), _) => output.span(),
        (ReturnType::Default, Some(argument)) => argument.span(),
        (ReturnType::Default, None) => Span::call_site(),
    };
    Span::call_site().located_at(place)
}

/// What stands for an item that is refused: a `main` that the compiler has nothing to say of, or the item as it was.
pub fn left_of(item: TokenStream) -> TokenStream {
    match syn::parse2::<Function>(item.clone()) {
        Ok(main) if main.signature.ident == "main" => quote!(
            fn main() {}
        ),
        _ => item,
    }
}

/// How `main` is called with its arguments.
fn call(main: &Function, runtime: &TokenStream) -> TokenStream {
    let (parameter, call) = match main.signature.inputs.first() {
        Some(FnArg::Typed(argument)) => {
            let argument = &argument.ty;
            (quote!(arguments: #argument), quote!(main(arguments)))
        }
        _ => (quote!(_: #runtime::entry::NoArguments), quote!(main())),
    };
    match main.signature.asyncness {
        Some(_) => quote!(|#parameter| #runtime::entry::block_on(#call)),
        None => quote!(|#parameter| #call),
    }
}

fn krate(input: ParseStream) -> syn::Result<Option<Path>> {
    if input.is_empty() {
        return Ok(None);
    }
    if !input.peek(Token![crate]) {
        return Err(input.error("`#[samara::main]` takes no arguments but `crate = …`"));
    }
    crate_path(input).map(Some)
}

fn refuse_what_cannot_be_main(main: &Function) -> syn::Result<()> {
    let signature = &main.signature;
    let refuse = |place: &dyn ToTokens, message: &str| Err(Error::new_spanned(place, message));
    if signature.ident != "main" {
        return refuse(&signature.ident, "`#[samara::main]` belongs on `fn main`");
    }
    if let Some(token) = &signature.constness {
        return refuse(token, "`main` cannot be const");
    }
    if !signature.generics.params.is_empty() {
        return refuse(&signature.generics, "`main` cannot be generic");
    }
    if let Some(conditions) = &signature.generics.where_clause {
        return refuse(conditions, "`main` cannot have a `where` clause");
    }
    if let Some(second) = signature.inputs.iter().nth(1) {
        let message = "`main` takes one argument at most: a type that derives `clap::Args`";
        return refuse(second, message);
    }
    if let Some(other) = main
        .attributes
        .iter()
        .find(|attribute| is_other_main(attribute))
    {
        let message =
            "`#[samara::main]` starts the runtime of an async `main` by itself: leave this out";
        return refuse(other, message);
    }
    Ok(())
}

/// `#[tokio::main]` and its like.
fn is_other_main(attribute: &Attribute) -> bool {
    let segments = &attribute.path().segments;
    segments.len() > 1 && segments.last().is_some_and(|last| last.ident == "main")
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn expanded(item: TokenStream) -> String {
        let expanded = expand(TokenStream::new(), item).expect("a main");
        prettyplease::unparse(&syn::parse2(expanded).expect("Rust"))
    }

    fn error(item: TokenStream) -> String {
        expand(TokenStream::new(), item)
            .expect_err("the item is meant to be wrong")
            .to_string()
    }

    #[test]
    fn main_is_handed_to_the_entry() {
        let expected: syn::File = parse_quote! {
            fn main() -> ::std::process::ExitCode {
                /// Docs.
                #[samara::step]
                fn main() -> Result<(), E> { body() }
                ::samara::entry::start(::samara::package!(), |_: ::samara::entry::NoArguments| main())
            }
        };
        let written = expanded(quote! {
            /// Docs.
            #[samara::step]
            fn main() -> Result<(), E> { body() }
        });
        assert_eq!(written, prettyplease::unparse(&expected));
    }

    #[test]
    fn an_async_main_with_arguments_is_run_to_its_end() {
        let expected: syn::File = parse_quote! {
            fn main() -> ::std::process::ExitCode {
                async fn main(flags: Flags) { body() }
                ::samara::entry::start(
                    ::samara::package!(),
                    |arguments: Flags| ::samara::entry::block_on(main(arguments)),
                )
            }
        };
        let written = expanded(quote!(
            async fn main(flags: Flags) {
                body()
            }
        ));
        assert_eq!(written, prettyplease::unparse(&expected));
    }

    #[test]
    fn any_other_function_is_refused() {
        let refused = [
            (
                quote!(
                    fn start() {}
                ),
                "`#[samara::main]` belongs on `fn main`",
            ),
            (
                quote!(
                    const fn main() {}
                ),
                "`main` cannot be const",
            ),
            (
                quote!(
                    fn main<A>() {}
                ),
                "`main` cannot be generic",
            ),
            (
                quote!(
                    fn main(a: A, b: B) {}
                ),
                "`main` takes one argument at most: a type that derives `clap::Args`",
            ),
            (
                quote!(
                    #[tokio::main]
                    async fn main() {}
                ),
                "`#[samara::main]` starts the runtime of an async `main` by itself: leave this out",
            ),
        ];
        for (item, message) in refused {
            assert_eq!(error(item), message);
        }
    }

    #[test]
    fn other_arguments_are_refused() {
        let error = expand(
            quote!(a = 1),
            quote!(
                fn main() {}
            ),
        )
        .expect_err("no arguments");
        let message = "`#[samara::main]` takes no arguments but `crate = …`";
        assert_eq!(error.to_string(), message);
    }
}
