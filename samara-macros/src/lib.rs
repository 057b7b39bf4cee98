//! The attribute macros of Samara. Use them through the crate `samara`: what they expand to are calls into it.
//!
//! A macro here parses and prints, and nothing else: what a step measures is written, documented and tested in `samara::step`.

mod arguments;
mod entry;
mod step;

use proc_macro::TokenStream;
use quote::quote;

/// Makes a function a step: it runs in a span, and its duration is measured.
///
/// ```text
/// #[samara::step(id = "extract-customers", kind = "extract")]
/// fn extract_customers(session: &Session) -> Result<DataFrame> { body }
///
/// // becomes
/// fn extract_customers(session: &Session) -> Result<DataFrame> {
///     let step = {
///         static STEP: ::samara::step::Site = ::samara::step::Site::new("extract-customers", "extract", location);
///         STEP.enter()
///     };
///     let outcome = (move || -> Result<DataFrame> { body })();
///     ::samara::conclude!(step, outcome)
/// }
/// ```
///
/// Arguments, all optional:
/// - `id` (or `name`): how telemetry names the step; the function's name if absent.
/// - `kind`: what sort of step it is; `step` if absent.
///
/// # Errors
/// At compile time, at the place of the mistake: an argument that is unknown, given twice or no string; a `const fn`, which cannot
/// be measured; an `async fn`, which is not supported yet.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_error(step::expand(arguments.into(), item.clone().into()), item)
}

/// Makes `fn main() -> samara::Workflow` a whole program: flags, telemetry, the run of the workflow, its exit code.
///
/// ```text
/// #[samara::main]
/// fn main() -> samara::Workflow { body }
///
/// // becomes
/// fn main() -> ::std::process::ExitCode {
///     fn main() -> samara::Workflow { body }
///     ::samara::entry::start(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"), main)
/// }
/// ```
///
/// # Errors
/// At compile time: arguments of the attribute; any function but a plain `fn main()` that returns something.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_error(entry::expand(&arguments.into(), item.clone().into()), item)
}

/// The error, with the item as it was: what calls it shall not be reported as well.
fn or_error(expanded: syn::Result<proc_macro2::TokenStream>, item: TokenStream) -> TokenStream {
    let item = proc_macro2::TokenStream::from(item);
    expanded
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote!(#error #item)
        })
        .into()
}
