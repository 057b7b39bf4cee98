use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Column;
use datafusion::functions_aggregate::{
    approx_distinct::approx_distinct,
    bit_and_or_xor::{bit_and, bit_or, bit_xor},
    bool_and_or::{bool_and, bool_or},
    count::count,
    expr_fn::{avg, max, median, min, stddev, stddev_pop, sum, var_pop, var_sample},
    first_last::{first_value, last_value},
};
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlanBuilder, cast, lit};
use datafusion_spark::expr_fn::{collect_list, collect_set};

use crate::engine::first_row::first_row;
use crate::engine::frame::Names;
use crate::engine::sql::cast::SparkCast;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

/// Stands for a column where rows are counted.
const ROWS: &str = "*";

/// An aggregate function of one column, as Spark names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aggregate {
    ApproxCountDistinct,
    Avg,
    BitAnd,
    BitOr,
    BitXor,
    BoolAnd,
    BoolOr,
    CollectList,
    CollectSet,
    Count,
    First,
    Last,
    Max,
    Median,
    Min,
    Stddev,
    StddevPop,
    Sum,
    Variance,
    VarPop,
}

/// Every name that Spark has for them, each beside its function.
const NAMES: [(&str, Aggregate); 28] = [
    ("any", Aggregate::BoolOr),
    ("any_value", Aggregate::First),
    ("approx_count_distinct", Aggregate::ApproxCountDistinct),
    ("avg", Aggregate::Avg),
    ("bit_and", Aggregate::BitAnd),
    ("bit_or", Aggregate::BitOr),
    ("bit_xor", Aggregate::BitXor),
    ("bool_and", Aggregate::BoolAnd),
    ("bool_or", Aggregate::BoolOr),
    ("collect_list", Aggregate::CollectList),
    ("collect_set", Aggregate::CollectSet),
    ("count", Aggregate::Count),
    ("every", Aggregate::BoolAnd),
    ("first", Aggregate::First),
    ("last", Aggregate::Last),
    ("max", Aggregate::Max),
    ("mean", Aggregate::Avg),
    ("median", Aggregate::Median),
    ("min", Aggregate::Min),
    ("some", Aggregate::BoolOr),
    ("std", Aggregate::Stddev),
    ("stddev", Aggregate::Stddev),
    ("stddev_pop", Aggregate::StddevPop),
    ("stddev_samp", Aggregate::Stddev),
    ("sum", Aggregate::Sum),
    ("var_pop", Aggregate::VarPop),
    ("var_samp", Aggregate::Variance),
    ("variance", Aggregate::Variance),
];

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
            let (name, index) = self.attribute(key)?;
            let plan_name = unique.add(&name);
            groups.push(self.key(index).alias(&plan_name));
            columns.push((name, Expr::Column(Column::new_unqualified(plan_name))));
        }
        let mut summaries = Vec::new();
        for (function, column, alias) in aggregates {
            let plan_name = unique.add(alias);
            let (summary, result) = self.summary(function, column, keys.is_empty())?;
            summaries.push(summary.alias(&plan_name));
            let value = Expr::Column(Column::new_unqualified(plan_name));
            let value = match result {
                Some(result) => SparkCast::call(value, &result),
                None => value,
            };
            columns.push(((*alias).to_owned(), value));
        }
        let plan = LogicalPlanBuilder::from(self.plan.clone())
            .aggregate(groups, summaries)?
            .build()?;
        self.with_plan(plan).project(columns)
    }

    /// A column as a key: `0.0` and `-0.0` are one value.
    pub(crate) fn key(&self, index: usize) -> Expr {
        let column = self.column(index);
        match self.plan.schema().field(index).data_type() {
            ArrowType::Float32 => column + lit(0_f32),
            ArrowType::Float64 => column + lit(0_f64),
            _ => column,
        }
    }

    /// The engine's expression for a function of a column, and the type that its value is to be cast to, if it has another one.
    fn summary(
        &self,
        function: &str,
        column: &str,
        of_all_rows: bool,
    ) -> Result<(Expr, Option<DataType>)> {
        let aggregate = named(function)?;
        if aggregate == Aggregate::Count && column == ROWS {
            return Ok((count(lit(1_i64)), None));
        }
        let (_, index) = self.attribute(column)?;
        let value = self.column(index);
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
            return Ok((first_value(value, Vec::new()), None));
        }
        Ok(aggregate.of(value, &kind))
    }
}

