//! The session: the engine's state and the threads that it runs on.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Fields, Schema};
use datafusion::catalog::Session as EngineSession;
use datafusion::common::config::Dialect;
use datafusion::common::internal_err;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::registry::FunctionRegistry as _;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::physical_plan::{ExecutionPlan, collect};
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner as _};
use datafusion::prelude::SessionConfig;
use datafusion_spark::SessionStateBuilderSpark as _;
use tokio::runtime::Runtime;

use crate::engine::boundary::BoundaryPlanner;
use crate::engine::frame::DataFrame;
use crate::engine::kept::KeptPlanner;
use crate::engine::memory::Memory;
use crate::engine::ordered::{OrderedPlanner, is_ordered};
use crate::engine::read::{Reader, schema_of};
use crate::engine::spill::SpillDirectory;
use crate::engine::sql::constants::optimizer_rules;
use crate::engine::sql::session_zone::SessionZone;
use crate::engine::stack::{self, on_deep_stack};
use crate::engine::text::zone::Zone;
use crate::engine::types::Field;
use crate::engine::{share, sql};
use crate::error::{Error, Result};
use crate::interrupt;
use crate::settings::RunSettings;

/// What steps read with and frames run on. Cheap to clone.
///
/// # Examples
///
/// ```
/// let session = samara::Session::new(&samara::RunSettings::default())?;
/// let reader = session.read().option("header", "true");
/// # drop(reader);
/// # Ok::<(), samara::Error>(())
/// ```
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    memory: Memory,
    state: SessionState,
    runtime: Runtime,
}

impl Session {
    /// A session with the threads and the memory that the settings allow.
    ///
    /// # Errors
    ///
    /// If the operating system gives no threads.
    pub fn new(settings: &RunSettings) -> Result<Self> {
        let threads = match settings.threads {
            Some(threads) => threads.get(),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("samara-engine")
            .thread_stack_size(stack::OF_THREADS)
            .enable_all()
            .build()
            .map_err(Error::other)?;
        let memory = Memory::of_process(settings.memory_limit, threads);
        Ok(Self(Arc::new(Inner {
            memory,
            state: state(settings, threads, memory)?,
            runtime,
        })))
    }

    /// A reader of files.
    pub fn read(&self) -> Reader {
        Reader::new(self.clone())
    }

    /// A frame with the given columns and no rows: what a check works with.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownType`] for a type that is none.
    pub fn empty<'a>(&self, columns: impl AsRef<[(&'a str, &'a str)]>) -> Result<DataFrame> {
        self.empty_frame(columns.as_ref())
    }

    fn empty_frame(&self, columns: &[(&str, &str)]) -> Result<DataFrame> {
        self.frame_without_rows(schema_of(columns.iter().copied())?.fields)
    }

    pub(crate) fn frame_without_rows(&self, columns: Vec<Field>) -> Result<DataFrame> {
        let schema = Schema::new(columns.iter().map(Field::to_arrow).collect::<Fields>());
        let relation = EmptyRelation {
            produce_one_row: false,
            schema: Arc::new(schema.try_into()?),
        };
        DataFrame::unqualified(self.clone(), LogicalPlan::EmptyRelation(relation))
    }

    /// The rows of a plan, in its order.
    pub(crate) fn collect(&self, plan: &LogicalPlan) -> Result<Vec<RecordBatch>> {
        let collected = interrupt::or_signal(async {
            let plans = self.physical(vec![plan.clone()]).await?;
            let context = self.state().task_ctx();
            let mut batches = Vec::new();
            for plan in plans {
                batches.extend(collect(plan, Arc::clone(&context)).await?);
            }
            Ok(batches)
        });
        on_deep_stack(|| self.runtime().block_on(collected))
    }

