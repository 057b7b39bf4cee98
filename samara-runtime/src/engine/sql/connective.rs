//! `AND` and `OR` of any number of conditions, which are computed in their order, each only for the rows that those before it do not decide.
//!
//! The engine's own operators compute both sides, and a chain of them is as deep as it is long.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, BooleanArray, NullArray};
use datafusion::arrow::compute::filter;
use datafusion::arrow::compute::kernels::boolean::{and_kleene, or_kleene};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::tree_node::Transformed;
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::{HigherOrderFunction, Lambda};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, HigherOrderFunctionArgs,
    HigherOrderReturnFieldArgs, HigherOrderSignature, HigherOrderUDF, HigherOrderUDFImpl,
    LambdaArgument, LambdaParametersProgress, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, ValueOrLambda, Volatility, cast, lit,
};
use datafusion::sql::sqlparser::ast::{BinaryOperator, Expr as SqlExpr};

use crate::engine::sql::spark_function::call;

/// So many conditions are the engine's own operators, if none of them can fail: its optimizer knows what to do with these.
const FEW: usize = 32;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Connective {
    And,
    Or,
}

impl Connective {
    const BOTH: [Self; 2] = [Self::And, Self::Or];

    /// The name of the function of all conditions, in the text of a plan.
    fn name(self) -> &'static str {
        match self {
            Self::And => "spark_and",
            Self::Or => "spark_or",
        }
    }

    fn operator(self) -> Operator {
        match self {
            Self::And => Operator::And,
            Self::Or => Operator::Or,
        }
    }

    /// The value of a condition that decides the whole.
    fn decisive(self) -> bool {
        self == Self::Or
    }

    fn is_decided_by(self, condition: &Expr) -> bool {
        let decisive = ScalarValue::Boolean(Some(self.decisive()));
        matches!(condition, Expr::Literal(value, _) if *value == decisive)
    }

    /// The one that a function stands for.
    pub fn named(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|one| one.name() == name)
    }
}

/// A chain of one operator in a row, `a OR b OR c` or `a || b || c`, as one call. It is taken apart from its end: what the parser makes of a
/// chain is as deep as it is long.
pub(super) fn flatten(node: &mut SqlExpr) {
    let SqlExpr::BinaryOp { op, .. } = node else {
        return;
    };
    let (op, name) = match op {
        BinaryOperator::And => (BinaryOperator::And, Connective::And.name()),
        BinaryOperator::Or => (BinaryOperator::Or, Connective::Or.name()),
        BinaryOperator::StringConcat => (BinaryOperator::StringConcat, "concat"),
        _ => return,
    };
    let nothing = || call(name, Vec::new());
    let mut operands = Vec::new();
    let mut rest = std::mem::replace(node, nothing());
    rest = loop {
        match rest {
            SqlExpr::BinaryOp {
                left,
                op: other,
                right,
            } if other == op => {
                operands.push(*right);
                rest = *left;
            }
            first => break first,
        }
    };
    operands.push(rest);
    operands.reverse();
    *node = call(name, operands);
}

/// The functions that [`flatten`] makes calls of. The call is a connective's once its operands have types.
pub(super) fn functions() -> impl Iterator<Item = ScalarUDF> {
    let untyped = |of| {
        ScalarUDF::from(Untyped {
            of,
            signature: Signature::variadic_any(Volatility::Immutable),
        })
    };
    Connective::BOTH.into_iter().map(untyped)
}

/// A connective of operands whose types are not known yet.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Untyped {
    of: Connective,
    signature: Signature,
}

impl ScalarUDFImpl for Untyped {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        Ok(ArrowType::Boolean)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        plan_err!("`{}` has no types yet", self.name())
    }
}

/// The conditions as one.
///
/// # Errors
///
/// For an operand that is no condition.
pub(super) fn connected(
    of: Connective,
    operands: Vec<Expr>,
    may_fail: impl Fn(&Expr) -> Result<bool>,
    schema: &DFSchema,
) -> Result<Expr> {
    let operands = operands
        .into_iter()
        .map(|operand| condition(of, operand, schema));
    let operands = operands.collect::<Result<Vec<_>>>()?;
    let mut parts: Vec<Vec<Expr>> = Vec::new();
    let mut is_open = false;
    for operand in operands {
        let is_alone = of.is_decided_by(&operand) || may_fail(&operand)?;
        match parts.last_mut() {
            Some(part) if is_open && !is_alone && part.len() < FEW => part.push(operand),
            _ => parts.push(vec![operand]),
        }
        is_open = !is_alone;
    }
    let binary = |left: Expr, right: Expr| {
        let (left, right) = (Box::new(left), Box::new(right));
        Expr::BinaryExpr(BinaryExpr::new(left, of.operator(), right))
    };
    let joined = parts
        .into_iter()
        .filter_map(|part| part.into_iter().reduce(binary));
    let mut joined: Vec<Expr> = joined.collect();
    if joined.len() == 1 {
        return Ok(joined.remove(0));
    }
    let lazy = |body| Expr::Lambda(Lambda::new(Vec::new(), body));
    let first = joined.remove(0);
    let args = std::iter::once(first).chain(joined.into_iter().map(lazy));
    let function = Lazy {
        of,
        signature: HigherOrderSignature::variadic_any(Volatility::Immutable),
    };
    let function = Arc::new(HigherOrderUDF::new_from_impl(function));
    Ok(Expr::HigherOrderFunction(HigherOrderFunction::new(
        function,
        args.collect(),
    )))
}

