//! Arithmetic that is written as a function: `mod`, `pmod`, and `try_add` and its like, which give null where the operator fails.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, new_null_array};
use datafusion::arrow::compute::concat;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{DFSchema, Result, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, Operator, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility, cast as engine_cast,
};

use crate::engine::sql::arithmetic::spark_arithmetic;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::coercion::is_text;
use crate::engine::sql::declared::Declared;

/// The functions, so that a call is known before its types are.
pub(super) fn functions() -> Vec<ScalarUDF> {
    let names = [
        "try_add",
        "try_subtract",
        "try_multiply",
        "try_divide",
        "try_mod",
    ];
    names
        .into_iter()
        .map(|name| ScalarUDF::from(Trying::new(name, None)))
        .collect()
}

/// A call of arithmetic as Spark computes it; nothing for any other function.
///
/// # Errors
///
/// For operands that are no numbers.
pub(crate) fn arithmetic_function(
    function: &ScalarFunction,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    let name = function.name();
    let op = match name {
        "try_add" => Operator::Plus,
        "try_subtract" => Operator::Minus,
        "try_multiply" => Operator::Multiply,
        "try_divide" => Operator::Divide,
        "try_mod" | "mod" | "pmod" => Operator::Modulo,
        _ => return Ok(None),
    };
    let [left, right] = &function.args[..] else {
        return plan_err!("`{name}` takes 2 arguments, not {}", function.args.len());
    };
    if let Some(day) = day_and_days(left, op, right, schema)? {
        return Ok(Some(day));
    }
    let operation = BinaryExpr::new(Box::new(left.clone()), op, Box::new(right.clone()));
    let operation = spark_arithmetic(Expr::BinaryExpr(operation), schema)?;
    let (Expr::ScalarFunction(operation), true) = operation else {
        return plan_err!(
            "`{name}` takes numbers, or a day and a number of days; intervals are not supported yet"
        );
    };
    Ok(Some(match name {
        "mod" => Expr::ScalarFunction(operation),
        "pmod" => function.func.call(operation.args),
        _ => {
            let trying = Trying::new(trying_name(op), Some(operation.func));
            let operands = operation.args.into_iter().zip([left, right]);
            let operands = operands.map(|(cast, operand)| tried(cast, operand, schema));
            ScalarUDF::from(trying).call(operands.collect::<Result<_>>()?)
        }
    }))
}

/// A day so many days later or earlier: in Spark days go round.
fn day_and_days(
    left: &Expr,
    op: Operator,
    right: &Expr,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    use ArrowType::{Date32, Int8, Int16, Int32};
    let fits = matches!(
        (left.get_type(schema)?, op, right.get_type(schema)?),
        (
            Date32,
            Operator::Plus | Operator::Minus,
            Int8 | Int16 | Int32
        ) | (Int8 | Int16 | Int32, Operator::Plus, Date32)
    );
    let days = |value: &Expr| Box::new(engine_cast(value.clone(), Int32));
    let moved = BinaryExpr::new(days(left), op, days(right));
    let day = engine_cast(Expr::BinaryExpr(moved), Date32);
    Ok(fits.then(|| Declared::call(day, Date32, true)))
}

/// A text's cast to a number may fail, too.
fn tried(cast: Expr, operand: &Expr, schema: &DFSchema) -> Result<Expr> {
    Ok(match cast {
        Expr::ScalarFunction(cast) if is_text(&operand.get_type(schema)?) => {
            ScalarUDF::from(SparkCast::trying()).call(cast.args)
        }
        other => other,
    })
}

fn trying_name(op: Operator) -> &'static str {
    match op {
        Operator::Plus => "try_add",
        Operator::Minus => "try_subtract",
        Operator::Multiply => "try_multiply",
        Operator::Divide => "try_divide",
        _ => "try_mod",
    }
}

/// A function whose failing rows are null.
#[derive(Debug)]
struct Trying {
    name: &'static str,
    operation: Option<Arc<ScalarUDF>>,
    signature: Signature,
}

impl Trying {
    fn new(name: &'static str, operation: Option<Arc<ScalarUDF>>) -> Self {
        Self {
            name,
            operation,
            signature: Signature::any(2, Volatility::Immutable),
        }
    }

    fn operation(&self) -> Result<&Arc<ScalarUDF>> {
        match &self.operation {
            Some(operation) => Ok(operation),
            None => plan_err!("`{}` takes two numbers", self.name),
        }
    }

    /// The results of rows; where they fail together, those of each half.
    fn rows(&self, arrays: &[ArrayRef], args: &ScalarFunctionArgs) -> Result<ArrayRef> {
        let rows = arrays[0].len();
        let whole = self
            .operation()?
            .inner()
            .invoke_with_args(ScalarFunctionArgs {
                args: arrays.iter().cloned().map(ColumnarValue::Array).collect(),
                arg_fields: args.arg_fields.clone(),
                number_rows: rows,
                return_field: Arc::clone(&args.return_field),
                config_options: Arc::clone(&args.config_options),
            });
        match whole {
            Ok(result) => result.into_array(rows),
            Err(_) if rows <= 1 => Ok(new_null_array(args.return_field.data_type(), rows)),
            Err(_) => {
                let half = rows / 2;
                let part = |from: usize, length: usize| {
                    let part: Vec<ArrayRef> = arrays
                        .iter()
                        .map(|array| array.slice(from, length))
                        .collect();
                    self.rows(&part, args)
                };
                Ok(concat(&[&*part(0, half)?, &*part(half, rows - half)?])?)
            }
        }
    }
}

impl ScalarUDFImpl for Trying {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        plan_err!("the type of `{}` depends on its arguments", self.name)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let field = self.operation()?.inner().return_field_from_args(args)?;
        Ok(Arc::new(Field::new(
            self.name,
            field.data_type().clone(),
            true,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = self.rows(&arrays, &args)?;
        crate::engine::sql::arithmetic::columnar(result, &args.args)
    }
}

impl PartialEq for Trying {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.operation == other.operation
    }
}

impl Eq for Trying {}

impl Hash for Trying {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}
