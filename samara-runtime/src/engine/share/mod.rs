//! Frames with several readers: computed once, whatever reads them, in one pass.

mod log;
mod table;

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use crate::engine::boundary::{Boundary, Mark};
use crate::engine::frame::without_qualifiers;
pub(crate) use table::{SharedExec, SharedTable};

/// The plans, optimized, with every frame of a step that is read more than once in its place as a table that computes it once.
pub(crate) fn optimized(state: &SessionState, plans: &[LogicalPlan]) -> Result<Vec<LogicalPlan>> {
    let mut shared = Shared::counted(plans);
    let plans = plans.iter().map(|plan| shared.rewritten(plan.clone()));
    let plans = plans.collect::<Result<Vec<_>>>()?;
    let plans = plans.iter().map(|plan| state.optimize(plan));
    let plans = plans.collect::<Result<Vec<_>>>()?;
    plans.iter().try_for_each(note_needs)?;
    // From the readers back to what they read, so that a table has been told all needs before it says its own.
    for table in shared.tables.iter().rev() {
        note_needs(&state.optimize(&table.pruned_input()?)?)?;
    }
    Ok(plans)
}

/// The plans in groups: those that have a step in common are run in one pass.
pub(crate) fn passes(plans: Vec<(usize, LogicalPlan)>) -> Vec<Vec<(usize, LogicalPlan)>> {
    let mut passes: Vec<(HashMap<_, _>, Vec<_>)> = Vec::new();
    for (load, plan) in plans {
        let mut steps = HashMap::new();
        count(&plan, &mut steps);
        let mut pass = Vec::new();
        let shares = |(others, _): &mut (HashMap<_, usize>, _)| {
            steps.keys().any(|step| others.contains_key(step))
        };
        for (others, plans) in passes.extract_if(.., shares).collect::<Vec<_>>() {
            steps.extend(others);
            pass.extend(plans);
        }
        pass.push((load, plan));
        passes.push((steps, pass));
    }
    passes.into_iter().map(|(_, plans)| plans).collect()
}

/// The frame's rows as a table that computes them once.
pub(crate) fn scan(table: Arc<SharedTable>) -> Result<LogicalPlan> {
    let scan = LogicalPlanBuilder::scan("shared", provider_as_source(table), None)?;
    without_qualifiers(scan.build()?)
}

/// Tells each shared table of a plan which of its columns the plan reads.
fn note_needs(plan: &LogicalPlan) -> Result<()> {
    plan.apply(|node| {
        if let LogicalPlan::TableScan(scan) = node {
            let provider = source_as_provider(&scan.source)?;
            if let Some(table) = provider.downcast_ref::<SharedTable>() {
                table.need(scan.projection.as_ref());
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })
    .map(drop)
}

/// The steps whose frames are read more than once.
struct Shared {
    readers: HashMap<*const Mark, usize>,
    scans: HashMap<*const Mark, LogicalPlan>,
    /// Each behind those that it reads.
    tables: Vec<Arc<SharedTable>>,
}

impl Shared {
    fn counted(plans: &[LogicalPlan]) -> Self {
        let mut readers = HashMap::new();
        plans.iter().for_each(|plan| count(plan, &mut readers));
        Self {
            readers,
            scans: HashMap::new(),
            tables: Vec::new(),
        }
    }

    fn rewritten(&mut self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let step = Boundary::mark_of(&plan);
        if let Some(scan) = step.and_then(|step| self.scans.get(&step)) {
            return Ok(scan.clone());
        }
        let plan = plan
            .map_children(|child| self.rewritten(child).map(Transformed::yes))?
            .data;
        match step {
            Some(step) if self.readers[&step] > 1 => self.share(step, plan),
            _ => Ok(plan),
        }
    }

    fn share(&mut self, step: *const Mark, plan: LogicalPlan) -> Result<LogicalPlan> {
        let table = Arc::new(SharedTable::new(plan, false));
        let scan = scan(Arc::clone(&table))?;
        self.tables.push(table);
        self.scans.insert(step, scan.clone());
        Ok(scan)
    }
}

/// Counts who reads each step's frame. What is below a step is read once for all its readers.
fn count(plan: &LogicalPlan, readers: &mut HashMap<*const Mark, usize>) {
    if let Some(step) = Boundary::mark_of(plan) {
        let known = readers.entry(step).or_insert(0);
        *known += 1;
        if *known > 1 {
            return;
        }
    }
    plan.inputs()
        .into_iter()
        .for_each(|input| count(input, readers));
}
