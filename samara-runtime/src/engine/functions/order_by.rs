use std::sync::Arc;

use datafusion::logical_expr::{LogicalPlan, Sort, SortExpr};

use crate::engine::DataFrame;
use crate::engine::ordered::ordered;
use crate::error::Result;

/// A column to sort by: see [`asc`] and [`desc`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortColumn {
    name: String,
    ascending: bool,
}

/// Small values first, and nulls before them.
pub fn asc(column: &str) -> SortColumn {
    SortColumn {
        name: column.to_owned(),
        ascending: true,
    }
}

/// Great values first, and nulls last.
pub fn desc(column: &str) -> SortColumn {
    SortColumn {
        name: column.to_owned(),
        ascending: false,
    }
}

impl DataFrame {
    /// The rows in order: by the first column, rows that are equal there by the next, and so on.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) or [`Error::AmbiguousColumn`](crate::Error::AmbiguousColumn).
    ///
    /// # Examples
    ///
    /// ```
    /// use samara::{RunSettings, Session, asc, desc};
    ///
    /// let orders = Session::new(&RunSettings::default())?.empty([("day", "date"), ("amount", "double")])?;
    /// let sorted = orders.order_by([desc("day"), asc("amount")])?;
    /// # drop(sorted);
    /// # Ok::<(), samara::Error>(())
    /// ```
    pub fn order_by(self, columns: impl AsRef<[SortColumn]>) -> Result<Self> {
        self.sorted(columns.as_ref())
    }

    fn sorted(self, columns: &[SortColumn]) -> Result<Self> {
        let order = columns
            .iter()
            .map(|SortColumn { name, ascending }| {
                let column = self.key(self.attribute(name)?.1, name)?;
                Ok(column.sort(*ascending, *ascending))
            })
            .collect::<Result<Vec<SortExpr>>>()?;
        // Not by the engine's builder, which takes a term that the rows before are sorted by for a column of theirs.
        let plan = LogicalPlan::Sort(Sort {
            expr: order,
            input: Arc::new(self.plan.clone()),
            fetch: None,
        });
        Ok(self.with_plan(ordered(plan)))
    }
}
