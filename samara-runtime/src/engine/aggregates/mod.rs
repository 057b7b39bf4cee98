//! The aggregate functions of Spark, each beside what computes it in the engine.

mod decimals;
mod extreme;
mod first_row;
mod median;
mod mode;
mod moments;

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result;
use datafusion::functions_aggregate::{
    bit_and_or_xor::{bit_and, bit_or, bit_xor},
    bool_and_or::{bool_and, bool_or},
    count::count,
    expr_fn::{avg, max, min, sum},
    first_last::{first_value, last_value},
    string_agg::string_agg,
};
use datafusion::logical_expr::{Expr, ExprFunctionExt as _, cast, lit};
use datafusion_spark::expr_fn::{collect_list, collect_set};

use crate::engine::DataType;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::declared::{Declared, without_nulls};
use crate::engine::sql::normal::normal;

pub(crate) use first_row::first_row;

/// An aggregate function of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    Avg,
    BitAnd,
    BitOr,
    BitXor,
    BoolAnd,
    BoolOr,
    CollectList,
    CollectSet,
    Count,
    CountIf,
    First,
    Kurtosis,
    Last,
    Max,
    Median,
    Min,
    Mode,
    Skewness,
    Stddev,
    StddevPop,
    StringAgg,
    Sum,
    TryAvg,
    TrySum,
    Variance,
    VarPop,
}

/// Every name that Spark has for them, each beside its function.
pub(crate) const NAMES: [(&str, Aggregate); 37] = [
    ("any", Aggregate::BoolOr),
    ("any_value", Aggregate::First),
    ("avg", Aggregate::Avg),
    ("bit_and", Aggregate::BitAnd),
    ("bit_or", Aggregate::BitOr),
    ("bit_xor", Aggregate::BitXor),
    ("bool_and", Aggregate::BoolAnd),
    ("bool_or", Aggregate::BoolOr),
    ("collect_list", Aggregate::CollectList),
    ("collect_set", Aggregate::CollectSet),
    ("count", Aggregate::Count),
    ("count_if", Aggregate::CountIf),
    ("every", Aggregate::BoolAnd),
    ("first", Aggregate::First),
    ("first_value", Aggregate::First),
    ("kurtosis", Aggregate::Kurtosis),
    ("last", Aggregate::Last),
    ("last_value", Aggregate::Last),
    ("listagg", Aggregate::StringAgg),
    ("max", Aggregate::Max),
    ("mean", Aggregate::Avg),
    ("median", Aggregate::Median),
    ("min", Aggregate::Min),
    ("mode", Aggregate::Mode),
    ("skewness", Aggregate::Skewness),
    ("some", Aggregate::BoolOr),
    ("std", Aggregate::Stddev),
    ("stddev", Aggregate::Stddev),
    ("stddev_pop", Aggregate::StddevPop),
    ("stddev_samp", Aggregate::Stddev),
    ("string_agg", Aggregate::StringAgg),
    ("sum", Aggregate::Sum),
    ("try_avg", Aggregate::TryAvg),
    ("try_sum", Aggregate::TrySum),
    ("var_pop", Aggregate::VarPop),
    ("var_samp", Aggregate::Variance),
    ("variance", Aggregate::Variance),
];

/// How an aggregate is computed: over the rows, and then from what came of them.
pub(crate) struct Summary {
    pub over_rows: Expr,
    pub then: Box<dyn FnOnce(Expr) -> Result<Expr>>,
}

impl Summary {
    /// What comes of the rows is the value.
    pub fn of(over_rows: Expr) -> Self {
        Self::then(over_rows, Ok)
    }

    fn then(over_rows: Expr, then: impl FnOnce(Expr) -> Result<Expr> + 'static) -> Self {
        Self {
            over_rows,
            then: Box::new(then),
        }
    }

    fn cast(over_rows: Expr, to: DataType) -> Self {
        Self::then(over_rows, move |value| Ok(SparkCast::call(value, &to)))
    }
}

