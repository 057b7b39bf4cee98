//! A deep expression in parts: each of them is planned and compiled by itself, and is a call of a function of columns to whatever holds it.
//!
//! The engine's passes look at all that is below a node, once or twice a node: on a deep expression they take time that grows with the square of
//! its depth, or doubles with each level. A part is a leaf to them.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    TypeSignature, Volatility,
};

use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::functions::lambda::{Body, Captures};
use crate::engine::sql::scope::Scope;
use crate::engine::stack::on_enough_stack;

/// An expression of more levels than this is compiled.
const MOST_LEVELS: usize = 24;

/// An expression is compiled whose deepest part the engine would look at more often than this.
const MOST_VISITS: usize = 64;

/// The expression, or a call of it as a compiled function if it is deep.
///
/// # Errors
///
/// If the engine cannot compute it.
pub(super) fn compiled_if_deep(expression: Expr, scope: &Scope<'_>) -> Result<Expr> {
    match Depth::of(&expression)? {
        Some(depth) if depth.is_too_much() => compiled(expression, scope),
        _ => Ok(expression),
    }
}

fn compiled(expression: Expr, scope: &Scope<'_>) -> Result<Expr> {
    let mut captures = Captures::default();
    let expression = captures.of(expression, &[], scope)?;
    let volatility = match expression.is_volatile() {
        true => Volatility::Volatile,
        false => Volatility::Immutable,
    };
    let function = Compiled {
        body: Arc::new(Part(Some(Body::new(
            expression,
            &captures.fields,
            &[],
            scope,
        )?))),
        // There may be no column in it.
        signature: Signature::one_of(
            vec![TypeSignature::VariadicAny, TypeSignature::Nullary],
            volatility,
        ),
    };
    Ok(ScalarUDF::from(function).call(captures.values))
}

/// How deep an expression is, and how often the engine looks at its deepest part when it plans.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Depth {
    levels: usize,
    visits: usize,
}

impl Depth {
    /// Of a column or a literal.
    pub const LEAF: Self = Self {
        levels: 1,
        visits: 1,
    };

    /// Nothing for an expression that cannot be compiled by itself, since it needs more rows than one.
    pub fn of(expression: &Expr) -> Result<Option<Self>> {
        if matches!(
            expression,
            Expr::WindowFunction(_) | Expr::AggregateFunction(_)
        ) {
            return Ok(None);
        }
        let mut deepest = Some(Self::LEAF);
        expression.apply_children(|part| {
            let inner = Self::of(part)?;
            deepest = deepest.zip(inner).map(|(deepest, inner)| Self {
                levels: deepest.levels.max(inner.levels + 1),
                visits: deepest
                    .visits
                    .max(inner.visits.saturating_mul(visits(expression, part))),
            });
            Ok(match deepest {
                Some(_) => TreeNodeRecursion::Continue,
                None => TreeNodeRecursion::Stop,
            })
        })?;
        Ok(deepest)
    }

    /// Of an expression of which either may be the deeper part.
    pub fn or(self, other: Self) -> Self {
        Self {
            levels: self.levels.max(other.levels),
            visits: self.visits.max(other.visits),
        }
    }

    /// Of this with another expression in the place of its deepest part.
    pub fn over(self, inner: Self) -> Self {
        Self {
            levels: self.levels + inner.levels - 1,
            visits: self.visits.saturating_mul(inner.visits),
        }
    }

    /// Whether an expression is too deep for the engine's passes.
    pub fn is_too_much(self) -> bool {
        self.levels > MOST_LEVELS || self.visits > MOST_VISITS
    }
}

/// How many times the engine looks at a part whenever it looks at the whole: it writes some operators out with a part of them twice, and asks
/// for the type and the nulls of a function one after the other.
fn visits(whole: &Expr, part: &Expr) -> usize {
    let is_call =
        |node: &Expr| matches!(node, Expr::ScalarFunction(_) | Expr::HigherOrderFunction(_));
    match whole {
        Expr::Between(_) => 2,
        Expr::InList(list) if list.list.len() <= 3 => list.list.len().max(2),
        Expr::ScalarFunction(call) if call.func.short_circuits() => 2,
        Expr::ScalarFunction(_) => 1,
        _ if is_call(part) => 2,
        _ => 1,
    }
}

/// What [`Compiled`] computes. It ends on as much stack as it needs, since there are parts within parts.
struct Part(Option<Body>);

impl Part {
    fn body(&self) -> Result<&Body> {
        match &self.0 {
            Some(body) => Ok(body),
            None => plan_err!("a part is used at its end"),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let body = self.0.take();
        on_enough_stack(|| drop(body));
    }
}

/// Part of an expression, as a function of the columns in it.
#[derive(Clone)]
pub(super) struct Compiled {
    body: Arc<Part>,
    signature: Signature,
}

impl Compiled {
    /// Whether a function is such a part.
    pub fn is(function: &ScalarUDF) -> bool {
        function.inner().downcast_ref::<Self>().is_some()
    }

    /// The expression that a function computes, if it is such a part.
    pub fn expression(function: &ScalarUDF) -> Option<&Expr> {
        let compiled = function.inner().downcast_ref::<Self>()?;
        compiled.body.0.as_ref().map(Body::expression)
    }
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiled").finish_non_exhaustive()
    }
}

impl PartialEq for Compiled {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Compiled {}

impl Hash for Compiled {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.body).hash(state);
    }
}

impl ScalarUDFImpl for Compiled {
    fn name(&self) -> &str {
        "compiled"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(self.body.body()?.field.data_type().clone())
    }

    fn return_field_from_args(&self, _args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.body.body()?.field.clone();
        Ok(Arc::new(field.with_name(self.name())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
        let rows = match args.args.iter().all(is_scalar) && self.is_constant() {
            true => 1,
            false => args.number_rows,
        };
        let columns = args.args.iter().map(|value| value.to_array(rows));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let values = on_enough_stack(|| self.body.body()?.of_rows(&columns, rows))?;
        match rows {
            1 => columnar(values, &args.args),
            _ => Ok(ColumnarValue::Array(values)),
        }
    }
}

impl Compiled {
    /// Whether it has one value for the same arguments.
    fn is_constant(&self) -> bool {
        self.signature.volatility == Volatility::Immutable
    }
}
