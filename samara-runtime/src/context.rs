//! Taking the current step along, to tasks and threads.

use std::future::Future;

use opentelemetry::Context;
use opentelemetry::context::FutureExt as _;
use tokio::task::JoinHandle;

/// Spawns a task whose steps are children of the step that spawns it.
///
/// # Panics
///
/// Outside of a Tokio runtime, as [`tokio::spawn`](https://docs.rs/tokio/latest/tokio/fn.spawn.html) does.
///
/// # Examples
///
/// ```
/// #[samara::step]
/// async fn load_all(tables: Vec<String>) -> usize {
///     let loads = tables.into_iter().map(|table| samara::spawn(load(table)));
///     let mut rows = 0;
///     for load in loads.collect::<Vec<_>>() {
///         rows += load.await.unwrap_or_default();
///     }
///     rows
/// }
///
/// #[samara::step(attributes(table))]
/// async fn load(table: String) -> usize {
///     table.len()
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// assert_eq!(runtime.block_on(load_all(vec!["orders".into()])), 6);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future.with_current_context())
}

/// The work with the current step around it, for another thread to do: its steps are children of that step.
///
/// # Examples
///
/// ```
/// let work = samara::in_current_context(|| 21 * 2);
/// let answer = std::thread::spawn(work).join();
/// assert_eq!(answer.ok(), Some(42));
/// ```
pub fn in_current_context<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let context = Context::current();
    move || {
        let _attached = context.attach();
        work()
    }
}