fn named(function: &str) -> Result<Aggregate> {
    let lower = function.to_lowercase();
    if let Some((_, aggregate)) = NAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(*aggregate);
    }
    let near = NAMES
        .iter()
        .map(|(name, _)| (strsim::damerau_levenshtein(name, &lower), *name));
    let hint = match near.min() {
        Some((distance, name)) if distance <= 2 => format!("did you mean `{name}`?"),
        _ => "there are avg, count, first, last, max, min, sum, stddev, variance, collect_list, …"
            .to_owned(),
    };
    Err(Error::Expression {
        expression: function.to_owned(),
        message: format!("no aggregate function `{function}` of one column: {hint}"),
        offset: None,
    })
}

impl Aggregate {
    fn takes(self, kind: &ArrowType) -> bool {
        let is_text = matches!(kind, ArrowType::Utf8 | ArrowType::Null);
        match self {
            Self::BoolAnd | Self::BoolOr => matches!(kind, ArrowType::Boolean | ArrowType::Null),
            Self::BitAnd | Self::BitOr | Self::BitXor => kind.is_integer(),
            Self::Avg
            | Self::Median
            | Self::Stddev
            | Self::StddevPop
            | Self::Sum
            | Self::Variance
            | Self::VarPop => kind.is_numeric() || is_text,
            Self::Max | Self::Min => !kind.is_nested(),
            Self::ApproxCountDistinct
            | Self::CollectList
            | Self::CollectSet
            | Self::Count
            | Self::First
            | Self::Last => true,
        }
    }

    /// The engine's expression, and the type to cast its value to.
    fn of(self, value: Expr, kind: &ArrowType) -> (Expr, Option<DataType>) {
        match self {
            Self::ApproxCountDistinct => (approx_distinct(value), Some(DataType::Long)),
            Self::Avg if kind.is_decimal() => avg_of_decimals(value, kind),
            Self::Avg => (avg(as_double(value, kind)), None),
            Self::BitAnd => (bit_and(value), None),
            Self::BitOr => (bit_or(value), None),
            Self::BitXor => (bit_xor(value), None),
            Self::BoolAnd => (bool_and(value), None),
            Self::BoolOr => (bool_or(value), None),
            Self::CollectList => (collect_list(value), None),
            Self::CollectSet => (collect_set(value), None),
            Self::Count => (count(value), None),
            Self::First => (first_row(value), None),
            Self::Last => (last_value(value, Vec::new()), None),
            Self::Max if kind.is_floating() => (greatest(value), None),
            Self::Max => (max(value), None),
            Self::Median => (median(as_double(value, kind)), None),
            Self::Min if kind.is_floating() => (least(value), None),
            Self::Min => (min(value), None),
            Self::Stddev => (stddev(as_double(value, kind)), None),
            Self::StddevPop => (stddev_pop(as_double(value, kind)), None),
            Self::Sum => sum_of(value, kind),
            Self::Variance => (var_sample(as_double(value, kind)), None),
            Self::VarPop => (var_pop(as_double(value, kind)), None),
        }
    }
}

/// The engine's own `max` loses a `NaN` within a group, which is greater than any other value.
fn greatest(value: Expr) -> Expr {
    let order = value.clone().sort(true, true);
    last_value(value, vec![order])
}

fn least(value: Expr) -> Expr {
    let order = value.clone().sort(true, false);
    first_value(value, vec![order])
}

/// The engine's own average cuts digits off: with one digit more there is something to round.
fn avg_of_decimals(value: Expr, kind: &ArrowType) -> (Expr, Option<DataType>) {
    match *kind {
        ArrowType::Decimal128(precision @ ..34, scale) => {
            let wider = cast(value, ArrowType::Decimal128(precision + 1, scale + 1));
            let rounded = DataType::Decimal(precision + 4, scale + 4);
            (avg(wider), Some(rounded))
        }
        _ => (avg(value), None),
    }
}

/// The engine's own sum of `bigint` wraps around; that of decimals is wide enough, and the cast back finds what does not fit.
fn sum_of(value: Expr, kind: &ArrowType) -> (Expr, Option<DataType>) {
    match kind {
        ArrowType::Int64 => {
            let exact = cast(value, ArrowType::Decimal128(20, 0));
            (sum(exact), Some(DataType::Long))
        }
        _ if kind.is_integer() || kind.is_decimal() => (sum(value), None),
        _ => (sum(as_double(value, kind)), None),
    }
}

fn as_double(value: Expr, kind: &ArrowType) -> Expr {
    match kind {
        ArrowType::Float64 => value,
        _ => SparkCast::call(value, &DataType::Double),
    }
}
