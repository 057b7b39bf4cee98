//! Functions of windows: `row_number() OVER (PARTITION BY k ORDER BY v)` and its like.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::utils::find_window_exprs;
use datafusion::logical_expr::{
    Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, WindowFrame, WindowFrameBound,
    WindowFrameUnits, cast as engine_cast,
};
use datafusion::sql::sqlparser::ast::{Function, FunctionArguments, WindowType};

use crate::engine::aggregates::holds_map;
use crate::engine::sql::declared::Declared;
use crate::engine::sql::normal::normal;

/// Those that can stand in a column.
const NAMES: [&str; 8] = [
    "cume_dist",
    "dense_rank",
    "lag",
    "lead",
    "ntile",
    "percent_rank",
    "rank",
    "row_number",
];

/// Whether a call is one of a function of a window.
pub(super) fn is_of_window(function: &Function) -> bool {
    function.over.is_some() || NAMES.contains(&function.name.to_string().as_str())
}

/// The call in the engine's terms: nulls come first where they would not, as in Spark.
///
/// # Errors
///
/// A sentence, for what is not supported.
pub(super) fn in_engine_terms(function: &mut Function) -> Result<(), String> {
    let name = function.name.to_string();
    if !NAMES.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` over a window is not supported yet; those that are: {}",
            NAMES.join(", ")
        ));
    }
    let Some(WindowType::WindowSpec(window)) = &mut function.over else {
        return Err(format!(
            "`{name}` needs a window: OVER (PARTITION BY … ORDER BY …)"
        ));
    };
    let has_clauses =
        matches!(&function.args, FunctionArguments::List(list) if !list.clauses.is_empty());
    if window.window_frame.is_some()
        || has_clauses
        || function.null_treatment.is_some()
        || function.filter.is_some()
    {
        return Err(format!(
            "`{name}` over a window takes no frame, no filter and no treatment of nulls here"
        ));
    }
    if window.order_by.is_empty() {
        return Err(format!("`{name}` needs an order: OVER (… ORDER BY …)"));
    }
    for key in &mut window.order_by {
        let ascending = key.options.asc.unwrap_or(true);
        key.options.nulls_first.get_or_insert(ascending);
    }
    Ok(())
}

/// A function of a window with Spark's types, whose keys are compared as Spark compares them.
///
/// # Errors
///
/// For maps as keys, and for what a function does not take.
pub(super) fn spark_window(mut call: WindowFunction, schema: &DFSchema) -> Result<Expr> {
    let name = call.fun.name().to_owned();
    let partition = call.params.partition_by.iter_mut();
    let order = call.params.order_by.iter_mut().map(|key| &mut key.expr);
    for key in partition.chain(order) {
        let kind = key.get_type(schema)?;
        if holds_map(&kind) {
            return plan_err!("maps cannot be compared, so they are no keys of a window");
        }
        *key = normal(std::mem::take(key), &kind);
    }
    // Those of Spark's functions, and of rows: the engine has no ranges of structs and arrays.
    let start = WindowFrameBound::Preceding(ScalarValue::UInt64(None));
    let end = WindowFrameBound::CurrentRow;
    call.params.window_frame = WindowFrame::new_bounds(WindowFrameUnits::Rows, start, end);
    let shown = match name.as_str() {
        "lag" | "lead" => return shifted(call, schema),
        "cume_dist" | "percent_rank" => None,
        _ => Some(DataType::Int32),
    };
    let value = Expr::WindowFunction(Box::new(call));
    Ok(match shown {
        Some(kind) => engine_cast(value, kind),
        None => value,
    })
}

/// The value of another row: null, or the default, where there is none.
fn shifted(mut call: WindowFunction, schema: &DFSchema) -> Result<Expr> {
    let [value, rest @ ..] = &mut call.params.args[..] else {
        return plan_err!("`lag` and `lead` need a value");
    };
    let (kind, mut nullable) = (value.get_type(schema)?, true);
    if let [_, default] = rest {
        let other = default.get_type(schema)?;
        if !matches!(default, Expr::Literal(..)) || !(other.is_null() || other == kind) {
            return plan_err!(
                "the default of `lag` and `lead` has to be a literal of the value's type"
            );
        }
        nullable = other.is_null() || value.nullable(schema)?;
    }
    if let Some(offset) = rest.first()
        && !matches!(offset, Expr::Literal(..))
    {
        return plan_err!("the offset of `lag` and `lead` has to be a literal");
    }
    // The engine says of a value that is never null that the one before it is not, either.
    *value = Declared::call(std::mem::take(value), kind.clone(), true);
    let shifted = Expr::WindowFunction(Box::new(call));
    Ok(Declared::call(shifted, kind, nullable))
}

/// The plan with a column for each function of a window, and the columns, each with its name, over those.
///
/// # Errors
///
/// None that an expression of ours causes.
pub(crate) fn with_windows(
    plan: LogicalPlan,
    columns: Vec<(String, Expr)>,
) -> Result<(LogicalPlan, Vec<(String, Expr)>)> {
    let windows = find_window_exprs(columns.iter().map(|(_, value)| value));
    if windows.is_empty() {
        return Ok((plan, columns));
    }
    let plan = LogicalPlanBuilder::window_plan(plan, windows.clone())?;
    let columns = columns.into_iter().map(|(name, value)| {
        let computed = value.transform_down(|node| {
            if !windows.contains(&node) {
                return Ok(Transformed::no(node));
            }
            let column = Column::new_unqualified(node.schema_name().to_string());
            Ok(Transformed::new(
                Expr::Column(column),
                true,
                TreeNodeRecursion::Jump,
            ))
        })?;
        Ok((name, computed.data))
    });
    Ok((plan, columns.collect::<Result<_>>()?))
}
