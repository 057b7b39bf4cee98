use std::collections::BTreeSet;

use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use crate::engine::DataFrame;
use crate::engine::first_row::first_row;
use crate::error::Result;

impl DataFrame {
    /// One row for each combination of values in the given columns; of all columns, if none is given.
    ///
    /// Which of the rows with the same key stays is not determined, as in Spark.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) or [`Error::AmbiguousColumn`](crate::Error::AmbiguousColumn).
    pub fn drop_duplicates<'a>(self, columns: impl AsRef<[&'a str]>) -> Result<Self> {
        self.drop_duplicate_keys(columns.as_ref())
    }

    fn drop_duplicate_keys(self, columns: &[&str]) -> Result<Self> {
        let keys = columns
            .iter()
            .map(|name| self.index(name))
            .collect::<Result<BTreeSet<_>>>()?;
        let rows = LogicalPlanBuilder::from(self.plan.clone());
        let plan = if keys.is_empty() {
            rows.distinct()?.build()?
        } else {
            let all: Vec<Expr> = (0..self.names.len())
                .map(|index| self.column(index))
                .collect();
            let key = keys.iter().map(|index| all[*index].clone());
            let others = (0..all.len()).filter(|index| !keys.contains(index));
            let first = others.map(|index| {
                let column = all[index].clone();
                let name = self.plan.schema().field(index).name();
                first_row(column).alias(name)
            });
            rows.aggregate(key, first)?.project(all.clone())?.build()?
        };
        Ok(self.with_plan(plan))
    }
}
