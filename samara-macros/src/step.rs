//! `#[samara::step]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{
    Block, Error, Expr, ExprAsync, GenericArgument, LitStr, Path, PathArguments, ReturnType, Stmt,
    Type, TypeParamBound, parse_quote,
};

use crate::arguments::{Arguments, Attribute, Form, runtime};
use crate::function::{Function, block};

/// Expands `#[samara::step(arguments)]` on `item`.
pub fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let function: Function = syn::parse2(item)?;
    if let Some(token) = &function.signature.constness {
        let message = "a step is measured while the program runs, and cannot be `const`";
        return Err(Error::new_spanned(token, message));
    }
    let step = Step {
        runtime: runtime(arguments.krate.as_ref(), Span::call_site()),
        arguments: &arguments,
        function: &function,
    };
    Ok(function.with_body(&step.body()))
}

struct Step<'a> {
    runtime: TokenStream,
    arguments: &'a Arguments,
    function: &'a Function,
}

/// The async block that is a step's work.
struct Work<'a> {
    /// What it gives.
    output: &'a Type,
    /// `async`, or `async move`.
    head: TokenStream,
    /// What stands in it.
    statements: TokenStream,
    /// Where an error is shown if it gives nothing.
    place: Span,
}

impl Step<'_> {
    fn body(&self) -> TokenStream {
        let Function {
            signature, body, ..
        } = self.function;
        if signature.asyncness.is_some() {
            let place = body.span();
            return self.future(Work {
                output: &output_type(&signature.output),
                head: quote_spanned!(place=> async move),
                statements: body.stream(),
                place,
            });
        }
        match returned_future(&body.stream()) {
            Some(returned) => self.returned_future(returned),
            None => self.call(&signature.output),
        }
    }

    /// A function that returns: its body in a closure, whose value is the outcome of the step.
    fn call(&self, output: &ReturnType) -> TokenStream {
        let opened = self.opened(&quote!(enter));
        let output = output_type(output);
        let body = &self.function.body;
        // As if the closure were written there: of one that a macro writes, the compiler does not name what it captures.
        let closure = quote_spanned!(body.span()=> move || -> #output #body);
        if matches!(output, Type::Never(_)) {
            // It ends by a panic, or not at all.
            return quote_spanned! {Span::mixed_site()=>
                #opened
                step.call(#closure).1
            };
        }
        let concluded = self.concluded();
        quote_spanned! {Span::mixed_site()=>
            #opened
            let (step, outcome) = step.call(#closure);
            #concluded
        }
    }

    /// An async function, or an async block that a function returns.
    fn future(&self, work: Work) -> TokenStream {
        let opened = self.opened(&quote!(start));
        let (typed, statements, head) = (self.typed(&work), &work.statements, &work.head);
        let body = block(quote!(#typed #statements), work.place);
        if matches!(work.output, Type::Never(_)) {
            return quote_spanned! {Span::mixed_site()=>
                #opened
                step.drive(#head #body).await.1
            };
        }
        let concluded = self.concluded();
        quote_spanned! {Span::mixed_site()=>
            #opened
            let (step, outcome) = step.drive(#head #body).await;
            #concluded
        }
    }

    /// A function whose last expression is an async block, boxed or not, as `async_trait` writes methods.
    fn returned_future(&self, mut returned: ReturnedFuture) -> TokenStream {
        let ExprAsync {
            async_token,
            capture,
            block,
            ..
        } = returned.block();
        let statements = &block.stmts;
        let inside = self.future(Work {
            output: &future_output(&self.function.signature.output),
            head: quote!(#async_token #capture),
            statements: quote!(#(#statements)*),
            place: block.brace_token.span.join(),
        });
        block.stmts = vec![Stmt::Expr(Expr::Verbatim(inside), None)];
        let statements = &returned.0.stmts;
        quote!(#(#statements)*)
    }

    /// Names that nothing in the function can meet: the macro's own.
    fn opened(&self, open: &TokenStream) -> TokenStream {
        let (runtime, site) = (&self.runtime, self.site());
        let described = self.described();
        quote_spanned! {Span::mixed_site()=>
            let step = {
                static STEP: #runtime::step::Site = #site;
                STEP.#open()
            };
            #described
        }
    }

    fn site(&self) -> TokenStream {
        let (runtime, function) = (&self.runtime, &self.function.signature.ident);
        let name = syn::ext::IdentExt::unraw(function).to_string();
        let name = LitStr::new(&name, function.span());
        let id = self.arguments.id.as_ref().unwrap_or(&name);
        let step = LitStr::new("step", Span::call_site());
        let kind = self.arguments.kind.as_ref().unwrap_or(&step);
        // Every token stands where the function's name does: `line!()` in it is that line.
        let located = runtime.clone().into_iter().map(|mut token| {
            token.set_span(function.span());
            token
        });
        let location = quote_spanned!(function.span()=> #(#located)*::source_location!());
        quote!(#runtime::step::Site::new(#id, #kind, #location))
    }

    fn described(&self) -> Option<TokenStream> {
        let attributes = &self.arguments.attributes.as_ref()?.0;
        let set = attributes.iter().map(|Attribute { key, form, value }| {
            let here = at(value.span());
            let set = match form {
                Form::Value => quote_spanned!(here=> set),
                Form::Display => quote_spanned!(here=> display),
                Form::Debug => quote_spanned!(here=> debug),
            };
            quote_spanned!(here=> attributes.#set(#key, &(#value));)
        });
        Some(quote_spanned! {Span::mixed_site()=>
            step.describe(|attributes| { #(#set)* });
        })
    }

    fn concluded(&self) -> TokenStream {
        let format = self.arguments.err.as_ref();
        let here = format.map_or_else(Span::mixed_site, |format| at(format.span()));
        let runtime = self.runtime_at(here);
        let format = format.map(|format| quote_spanned!(here=> , #format));
        quote_spanned!(here=> #runtime::conclude!(step, outcome #format))
    }

    /// The runtime, where an error in its use is shown at a place of the source.
    fn runtime_at(&self, place: Span) -> TokenStream {
        runtime(self.arguments.krate.as_ref(), place)
    }

    /// The type that an async block gives can only be said by a `return`.
    fn typed(&self, work: &Work) -> Option<TokenStream> {
        let output = work.output;
        let here = at(output.span());
        let runtime = self.runtime_at(here);
        let is_said = !matches!(output, Type::Infer(_) | Type::Never(_));
        is_said.then(|| {
            quote_spanned! {here=>
                if false {
                    return #runtime::step::returns::<#output>();
                }
            }
        })
    }
}

/// The macro's own names, with errors shown at a place of the source.
fn at(place: Span) -> Span {
    Span::mixed_site().located_at(place)
}

/// A body that ends in an async block.
struct ReturnedFuture(Block);

impl ReturnedFuture {
    fn block(&mut self) -> &mut ExprAsync {
        match self.0.stmts.last_mut().and_then(tail).and_then(async_block) {
            Some(block) => block,
            None => unreachable!("`returned_future` has found it"),
        }
    }
}

/// The body, if it ends in `async { … }` or `Box::pin(async { … })`.
fn returned_future(statements: &TokenStream) -> Option<ReturnedFuture> {
    let mut body: Block = syn::parse2(quote!({ #statements })).ok()?;
    body.stmts.last_mut().and_then(tail).and_then(async_block)?;
    Some(ReturnedFuture(body))
}

fn tail(statement: &mut Stmt) -> Option<&mut Expr> {
    match statement {
        Stmt::Expr(tail, None) => Some(tail),
        _ => None,
    }
}

fn async_block(tail: &mut Expr) -> Option<&mut ExprAsync> {
    match tail {
        Expr::Async(block) => Some(block),
        Expr::Call(call) => match (&*call.func, call.args.first_mut()) {
            (Expr::Path(function), Some(Expr::Async(block)))
                if function
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "pin") =>
            {
                Some(block)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The type of what the body gives, so that `?` and literals in it mean what they mean in the function.
fn output_type(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, output) => {
            let mut output = Type::clone(output);
            infer_opaque(&mut output);
            output
        }
    }
}

/// The type of what a returned future gives: `T` of `impl Future<Output = T>`, or what the future's type says.
fn future_output(future: &ReturnType) -> Type {
    let mut future = match future {
        ReturnType::Default => return parse_quote!(_),
        ReturnType::Type(_, future) => Type::clone(future),
    };
    if let Type::ImplTrait(future) = &mut future {
        let output = future.bounds.iter_mut().flat_map(bound_arguments);
        return output
            .filter_map(said_output)
            .next()
            .unwrap_or_else(|| parse_quote!(_));
    }
    infer_opaque(&mut future);
    parse_quote!(<#future as ::core::future::Future>::Output)
}

fn said_output(argument: &mut GenericArgument) -> Option<Type> {
    match argument {
        GenericArgument::AssocType(said) if said.ident == "Output" => {
            infer_opaque(&mut said.ty);
            Some(said.ty.clone())
        }
        _ => None,
    }
}

/// Puts `_` where the type says `impl Trait`, which a closure cannot name.
fn infer_opaque(output: &mut Type) {
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
