//! How much memory operators may take, and what that means for how they work.

mod pool;

use std::sync::Arc;

use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::prelude::SessionConfig;
use sysinfo::{Pid, ProcessesToUpdate, System};
use tikv_jemallocator::Jemalloc;

use crate::engine::read::scan::ScanExec;
use crate::engine::share::SharedExec;
use crate::settings::MemoryLimit;
use pool::SharedPool;

/// The system's own allocator keeps what is freed for the thread that had it: with a limit of 256 MB a process that sorted, grouped and joined 5 GB grew
/// to 326 MB. With this one it grew to 232 MB.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// What is freed goes back to the system after a second; by itself jemalloc keeps it for ten.
// The name is the one that jemalloc looks for (`malloc_conf`, "TUNING" in its manual), and what stands under it is what it expects: a pointer to a text
// that ends with a zero and lives as long as the program.
#[allow(unsafe_code)]
#[used]
#[unsafe(export_name = "_rjem_malloc_conf")]
static ALLOCATOR_CONFIGURATION: &[u8; 60] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

/// What the process needs beside its operators: code, threads, buffers of files, batches on their way.
const BASE: u64 = 80 * 1024 * 1024;
const EACH_THREAD: u64 = 8 * 1024 * 1024;

/// The part of the rest that operators may take. Measured: with all that they do not count (copies on their way to disk, merges, the allocator's
/// own), a process grows by up to 2.2 times what its operators have counted.
const COUNTED: f64 = 0.4;

/// How many batches a thread's part of the memory holds at least, if it holds batches of fewest rows.
const BATCHES: usize = 256;

/// A row of a few columns, and the rows of a batch (the most: DataFusion's own number).
const BYTES_OF_A_ROW: usize = 128;
const FEWEST_ROWS: usize = 64;
const MOST_ROWS: usize = 8192;

/// No operator works with less.
const LEAST: u64 = 4 * 1024 * 1024;

/// How much larger a hash table may be than the text of the rows in it.
const TABLE_PER_SOURCE: u64 = 4;

/// What the operators of a run share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Bytes that operators may take, all together.
    pub pool: usize,
    threads: usize,
}

impl Memory {
    /// The memory of a process with a limit; without one, four fifths of what the machine, or the process's cgroup, has.
    pub fn of_process(limit: Option<MemoryLimit>, threads: usize) -> Self {
        let limit = limit.map_or_else(|| available() / 5 * 4, MemoryLimit::bytes);
        let beside = BASE + EACH_THREAD * threads as u64;
        let counted = (limit.saturating_sub(beside) as f64 * COUNTED) as u64;
        Self {
            pool: usize::try_from(counted.max(LEAST)).unwrap_or(usize::MAX),
            threads,
        }
    }

    /// An environment in which they share it.
    pub fn limit(self, environment: RuntimeEnvBuilder) -> RuntimeEnvBuilder {
        environment.with_memory_pool(Arc::new(SharedPool::new(self.pool)))
    }

    /// With little memory batches are small, so that an operator's share holds some, and sorts set less aside for merging what they spilled.
    pub fn configure(self, mut config: SessionConfig) -> SessionConfig {
        let each = self.pool / self.threads.max(1);
        let rows = (each / BATCHES / BYTES_OF_A_ROW).clamp(FEWEST_ROWS, MOST_ROWS);
        let execution = &mut config.options_mut().execution;
        execution.sort_spill_reservation_bytes =
            execution.sort_spill_reservation_bytes.min(each / 32);
        execution.sort_in_place_threshold_bytes =
            execution.sort_in_place_threshold_bytes.min(each / 32);
        config.with_batch_size(rows)
    }

    /// The bytes that the writer of a file may hold back: no operator counts them.
    pub fn each_writer(self) -> usize {
        self.pool / (16 * self.threads.max(1))
    }

    /// Whether the tables that a plan's joins look rows up in are sure to fit, by the size of the files that they come from.
    pub fn holds_tables_of(self, plan: &Arc<dyn ExecutionPlan>) -> bool {
        tables(plan) <= self.pool as u64 / 4
    }
}

/// The bytes of memory that the hash tables of a plan's joins may come to.
fn tables(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    let own = match plan.downcast_ref::<HashJoinExec>() {
        Some(join) => source(join.left()) * TABLE_PER_SOURCE,
        None => 0,
    };
    inputs(plan)
        .into_iter()
        .map(tables)
        .fold(own, u64::saturating_add)
}

/// About how many bytes of text a plan reads.
fn source(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    let own = plan
        .downcast_ref::<ScanExec>()
        .map_or(0, ScanExec::text_size);
    inputs(plan)
        .into_iter()
        .map(source)
        .fold(own, u64::saturating_add)
}

fn inputs(plan: &Arc<dyn ExecutionPlan>) -> Vec<&Arc<dyn ExecutionPlan>> {
    match plan.downcast_ref::<SharedExec>() {
        Some(shared) => vec![shared.rows().input()],
        None => plan.children(),
    }
}

/// The memory of the machine, or less, where the process's cgroup has less.
fn available() -> u64 {
    let Ok(mut system) = System::new() else {
        return u64::MAX;
    };
    system.refresh_memory();
    let this = Pid::from_u32(std::process::id());
    system.refresh_processes(ProcessesToUpdate::Some(&[this]), false);
    let own = system
        .process(this)
        .and_then(sysinfo::Process::cgroup_limits);
    let cgroup = own.or_else(|| system.cgroup_limits());
    let machine = system.total_memory();
    cgroup.map_or(machine, |limits| machine.min(limits.total_memory))
}

#[cfg(test)]
mod tests;
