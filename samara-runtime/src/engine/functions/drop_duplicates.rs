use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};

use crate::engine::DataFrame;
use crate::engine::aggregates::first_row;
use crate::engine::functions::aggregate::summarized;
use crate::engine::projection::projection;
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
        let named = |index: usize, value: Expr| (names[index].clone(), value);
        let rows = self.plan.clone();
        let plan = if keys.is_empty() {
            let all = (0..names.len()).map(|index| Ok(named(index, self.key_column(index)?)));
            let all = projection(rows, all.collect::<Result<_>>()?)?;
            LogicalPlan::Distinct(Distinct::All(Arc::new(all)))
        } else {
            let key = keys.iter();
            let key = key.map(|index| Ok(self.key_column(*index)?.alias(names[*index])));
            let others = (0..names.len()).filter(|index| !keys.contains(index));
            let first = others.map(|index| first_row(self.column(index)).alias(names[index]));
            let first = first.collect();
            let rows = summarized(rows, key.collect::<Result<_>>()?, first)?;
            let all = (0..names.len()).map(|index| named(index, self.column(index)));
            projection(rows, all.collect())?
        };
        Ok(self.with_plan(plan))
    }
}
