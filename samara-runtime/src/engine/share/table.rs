//! A shared frame as a table, and the operator that reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
};
use futures::stream;
use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::log::{CACHE, Log, Reader};

/// What a plan computes, once for all that read it.
#[derive(Debug)]
pub(crate) struct SharedTable {
    input: LogicalPlan,
    schema: SchemaRef,
    cached: bool,
    /// The columns that readers need; all of them unless readers said which.
    needed: Mutex<Option<BTreeSet<usize>>>,
    rows: OnceCell<Arc<Rows>>,
}

impl SharedTable {
    /// The rows of `input` for as long as readers need them; if they are cached, for readers to come, too.
    pub fn new(input: LogicalPlan, cached: bool) -> Self {
        Self {
            schema: Arc::clone(input.schema().inner()),
            input,
            cached,
            needed: Mutex::new(None),
            rows: OnceCell::new(),
        }
    }

    /// Notes that a reader needs some columns. Once there is a note, nothing is computed that no reader has asked for.
    pub fn need(&self, columns: Option<&Vec<usize>>) {
        if self.cached {
            return;
        }
        let all = || (0..self.schema.fields().len()).collect();
        let columns = columns.cloned().unwrap_or_else(all);
        self.needed.lock().get_or_insert_default().extend(columns);
    }

    /// What its rows come from.
    pub fn input(&self) -> &LogicalPlan {
        &self.input
    }

    /// What is computed, of the columns that are needed.
    pub fn pruned_input(&self) -> Result<LogicalPlan> {
        let input = LogicalPlanBuilder::from(self.input.clone());
        match self.columns()[..] {
            ref all if all.len() == self.schema.fields().len() => input.build(),
            ref columns => input.select(columns.iter().copied())?.build(),
        }
    }

    /// The columns that are computed: one at least, for whoever counts rows.
    fn columns(&self) -> Vec<usize> {
        match &*self.needed.lock() {
            Some(needed) if needed.is_empty() => vec![0],
            Some(needed) => needed.iter().copied().collect(),
            None => (0..self.schema.fields().len()).collect(),
        }
    }

    async fn plan(&self, session: &dyn Session) -> Result<Arc<Rows>> {
        let input = session.create_physical_plan(&self.pruned_input()?).await?;
        Ok(Arc::new(Rows::new(input, self.cached)))
    }
}

#[async_trait]
impl TableProvider for SharedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Temporary
    }

    async fn scan(
        &self,
        session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = self.rows.get_or_try_init(|| self.plan(session)).await?;
        let scan: Arc<dyn ExecutionPlan> = Arc::new(SharedExec::new(Arc::clone(rows)));
        let columns = self.columns();
        let all = || (0..self.schema.fields().len()).collect();
        let wanted: Vec<usize> = projection.cloned().unwrap_or_else(all);
        if wanted == columns {
            return Ok(scan);
        }
        let column = |index: &usize| {
            let Ok(place) = columns.binary_search(index) else {
                return internal_err!("a shared frame is read for a column that was not asked for");
            };
            let name = self.schema.field(*index).name();
            let expr: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, place));
            Ok(ProjectionExpr::new(expr, name.clone()))
        };
        let columns = wanted.iter().map(column).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(columns, scan)?))
    }
}

/// The rows of a shared frame: how they are computed, and where they are kept.
#[derive(Debug)]
pub(crate) struct Rows {
    input: Arc<dyn ExecutionPlan>,
    cached: bool,
    logs: Mutex<Logs>,
    next_reader: AtomicUsize,
}

#[derive(Default)]
struct Logs {
    /// The readers that have not begun with all partitions, each with the number of its first batch.
    readers: BTreeMap<usize, usize>,
    /// A log for each partition, once one is read.
    partitions: Vec<Option<Arc<Log>>>,
}

impl Rows {
    fn new(input: Arc<dyn ExecutionPlan>, cached: bool) -> Self {
        let mut logs = Logs::default();
        logs.partitions
            .resize(input.properties().partitioning.partition_count(), None);
        if cached {
            logs.readers.insert(CACHE, 0);
        }
        Self {
            input,
            cached,
            logs: Mutex::new(logs),
            next_reader: AtomicUsize::new(0),
        }
    }

    /// How the rows are computed.
    pub fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    fn enter(&self) -> usize {
        let reader = self.next_reader.fetch_add(1, Relaxed);
        let mut logs = self.logs.lock();
        logs.readers.insert(reader, 0);
        reader
    }

    fn leave(&self, reader: usize) {
        let mut logs = self.logs.lock();
        logs.readers.remove(&reader);
        for log in logs.partitions.iter().flatten() {
            log.leave(reader);
        }
    }

    /// The log of a partition, in which all known readers are at the beginning.
    fn log(&self, partition: usize, context: &Arc<TaskContext>) -> Result<Arc<Log>> {
        let mut logs = self.logs.lock();
        if let Some(log) = &logs.partitions[partition] {
            return Ok(Arc::clone(log));
        }
        let log = Log::new(self.input.schema(), logs.readers.clone(), context);
        log.fill(self.input.execute(partition, Arc::clone(context))?);
        logs.partitions[partition] = Some(Arc::clone(&log));
        Ok(log)
    }
}

impl fmt::Debug for Logs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logs").finish_non_exhaustive()
    }
}

/// Reads a shared frame.
#[derive(Debug)]
pub(crate) struct SharedExec {
    rows: Arc<Rows>,
    place: Arc<Registered>,
    read: Arc<AtomicU64>,
}

/// A reader's right to every batch, until it is dropped.
#[derive(Debug)]
struct Registered {
    rows: Arc<Rows>,
    id: usize,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.rows.leave(self.id);
    }
}

impl SharedExec {
    fn new(rows: Arc<Rows>) -> Self {
        let id = rows.enter();
        Self {
            place: Arc::new(Registered {
                rows: Arc::clone(&rows),
                id,
            }),
            rows,
            read: Arc::default(),
        }
    }

    /// The rows that came through so far.
    pub fn rows_read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// The rows that are read.
    pub fn rows(&self) -> &Arc<Rows> {
        &self.rows
    }
}

impl DisplayAs for SharedExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Shared: cached={}", self.rows.cached)
    }
}

impl ExecutionPlan for SharedExec {
    fn name(&self) -> &str {
        "Shared"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.rows.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let log = self.rows.log(partition, &context)?;
        let reading = Reading {
            reader: Reader::new(self.place.id),
            log,
            place: Arc::clone(&self.place),
            read: Arc::clone(&self.read),
        };
        let batches = stream::try_unfold(reading, |mut reading| async move {
            let next = reading.log.next(&mut reading.reader).await?;
            Ok(next.map(|batch| {
                reading.read.fetch_add(batch.num_rows() as u64, Relaxed);
                (batch, reading)
            }))
        });
        let schema = self.schema();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// One reader in one partition, which it leaves when it is dropped.
struct Reading {
    reader: Reader,
    log: Arc<Log>,
    place: Arc<Registered>,
    read: Arc<AtomicU64>,
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.log.leave(self.place.id);
    }
}
