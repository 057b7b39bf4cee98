//! The session: the engine's state and the threads that it runs on.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Fields, Schema};
use datafusion::catalog::Session as EngineSession;
use datafusion::common::config::Dialect;
use datafusion::execution::context::QueryPlanner;
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
use crate::engine::read::{Reader, schema_of};
use crate::engine::sql;
use crate::engine::types::Field;
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
            .enable_all()
            .build()
            .map_err(Error::other)?;
        Ok(Self(Arc::new(Inner {
            state: state(settings, threads)?,
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
        let columns = schema_of(columns.iter().copied())?.fields;
        let schema = Schema::new(columns.iter().map(Field::to_arrow).collect::<Fields>());
        let relation = EmptyRelation {
            produce_one_row: false,
            schema: Arc::new(schema.try_into()?),
        };
        DataFrame::unqualified(self.clone(), LogicalPlan::EmptyRelation(relation))
    }

    /// The rows of a plan, in its order.
    pub(crate) fn collect(&self, plan: &LogicalPlan) -> Result<Vec<RecordBatch>> {
        self.runtime().block_on(interrupt::or_signal(async {
            let plan = self.state().create_physical_plan(plan).await?;
            Ok(collect(plan, self.state().task_ctx()).await?)
        }))
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

fn state(settings: &RunSettings, threads: usize) -> Result<SessionState> {
    let mut config = SessionConfig::new()
        .with_target_partitions(threads)
        .with_information_schema(false);
    config.options_mut().execution.enable_ansi_mode = true;
    let parser = &mut config.options_mut().sql_parser;
    parser.dialect = Dialect::Spark;
    parser.enable_ident_normalization = false;
    parser.parse_float_as_decimal = true;
    parser.map_string_types_to_utf8view = false;
    let mut memory = RuntimeEnvBuilder::new();
    if let Some(limit) = settings.memory_limit {
        memory =
            memory.with_memory_limit(usize::try_from(limit.bytes()).unwrap_or(usize::MAX), 1.0);
    }
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(memory.build_arc()?)
        .with_default_features()
        .with_spark_features()
        .with_query_planner(Arc::new(StepPlanner))
        .build();
    for function in sql::functions() {
        state.register_udf(Arc::new(function))?;
    }
    // Gives the functions the configuration, and a present.
    state.mark_start_execution();
    Ok(state)
}

/// DataFusion's planner, which also knows the boundaries of steps.
#[derive(Debug)]
struct StepPlanner;

#[async_trait]
impl QueryPlanner for StepPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        session: &dyn EngineSession,
    ) -> datafusion::common::Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(BoundaryPlanner)])
            .create_physical_plan(plan, session)
            .await
    }
}
