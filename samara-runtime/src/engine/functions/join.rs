use std::collections::HashSet;

use datafusion::common::{JoinType, NullEquality};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};

use crate::engine::DataFrame;
use crate::engine::frame::Names;
use crate::engine::functions::balanced;
use crate::engine::projection::projection;
use crate::engine::sql::coercion::{comparable, unify};
use crate::engine::stack::on_deep_stack;
use crate::error::Result;

/// Which rows a join gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Rows that match on both sides.
    Inner,
    /// Every row with every row.
    Cross,
    /// All rows of both sides, with nulls where the other has none.
    Full,
    /// All rows of the left side.
    Left,
    /// All rows of the right side.
    Right,
    /// The left side's rows that have a match, with its columns only.
    LeftSemi,
    /// The left side's rows that have no match, with its columns only.
    LeftAnti,
}

impl Join {
    /// The join of a Spark name: `inner`, `left_outer`, `fullouter`, `semi`, … in any case, underscores ignored.
    ///
    /// ```
    /// assert_eq!(samara::Join::from_name("LEFT_OUTER"), Some(samara::Join::Left));
    /// assert_eq!(samara::Join::from_name("outher"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.to_lowercase().replace('_', "").as_str() {
            "inner" => Self::Inner,
            "cross" => Self::Cross,
            "outer" | "full" | "fullouter" => Self::Full,
            "left" | "leftouter" => Self::Left,
            "right" | "rightouter" => Self::Right,
            "leftsemi" | "semi" => Self::LeftSemi,
            "leftanti" | "anti" => Self::LeftAnti,
            _ => return None,
        })
    }

    fn engine_type(self) -> JoinType {
        match self {
            Self::Inner | Self::Cross => JoinType::Inner,
            Self::Full => JoinType::Full,
            Self::Left => JoinType::Left,
            Self::Right => JoinType::Right,
            Self::LeftSemi => JoinType::LeftSemi,
            Self::LeftAnti => JoinType::LeftAnti,
        }
    }

    fn keeps_only_left(self) -> bool {
        matches!(self, Self::LeftSemi | Self::LeftAnti)
    }
}

impl DataFrame {
    /// Joins two frames on columns that both have: these appear once, first, then the left side's others, then the right side's.
    ///
    /// Null keys match nothing.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) for a key that a side does not have;
    /// [`Error::Expression`](crate::Error::Expression) for a key of maps, which cannot be compared.
    pub fn join<'a>(self, right: DataFrame, on: impl AsRef<[&'a str]>, how: Join) -> Result<Self> {
        self.join_using(right, on.as_ref(), how)
    }

    fn join_using(self, right: DataFrame, on: &[&str], how: Join) -> Result<Self> {
        let keys = on
            .iter()
            .map(|name| Ok((self.index(name)?, right.index(name)?)))
            .collect::<Result<Vec<_>>>()?;
        for (index, other) in &keys {
            self.key_column(*index)?;
            right.key_column(*other)?;
        }
        let right = right.apart_from(&self)?;
        let plan = on_deep_stack(|| joined(&self, &right, &keys, how))?;
        let columns = using_columns(&self, &right, &keys, how)?;
        DataFrame { plan, ..self }.project(columns)
    }

    /// The same frame, with plan names that the other one's plan does not have.
    fn apart_from(self, other: &DataFrame) -> Result<Self> {
        let mut unique = Names::default();
        for field in other.plan.schema().fields() {
            unique.add(field.name());
        }
        let fields = self.plan.schema().fields().iter();
        let renamed = fields
            .enumerate()
            .map(|(index, field)| (unique.add(field.name()), self.column(index)));
        let plan = projection(self.plan.clone(), renamed.collect())?;
        Ok(self.with_plan(plan))
    }
}

fn joined(
    left: &DataFrame,
    right: &DataFrame,
    keys: &[(usize, usize)],
    how: Join,
) -> Result<LogicalPlan> {
    let rows = LogicalPlanBuilder::from(left.plan.clone());
    if how == Join::Cross && keys.is_empty() {
        return Ok(rows.cross_join(right.plan.clone())?.build()?);
    }
    let both = left.plan.schema().join(right.plan.schema())?;
    let equal = keys
        .iter()
        .map(|(l, r)| {
            let (mut l, mut r) = (left.column(*l), right.column(*r));
            comparable(vec![&mut l, &mut r], &both)?;
            Ok(l.eq(r))
        })
        .collect::<Result<Vec<Expr>>>()?;
    let no_keys: (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let join = rows.join_detailed(
        right.plan.clone(),
        how.engine_type(),
        no_keys,
        balanced(equal, Expr::and),
        NullEquality::NullEqualsNothing,
    )?;
    Ok(join.build()?)
}

fn using_columns(
    left: &DataFrame,
    right: &DataFrame,
    keys: &[(usize, usize)],
    how: Join,
) -> Result<Vec<(String, Expr)>> {
    let both = left.plan.schema().join(right.plan.schema())?;
    let key = |(l, r): &(usize, usize)| {
        let value = match how {
            Join::Right => right.column(*r),
            Join::Full => {
                let (mut of_left, mut of_right) = (left.column(*l), right.column(*r));
                unify(vec![&mut of_left, &mut of_right], &both)?;
                coalesce(vec![of_left, of_right])
            }
            _ => left.column(*l),
        };
        Ok((left.names[*l].clone(), value))
    };
    let others = |frame: &DataFrame, keys: &HashSet<usize>| -> Vec<(String, Expr)> {
        let all = frame.all().into_iter().enumerate();
        all.filter(|(index, _)| !keys.contains(index))
            .map(|(_, column)| column)
            .collect()
    };
    let mut columns: Vec<(String, Expr)> = keys.iter().map(key).collect::<Result<_>>()?;
    let (of_left, of_right): (HashSet<usize>, HashSet<usize>) = keys.iter().copied().unzip();
    columns.extend(others(left, &of_left));
    if !how.keeps_only_left() {
        columns.extend(others(right, &of_right));
    }
    Ok(columns)
}
