//! The stack that recursive work has: as much as it needs, on any thread.
//!
//! The engine walks expressions and plans by recursion. How deep they are is up to whoever writes a workflow, within documented limits; how much
//! stack a thread has is up to whoever started it.

/// What a pass over an expression or a plan may need, at the documented limits and without optimisation.
const DEEP: usize = 256 << 20;

/// The stack of the threads that compute rows, which pass through one operator for each function of a workflow. It is address space: memory is
/// what is used of it.
pub(crate) const OF_THREADS: usize = 64 << 20;

/// What a pass over one part of an expression or a plan may need.
const PART: usize = 2 << 20;

/// Runs what recurses as deeply as a workflow is nested.
pub(crate) fn on_deep_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(DEEP / 2, DEEP, work)
}

/// Runs one of many nested parts: a new stack begins where the rest of this one could be too small for it.
pub(crate) fn on_enough_stack<T>(work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(PART, 16 * PART, work)
}
