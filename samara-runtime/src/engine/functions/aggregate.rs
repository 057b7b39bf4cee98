use std::sync::Arc;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Column;
use datafusion::functions_aggregate::count::count;
use datafusion::logical_expr::{
    Aggregate as Aggregation, Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, lit,
};

use crate::engine::aggregates::{Aggregate, NAMES, Summary, holds_map};
use crate::engine::frame::Names;
use crate::engine::sql::functions::catalog::{self, Status};
use crate::engine::sql::normal::normal;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

/// Stands for a column where rows are counted.
const ROWS: &str = "*";

/// Refused: its answer depends on how Spark counts.
const APPROXIMATE: &str = "approx_count_distinct";

impl DataFrame {
    /// One row for each combination of values of the key columns, or one for all rows if there is no key: the keys, then a column for each
    /// function, column and name. Of `*`, `count` counts rows.
    ///
    /// Types are Spark's: the sum of integers is a `bigint`, and an error where it is too large for one; that of a `decimal(p,s)` is a
    /// `decimal(p+10,s)`. Nulls do not count, but for `first` and `last`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::AmbiguousColumn`]; [`Error::Expression`] for a function that does not exist, or does not take a
    /// column of that type.
    ///
    /// # Examples
    ///
    /// ```
    /// use samara::{RunSettings, Session};
    ///
    /// let orders = Session::new(&RunSettings::default())?.empty([("customer", "string"), ("amount", "double")])?;
    /// let totals = orders.aggregate(["customer"], [("sum", "amount", "total"), ("count", "*", "orders")])?;
    /// assert_eq!(totals.columns(), ["customer", "total", "orders"]);
    /// # Ok::<(), samara::Error>(())
    /// ```
    pub fn aggregate<'a>(
        self,
        keys: impl AsRef<[&'a str]>,
        aggregates: impl AsRef<[(&'a str, &'a str, &'a str)]>,
    ) -> Result<Self> {
        self.aggregated(keys.as_ref(), aggregates.as_ref())
    }

    fn aggregated(self, keys: &[&str], aggregates: &[(&str, &str, &str)]) -> Result<Self> {
        let mut unique = Names::default();
        let mut columns = Vec::new();
        let mut groups = Vec::new();
        for key in keys {
            let (name, value) = self.attribute(key)?;
            let plan_name = unique.add(&name);
            groups.push(self.key(value, key)?.alias(&plan_name));
            columns.push((name, Expr::Column(Column::new_unqualified(plan_name))));
        }
        let mut summaries = Vec::new();
        for (function, column, alias) in aggregates {
            let plan_name = unique.add(alias);
            let Summary { over_rows, then } = self.summary(function, column, keys.is_empty())?;
            summaries.push(over_rows.alias(&plan_name));
            let value = then(Expr::Column(Column::new_unqualified(plan_name)))?;
            columns.push(((*alias).to_owned(), value));
        }
        let plan = summarized(self.plan.clone(), groups, summaries)?;
        let plan = if keys.is_empty() {
            one_row(plan)?
        } else {
            plan
        };
        self.with_plan(plan).project(columns)
    }

    /// A value as a key: `0.0` and `-0.0` are one value.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`] for a map, or what holds one: maps have no order.
    pub(crate) fn key(&self, value: Expr, name: &str) -> Result<Expr> {
        let kind = value.get_type(self.plan.schema())?;
        if holds_map(&kind) {
            return Err(no_order(&kind, name));
        }
        Ok(normal(value, &kind))
    }

    /// A column as a key.
    ///
    /// # Errors
    ///
    /// Those of [`DataFrame::key`].
    pub(crate) fn key_column(&self, index: usize) -> Result<Expr> {
        self.key(self.column(index), &self.names[index])
    }

    /// How a function of a column is computed.
    fn summary(&self, function: &str, column: &str, of_all_rows: bool) -> Result<Summary> {
        let aggregate = Aggregate::named(function).ok_or_else(|| no_aggregate(function))?;
        if aggregate == Aggregate::Count && column == ROWS {
            return Ok(Summary::of(count(lit(1_i64))));
        }
        let (_, value) = self.attribute(column)?;
        let kind = value.get_type(self.plan.schema())?;
        if !aggregate.takes(&kind) {
            let kind = DataType::from_arrow(&kind)?;
            return Err(Error::Expression {
                expression: format!("{function}({column})"),
                message: format!("`{function}` does not take a column of type {kind}"),
                offset: None,
            });
        }
        if aggregate == Aggregate::First && of_all_rows {
            return Ok(Aggregate::first_of_all(value));
        }
        Ok(aggregate.of(value, &kind)?)
    }
}

/// Rows in groups, each with its summaries. The engine's builder would look at all of the plan.
///
/// # Errors
///
/// None that an expression of ours causes.
pub(crate) fn summarized(
    plan: LogicalPlan,
    groups: Vec<Expr>,
    summaries: Vec<Expr>,
) -> Result<LogicalPlan> {
    let aggregate = Aggregation::try_new(Arc::new(plan), groups, summaries)?;
    Ok(LogicalPlan::Aggregate(aggregate))
}

/// A summary of all rows, closed to predicates by its limit: the engine would move one without columns below it, but there is a row even for no rows.
///
/// # Errors
///
/// None that a summary causes.
pub(crate) fn one_row(summary: LogicalPlan) -> Result<LogicalPlan> {
    Ok(LogicalPlanBuilder::from(summary)
        .limit(0, Some(1))?
        .build()?)
}

fn no_order(kind: &ArrowType, name: &str) -> Error {
    let message = match DataType::from_arrow(kind) {
        Ok(kind) => format!("maps cannot be compared, and this is {kind}"),
        Err(error) => return error,
    };
    Error::Expression {
        expression: name.to_owned(),
        message,
        offset: None,
    }
}

fn no_aggregate(function: &str) -> Error {
    let lower = function.to_lowercase();
    let near = NAMES
        .iter()
        .map(|(name, _)| (strsim::damerau_levenshtein(name, &lower), *name));
    let hint = match () {
        _ if lower == APPROXIMATE => {
            "its estimate is Spark's own; dropDuplicates and then count give the exact number"
                .to_owned()
        }
        _ => match (catalog::status(&lower), near.min()) {
            (Status::OfManyRows, _) => "Spark has it, and it is not supported yet".to_owned(),
            (Status::Supported | Status::Refused(_), _) => {
                "it is a function of one row; withColumn computes it".to_owned()
            }
            (Status::Unknown, Some((distance, name))) if catalog::is_misspelt(&lower, distance) => {
                format!("did you mean `{name}`?")
            }
            _ => "there are avg, count, first, last, max, min, sum, stddev, variance, collect_list, …"
                .to_owned(),
        },
    };
    Error::Expression {
        expression: function.to_owned(),
        message: format!("no aggregate function `{function}` of one column: {hint}"),
        offset: None,
    }
}
