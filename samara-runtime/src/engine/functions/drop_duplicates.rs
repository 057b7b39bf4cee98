use std::collections::BTreeSet;

use datafusion::logical_expr::{Expr, LogicalPlanBuilder};

use crate::engine::DataFrame;
use crate::engine::aggregates::first_row;
use crate::error::Result;

impl DataFrame {
    /// One row for each combination of values in the given columns; of all columns, if none is given.
    ///
    /// Which of the rows with the same key stays is not determined, as in Spark.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) or [`Error::AmbiguousColumn`](crate::Error::AmbiguousColumn);
    /// [`Error::Expression`](crate::Error::Expression) for a column of maps, which cannot be compared.
    pub fn drop_duplicates<'a>(self, columns: impl AsRef<[&'a str]>) -> Result<Self> {
        self.drop_duplicate_keys(columns.as_ref())
    }

    fn drop_duplicate_keys(self, columns: &[&str]) -> Result<Self> {
        let keys = columns
            .iter()
            .map(|name| self.index(name))
            .collect::<Result<BTreeSet<_>>>()?;
        let names = self.plan.schema().fields().iter();
        let names: Vec<&String> = names.map(|field| field.name()).collect();
        let named_key = |index: usize| Ok(self.key_column(index)?.alias(names[index]));
        let rows = LogicalPlanBuilder::from(self.plan.clone());
        let plan = if keys.is_empty() {
            let all = (0..names.len()).map(named_key);
            let all = all.collect::<Result<Vec<Expr>>>()?;
            rows.project(all)?.distinct()?.build()?
        } else {
            let key = keys.iter().map(|index| named_key(*index));
            let key = key.collect::<Result<Vec<Expr>>>()?;
            let others = (0..names.len()).filter(|index| !keys.contains(index));
            let first = others.map(|index| first_row(self.column(index)).alias(names[index]));
            let all = (0..names.len()).map(|index| self.column(index));
            rows.aggregate(key, first)?.project(all)?.build()?
        };
        Ok(self.with_plan(plan))
    }
}