/// The conditions as one value where a literal among them decides all of them: as in Spark, no other is computed then.
///
/// # Errors
///
/// None.
pub(super) fn decided(node: Expr) -> Result<Transformed<Expr>> {
    let decisive = match &node {
        Expr::HigherOrderFunction(call) => Connective::named(call.func.name()).filter(|of| {
            call.args.iter().any(|argument| match argument {
                Expr::Lambda(lambda) => of.is_decided_by(&lambda.body),
                other => of.is_decided_by(other),
            })
        }),
        _ => None,
    };
    Ok(match decisive {
        Some(of) => Transformed::yes(lit(of.decisive())),
        None => Transformed::no(node),
    })
}

fn condition(of: Connective, operand: Expr, schema: &DFSchema) -> Result<Expr> {
    match operand.get_type(schema)? {
        ArrowType::Boolean => Ok(operand),
        ArrowType::Null => Ok(cast(operand, ArrowType::Boolean)),
        other => plan_err!(
            "`{}` takes conditions, and this is {}",
            of.operator(),
            crate::engine::sql::cast::spark_type(&other)?
        ),
    }
}

/// The first condition, and the others as functions, which are called for the rows that are not decided before them.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Lazy {
    of: Connective,
    signature: HigherOrderSignature,
}

impl HigherOrderUDFImpl for Lazy {
    fn name(&self) -> &str {
        self.of.name()
    }

    fn signature(&self) -> &HigherOrderSignature {
        &self.signature
    }

    fn lambda_parameters(
        &self,
        _step: usize,
        fields: &[ValueOrLambda<FieldRef, Option<FieldRef>>],
    ) -> Result<LambdaParametersProgress> {
        let lambdas = fields.iter().skip(1);
        Ok(LambdaParametersProgress::Complete(
            lambdas.map(|_| Vec::new()).collect(),
        ))
    }

    fn return_field_from_args(&self, args: HigherOrderReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| match field {
            ValueOrLambda::Value(field) | ValueOrLambda::Lambda(field) => field.is_nullable(),
        });
        Ok(Arc::new(Field::new(
            self.name(),
            ArrowType::Boolean,
            nullable,
        )))
    }

    fn clear_null_values(&self) -> bool {
        false
    }

    fn short_circuits(&self) -> bool {
        true
    }

    fn conditional_arguments<'a>(
        &self,
        args: &'a [Expr],
    ) -> Option<(Vec<&'a Expr>, Vec<&'a Expr>)> {
        let (first, others) = args.split_at(1.min(args.len()));
        Some((first.iter().collect(), others.iter().collect()))
    }

    fn invoke_with_args(&self, args: HigherOrderFunctionArgs) -> Result<ColumnarValue> {
        let mut operands = args.args.iter();
        let Some(ValueOrLambda::Value(first)) = operands.next() else {
            return plan_err!("`{}` needs a condition", self.name());
        };
        let mut values = first.to_array(args.number_rows)?.as_boolean().clone();
        for operand in operands {
            let open = undecided(&values, self.of.decisive());
            let count = open.true_count();
            if count == 0 {
                break;
            }
            let ValueOrLambda::Lambda(condition) = operand else {
                return plan_err!("`{}` has its later conditions in lambdas", self.name());
            };
            let more = of_rows(condition, &open, count)?;
            values = self.combined(&values, &open, &more)?;
        }
        Ok(ColumnarValue::Array(Arc::new(values)))
    }
}

impl Lazy {
    /// The values with those of one more condition, which has them for the open rows.
    fn combined(
        &self,
        values: &BooleanArray,
        open: &BooleanArray,
        more: &BooleanArray,
    ) -> Result<BooleanArray> {
        let kleene = match self.of {
            Connective::And => and_kleene,
            Connective::Or => or_kleene,
        };
        if more.len() == values.len() {
            return Ok(kleene(values, more)?);
        }
        let before = filter(values, open)?;
        let after = kleene(before.as_boolean(), more)?;
        let mut after = after.iter();
        let rows = values.iter().zip(open.values());
        // There is one for each open row.
        let value = |(value, is_open)| {
            if is_open {
                after.next().flatten()
            } else {
                value
            }
        };
        Ok(rows.map(value).collect())
    }
}

/// The rows whose value a further condition may change.
fn undecided(values: &BooleanArray, decisive: bool) -> BooleanArray {
    let open = values.iter().map(|value| Some(value != Some(decisive)));
    open.collect()
}

/// The values of a condition for the open rows.
fn of_rows(condition: &LambdaArgument, open: &BooleanArray, count: usize) -> Result<BooleanArray> {
    let captured = |columns: &[ArrayRef]| {
        if count == open.len() {
            return Ok(columns.to_vec());
        }
        let kept = columns.iter().map(|column| Ok(filter(column, open)?));
        kept.collect()
    };
    // Says how many rows there are, where the condition has no column.
    let rows = || -> Result<ArrayRef> { Ok(Arc::new(NullArray::new(count))) };
    let values = condition.evaluate(&[&rows], captured)?;
    let values = match values {
        ColumnarValue::Scalar(ScalarValue::Null) => {
            ScalarValue::Boolean(None).to_array_of_size(count)?
        }
        other => other.to_array(count)?,
    };
    Ok(values.as_boolean().clone())
}
