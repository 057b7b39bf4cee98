//! The boundary of a step in the plan: a node that changes nothing, whose operator measures what streams through and then ends the step's span.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchemaRef, DataFusionError, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ReplaceChildrenOptions};
use datafusion::physical_plan::{
    ChildStats, DisplayAs, DisplayFormatType, EmptyRecordBatchStream, ExecutionPlan, PhysicalExpr,
    PlanProperties, RecordBatchStream, StatisticsArgs,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::{Stream, StreamExt as _};

use crate::engine::read::findings::Findings;
use crate::engine::read::scan::ScanExec;
use crate::engine::share::SharedExec;
use crate::engine::stack::on_enough_stack;
use crate::engine::statistics::InputStatistics;
use crate::error::{kind_of, sentence};
use crate::step::{Measured, OpenStep, StepFailed};

/// Marks `plan` as what a step gives, which is measured if the step is open: with telemetry off there is none.
///
/// Projections pass the mark, since they change no row counts; predicates do not, so that a step's rows are the rows it is read to give.
pub(crate) fn mark(plan: LogicalPlan, step: Option<Arc<OpenStep>>) -> LogicalPlan {
    LogicalPlan::Extension(Extension {
        node: Arc::new(Boundary {
            input: plan,
            mark: Arc::new(Mark(step)),
        }),
    })
}

/// What tells one frame of a step from every other.
#[derive(Debug)]
pub(crate) struct Mark(Option<Arc<OpenStep>>);

impl Mark {
    fn name(&self) -> &str {
        self.0.as_ref().map_or("", |step| step.name())
    }
}

/// The mark in the logical plan.
#[derive(Debug)]
pub(crate) struct Boundary {
    input: LogicalPlan,
    mark: Arc<Mark>,
}

impl Boundary {
    /// The mark of the frame that a plan is, if a step gave it.
    pub fn mark_of(plan: &LogicalPlan) -> Option<*const Mark> {
        let LogicalPlan::Extension(extension) = plan else {
            return None;
        };
        let boundary = extension.node.as_any().downcast_ref::<Self>()?;
        Some(boundary.identity())
    }

    fn identity(&self) -> *const Mark {
        Arc::as_ptr(&self.mark)
    }
}

impl Drop for Boundary {
    fn drop(&mut self) {
        let input = std::mem::take(&mut self.input);
        on_enough_stack(|| drop(input));
    }
}

impl PartialEq for Boundary {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity() && self.input == other.input
    }
}

impl Eq for Boundary {}

impl PartialOrd for Boundary {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.identity().cmp(&other.identity()) {
            Ordering::Equal => self.input.partial_cmp(&other.input),
            unequal => Some(unequal),
        }
    }
}

impl Hash for Boundary {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
        self.input.hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Boundary {
    fn name(&self) -> &str {
        "Step"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        self.input.schema()
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Step: {}", self.mark.name())
    }

    fn with_exprs_and_inputs(
        &self,
        _exprs: Vec<Expr>,
        mut inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        Ok(Self {
            input: inputs.swap_remove(0),
            mark: Arc::clone(&self.mark),
        })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }
}

/// Turns the mark into its operator.
pub(crate) struct BoundaryPlanner;

#[async_trait]
impl ExtensionPlanner for BoundaryPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(boundary) = node.as_any().downcast_ref::<Boundary>() else {
            return Ok(None);
        };
        let input = Arc::clone(&physical_inputs[0]);
        Ok(Some(match &boundary.mark.0 {
            Some(step) => Arc::new(BoundaryExec::new(input, Arc::clone(step))),
            None => input,
        }))
    }
}

/// The mark in the physical plan.
#[derive(Debug)]
pub(crate) struct BoundaryExec {
    input: Arc<dyn ExecutionPlan>,
    step: Arc<OpenStep>,
    flow: Arc<Flow>,
    statistics: InputStatistics,
}