impl Aggregate {
    /// The function of that name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        let lower = name.to_lowercase();
        let found = NAMES.iter().find(|(name, _)| *name == lower);
        found.map(|(_, aggregate)| *aggregate)
    }

    /// Whether Spark takes a column of that type.
    pub fn takes(self, kind: &ArrowType) -> bool {
        let is_text = matches!(kind, ArrowType::Utf8 | ArrowType::Null);
        match self {
            Self::BoolAnd | Self::BoolOr | Self::CountIf => *kind == ArrowType::Boolean || is_text,
            Self::BitAnd | Self::BitOr | Self::BitXor => kind.is_integer(),
            Self::Avg
            | Self::Kurtosis
            | Self::Median
            | Self::Skewness
            | Self::Stddev
            | Self::StddevPop
            | Self::Sum
            | Self::TryAvg
            | Self::TrySum
            | Self::Variance
            | Self::VarPop => kind.is_numeric() || is_text,
            Self::CollectSet | Self::Max | Self::Min => !holds_map(kind),
            Self::StringAgg => *kind == ArrowType::Utf8,
            Self::CollectList | Self::Count | Self::First | Self::Last | Self::Mode => true,
        }
    }

    /// How it is computed of a column of that type.
    pub fn of(self, value: Expr, kind: &ArrowType) -> Result<Summary> {
        let of = Summary::of;
        let double = |value| as_double(value, kind);
        Ok(match self {
            Self::Avg | Self::TryAvg if kind.is_decimal() => {
                decimals::average(value, kind, self == Self::Avg)
            }
            Self::Avg | Self::TryAvg => of(avg(double(value))),
            Self::BitAnd => of(bit_and(value)),
            Self::BitOr => of(bit_or(value)),
            Self::BitXor => of(bit_xor(value)),
            Self::BoolAnd => of(bool_and(as_boolean(value, kind))),
            Self::BoolOr => of(bool_or(as_boolean(value, kind))),
            Self::CollectList => list_of(collect_list(value), kind),
            Self::CollectSet => list_of(collect_set(normal(value, kind)), kind),
            Self::Count => of(count(value)),
            Self::CountIf => of(count(lit(1_i64)).filter(as_boolean(value, kind)).build()?),
            Self::First => of(first_row(value)),
            Self::Kurtosis => of(moments::kurtosis(double(value))),
            Self::Last => of(last_value(value, Vec::new())),
            Self::Max if kind.is_nested() => of(extreme::greatest(value)),
            Self::Max if kind.is_floating() => of(greatest(value, kind)),
            Self::Max => of(max(value)),
            Self::Median => of(median::median(double(value))),
            Self::Min if kind.is_nested() => of(extreme::least(value)),
            Self::Min if kind.is_floating() => of(least(value, kind)),
            Self::Min => of(min(value)),
            Self::Mode => of(mode::mode(normal(value, kind))),
            Self::Skewness => of(moments::skewness(double(value))),
            Self::Stddev => of(moments::stddev(double(value))),
            Self::StddevPop => of(moments::stddev_pop(double(value))),
            Self::StringAgg => of(string_agg(value, lit(""))),
            Self::Sum | Self::TrySum if kind.is_decimal() => {
                decimals::sum(value, kind, self == Self::Sum)
            }
            Self::Sum => sum_of(value, kind),
            Self::TrySum => sum_or_null(value, kind),
            Self::Variance => of(moments::variance(double(value))),
            Self::VarPop => of(moments::var_pop(double(value))),
        })
    }

    /// `first` of all rows, which are no group.
    pub fn first_of_all(value: Expr) -> Summary {
        Summary::of(first_value(value, Vec::new()))
    }
}

/// Whether values of a type have maps in them, which have no order.
pub(crate) fn holds_map(kind: &ArrowType) -> bool {
    match kind {
        ArrowType::Map(..) => true,
        ArrowType::Struct(fields) => fields.iter().any(|field| holds_map(field.data_type())),
        ArrowType::List(element) => holds_map(element.data_type()),
        _ => false,
    }
}

/// A list is there even of no rows, and holds no null.
fn list_of(list: Expr, kind: &ArrowType) -> Summary {
    let kind = without_nulls(kind);
    Summary::then(list, move |list| Ok(Declared::call(list, kind, false)))
}

/// The engine's own `max` loses a `NaN` within a group, which is greater than any other value.
fn greatest(value: Expr, kind: &ArrowType) -> Expr {
    let order = normal(value.clone(), kind).sort(false, false);
    first_value(value, vec![order])
}

fn least(value: Expr, kind: &ArrowType) -> Expr {
    let order = normal(value.clone(), kind).sort(true, false);
    first_value(value, vec![order])
}

/// The engine's own sum of `bigint` wraps around; that of decimals is wide enough, and the cast back finds what does not fit.
fn sum_of(value: Expr, kind: &ArrowType) -> Summary {
    match kind {
        ArrowType::Int64 => Summary::cast(exact_sum(value), DataType::Long),
        _ if kind.is_integer() => Summary::of(sum(value)),
        _ => Summary::of(sum(as_double(value, kind))),
    }
}

/// As [`sum_of`], but null where the sum does not fit.
fn sum_or_null(value: Expr, kind: &ArrowType) -> Summary {
    match kind {
        ArrowType::Int64 => Summary::then(exact_sum(value), |value| {
            Ok(SparkCast::try_call(value, &DataType::Long))
        }),
        _ => sum_of(value, kind),
    }
}

fn exact_sum(value: Expr) -> Expr {
    sum(cast(value, ArrowType::Decimal128(20, 0)))
}

fn as_double(value: Expr, kind: &ArrowType) -> Expr {
    match kind {
        ArrowType::Float64 => value,
        _ => SparkCast::call(value, &DataType::Double),
    }
}

fn as_boolean(value: Expr, kind: &ArrowType) -> Expr {
    match kind {
        ArrowType::Boolean => value,
        _ => SparkCast::call(value, &DataType::Boolean),
    }
}
