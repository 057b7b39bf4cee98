//! Projections: columns computed of columns. What one makes of another's columns is one projection, as long as it is not deep.
//!
//! The engine would merge them, too, but each time it looks at a chain of them, and into expressions as deep as the chain is long.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, ExprSchemable as _, LogicalPlan, Projection};

use crate::engine::kept::closed;
use crate::engine::sql::compiled::Depth;
use crate::engine::sql::window::with_windows;
use crate::engine::stack::on_deep_stack;

/// The columns of a plan's rows, each with its name, which no other has.
///
/// # Errors
///
/// For an expression that has no type.
pub(crate) fn projected(plan: LogicalPlan, columns: Vec<(String, Expr)>) -> Result<LogicalPlan> {
    match Below::of(plan, &columns)? {
        Below::Projection(mut below) => {
            let fields = columns.iter().map(|(_, value)| below.field(value));
            let fields = fields.collect();
            let columns = below.substituted(columns)?;
            projection_of(below.input, columns, fields)
        }
        Below::Rows(plan) => {
            let (plan, columns) = on_deep_stack(|| with_windows(plan, columns))?;
            projection(plan, columns)
        }
    }
}

/// One projection over a plan as it is.
///
/// # Errors
///
/// For an expression that has no type.
pub(crate) fn projection(plan: LogicalPlan, columns: Vec<(String, Expr)>) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    let places: HashMap<_, FieldRef> = schema
        .iter()
        .map(|(table, field)| ((table, field.name().as_str()), Arc::clone(field)))
        .collect();
    let field = |(_, value): &(String, Expr)| match value {
        Expr::Column(column) => places
            .get(&(column.relation.as_ref(), column.name.as_str()))
            .cloned(),
        _ => None,
    };
    let fields = columns.iter().map(field).collect();
    projection_of(plan, columns, fields)
}

/// One projection over a plan as it is, where the types of some of the columns are known.
fn projection_of(
    plan: LogicalPlan,
    columns: Vec<(String, Expr)>,
    known: Vec<Option<FieldRef>>,
) -> Result<LogicalPlan> {
    let schema = Arc::clone(plan.schema());
    let field = |((name, value), known): (&(String, Expr), Option<FieldRef>)| {
        let field = match known {
            Some(field) => field,
            None => value.to_field(schema.as_ref())?.1,
        };
        let field = match field.name() == name {
            true => field,
            false => Arc::new(field.as_ref().clone().with_name(name)),
        };
        Ok((None, field))
    };
    let fields = columns.iter().zip(known).map(field);
    let fields = fields.collect::<Result<Vec<_>>>()?;
    let fields = DFSchema::new_with_metadata(fields, schema.metadata().clone())?;
    let columns = columns.into_iter().map(|(name, value)| value.alias(name));
    let projection =
        Projection::try_new_with_schema(columns.collect(), Arc::new(plan), Arc::new(fields))?;
    Ok(LogicalPlan::Projection(projection))
}

/// What a projection is made over.
enum Below {
    /// Another projection, with which it can be merged.
    Projection(Columns),
    Rows(LogicalPlan),
}

/// The columns of a projection that is to be merged with the next.
struct Columns {
    input: LogicalPlan,
    schema: DFSchemaRef,
    /// Those that are not taken yet.
    values: Vec<Option<Expr>>,
    places: HashMap<String, usize>,
}

impl Below {
    fn of(plan: LogicalPlan, columns: &[(String, Expr)]) -> Result<Self> {
        let LogicalPlan::Projection(projection) = plan else {
            return Ok(Self::Rows(plan));
        };
        let fields = projection.schema.fields().iter().enumerate();
        let places = fields.map(|(place, field)| (field.name().clone(), place));
        let places: HashMap<String, usize> = places.collect();
        match Fit::of(&projection.expr, &places, columns)? {
            Fit::Merges => Ok(Self::Projection(Columns {
                input: Arc::unwrap_or_clone(projection.input),
                schema: projection.schema,
                values: projection
                    .expr
                    .into_iter()
                    .map(unaliased)
                    .map(Some)
                    .collect(),
                places,
            })),
            Fit::IsTooDeep => Ok(Self::Rows(closed(LogicalPlan::Projection(projection)))),
            Fit::ComputesTwice => Ok(Self::Rows(LogicalPlan::Projection(projection))),
        }
    }
}

/// Whether columns can be computed of what a projection's columns are computed of.
enum Fit {
    Merges,
    /// They would be deep: the engine is not to merge them either.
    IsTooDeep,
    /// A value is needed twice, or over more rows than one.
    ComputesTwice,
}

impl Fit {
    fn of(
        below: &[Expr],
        places: &HashMap<String, usize>,
        columns: &[(String, Expr)],
    ) -> Result<Self> {
        let mut uses = vec![0_usize; below.len()];
        for (_, value) in columns {
            if let Expr::Column(column) = value {
                if let Some(place) = places.get(&column.name) {
                    uses[*place] += 1;
                }
                continue;
            }
            let mut inner = Depth::LEAF;
            value.apply(|node| {
                if let Expr::Column(column) = node
                    && let Some(place) = places.get(&column.name)
                {
                    uses[*place] += 1;
                    if let Some(depth) = Depth::of(inside(&below[*place]))? {
                        inner = inner.or(depth);
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })?;
            match Depth::of(value)? {
                None => return Ok(Self::ComputesTwice),
                Some(depth) if depth.over(inner).is_too_much() => return Ok(Self::IsTooDeep),
                Some(_) => {}
            }
        }
        let computes = |(value, uses): (&Expr, &usize)| *uses > 1 && !is_trivial(inside(value));
        Ok(match below.iter().zip(&uses).any(computes) {
            true => Self::ComputesTwice,
            false => Self::Merges,
        })
    }
}

impl Columns {
    /// The type of a value that is one of these columns.
    fn field(&self, value: &Expr) -> Option<FieldRef> {
        let Expr::Column(column) = value else {
            return None;
        };
        let place = self.places.get(&column.name)?;
        Some(Arc::clone(self.schema.field(*place)))
    }

    /// The columns, computed of what these are computed of.
    fn substituted(&mut self, columns: Vec<(String, Expr)>) -> Result<Vec<(String, Expr)>> {
        let columns = columns.into_iter().map(|(name, value)| {
            if let Expr::Column(column) = &value
                && let Some(value) = self.take(&column.name)
            {
                return Ok((name, value));
            }
            let value = value.transform_up(|node| {
                Ok(match &node {
                    Expr::Column(column) => match self.take(&column.name) {
                        Some(value) => Transformed::yes(value),
                        None => Transformed::no(node),
                    },
                    _ => Transformed::no(node),
                })
            })?;
            Ok((name, value.data))
        });
        columns.collect()
    }

    /// The value of a column. One that is computed is taken once.
    fn take(&mut self, name: &str) -> Option<Expr> {
        let value = &mut self.values[*self.places.get(name)?];
        match value {
            Some(trivial) if is_trivial(trivial) => Some(trivial.clone()),
            _ => value.take(),
        }
    }
}

fn is_trivial(value: &Expr) -> bool {
    matches!(value, Expr::Column(_) | Expr::Literal(..))
}

fn inside(value: &Expr) -> &Expr {
    match value {
        Expr::Alias(alias) => &alias.expr,
        other => other,
    }
}

fn unaliased(value: Expr) -> Expr {
    match value {
        Expr::Alias(alias) => *alias.expr,
        other => other,
    }
}