impl BoundaryExec {
    fn new(input: Arc<dyn ExecutionPlan>, step: Arc<OpenStep>) -> Self {
        let remaining = input.properties().partitioning.partition_count();
        Self {
            input,
            step,
            flow: Arc::new(Flow::over(remaining)),
            statistics: InputStatistics::default(),
        }
    }

    fn measured(&self) -> Measured {
        let work = Work::of(&self.input);
        Measured {
            input_rows: work.input_rows,
            output_rows: Some(self.flow.rows.load(Relaxed)),
            output_batches: Some(self.flow.batches.load(Relaxed)),
            input_bytes: work.input_bytes,
            output_bytes: Some(self.flow.bytes.load(Relaxed)),
            spilled_bytes: work.spilled_bytes,
            busy: Some(work.busy),
            findings: work.findings,
            destination: None,
        }
    }
}

/// How often a step tells how far it is: an export of metrics follows by far less often.
const PROGRESS: Duration = Duration::from_secs(1);

/// What has streamed through one operator, over all its partitions.
#[derive(Debug)]
struct Flow {
    began: Instant,
    /// How many times it has told how far it is.
    told: AtomicU64,
    rows: AtomicU64,
    batches: AtomicU64,
    bytes: AtomicU64,
    remaining: AtomicUsize,
    /// Whether a partition ended before its last row.
    is_cut: AtomicBool,
}

impl Flow {
    fn over(partitions: usize) -> Self {
        Self {
            began: Instant::now(),
            told: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            batches: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            remaining: AtomicUsize::new(partitions),
            is_cut: AtomicBool::new(false),
        }
    }

    /// Whether it is time to tell how far it is. Of all partitions that ask, one is told so.
    fn is_due(&self) -> bool {
        let due = self.began.elapsed().as_secs() / PROGRESS.as_secs();
        self.told.fetch_max(due, Relaxed) < due
    }
}

/// The work of the operators between the top of `plan` and the steps before it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Work {
    /// What its files hold that a person should know of.
    pub findings: Vec<Arc<Findings>>,
    /// The rows that came out of the steps before; none before an extract.
    pub input_rows: Option<u64>,
    /// The bytes read from files.
    pub input_bytes: Option<u64>,
    /// The bytes that operators spilled to disk, if any.
    pub spilled_bytes: Option<u64>,
    /// Processor time of the operators, over all partitions.
    pub busy: Duration,
}

impl Work {
    pub fn of(plan: &Arc<dyn ExecutionPlan>) -> Self {
        if let Some(boundary) = plan.downcast_ref::<BoundaryExec>() {
            return Self {
                input_rows: Some(boundary.flow.rows.load(Relaxed)),
                ..Self::default()
            };
        }
        if let Some(shared) = plan.downcast_ref::<SharedExec>() {
            return Self {
                input_rows: Some(shared.rows_read()),
                ..Self::default()
            };
        }
        let metrics = plan.metrics().unwrap_or_default();
        let nanos = metrics.elapsed_compute().unwrap_or(0);
        let spilled = metrics.spilled_bytes().filter(|bytes| *bytes > 0);
        let scan = plan.downcast_ref::<ScanExec>();
        let own = Self {
            findings: scan.map(ScanExec::findings).cloned().into_iter().collect(),
            input_rows: None,
            input_bytes: scan.map(ScanExec::bytes_read),
            spilled_bytes: spilled.map(|bytes| bytes as u64),
            busy: Duration::from_nanos(nanos as u64),
        };
        plan.children()
            .into_iter()
            .map(Self::of)
            .fold(own, Self::plus)
    }

    fn plus(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| a.map_or(b, |a| Some(a + b.unwrap_or(0)));
        Self {
            findings: [self.findings, other.findings].concat(),
            input_rows: sum(self.input_rows, other.input_rows),
            input_bytes: sum(self.input_bytes, other.input_bytes),
            spilled_bytes: sum(self.spilled_bytes, other.spilled_bytes),
            busy: self.busy + other.busy,
        }
    }
}