    /// How plans are run together, the frames of steps that they have in common computed once. The plans are let go of: steps end with their
    /// rows.
    pub(crate) async fn physical(
        &self,
        plans: Vec<LogicalPlan>,
    ) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
        let optimized = share::optimized(self.state(), &plans)?;
        drop(plans);
        let planner = self.state().query_planner();
        let mut planned = Vec::new();
        for plan in optimized {
            planned.push(planner.create_physical_plan(&plan, self.state()).await?);
        }
        Ok(planned)
    }

    pub(crate) fn memory(&self) -> Memory {
        self.0.memory
    }

    /// The zone of timestamps that say none.
    pub(crate) fn zone(&self) -> Zone {
        SessionZone::of(self.state().config_options())
    }

    pub(crate) fn state(&self) -> &SessionState {
        &self.0.state
    }

    pub(crate) fn runtime(&self) -> &Runtime {
        &self.0.runtime
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

fn state(settings: &RunSettings, threads: usize, memory: Memory) -> Result<SessionState> {
    let zone = settings.session_time_zone.clone().unwrap_or_default();
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(false)
        .with_option_extension(SessionZone(zone));
    config.options_mut().execution.enable_ansi_mode = true;
    // The present is an instant, whatever zone shows it.
    config.options_mut().execution.time_zone = Some("UTC".to_owned());
    let parser = &mut config.options_mut().sql_parser;
    parser.dialect = Dialect::Spark;
    parser.enable_ident_normalization = false;
    parser.parse_float_as_decimal = true;
    parser.map_string_types_to_utf8view = false;
    let spill_directory = settings.spill_dir.clone();
    let spills = SpillDirectory::new(spill_directory.unwrap_or_else(std::env::temp_dir));
    let disk = DiskManagerBuilder::default()
        .with_temp_file_factory(Arc::new(spills))
        .with_max_temp_directory_size(u64::MAX);
    let environment = memory.limit(RuntimeEnvBuilder::new().with_disk_manager_builder(disk));
    let mut state = SessionStateBuilder::new()
        .with_config(memory.configure(config))
        .with_runtime_env(environment.build_arc()?)
        .with_default_features()
        .with_spark_features()
        .with_query_planner(Arc::new(StepPlanner { memory }))
        .with_optimizer_rules(optimizer_rules())
        .build();
    for function in sql::functions() {
        state.register_udf(Arc::new(function))?;
    }
    // Gives the functions the configuration, and a present.
    state.mark_start_execution();
    Ok(state)
}

/// DataFusion's planner, which also knows the boundaries of steps, and joins by sorting what does not fit in memory.
#[derive(Debug)]
struct StepPlanner {
    memory: Memory,
}

#[async_trait]
impl QueryPlanner for StepPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn EngineSession,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![
            Arc::new(BoundaryPlanner),
            Arc::new(KeptPlanner),
            Arc::new(OrderedPlanner),
        ]);
        let in_order = match is_ordered(plan)? {
            true => Some(in_order(session)?),
            false => None,
        };
        let session = match &in_order {
            Some(in_order) => in_order,
            None => session,
        };
        let hashing = planner.create_physical_plan(plan, session).await?;
        if self.memory.holds_tables_of(&hashing) {
            return Ok(hashing);
        }
        drop(hashing);
        planner.create_physical_plan(plan, &sorting(session)?).await
    }
}

/// The session with joins that sort both sides, and spill.
fn sorting(session: &dyn EngineSession) -> datafusion::common::Result<SessionState> {
    with_config(session, |mut config| {
        config.options_mut().optimizer.prefer_hash_join = false;
        // With one partition the planner knows joins by hash only.
        let partitions = config.target_partitions().max(2);
        config.with_target_partitions(partitions)
    })
}

/// The session in which rows that come in an order are not dealt out to threads, which would lose it.
fn in_order(session: &dyn EngineSession) -> datafusion::common::Result<SessionState> {
    with_config(session, |config| config.with_round_robin_repartition(false))
}

fn with_config(
    session: &dyn EngineSession,
    change: impl FnOnce(SessionConfig) -> SessionConfig,
) -> datafusion::common::Result<SessionState> {
    let Some(state) = session.as_any().downcast_ref::<SessionState>() else {
        return internal_err!("the session is not the engine's own");
    };
    let config = change(state.config().clone());
    Ok(SessionStateBuilder::new_from_existing(state.clone())
        .with_config(config)
        .build())
}
