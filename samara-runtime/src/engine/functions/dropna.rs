use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, ExprSchemable as _, lit, when};

use crate::engine::DataFrame;
use crate::engine::functions::balanced;
use crate::engine::kept::kept;
use crate::error::Result;

/// Which rows have too many nulls, and which columns count.
///
/// # Examples
///
/// ```
/// use samara::{Dropna, RunSettings, Session};
///
/// let people = Session::new(&RunSettings::default())?.empty([("id", "bigint"), ("name", "string")])?;
/// let named = people.dropna(Dropna::any().subset(["name"]))?;
/// # drop(named);
/// # Ok::<(), samara::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropna {
    rule: Rule,
    subset: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Any,
    All,
    Thresh(u64),
}

impl Dropna {
    /// A row goes that has a null.
    pub fn any() -> Self {
        Self::of(Rule::Any)
    }

    /// A row goes that has nothing but nulls.
    pub fn all() -> Self {
        Self::of(Rule::All)
    }

    /// A row goes that has fewer values than this which are not null.
    pub fn thresh(values: u64) -> Self {
        Self::of(Rule::Thresh(values))
    }

    fn of(rule: Rule) -> Self {
        Self { rule, subset: None }
    }

    /// Counts only these columns; without it, all of them.
    pub fn subset<'a>(self, columns: impl AsRef<[&'a str]>) -> Self {
        let columns = columns.as_ref().iter().map(|column| (*column).to_owned());
        Self {
            subset: Some(columns.collect()),
            ..self
        }
    }
}

impl DataFrame {
    /// The rows that do not have too many nulls. `NaN` counts as null here, as in Spark (`AtLeastNNonNulls`).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) or [`Error::AmbiguousColumn`](crate::Error::AmbiguousColumn).
    pub fn dropna(self, nulls: Dropna) -> Result<Self> {
        let columns: Vec<Expr> = match &nulls.subset {
            None => (0..self.names.len())
                .map(|index| self.column(index))
                .collect(),
            Some(names) => names
                .iter()
                .map(|name| Ok(self.attribute(name)?.1))
                .collect::<Result<_>>()?,
        };
        let needed = match nulls.rule {
            Rule::Any => columns.len() as u64,
            Rule::All => 1,
            Rule::Thresh(values) => values,
        };
        let counted = columns
            .iter()
            .map(|value| Ok(when(self.is_value(value)?, lit(1_u64)).otherwise(lit(0_u64))?))
            .collect::<Result<Vec<Expr>>>()?;
        let values = balanced(counted, |sum, other| sum + other);
        let enough = values.unwrap_or(lit(0_u64)).gt_eq(lit(needed));
        let plan = kept(self.plan.clone(), enough)?;
        Ok(self.with_plan(plan))
    }

    fn is_value(&self, column: &Expr) -> Result<Expr> {
        let value = column.clone().is_not_null();
        // The engine orders floats totally: a NaN lies beyond the infinity of its sign.
        let within = |least: Expr, greatest: Expr| column.clone().between(least, greatest);
        Ok(match column.get_type(self.plan.schema())? {
            DataType::Float32 => value.and(within(lit(f32::NEG_INFINITY), lit(f32::INFINITY))),
            DataType::Float64 => value.and(within(lit(f64::NEG_INFINITY), lit(f64::INFINITY))),
            _ => value,
        })
    }
}
