use datafusion::common::Column;
use datafusion::functions_aggregate::expr_fn::max;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt as _, ExprSchemable as _, LogicalPlanBuilder, lit,
};
use datafusion::scalar::ScalarValue;

use crate::engine::frame::Names;
use crate::engine::functions::aggregate::{one_row, summarized};
use crate::engine::projection::projection;
use crate::engine::rehearsal::Rehearsal;
use crate::engine::sql::cast::SparkCast;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

/// More values than this are refused, as Spark does (`spark.sql.pivotMaxValues`).
const MAX_VALUES: usize = 10_000;

/// What Spark names the column of the values that are null.
const NULL: &str = "null";

impl DataFrame {
    /// One row for each combination of values of the key columns, and a column for each different value of the pivot column, sorted: in it,
    /// the function of the values column over the rows with that key and that value, or null if there are none.
    ///
    /// The values are looked up when this is called: the rows so far are computed for that, as in Spark.
    ///
    /// # Errors
    ///
    /// Those of [`aggregate`](DataFrame::aggregate); [`Error::TooManyPivotValues`] for more than 10,000 values; whatever stops the rows so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use samara::{RunSettings, Session};
    ///
    /// let sales = Session::new(&RunSettings::default())?.empty([("shop", "string"), ("quarter", "int"), ("amount", "double")])?;
    /// let by_quarter = sales.pivot(["shop"], "quarter", "sum", "amount")?;
    /// assert_eq!(by_quarter.columns(), ["shop"]);
    /// # Ok::<(), samara::Error>(())
    /// ```
    pub fn pivot<'a>(
        self,
        keys: impl AsRef<[&'a str]>,
        pivot_column: &str,
        function: &str,
        values_column: &str,
    ) -> Result<Self> {
        self.pivoted(keys.as_ref(), pivot_column, function, values_column)
    }

    fn pivoted(
        self,
        keys: &[&str],
        pivot_column: &str,
        function: &str,
        values_column: &str,
    ) -> Result<Self> {
        let mut grouped = keys.to_vec();
        grouped.push(pivot_column);
        let kind = self
            .attribute(pivot_column)?
            .1
            .get_type(self.plan.schema())?;
        if kind.is_nested() {
            return Err(Error::Expression {
                expression: pivot_column.to_owned(),
                message: format!(
                    "a pivot makes columns of simple values, and this is {}",
                    DataType::from_arrow(&kind)?
                ),
                offset: None,
            });
        }
        // Read twice, for the values and for the rows, and computed once.
        let cells = self.aggregate(grouped, [(function, values_column, "value")])?;
        let cells = cells.cache()?;
        let values = cells.pivot_values(keys.len(), pivot_column)?;

        let (pivot, value) = (cells.column(keys.len()), cells.column(keys.len() + 1));
        let mut unique = Names::default();
        let mut columns = Vec::new();
        let mut add = |name: &str| {
            let plan_name = unique.add(name);
            let column = Expr::Column(Column::new_unqualified(plan_name.clone()));
            columns.push((name.to_owned(), column));
            plan_name
        };
        let groups: Vec<Expr> = (0..keys.len())
            .map(|index| cells.column(index).alias(add(&cells.names[index])))
            .collect();
        let mut summaries = Vec::new();
        for (name, is) in values {
            // There is one such cell at most: its greatest is itself.
            let is_of_value = match is.is_null() {
                true => pivot.clone().is_null(),
                false => pivot.clone().eq(lit(is)),
            };
            let cell = max(value.clone()).filter(is_of_value).build()?;
            summaries.push(cell.alias(add(&name)));
        }
        let rows = cells.plan.clone();
        let plan = match groups.is_empty() && summaries.is_empty() {
            // No rows had no values, so there are no columns: an aggregate needs one.
            true => projection(rows, Vec::new())?,
            false => summarized(rows, groups, summaries)?,
        };
        let plan = if keys.is_empty() {
            one_row(plan)?
        } else {
            plan
        };
        cells.with_plan(plan).project(columns)
    }

    /// The different values of a column, sorted, nulls first, each with its text.
    fn pivot_values(&self, index: usize, column: &str) -> Result<Vec<(String, ScalarValue)>> {
        let value = self.key_column(index)?;
        let text = SparkCast::call(self.column(index), &DataType::String);
        let both = vec![("value".to_owned(), value), ("text".to_owned(), text)];
        let key = Expr::Column(Column::new_unqualified("value"));
        let plan = LogicalPlanBuilder::from(projection(self.plan.clone(), both)?)
            .distinct()?
            .sort([key.sort(true, true)])?
            .limit(0, Some(MAX_VALUES + 1))?
            .build()?;
        let mut values = Vec::new();
        if let Some(rehearsal) = Rehearsal::current() {
            rehearsal.lose_sight();
            return Ok(values);
        }
        for batch in self.session.collect(&plan)? {
            for row in 0..batch.num_rows() {
                let value = ScalarValue::try_from_array(batch.column(0), row)?;
                let name = match ScalarValue::try_from_array(batch.column(1), row)? {
                    ScalarValue::Utf8(Some(text)) => text,
                    _ => NULL.to_owned(),
                };
                values.push((name, value));
            }
        }
        if values.len() > MAX_VALUES {
            return Err(Error::TooManyPivotValues {
                column: column.to_owned(),
                most: MAX_VALUES,
            });
        }
        Ok(values)
    }
}
