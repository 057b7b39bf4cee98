//! Constants that cannot be computed, `1 / 0` or `CAST('x' AS INT)`: as in Spark they fail the plan, whether or not a row needs them.
//!
//! Spark computes every part of an expression that has no column in it before anything else, and leaves out only then what can change no
//! result. So `1 / 0 > 1 AND false` fails. The branches of a `CASE`, and what a `coalesce` may not come to, wait for their rows.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::execution::context::ExecutionProps;
use datafusion::logical_expr::expr::{Case, HigherOrderFunction};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, Volatility};
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::{Optimizer, OptimizerConfig, OptimizerRule};
use datafusion::physical_expr::create_physical_expr;

use crate::engine::sql::compiled::Compiled;
use crate::engine::sql::connective::{Connective, decided};
use crate::engine::sql::functions::check_literals;

/// The engine's rules, behind those that leave out what no step reads, and compute what has no column.
pub(crate) fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules: Vec<Arc<dyn OptimizerRule + Send + Sync>> = vec![
        Arc::new(OptimizeProjections::new()),
        Arc::new(ConstantsCompute),
    ];
    rules.extend(Optimizer::new().rules);
    rules.push(Arc::new(ConstantsDecide));
    rules
}

/// Leaves out the conditions that a constant beside them makes pointless, behind the rule that computes constants.
#[derive(Debug)]
struct ConstantsDecide;

impl OptimizerRule for ConstantsDecide {
    fn name(&self) -> &str {
        "constants_decide"
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        _config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        plan.transform_up(|node| node.map_expressions(|value| value.transform_up(decided)))
    }
}

/// Fails a plan with a constant that cannot be computed.
#[derive(Debug)]
struct ConstantsCompute;

impl OptimizerRule for ConstantsCompute {
    fn name(&self) -> &str {
        "constants_compute"
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        plan.apply(|node| {
            node.apply_expressions(|expression| {
                check(expression, None, &config.options())?;
                Ok(TreeNodeRecursion::Continue)
            })
        })?;
        Ok(Transformed::no(plan))
    }
}

/// Whether an error is one of the values, not of the engine.
fn is_of_values(error: &DataFusionError) -> bool {
    let root = error.find_root();
    let of_types = matches!(root, DataFusionError::ArrowError(error, _)
        if matches!(**error, ArrowError::InvalidArgumentError(_) | ArrowError::NotYetImplemented(_)));
    let of_engine = matches!(
        root,
        DataFusionError::Internal(_)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Plan(_)
    );
    !of_types && !of_engine
}

/// Computes the constants of an expression over columns, and looks at the literals for which each call of a function fails.
///
/// # Errors
///
/// Those of a constant that cannot be computed, and of such a literal.
pub(crate) fn check_in(
    expression: &Expr,
    schema: &DFSchema,
    config: &Arc<ConfigOptions>,
) -> Result<()> {
    check(expression, Some(schema), config)
}

/// Computes the constants of an expression, the largest ones there are.
fn check(expression: &Expr, schema: Option<&DFSchema>, config: &Arc<ConfigOptions>) -> Result<()> {
    if let (Expr::ScalarFunction(call), Some(schema)) = (expression, schema) {
        check_literals(call, schema)?;
    }
    if is_constant(expression)? && is_computed(expression, config)? {
        return Ok(());
    }
    let check = |part: &Expr| check(part, schema, config);
    match expression {
        Expr::HigherOrderFunction(call) if Connective::named(call.func.name()).is_some() => {
            check_conditions(call, schema, config)
        }
        Expr::Case(Case {
            expr: compared,
            when_then_expr: branches,
            ..
        }) => {
            let first = branches.first().map(|(condition, _)| condition);
            let mut always = compared.iter().chain(first);
            always.try_for_each(|part| check(part))
        }
        Expr::ScalarFunction(call) if call.func.name() == "coalesce" => {
            call.args.first().map_or(Ok(()), check)
        }
        Expr::ScalarFunction(call) if Compiled::is(&call.func) => {
            Compiled::expression(&call.func).map_or(Ok(()), check)
        }
        other => other
            .apply_children(|part| {
                check(part)?;
                Ok(TreeNodeRecursion::Continue)
            })
            .map(drop),
    }
}

/// Computes the constants among conditions: those in front as one, since each of them may decide the others.
fn check_conditions(
    call: &HigherOrderFunction,
    schema: Option<&DFSchema>,
    config: &Arc<ConfigOptions>,
) -> Result<()> {
    let conditions = call.args.iter().map(|argument| match argument {
        Expr::Lambda(lambda) => lambda.body.as_ref(),
        other => other,
    });
    let conditions: Vec<&Expr> = conditions.collect();
    let mut constant = 0;
    while let Some(condition) = conditions.get(constant)
        && (matches!(condition, Expr::Literal(..)) || is_constant(condition)?)
    {
        constant += 1;
    }
    let in_front = || call.args[..constant].to_vec();
    let is_one = constant > 1 && {
        let one = HigherOrderFunction::new(Arc::clone(&call.func), in_front());
        is_computed(&Expr::HigherOrderFunction(one), config)?
    };
    let mut others = conditions.iter().skip(if is_one { constant } else { 0 });
    others.try_for_each(|condition| check(condition, schema, config))
}

/// Whether an expression has the same value in every row, one that is not written down.
fn is_constant(expression: &Expr) -> Result<bool> {
    let varies = expression.exists(|part| {
        Ok(matches!(
            part,
            Expr::Column(_)
                | Expr::OuterReferenceColumn(..)
                | Expr::AggregateFunction(_)
                | Expr::WindowFunction(_)
                | Expr::Lambda(_)
                | Expr::LambdaVariable(_)
                | Expr::Placeholder(_)
                | Expr::ScalarVariable(..)
        ) || is_of_the_moment(part))
    })?;
    Ok(!varies && !matches!(expression, Expr::Literal(..) | Expr::Alias(_)))
}

/// Whether a function has another value with each row, or each run, or does not compute all of its arguments.
fn is_of_the_moment(part: &Expr) -> bool {
    match part {
        Expr::ScalarFunction(call) => {
            // Spark does not compute an `elt` before its rows.
            matches!(call.func.name(), "coalesce" | "elt")
                || call.func.signature().volatility != Volatility::Immutable
        }
        _ => false,
    }
}

/// Computes a constant; false where the engine does not compute it as it stands.
fn is_computed(constant: &Expr, config: &Arc<ConfigOptions>) -> Result<bool> {
    let mut properties = ExecutionProps::new();
    properties.config_options = Some(Arc::clone(config));
    let context = PhysicalPlanningContext::default();
    let computed = create_physical_expr(constant, &DFSchema::empty(), &properties, &context);
    // What the engine has not yet given the types of its operators waits for the plan.
    let Ok(computed) = computed else {
        return Ok(false);
    };
    let one_row = RecordBatchOptions::new().with_row_count(Some(1));
    let row = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), vec![], &one_row)?;
    match computed.evaluate(&row) {
        Ok(_) => Ok(true),
        Err(error) if !is_of_values(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
