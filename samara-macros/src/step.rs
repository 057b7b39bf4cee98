//! `#[samara::step]`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Block, Error, Expr, ExprAsync, GenericArgument, LitStr, PathArguments, ReturnType, Stmt, Type,
    parse_quote,
};

use crate::arguments::{Arguments, Attribute, Form};
use crate::function::Function;

/// Expands `#[samara::step(arguments)]` on `item`.
pub fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let arguments: Arguments = syn::parse2(arguments)?;
    let function: Function = syn::parse2(item)?;
    if let Some(token) = &function.signature.constness {
        let message = "a step is measured while the program runs, and cannot be `const`";
        return Err(Error::new_spanned(token, message));
    }
    let step = Step {
        runtime: arguments.runtime(),
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

impl Step<'_> {
    fn body(&self) -> TokenStream {
        let Function {
            signature, body, ..
        } = self.function;
        let statements = body.stream();
        if signature.asyncness.is_some() {
            return self.future(&statements, &signature.output, &quote!(move));
        }
        match returned_future(&statements) {
            Some(returned) => self.returned_future(returned),
            None => self.call(&statements, &signature.output),
        }
    }

    /// A function that returns: its body in a closure, whose value is the outcome of the step.
    fn call(&self, statements: &TokenStream, output: &ReturnType) -> TokenStream {
        let opened = self.opened(&quote!(enter));
        let runtime = &self.runtime;
        let output = output_type(output);
        let body = braced(self.function, statements);
        if matches!(output, Type::Never(_)) {
            // It ends by a panic, or not at all.
            return quote_spanned! {Span::mixed_site()=>
                #opened
                #runtime::step::call(move || -> #output #body)
            };
        }
        let concluded = self.concluded();
        quote_spanned! {Span::mixed_site()=>
            #opened
            let outcome = #runtime::step::call(move || -> #output #body);
            #concluded
        }
    }

    /// An async function, or an async block that a function returns.
    fn future(
        &self,
        statements: &TokenStream,
        output: &ReturnType,
        capture: &TokenStream,
    ) -> TokenStream {
        let opened = self.opened(&quote!(start));
        let output = output_type(output);
        let typed = self.typed(&output);
        if matches!(output, Type::Never(_)) {
            return quote_spanned! {Span::mixed_site()=>
                #opened
                step.drive(async #capture { #statements }).await.1
            };
        }
        let concluded = self.concluded();
        quote_spanned! {Span::mixed_site()=>
            #opened
            let (step, outcome) = step.drive(async #capture { #typed #statements }).await;
            #concluded
        }
    }

    /// A function whose last expression is an async block, boxed or not, as `async_trait` writes methods.
    fn returned_future(&self, mut returned: ReturnedFuture) -> TokenStream {
        let block = returned.block();
        let capture = block.capture.to_token_stream();
        let statements = &block.block.stmts;
        let unknown = parse_quote!(-> _);
        let inside = self.future(&quote!(#(#statements)*), &unknown, &capture);
        block.block.stmts = vec![Stmt::Expr(Expr::Verbatim(inside), None)];
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
        let here = Span::mixed_site();
        let set = attributes.iter().map(|Attribute { key, form, value }| {
            let set = match form {
                Form::Value => quote_spanned!(here=> set),
                Form::Display => quote_spanned!(here=> display),
                Form::Debug => quote_spanned!(here=> debug),
            };
            quote_spanned!(here=> attributes.#set(#key, &(#value));)
        });
        Some(quote_spanned! {here=>
            step.describe(|attributes| { #(#set)* });
        })
    }

    fn concluded(&self) -> TokenStream {
        let (runtime, here) = (&self.runtime, Span::mixed_site());
        match &self.arguments.err {
            None => quote_spanned!(here=> #runtime::conclude!(step, outcome)),
            Some(format) => quote_spanned!(here=> #runtime::conclude!(step, outcome, #format)),
        }
    }

    /// The type that an async block gives can only be said by a `return`.
    fn typed(&self, output: &Type) -> Option<TokenStream> {
        let runtime = &self.runtime;
        let is_unit = matches!(output, Type::Tuple(tuple) if tuple.elems.is_empty());
        let is_known = !is_unit && !matches!(output, Type::Infer(_));
        is_known.then(|| {
            quote_spanned! {Span::mixed_site()=>
                if false {
                    return #runtime::step::returns::<#output>();
                }
            }
        })
    }
}

/// The body in the braces of the function, so that an error at its end is shown where it ends.
fn braced(function: &Function, statements: &TokenStream) -> TokenStream {
    let mut braces = proc_macro2::Group::new(proc_macro2::Delimiter::Brace, statements.clone());
    braces.set_span(function.body.span());
    braces.into_token_stream()
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
