//! The attribute macros of Samara. Use them through the crate `samara`: what they expand to are calls into it.
//!
//! A macro here parses and prints, and nothing else: what a step measures is written, documented and tested in `samara::step`.

mod arguments;
mod entry;
mod error_type;
mod function;
mod inlined;
mod opaque;
mod step;

use proc_macro::TokenStream;
use quote::quote;

/// Makes a function a step: each call runs in a span, its duration is measured, and its error is reported.
///
/// ```
/// #[samara::step(kind = "load", attributes(table, rows = rows.len()))]
/// async fn load(table: &str, rows: Vec<String>) -> Result<u64, std::io::Error> {
///     Ok(rows.len() as u64)
/// }
/// ```
///
/// The signature stays as it is, and so does what the compiler says of the body. Any function will do: sync or async, free, associated, a method,
/// of a trait or of its implementation (with `async_trait`, too), generic, `unsafe`, `extern`; not one that is `const`.
///
/// # Arguments
///
/// All are optional.
///
/// - `id` (or `name`): how telemetry names the step, in span and metrics; the function's name if absent.
/// - `kind`: what sort of step it is: `extract`, `transform`, `load`, or a word of one's own; `step` if absent.
/// - `attributes(…)`: what the span says of a call, over the function's arguments. `table` stands for `table = table`; names may have
///   dots (`db.table = table`) or be strings. A value is a text, a number, a bool, or an `Option` of one; `%value` is a value's
///   `Display`, `?value` its `Debug`. They are evaluated before the body runs, and only if the span records.
/// - `err`: how an error is told, `Display` or `Debug`; if absent, by the first of the two that its type has.
/// - `crate`: where the library is found, if not at `::samara`.
///
/// # What it records
///
/// - A span with `samara.step.name`, `samara.step.kind`, `code.function.name`, `code.file.path`, `code.line.number` and `attributes`.
/// - The histogram `samara.step.duration` in seconds, with `samara.step.name` and `samara.step.kind`.
/// - A step ends when its function returns. If that returns a future or a stream, boxed, as `impl Trait`, or in a `Result` or an `Option`, the step
///   ends with that, and is the current one whenever it is polled. `docs/step.md` says which are followed.
/// - If the function returns an `Err`: the status, an `exception` event, and `error.type`, on the metric too: the variant of an error that
///   derives [`ErrorType`](derive@ErrorType), else the name of its type.
/// - If it panics: `error.type` is `panic`; the panic goes on. If its future is dropped before its end: `error.type` is `cancelled`, and the
///   status stays unset.
///
/// # What it becomes
///
/// A function calls its body as a closure, so that `?` and `return` in it end the step, not more:
///
/// ```text
/// #[samara::step(id = "load-rows", kind = "load")]
/// fn load(&self, rows: Rows) -> Result<u64, LoadError> { body }
///
/// // becomes
/// fn load(&self, rows: Rows) -> Result<u64, LoadError> {
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("load-rows", "load", ::samara::source_location!());
///         STEP.enter()
///     };
///     let (step, outcome) = step.call(move || -> Result<u64, LoadError> { body });
///     return ::samara::conclude!(step, outcome);
/// }
/// ```
///
/// Attributes are set while the arguments are still there; an error is told as `err` says:
///
/// ```text
/// #[samara::step(attributes(table, db.path = %path.display()), err = Debug)]
/// fn load(table: &str, path: PathBuf) -> Result<u64, LoadError> { body }
///
/// // becomes
/// fn load(table: &str, path: PathBuf) -> Result<u64, LoadError> {
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("load", "step", ::samara::source_location!());
///         STEP.enter()
///     };
///     step.describe(|attributes| {
///         attributes.set("table", &(table));
///         attributes.display("db.path", &(path.display()));
///     });
///     let (step, outcome) = step.call(move || -> Result<u64, LoadError> { body });
///     return ::samara::conclude!(step, outcome, Debug);
/// }
/// ```
///
/// An async function drives its body as a future. The `if false` says its type, since an async block has no place for one:
///
/// ```text
/// #[samara::step]
/// async fn load(rows: Rows) -> Result<u64, LoadError> { body }
///
/// // becomes
/// async fn load(rows: Rows) -> Result<u64, LoadError> {
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("load", "step", ::samara::source_location!());
///         STEP.start()
///     };
///     #[allow(clippy::async_yields_async)]
///     let (step, outcome) = step
///         .drive(async move {
///             if false {
///                 return ::samara::step::returns::<Result<u64, LoadError>>();
///             }
///             { body }
///         })
///         .await;
///     return ::samara::conclude!(step, outcome);
/// }
/// ```
///
/// What `conclude!` does is decided by the type of what the function returned: a future or a stream takes the step along and ends it. Where the
/// function says `impl Future`, it is told so: what is returned may then have another type. An async block in the body learns from `returns_future`
/// what it gives:
///
/// ```text
/// #[samara::step]
/// fn load(&self) -> impl Future<Output = Result<u64, LoadError>> { async move { body } }
///
/// // becomes
/// fn load(&self) -> impl Future<Output = Result<u64, LoadError>> {
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("load", "step", ::samara::source_location!());
///         STEP.enter()
///     };
///     let (step, outcome) = step.call(
///         ::samara::step::returns_future::<Result<u64, LoadError>, _, _>(move || -> _ { async move { body } }),
///     );
///     return ::samara::conclude!(step, outcome, [impl]);
/// }
/// ```
///
/// A closure is not told the caller of its function. The body of one that tracks its caller stands in a block, which `return` leaves, and an error that
/// leaves it by `?` is shown to the step:
///
/// ```text
/// #[samara::step]
/// #[track_caller]
/// fn load(text: &str) -> Result<u64, LoadError> {
///     if text.is_empty() {
///         return Err(LoadError::Empty);
///     }
///     Ok(text.parse()?)
/// }
///
/// // becomes
/// #[track_caller]
/// fn load(text: &str) -> Result<u64, LoadError> {
///     #[allow(unused_imports)]
///     use ::samara::step::Exit as _;
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("load", "step", ::samara::source_location!());
///         STEP.enter()
///     };
///     let exits = ::samara::conclude!(@exits step, Result<u64, LoadError>);
///     #[allow(unreachable_code)]
///     let outcome = ::samara::step::returned::<Result<u64, LoadError>>('step: {
///         if text.is_empty() {
///             break 'step Err(LoadError::Empty);
///         }
///         Ok(text.parse().samara_exit(&exits)?)
///     });
///     exits.returned(&outcome);
///     return ::samara::conclude!(step, outcome);
/// }
/// ```
///
/// A function that never returns has nothing to conclude: it ends by a panic, or not at all:
///
/// ```text
/// #[samara::step]
/// fn serve() -> ! { body }
///
/// // becomes
/// fn serve() -> ! {
///     let step = {
///         static STEP: ::samara::step::Site =
///             ::samara::step::Site::new("serve", "step", ::samara::source_location!());
///         STEP.enter()
///     };
///     step.call(move || -> ! { body }).1
/// }
/// ```
///
/// # Errors
///
/// At compile time, at the place of the mistake: an argument that is unknown, given twice, or of the wrong sort; an attribute whose value
/// is none; anything but a function with a body; a `const fn`, which cannot be measured.
#[proc_macro_attribute]
pub fn step(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_error(step::expand(arguments.into(), item.clone().into()), || {
        item.into()
    })
}

