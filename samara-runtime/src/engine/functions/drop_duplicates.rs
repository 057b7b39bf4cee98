use datafusion::logical_expr::LogicalPlanBuilder;

use crate::engine::DataFrame;
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
            .map(|name| Ok(self.column(self.index(name)?)))
            .collect::<Result<Vec<_>>>()?;
        let rows = LogicalPlanBuilder::from(self.plan.clone());
        let plan = if keys.is_empty() {
            rows.distinct()?.build()?
        } else {
            let all = (0..self.names.len())
                .map(|index| self.column(index))
                .collect();
            rows.distinct_on(keys, all, None)?.build()?
        };
        Ok(self.with_plan(plan))
    }
}
