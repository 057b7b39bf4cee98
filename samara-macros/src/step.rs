//! `#[samara::step]`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Ident, LitStr, ReturnType, Type, parse_quote};

use crate::arguments::{Arguments, Attribute, Form, runtime};
use crate::function::{Function, block};
use crate::inlined::Inlined;
use crate::opaque::{Opaque, infer_opaque};

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

impl Step<'_> {
    fn body(&self) -> TokenStream {
        if self.function.signature.asyncness.is_some() {
            return self.future();
        }
        if self.function.attributes.iter().any(is_track_caller) {
            return self.inlined();
        }
        self.call()
    }

    /// A function that returns: its body in a closure, whose value is the outcome of the step.
    fn call(&self) -> TokenStream {
        let opened = self.opened(&quote!(enter));
        let output = self.output();
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
        let (closure, concluded) = (self.expected(closure, true), self.concluded());
        quote_spanned! {Span::mixed_site()=>
            #opened
            let (step, outcome) = step.call(#closure);
            #concluded
        }
    }

    /// An async function.
    fn future(&self) -> TokenStream {
        let opened = self.opened(&quote!(start));
        let (place, body) = (self.function.body.span(), &self.function.body);
        let (output, head) = (self.output(), quote_spanned!(place=> async move));
        let typed = self.typed(&output);
        // Items of the body stand at the beginning of a block, as they do in the function.
        let body = block(quote!(#typed #body), place);
        if matches!(output, Type::Never(_)) {
            return quote_spanned! {Span::mixed_site()=>
                #opened
                step.drive(#head #body).await.1
            };
        }
        let concluded = self.concluded();
        // An async function may give a future. Clippy asks of an async block whether it was meant to.
        quote_spanned! {Span::mixed_site()=>
            #opened
            #[allow(clippy::async_yields_async)]
            let (step, outcome) = step.drive(#head #body).await;
            #concluded
        }
    }

    /// A function that is told its caller's place, which no closure in it is: its body as it stands, with the ways out of it led past the step.
    fn inlined(&self) -> TokenStream {
        let opened = self.opened(&quote!(enter));
        let output = self.output();
        if matches!(output, Type::Never(_)) {
            let body = &self.function.body;
            return quote_spanned! {Span::mixed_site()=>
                #opened
                let _step = step;
                #body
            };
        }
        let body = Inlined::new(&self.function.body);
        let (label, block, concluded) = (&body.label, &body.block, self.concluded());
        let runtime = &self.runtime;
        let block = self.expected(quote!(#label #block), false);
        // A body without an end, as `todo!()`, leaves the conclusion unreached.
        let lints = quote!(#[allow(unreachable_code)]);
        if !body.has_question_marks {
            return quote_spanned! {Span::mixed_site()=>
                #opened
                #lints
                let outcome = #runtime::step::returned::<#output>(#block);
                #concluded
            };
        }
        let format = self.format();
        quote_spanned! {Span::mixed_site()=>
            #[allow(unused_imports)]
            use #runtime::step::Exit as _;
            #opened
            let exits = #runtime::conclude!(@exits step, #output #format);
            #lints
            let outcome = #runtime::step::returned::<#output>(#block);
            exits.returned(&outcome);
            #concluded
        }
    }

    /// The type of what the body gives, so that `?` and literals in it mean what they mean in the function.
    fn output(&self) -> Type {
        output_type(&self.function.signature.output)
    }

    /// A closure that returns what the function does, or a block that gives it, held to the `impl Future` of the return type: what an async block in it
    /// gives is known by that alone.
    fn expected(&self, body: TokenStream, is_closure: bool) -> TokenStream {
        let ReturnType::Type(_, output) = &self.function.signature.output else {
            return body;
        };
        let opaque = Opaque::of(output);
        let Some((outcome, shape)) = opaque.and_then(|opaque| opaque.expected()) else {
            return body;
        };
        let here = at(output.span());
        let runtime = self.runtime_at(here);
        let (verb, closure) = if is_closure {
            ("returns", Some(quote!(, _)))
        } else {
            ("returned", None)
        };
        let function = Ident::new(&format!("{verb}_{}", shape.name), here);
        let error = shape.has_error.then(|| quote!(, _));
        quote_spanned!(here=> #runtime::step::#function::<#outcome, _ #error #closure>(#body))
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
        let format = self.format();
        let here =
            (self.arguments.err.as_ref()).map_or_else(Span::mixed_site, |format| at(format.span()));
        let runtime = self.runtime_at(here);
        let opaque = match &self.function.signature.output {
            ReturnType::Type(_, output) => Opaque::of(output),
            ReturnType::Default => None,
        };
        let opaque = opaque.map(|opaque| opaque.hint(here));
        let conclude = quote_spanned!(here=> #runtime::conclude!(step, outcome #opaque #format));
        if self.returns_nothing() {
            quote_spanned!(here=> #conclude;)
        } else {
            quote_spanned!(here=> return #conclude;)
        }
    }

    fn returns_nothing(&self) -> bool {
        match &self.function.signature.output {
            ReturnType::Default => true,
            ReturnType::Type(_, output) => {
                matches!(&**output, Type::Tuple(tuple) if tuple.elems.is_empty())
            }
        }
    }

    /// How the error is told, as the runtime's macros take it.
    fn format(&self) -> Option<TokenStream> {
        let format = self.arguments.err.as_ref()?;
        Some(quote_spanned!(at(format.span())=> , #format))
    }

    /// The runtime, where an error in its use is shown at a place of the source.
    fn runtime_at(&self, place: Span) -> TokenStream {
        runtime(self.arguments.krate.as_ref(), place)
    }

    /// The type that an async block gives can only be said by a `return`.
    fn typed(&self, output: &Type) -> Option<TokenStream> {
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

/// With a condition that does not hold, the body stands as well where it would in a function that tracks nobody.
fn is_track_caller(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("track_caller") || is_track_caller_on_a_condition(attribute)
}

fn is_track_caller_on_a_condition(attribute: &syn::Attribute) -> bool {
    let Ok(condition) = attribute.meta.require_list() else {
        return false;
    };
    let mut words = condition.tokens.clone().into_iter();
    condition.path.is_ident("cfg_attr")
        && words.any(|word| matches!(word, TokenTree::Ident(word) if word == "track_caller"))
}

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