impl DisplayAs for BoundaryExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Step: {}", self.step.name())
    }
}

impl ExecutionPlan for BoundaryExec {
    fn name(&self) -> &str {
        "Step"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
        _options: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(
            children.swap_remove(0),
            Arc::clone(&self.step),
        )))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(
            children.swap_remove(0),
            Arc::clone(&self.step),
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let whole = Self {
            input: Arc::clone(&self.input),
            step: Arc::clone(&self.step),
            flow: Arc::clone(&self.flow),
            statistics: InputStatistics::default(),
        };
        let input = self
            .input
            .execute(partition, context)
            .map_err(|error| stopped(&self.step, error))?;
        Ok(Box::pin(BoundaryStream {
            input,
            whole: Some(whole),
            has_failed: false,
        }))
    }

    fn child_stats_requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        self.statistics.requests(partition)
    }

    fn statistics_from_inputs(
        &self,
        inputs: &[Arc<Statistics>],
        args: &StatisticsArgs,
    ) -> Result<Arc<Statistics>> {
        Ok(self.statistics.of(inputs, args))
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }
}

/// One partition's stream; `whole` is gone once it has ended.
struct BoundaryStream {
    input: SendableRecordBatchStream,
    whole: Option<BoundaryExec>,
    has_failed: bool,
}

impl BoundaryStream {
    fn record(&self, batch: &RecordBatch) {
        if let Some(whole) = &self.whole {
            whole.flow.rows.fetch_add(batch.num_rows() as u64, Relaxed);
            whole.flow.batches.fetch_add(1, Relaxed);
            whole.flow.bytes.fetch_add(data_size(batch), Relaxed);
            if whole.flow.is_due() {
                whole.step.progressed(&whole.measured());
            }
        }
    }

    /// Reports the step's measures when its last partition has ended.
    fn end(&mut self, is_exhausted: bool) {
        let Some(whole) = self.whole.take() else {
            return;
        };
        if !is_exhausted || self.has_failed {
            whole.flow.is_cut.store(true, Relaxed);
        }
        // Some operators (joins) account for their time only when their stream is dropped.
        self.input = Box::pin(EmptyRecordBatchStream::new(self.input.schema()));
        if whole.flow.remaining.fetch_sub(1, AcqRel) == 1 {
            let is_complete = !whole.flow.is_cut.load(Relaxed);
            whole.step.measure(whole.measured(), is_complete);
        }
    }
}

impl Stream for BoundaryStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.input.poll_next_unpin(context).map(|item| match item {
            Some(Ok(batch)) => {
                self.record(&batch);
                Some(Ok(batch))
            }
            Some(Err(error)) => {
                self.has_failed = true;
                Some(Err(match &self.whole {
                    Some(whole) => stopped(&whole.step, error),
                    None => error,
                }))
            }
            None => {
                self.end(true);
                None
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.input.size_hint()
    }
}

impl RecordBatchStream for BoundaryStream {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

impl Drop for BoundaryStream {
    fn drop(&mut self) {
        self.end(false);
    }
}

/// The error with the step that it stopped: the first step that it meets on its way out.
fn stopped(step: &OpenStep, error: DataFusionError) -> DataFusionError {
    if StepFailed::find(&error).is_some() {
        return error;
    }
    let (kind, message) = (kind_of(&error), sentence(&error));
    step.fail(kind, &message);
    DataFusionError::External(Box::new(StepFailed {
        step: step.name(),
        kind,
        message,
    }))
}

/// The bytes of the batch's own rows, whatever larger buffers they are slices of.
fn data_size(batch: &RecordBatch) -> u64 {
    let size =
        |column: &Arc<dyn Array>| column.to_data().get_slice_memory_size().unwrap_or(0) as u64;
    batch.columns().iter().map(size).sum()
}
