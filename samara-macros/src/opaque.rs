//! `impl Trait` in what a function returns.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{GenericArgument, Path, PathArguments, Type, TypeImplTrait, TypeParamBound, parse_quote};

/// What a future or a stream with its step around it is, too. It is none of any other trait.
const FOLLOWED: [&str; 9] = [
    "Future",
    "IntoFuture",
    "TryFuture",
    "Stream",
    "TryStream",
    "Send",
    "Sync",
    "Unpin",
    "Sized",
];

/// An `impl Trait` that a future or a stream may come back as.
pub struct Opaque<'a> {
    described: &'a TypeImplTrait,
    /// Whether it is what `Result` or `Option` has first.
    is_inside: bool,
}

impl<'a> Opaque<'a> {
    /// The `impl Trait` of a return type, if there is one at a place where it can be followed.
    pub fn of(output: &'a Type) -> Option<Self> {
        let (described, is_inside) = match output {
            Type::ImplTrait(described) => (described, false),
            Type::Path(path) => match &path.path.segments.last()?.arguments {
                PathArguments::AngleBracketed(brackets) => match brackets.args.first()? {
                    GenericArgument::Type(Type::ImplTrait(described)) => (described, true),
                    _ => return None,
                },
                _ => return None,
            },
            Type::Paren(inner) => return Self::of(&inner.elem),
            Type::Group(inner) => return Self::of(&inner.elem),
            _ => return None,
        };
        let is_followed = described.bounds.iter().all(is_followed);
        is_followed.then_some(Self {
            described,
            is_inside,
        })
    }

    /// How `conclude!` takes it.
    pub fn hint(&self, here: Span) -> TokenStream {
        if self.is_inside {
            quote_spanned!(here=> , [in impl])
        } else {
            quote_spanned!(here=> , [impl])
        }
    }

    /// What the future or stream says that it gives, and the function of the runtime that holds a closure to it.
    pub fn expected(&self) -> Option<(Type, &'static str)> {
        self.described.bounds.iter().find_map(|bound| {
            let path = bound_path(bound)?;
            let (name, function) = match (
                path.segments.last()?.ident.to_string().as_str(),
                self.is_inside,
            ) {
                ("Future", false) => ("Output", "returns_future"),
                ("Stream", false) => ("Item", "returns_stream"),
                _ => return None,
            };
            let mut outcome = arguments_of(path).find_map(|argument| match argument {
                GenericArgument::AssocType(said) if said.ident == name => Some(said.ty.clone()),
                _ => None,
            })?;
            infer_opaque(&mut outcome);
            Some((outcome, function))
        })
    }
}

fn is_followed(bound: &TypeParamBound) -> bool {
    match bound_path(bound) {
        Some(path) => path
            .segments
            .last()
            .is_some_and(|last| FOLLOWED.iter().any(|known| last.ident == known)),
        // A lifetime, or `use<…>`.
        None => true,
    }
}

fn bound_path(bound: &TypeParamBound) -> Option<&Path> {
    match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    }
}

fn arguments_of(path: &Path) -> impl Iterator<Item = &GenericArgument> {
    let brackets = path
        .segments
        .iter()
        .filter_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(brackets) => Some(brackets),
            _ => None,
        });
    brackets.flat_map(|brackets| &brackets.args)
}

/// Puts `_` where the type says `impl Trait`, which a closure cannot name.
pub fn infer_opaque(output: &mut Type) {
    match output {
        Type::ImplTrait(_) => *output = parse_quote!(_),
        Type::Path(path) => arguments(&mut path.path).for_each(infer_opaque_argument),
        Type::TraitObject(object) => {
            let arguments = object.bounds.iter_mut().flat_map(bound_arguments);
            arguments.for_each(infer_opaque_argument);
        }
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(infer_opaque),
        Type::Reference(reference) => infer_opaque(&mut reference.elem),
        Type::Ptr(pointer) => infer_opaque(&mut pointer.elem),
        Type::Paren(paren) => infer_opaque(&mut paren.elem),
        Type::Group(group) => infer_opaque(&mut group.elem),
        Type::Array(array) => infer_opaque(&mut array.elem),
        Type::Slice(slice) => infer_opaque(&mut slice.elem),
        _ => {}
    }
}

fn infer_opaque_argument(argument: &mut GenericArgument) {
    match argument {
        GenericArgument::Type(inner) => infer_opaque(inner),
        GenericArgument::AssocType(said) => infer_opaque(&mut said.ty),
        _ => {}
    }
}

fn bound_arguments(bound: &mut TypeParamBound) -> impl Iterator<Item = &mut GenericArgument> {
    let path = match bound {
        TypeParamBound::Trait(bound) => Some(&mut bound.path),
        _ => None,
    };
    path.into_iter().flat_map(arguments)
}

/// What stands in the angle brackets of a path.
fn arguments(path: &mut Path) -> impl Iterator<Item = &mut GenericArgument> {
    let brackets = path
        .segments
        .iter_mut()
        .filter_map(|segment| match &mut segment.arguments {
            PathArguments::AngleBracketed(brackets) => Some(brackets),
            _ => None,
        });
    brackets.flat_map(|brackets| brackets.args.iter_mut())
}
