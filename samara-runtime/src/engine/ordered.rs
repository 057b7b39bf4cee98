//! The order of sorted rows, kept for whatever comes next.
//!
//! The engine takes an order for a property that only the end of a plan asks for: below an aggregate it leaves the sort out, and it deals sorted
//! rows out to threads. But `first` of sorted rows is the first of them, and so is the row that stays of duplicates.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, Result, Statistics};
use datafusion::datasource::source_as_provider;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore,
};
use datafusion::physical_expr::{EquivalenceProperties, OrderingRequirements};
use datafusion::physical_plan::execution_plan::{CardinalityEffect, ReplaceChildrenOptions};
use datafusion::physical_plan::{
    ChildStats, DisplayAs, DisplayFormatType, Distribution, ExecutionPlan, ExecutionPlanProperties,
    InputDistributionRequirements, PhysicalExpr, PlanProperties, StatisticsArgs,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};

use crate::engine::share::SharedTable;
use crate::engine::stack::on_enough_stack;
use crate::engine::statistics::InputStatistics;

/// Rows whose order matters to what comes next.
pub(crate) fn ordered(sorted: LogicalPlan) -> LogicalPlan {
    LogicalPlan::Extension(Extension {
        node: Arc::new(Ordered { input: sorted }),
    })
}

/// Whether a plan sorts rows: then what comes after the sort has to take them as they come, on one thread.
pub(crate) fn is_ordered(plan: &LogicalPlan) -> Result<bool> {
    let mut found = false;
    plan.apply(|node| {
        found |= match node {
            LogicalPlan::Extension(extension) => extension.node.as_any().is::<Ordered>(),
            LogicalPlan::TableScan(scan) => {
                let provider = source_as_provider(&scan.source)?;
                let shared = provider.downcast_ref::<SharedTable>();
                shared.map_or(Ok(false), |table| is_ordered(table.input()))?
            }
            _ => false,
        };
        Ok(match found {
            true => TreeNodeRecursion::Stop,
            false => TreeNodeRecursion::Continue,
        })
    })?;
    Ok(found)
}

/// A node that projections and predicates pass.
#[derive(Debug, PartialEq, Eq, PartialOrd, Hash)]
struct Ordered {
    input: LogicalPlan,
}

impl Drop for Ordered {
    fn drop(&mut self) {
        let input = std::mem::take(&mut self.input);
        on_enough_stack(|| drop(input));
    }
}

impl UserDefinedLogicalNodeCore for Ordered {
    fn name(&self) -> &str {
        "Ordered"
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

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        HashSet::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Ordered")
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
}

/// Turns the node into its operator.
pub(crate) struct OrderedPlanner;

#[async_trait]
impl ExtensionPlanner for OrderedPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let input = || Arc::clone(&physical_inputs[0]);
        Ok(node.as_any().is::<Ordered>().then(|| {
            let order = physical_inputs[0].output_ordering().cloned();
            OrderedExec::over(input(), order.map(OrderingRequirements::from))
        }))
    }
}

/// Hands its input on, and asks for its order. It says nothing of that order itself: what another order is asked of is not moved below it.
#[derive(Debug)]
struct OrderedExec {
    input: Arc<dyn ExecutionPlan>,
    order: Option<OrderingRequirements>,
    properties: Arc<PlanProperties>,
    statistics: InputStatistics,
}

impl OrderedExec {
    fn over(
        input: Arc<dyn ExecutionPlan>,
        order: Option<OrderingRequirements>,
    ) -> Arc<dyn ExecutionPlan> {
        let of_input = input.properties();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(input.schema()),
            of_input.partitioning.clone(),
            of_input.emission_type,
            of_input.boundedness,
        );
        Arc::new(Self {
            input,
            order,
            properties: Arc::new(properties),
            statistics: InputStatistics::default(),
        })
    }
}

impl DisplayAs for OrderedExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Ordered")
    }
}

impl ExecutionPlan for OrderedExec {
    fn name(&self) -> &str {
        "Ordered"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![Distribution::SinglePartition])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.order.clone()]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![false]
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
        Ok(Self::over(children.swap_remove(0), self.order.clone()))
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Self::over(children.swap_remove(0), self.order.clone()))
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

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::num::NonZeroUsize;

    use datafusion::arrow::array::AsArray as _;
    use datafusion::arrow::datatypes::Int64Type;

    use crate::{DataFrame, RunSettings, Session, desc};

    /// Rows enough for many batches and threads, in no order: a number, and its rest by seven.
    fn rows(directory: &tempfile::TempDir) -> DataFrame {
        let mut text = String::new();
        for row in 0..100_000_i64 {
            let id = row * 7_919 % 100_000;
            let _ = writeln!(text, "{id},{}", id % 7);
        }
        let path = directory.path().join("rows.csv");
        std::fs::write(&path, text).unwrap();
        let session = Session::new(&RunSettings {
            threads: NonZeroUsize::new(4),
            ..RunSettings::default()
        });
        let reader = session.unwrap().read();
        let reader = reader.schema([("id", "bigint"), ("key", "bigint")]);
        reader.csv(path.to_str().unwrap()).unwrap()
    }

    fn numbers(frame: &DataFrame, column: usize) -> Vec<i64> {
        let batches = frame.session.collect(&frame.plan).unwrap();
        let columns = batches.iter().map(|batch| batch.column(column));
        let values = columns.map(|column| column.as_primitive::<Int64Type>().values().to_vec());
        values.collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_row_that_stays_of_duplicates_is_the_first_of_the_order() {
        let directory = tempfile::tempdir().unwrap();
        let sorted = rows(&directory).order_by([desc("id")]).unwrap();
        let sorted = sorted.filter("id % 3 <> 1").unwrap();
        let first = sorted.drop_duplicates(["key"]).unwrap();
        let mut ids = numbers(&first, 0);
        ids.sort_unstable();
        assert_eq!(
            ids,
            [99_987, 99_990, 99_993, 99_995, 99_996, 99_998, 99_999]
        );
    }

    #[test]
    fn an_order_by_a_column_that_is_dropped_is_kept_to_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let sorted = rows(&directory).order_by([desc("id")]).unwrap();
        let sorted = sorted.with_column("next", "id + 1").unwrap();
        let sorted = sorted.filter("next > 1").unwrap().select(["next"]).unwrap();
        let numbers = numbers(&sorted, 0);
        assert_eq!(numbers.len(), 99_999);
        assert!(numbers.is_sorted_by(|one, next| one > next));
    }
}