/// Makes `main` a program with telemetry: it reads the flags and variables of `samara::Settings`, sets telemetry up, runs, delivers what there is
/// to deliver, and exits as any `main` does.
///
/// ```no_run
/// # fn copy() -> std::io::Result<()> { Ok(()) }
/// #[samara::main]
/// fn main() -> std::io::Result<()> {
///     copy()
/// }
/// ```
///
/// `main` may be async: it then runs on a Tokio runtime with a thread for each core. It may return whatever any `main` may, and takes one
/// argument or none. An argument is a type that derives `clap::Args` or `clap::Parser`: its flags stand beside Samara's.
///
/// ```no_run
/// /// Counts the lines of files.
/// #[derive(clap::Parser)]
/// struct Arguments {
///     /// The files to count
///     files: Vec<std::path::PathBuf>,
/// }
///
/// #[samara::main]
/// async fn main(arguments: Arguments) {
///     println!("{} files", arguments.files.len());
/// }
/// ```
///
/// The command line is read before `main` begins: a program that reads its own by other means sets telemetry up with `samara::init`.
/// `main` has no span: `#[samara::step]` below `#[samara::main]` gives it one, and makes one trace of the whole program.
///
/// # What it becomes
///
/// ```text
/// #[samara::main]
/// async fn main() -> Result<(), LoadError> { body }
///
/// // becomes
/// fn main() -> ::std::process::ExitCode {
///     async fn main() -> Result<(), LoadError> { body }
///     ::samara::entry::start(
///         ::samara::package!(),
///         |_: ::samara::entry::NoArguments| ::samara::entry::block_on(main()),
///     )
/// }
/// ```
///
/// # Errors
///
/// At compile time: any function but `fn main` with one argument at most; a result that is no exit code; `#[tokio::main]` beside it.
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    or_error(entry::expand(arguments.into(), item.clone().into()), || {
        entry::left_of(item.into())
    })
}

/// Gives an error a class for the attribute `error.type`: the variant's name of an enum, the type's name of a struct.
///
/// ```
/// use samara::ErrorType as _;
///
/// #[derive(samara::ErrorType)]
/// enum LoadError {
///     Unreachable { host: String },
///     Full(u64),
/// }
/// assert_eq!(LoadError::Full(3).error_type(), "Full");
/// # let _ = LoadError::Unreachable { host: String::new() };
/// ```
///
/// `#[error_type(crate = path)]` says where the library is found, if not at `::samara`.
#[proc_macro_derive(ErrorType, attributes(error_type))]
pub fn error_type(item: TokenStream) -> TokenStream {
    error_type::expand(item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// The error, with what is left of the item: what calls it shall not be reported as well.
fn or_error(
    expanded: syn::Result<proc_macro2::TokenStream>,
    left: impl FnOnce() -> proc_macro2::TokenStream,
) -> TokenStream {
    expanded
        .unwrap_or_else(|error| {
            let (error, left) = (error.into_compile_error(), left());
            quote!(#error #left)
        })
        .into()
}

#[cfg(test)]
mod documentation;
