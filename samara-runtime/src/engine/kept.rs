//! The rows that a filter keeps: what comes after it is computed of them alone.
//!
//! The engine merges a filter with those before it, the later one first. Then `x <> 0` does not keep `1 / x > 2`, in a filter of its own, from a
//! division by zero, and a text that one filter takes out is cast by the next. Spark keeps their order.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DFSchemaRef, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, Filter, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ReplaceChildrenOptions};
use datafusion::physical_plan::{
    ChildStats, DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties,
    StatisticsArgs,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use crate::engine::stack::on_enough_stack;
use crate::engine::statistics::InputStatistics;

/// The rows of a plan for which a predicate is true; no later predicate is computed for others.
pub(crate) fn kept(plan: LogicalPlan, predicate: Expr) -> Result<LogicalPlan> {
    // The engine's builder would look at all of the plan.
    let input = Filter::try_new(predicate, Arc::new(plan))?;
    Ok(closed(LogicalPlan::Filter(input)))
}

/// The rows of a plan, with which the engine does not merge what comes after it.
pub(crate) fn closed(input: LogicalPlan) -> LogicalPlan {
    LogicalPlan::Extension(Extension {
        node: Arc::new(Kept { input }),
    })
}

/// A node that predicates do not pass; projections and limits do.
#[derive(Debug, PartialEq, Eq, PartialOrd, Hash)]
struct Kept {
    input: LogicalPlan,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let input = std::mem::take(&mut self.input);
        on_enough_stack(|| drop(input));
    }
}

impl UserDefinedLogicalNodeCore for Kept {
    fn name(&self) -> &str {
        "Kept"
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
        f.write_str("Kept")
    }

    fn with_exprs_and_inputs(
        &self,
        _exprs: Vec<Expr>,
        mut inputs: Vec<LogicalPlan>,
    ) -> Result<Self> {
        Ok(Self {
            input: inputs.swap_remove(0),
        })
    }

    fn necessary_children_exprs(&self, output_columns: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![output_columns.to_vec()])
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }
}

/// Turns the node into its operator.
pub(crate) struct KeptPlanner;

#[async_trait]
impl ExtensionPlanner for KeptPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let kept = node.as_any().is::<Kept>();
        Ok(kept.then(|| KeptExec::over(Arc::clone(&physical_inputs[0]))))
    }
}

/// Hands its input on. That it is there is all it does: an operator takes no predicate from above unless it says so.
#[derive(Debug)]
struct KeptExec {
    input: Arc<dyn ExecutionPlan>,
    statistics: InputStatistics,
}

impl KeptExec {
    fn over(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(Self {
            input,
            statistics: InputStatistics::default(),
        })
    }
}

impl DisplayAs for KeptExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl ExecutionPlan for KeptExec {
    fn name(&self) -> &str {
        "Kept"
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
        Ok(Self::over(children.swap_remove(0)))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Self::over(children.swap_remove(0)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        self.input.execute(partition, context)
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
