//! `#[derive(samara::ErrorType)]`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Data, DataEnum, DeriveInput, Error, Path};

use crate::arguments::{crate_path, runtime};

/// Expands `#[derive(samara::ErrorType)]` on `item`.
pub fn expand(item: TokenStream) -> syn::Result<TokenStream> {
    let item: DeriveInput = syn::parse2(item)?;
    let runtime = runtime(krate(&item)?.as_ref(), Span::call_site());
    let error_type = match &item.data {
        Data::Enum(variants) => of_variant(variants),
        Data::Struct(_) => {
            let name = item.ident.unraw().to_string();
            quote!(#name)
        }
        Data::Union(union) => {
            let message = "a union does not know which of its fields it holds: derive `ErrorType` for an enum or a struct";
            return Err(Error::new_spanned(union.union_token, message));
        }
    };
    let name = &item.ident;
    let (implementation, arguments, conditions) = item.generics.split_for_impl();
    Ok(quote! {
        #[automatically_derived]
        impl #implementation #runtime::step::ErrorType for #name #arguments #conditions {
            fn error_type(&self) -> &'static str {
                #error_type
            }
        }
    })
}

fn of_variant(variants: &DataEnum) -> TokenStream {
    let arms = variants.variants.iter().map(|variant| {
        let name = &variant.ident;
        let text = name.unraw().to_string();
        quote!(Self::#name { .. } => #text,)
    });
    if variants.variants.is_empty() {
        quote!(match *self {})
    } else {
        quote!(match self { #(#arms)* })
    }
}

/// The path of `#[error_type(crate = path)]`.
fn krate(item: &DeriveInput) -> syn::Result<Option<Path>> {
    let mut path = None;
    for attribute in &item.attrs {
        if attribute.path().is_ident("error_type") {
            path = Some(attribute.parse_args_with(crate_path)?);
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn expanded(item: TokenStream) -> String {
        prettyplease::unparse(&syn::parse2(expand(item).expect("an error")).expect("Rust"))
    }

    #[test]
    fn the_class_of_an_enum_is_its_variant() {
        let expected: syn::File = parse_quote! {
            #[automatically_derived]
            impl<T: Debug> ::samara::step::ErrorType for LoadError<T> where T: Clone {
                fn error_type(&self) -> &'static str {
                    match self {
                        Self::Full { .. } => "Full",
                        Self::Host { .. } => "Host",
                    }
                }
            }
        };
        let written = expanded(quote!(
            enum LoadError<T: Debug>
            where
                T: Clone,
            {
                Full,
                Host(T),
            }
        ));
        assert_eq!(written, prettyplease::unparse(&expected));
    }

    #[test]
    fn the_class_of_a_struct_is_its_name() {
        assert!(
            expanded(quote!(
                struct Full(u64);
            ))
            .contains("        \"Full\"\n")
        );
    }

    #[test]
    fn a_union_is_refused() {
        let error = expand(quote!(union U { a: u8 })).expect_err("no class");
        assert!(error.to_string().starts_with("a union does not know"));
    }
}
