//! The statistics of operators that hand rows on: asked for once.
//!
//! A filter asks for the statistics of all that is below it, whenever the engine's planner makes it anew.

use std::sync::{Arc, OnceLock};

use datafusion::common::Statistics;
use datafusion::physical_plan::{ChildStats, StatisticsArgs};

/// The statistics of an operator's only input, of all partitions, as soon as they are known.
#[derive(Debug, Default)]
pub(crate) struct InputStatistics(OnceLock<Arc<Statistics>>);

impl InputStatistics {
    /// What has to be asked of the input.
    pub fn requests(&self, partition: Option<usize>) -> Vec<ChildStats> {
        vec![match (partition, self.0.get()) {
            (None, Some(_)) => ChildStats::Skip,
            (partition, _) => ChildStats::At(partition),
        }]
    }

    /// The statistics, given what the input said to the [requests](Self::requests).
    pub fn of(&self, inputs: &[Arc<Statistics>], args: &StatisticsArgs) -> Arc<Statistics> {
        let asked = || Arc::clone(&inputs[0]);
        match args.partition() {
            None => Arc::clone(self.0.get_or_init(asked)),
            Some(_) => asked(),
        }
    }
}
