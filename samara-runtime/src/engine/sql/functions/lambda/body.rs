//! The body of a lambda: an expression over what it captures and its variables, computed for all elements at once.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, RecordBatch, RecordBatchOptions, UInt64Array, new_empty_array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{Field, FieldRef, Schema, SchemaRef};
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{Column, DFSchema, Result};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ExprSchemable as _, Volatility};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;

use crate::engine::sql::connective::decided;
use crate::engine::sql::declared::retyped;
use crate::engine::sql::scope::Scope;

/// A lambda that is ready to be computed.
#[derive(Debug, Clone)]
pub(in crate::engine::sql) struct Body {
    expression: Expr,
    computed: Arc<dyn PhysicalExpr>,
    /// The captured columns, and then the variables.
    schema: SchemaRef,
    /// What it gives.
    pub field: Field,
}

impl Body {
    /// The body, given the names of what is captured, and the fields of its variables.
    ///
    /// # Errors
    ///
    /// If the engine cannot compute it.
    pub fn new(
        expression: Expr,
        captures: &[FieldRef],
        variables: &[FieldRef],
        scope: &Scope<'_>,
    ) -> Result<Self> {
        let fields: Vec<FieldRef> = [captures, variables].concat();
        let schema = Arc::new(Schema::new(fields));
        let named = DFSchema::try_from(Arc::clone(&schema))?;
        let (kind, nullable) = (expression.get_type(&named)?, expression.nullable(&named)?);
        Ok(Self {
            computed: computed(&expression, &named, scope)?,
            expression,
            schema,
            field: Field::new("", kind, nullable),
        })
    }

    pub fn is_volatile(&self) -> bool {
        self.expression.is_volatile()
    }

    /// The values of the body: for each element, the row that it belongs to, and the values of the variables.
    ///
    /// # Errors
    ///
    /// Those of the expression.
    pub fn values(
        &self,
        captures: &[ArrayRef],
        rows: &UInt64Array,
        variables: &[ArrayRef],
    ) -> Result<ArrayRef> {
        if rows.is_empty() {
            return Ok(new_empty_array(self.field.data_type()));
        }
        let mut columns = captures
            .iter()
            .map(|column| take(column, rows, None))
            .collect::<Result<Vec<_>, _>>()?;
        columns.extend(variables.iter().map(Arc::clone));
        self.of_rows(&columns, rows.len())
    }

    /// The values of the body, given all columns that it is an expression over.
    ///
    /// # Errors
    ///
    /// Those of the expression.
    pub fn of_rows(&self, columns: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        // What the lambda has no name for is left out.
        let columns = columns.iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| retyped(column, field.data_type()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns.collect::<Result<_>>()?,
            &options,
        )?;
        let values = self.computed.evaluate(&batch)?.into_array(rows)?;
        retyped(&values, self.field.data_type())
    }

    /// The expression that is computed.
    pub fn expression(&self) -> &Expr {
        &self.expression
    }
}

/// The expression as the engine computes it, after what its optimizer would do with it elsewhere.
fn computed(
    expression: &Expr,
    schema: &DFSchema,
    scope: &Scope<'_>,
) -> Result<Arc<dyn PhysicalExpr>> {
    let state = scope.state();
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::clone(state.config_options()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let coerced = simplifier.coerce(expression.clone(), schema)?;
    let simple = simplifier.simplify(coerced)?;
    state.create_physical_expr(simple.transform_up(decided)?.data, schema)
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression && self.schema == other.schema
    }
}

impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
        self.schema.hash(state);
    }
}

/// What lambdas take from around them: columns, and the time of the run, which the engine knows only there.
#[derive(Default)]
pub(in crate::engine::sql) struct Captures {
    pub fields: Vec<FieldRef>,
    pub values: Vec<Expr>,
}

impl Captures {
    /// The expression with its captures noted, each named by a column.
    ///
    /// # Errors
    ///
    /// If a column is none of the scope's.
    pub fn of(&mut self, expression: Expr, own: &[FieldRef], scope: &Scope<'_>) -> Result<Expr> {
        let named = expression.transform_down(|node| {
            let is_own = |column: &Column| own.iter().any(|field| *field.name() == column.name);
            Ok(match node {
                Expr::Column(column) if is_own(&column) => Transformed::no(Expr::Column(column)),
                Expr::Column(_) => Transformed::no(self.noted(node, scope)?),
                Expr::ScalarFunction(ref function)
                    if function.args.is_empty()
                        && function.func.signature().volatility == Volatility::Stable =>
                {
                    Transformed::yes(self.noted(node, scope)?)
                }
                other => Transformed::no(other),
            })
        })?;
        Ok(named.data)
    }

    fn noted(&mut self, value: Expr, scope: &Scope<'_>) -> Result<Expr> {
        let name = value.schema_name().to_string();
        if !self.values.contains(&value) {
            let (kind, nullable) = (
                value.get_type(&scope.schema)?,
                value.nullable(&scope.schema)?,
            );
            self.fields
                .push(Arc::new(Field::new(&name, kind, nullable)));
            self.values.push(value);
        }
        Ok(Expr::Column(Column::new_unqualified(name)))
    }
}
