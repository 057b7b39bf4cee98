//! `impl Trait` in what a function returns.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{
    GenericArgument, Ident, Path, PathArguments, Type, TypeImplTrait, TypeParamBound, parse_quote,
};

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

/// What the runtime's functions that hold a body to its return type are named after.
pub struct Shape {
    pub name: &'static str,
    /// Whether the type of an error is one of their parameters.
    pub has_error: bool,
}

/// An `impl Trait` that a future or a stream may come back as.
pub struct Opaque<'a> {
    described: &'a TypeImplTrait,
    /// The name of the type that it is the first argument of: `Result`, `Option` or an alias.
    inside: Option<&'a Ident>,
}

impl<'a> Opaque<'a> {
    /// The `impl Trait` of a return type, if there is one at a place where it can be followed.
    pub fn of(output: &'a Type) -> Option<Self> {
        let (described, inside) = match output {
            Type::ImplTrait(described) => (described, None),
            Type::Path(path) => {
                let last = path.path.segments.last()?;
                match &last.arguments {
                    PathArguments::AngleBracketed(brackets) => match brackets.args.first()? {
                        GenericArgument::Type(Type::ImplTrait(described)) => {
                            (described, Some(&last.ident))
                        }
                        _ => return None,
                    },
                    _ => return None,
                }
            }
            Type::Paren(inner) => return Self::of(&inner.elem),
            Type::Group(inner) => return Self::of(&inner.elem),
            _ => return None,
        };
        let is_followed = described.bounds.iter().all(is_followed);
        is_followed.then_some(Self { described, inside })
    }

    /// How `conclude!` takes it.
    pub fn hint(&self, here: Span) -> TokenStream {
        if self.inside.is_some() {
            quote_spanned!(here=> , [in impl])
        } else {
            quote_spanned!(here=> , [impl])
        }
    }

    /// What the future or stream says that it gives, and what it is returned as.
    pub fn expected(&self) -> Option<(Type, Shape)> {
        self.described.bounds.iter().find_map(|bound| {
            let path = bound_path(bound)?;
            let name = match path.segments.last()?.ident.to_string().as_str() {
                "Future" => "Output",
                "Stream" => "Item",
                _ => return None,
            };
            let inside = self.inside.map(Ident::to_string);
            let (name_of_shape, has_error) = match (name, inside.as_deref()) {
                ("Output", None) => ("future", false),
                ("Output", Some("Result")) => ("future_or_error", true),
                ("Output", Some("Option")) => ("future_or_none", false),
                ("Item", None) => ("stream", false),
                _ => return None,
            };
            let shape = Shape {
                name: name_of_shape,
                has_error,
            };
            let mut outcome = arguments_of(path).find_map(|argument| match argument {
                GenericArgument::AssocType(said) if said.ident == name => Some(said.ty.clone()),
                _ => None,
            })?;
            infer_opaque(&mut outcome);
            Some((outcome, shape))
        })
    }
}

fn is_followed(bound: &TypeParamBound) -> bool {
    match bound_path(bound) {
        Some(path) => {
            path.segments
                .last()
                .is_some_and(|last| FOLLOWED.iter().any(|known| last.ident == known))
                && !names_its_future(path)
        }
        // A lifetime, or `use<…>`.
        None => true,
    }
}

/// `IntoFuture<IntoFuture = …>` is promised to be of that type.
fn names_its_future(path: &Path) -> bool {
    arguments_of(path).any(|argument| match argument {
        GenericArgument::AssocType(said) => said.ident == "IntoFuture",
        _ => false,
    })
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
