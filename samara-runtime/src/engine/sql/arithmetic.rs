//! Spark's `+ - * / % div` and unary minus over numbers, in ANSI mode: an overflow or a division by zero is an error, a null operand gives null.

use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, Decimal128Array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::compute::kernels::arity::{binary, try_binary};
use datafusion::arrow::compute::kernels::numeric;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Field, FieldRef, Float32Type,
    Float64Type, Int64Type,
};
use datafusion::arrow::error::ArrowError;
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable as _, Operator, ReturnFieldArgs,
    ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::engine::DataType;
use crate::engine::sql::coercion::{is_text, text_beside, widened, wider_integer};
use crate::engine::sql::decimal::{Shape, whole_quotient};
use crate::engine::sql::declared::Declared;

/// An operation on two numbers of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    WholeDivide,
}

impl Operation {
    fn of(operator: Operator) -> Option<Self> {
        Some(match operator {
            Operator::Plus => Self::Add,
            Operator::Minus => Self::Subtract,
            Operator::Multiply => Self::Multiply,
            Operator::Divide => Self::Divide,
            Operator::Modulo => Self::Remainder,
            Operator::IntegerDivide => Self::WholeDivide,
            _ => return None,
        })
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::WholeDivide => "div",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Add => "spark_add",
            Self::Subtract => "spark_subtract",
            Self::Multiply => "spark_multiply",
            Self::Divide => "spark_divide",
            Self::Remainder => "spark_remainder",
            Self::WholeDivide => "spark_div",
        }
    }

    fn divides(self) -> bool {
        matches!(self, Self::Divide | Self::Remainder | Self::WholeDivide)
    }
}

/// The same expression with Spark's arithmetic, if it is arithmetic on numbers.
///
/// # Errors
///
/// For operands that the operator does not take.
pub(crate) fn spark_arithmetic(node: Expr, schema: &DFSchema) -> Result<(Expr, bool)> {
    match node {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let call = match Operation::of(op) {
                Some(operation) => call(operation, &left, &right, schema)?,
                None => None,
            };
            Ok(match call {
                Some(call) => (call, true),
                None => (Expr::BinaryExpr(BinaryExpr { left, op, right }), false),
            })
        }
        Expr::Negative(value) => {
            let kind = value.get_type(schema)?;
            if kind.is_null() {
                return Ok((widened(&value, &kind, &ArrowType::Float64)?, true));
            }
            if is_text(&kind) {
                let number = widened(&value, &kind, &ArrowType::Float64)?;
                return Ok((Expr::Negative(Box::new(number)), true));
            }
            if !kind.is_signed_integer() {
                return Ok((Expr::Negative(value), false));
            }
            let zero = Expr::Literal(ScalarValue::new_zero(&kind)?, None);
            let minus = SparkArithmetic::new(Operation::Subtract).call(zero, *value);
            Ok((minus, true))
        }
        other => Ok((other, false)),
    }
}

fn call(
    operation: Operation,
    left: &Expr,
    right: &Expr,
    schema: &DFSchema,
) -> Result<Option<Expr>> {
    let (l, r) = (left.get_type(schema)?, right.get_type(schema)?);
    let Some(common) = operand_types(operation, (left, &l), (right, &r))? else {
        return Ok(None);
    };
    let left = operand(left, &l, &common.0)?;
    let right = operand(right, &r, &common.1)?;
    Ok(Some(SparkArithmetic::new(operation).call(left, right)))
}

fn operand(value: &Expr, from: &ArrowType, to: &ArrowType) -> Result<Expr> {
    let wide = widened(value, from, to)?;
    // A literal's own digits hold no other value of its type: Spark calls the cast to them nullable.
    let is_narrow = matches!(value, Expr::Literal(..)) && from.is_integer() && to.is_decimal();
    Ok(match is_narrow {
        true => Declared::call(wide, to.clone(), true),
        false => wide,
    })
}

/// The types to which Spark casts the operands; nothing, if these are not numbers.
fn operand_types(
    operation: Operation,
    (left, l): (&Expr, &ArrowType),
    (right, r): (&Expr, &ArrowType),
) -> Result<Option<(ArrowType, ArrowType)>> {
    let (l, r) = match (is_text(l), is_text(r)) {
        (true, true) => {
            return plan_err!(
                "`{0}` takes numbers, and both operands are strings; cast one of them, as in double(a) {0} b",
                operation.symbol()
            );
        }
        (true, false) if r.is_numeric() => {
            (text_beside(r).unwrap_or(ArrowType::Float64), r.clone())
        }
        (false, true) if l.is_numeric() => {
            (l.clone(), text_beside(l).unwrap_or(ArrowType::Float64))
        }
        _ => (l.clone(), r.clone()),
    };
    let (l, r) = match (&l, &r) {
        (ArrowType::Null, other) if other.is_numeric() => (other.clone(), other.clone()),
        (other, ArrowType::Null) if other.is_numeric() => (other.clone(), other.clone()),
        (ArrowType::Null, ArrowType::Null) => (ArrowType::Float64, ArrowType::Float64),
        _ => (l, r),
    };
    if !l.is_numeric() || !r.is_numeric() {
        return Ok(None);
    }
    let both = |kind: ArrowType| Ok(Some((kind.clone(), kind)));
    if l.is_floating() || r.is_floating() {
        if operation == Operation::WholeDivide {
            return plan_err!("`div` takes whole numbers or decimals");
        }
        let floats = l == ArrowType::Float32 && r == ArrowType::Float32;
        return both(if floats && operation != Operation::Divide {
            ArrowType::Float32
        } else {
            ArrowType::Float64
        });
    }
    if l.is_integer() && r.is_integer() {
        return both(match operation {
            Operation::Divide => ArrowType::Float64,
            Operation::WholeDivide => ArrowType::Int64,
            _ => wider_integer(&l, &r),
        });
    }
    Ok(Some((as_decimal(left, &l)?, as_decimal(right, &r)?)))
}

/// The decimal type of an operand: a literal has just its digits, another whole number those that its type can have.
fn as_decimal(value: &Expr, kind: &ArrowType) -> Result<ArrowType> {
    if let Expr::Literal(literal, _) = value
        && kind.is_integer()
        && let ScalarValue::Int64(Some(number)) = literal.cast_to(&ArrowType::Int64)?
    {
        let digits = number.unsigned_abs().max(1).ilog10() + 1;
        return Ok(ArrowType::Decimal128(u8::try_from(digits).unwrap_or(19), 0));
    }
    Ok(match kind {
        ArrowType::Int8 => ArrowType::Decimal128(3, 0),
        ArrowType::Int16 => ArrowType::Decimal128(5, 0),
        ArrowType::Int32 => ArrowType::Decimal128(10, 0),
        ArrowType::Int64 => ArrowType::Decimal128(20, 0),
        ArrowType::Decimal128(..) => kind.clone(),
        other => return plan_err!("no arithmetic on {other}"),
    })
}

fn spark(arrow: &ArrowType) -> Result<DataType> {
    DataType::from_arrow(arrow).map_err(|error| DataFusionError::External(Box::new(error)))
}

/// An operation as a function of two operands, which have one type (or are both decimals).
#[derive(Debug, PartialEq, Eq, Hash)]
struct SparkArithmetic {
    operation: Operation,
    signature: Signature,
}

impl SparkArithmetic {
    fn new(operation: Operation) -> Self {
        Self {
            operation,
            signature: Signature::any(2, Volatility::Immutable),
        }
    }

    fn call(self, left: Expr, right: Expr) -> Expr {
        ScalarUDF::from(self).call(vec![left, right])
    }
}

impl ScalarUDFImpl for SparkArithmetic {
    fn name(&self) -> &str {
        self.operation.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[ArrowType]) -> Result<ArrowType> {
        result_type(self.operation, &arguments[0], &arguments[1])
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let [left, right] = args.arg_fields else {
            return plan_err!("{} takes two operands", self.name());
        };
        let kind = result_type(self.operation, left.data_type(), right.data_type())?;
        let nullable = left.is_nullable() || right.is_nullable() || self.operation.divides();
        Ok(Arc::new(Field::new(self.name(), kind, nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let result = compute(self.operation, &arrays[0], &arrays[1])?;
        columnar(result, &args.args)
    }
}

/// A result as a scalar, if it comes from scalars alone.
///
/// # Errors
///
/// If the engine has no scalars of that type.
pub(crate) fn columnar(result: ArrayRef, arguments: &[ColumnarValue]) -> Result<ColumnarValue> {
    let is_scalar = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
    Ok(if arguments.iter().all(is_scalar) {
        ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?)
    } else {
        ColumnarValue::Array(result)
    })
}

fn result_type(operation: Operation, l: &ArrowType, r: &ArrowType) -> Result<ArrowType> {
    if operation == Operation::WholeDivide {
        return Ok(ArrowType::Int64);
    }
    let (Some(left), Some(right)) = (shape(l), shape(r)) else {
        return Ok(l.clone());
    };
    let result = match operation {
        Operation::Add | Operation::Subtract => left.of_sum(right),
        Operation::Multiply => left.of_product(right),
        Operation::Remainder => left.of_remainder(right),
        Operation::Divide | Operation::WholeDivide => left.of_quotient(right),
    };
    Ok(ArrowType::Decimal128(result.precision, result.scale))
}

fn shape(kind: &ArrowType) -> Option<Shape> {
    match kind {
        ArrowType::Decimal128(precision, scale) => Some(Shape {
            precision: *precision,
            scale: *scale,
        }),
        _ => None,
    }
}

fn compute(operation: Operation, l: &ArrayRef, r: &ArrayRef) -> Result<ArrayRef> {
    match l.data_type() {
        ArrowType::Decimal128(..) => decimals(operation, l.as_primitive(), r.as_primitive()),
        ArrowType::Float64 => floats::<Float64Type>(operation, l, r),
        ArrowType::Float32 => floats::<Float32Type>(operation, l, r),
        _ => integers(operation, l, r),
    }
}

fn integers(operation: Operation, l: &ArrayRef, r: &ArrayRef) -> Result<ArrayRef> {
    let result = match operation {
        Operation::Add => numeric::add(l, r),
        Operation::Subtract => numeric::sub(l, r),
        Operation::Multiply => numeric::mul(l, r),
        Operation::Divide | Operation::WholeDivide => numeric::div(l, r),
        Operation::Remainder => return remainders(l, r),
    };
    result.map_err(|error| explained(operation, l, r, error))
}

/// Remainders are computed as 64-bit values, since the least value of a type has a remainder by -1, 0, that the kernel calls an overflow.
fn remainders(l: &ArrayRef, r: &ArrayRef) -> Result<ArrayRef> {
    let (long_l, long_r) = (cast(l, &ArrowType::Int64)?, cast(r, &ArrowType::Int64)?);
    let (long_l, long_r) = (
        long_l.as_primitive::<Int64Type>(),
        long_r.as_primitive::<Int64Type>(),
    );
    let result = try_binary::<_, _, _, Int64Type>(long_l, long_r, |a, b| match b {
        0 => Err(ArrowError::DivideByZero),
        b => Ok(a.wrapping_rem(b)),
    });
    let result = result.map_err(|error| explained(Operation::Remainder, l, r, error))?;
    Ok(cast(&result, l.data_type())?)
}

fn floats<T: ArrowPrimitiveType>(
    operation: Operation,
    l: &ArrayRef,
    r: &ArrayRef,
) -> Result<ArrayRef>
where
    T::Native: std::ops::Rem<Output = T::Native>,
{
    let zero = T::Native::default();
    if operation.divides() {
        let (values, divisors) = (l.as_primitive::<T>(), r.as_primitive::<T>());
        let is_zero =
            |row| values.is_valid(row) && divisors.is_valid(row) && divisors.value(row) == zero;
        if let Some(row) = (0..l.len()).find(|row| is_zero(*row)) {
            return Err(by_zero(operation, &l.slice(row, 1)));
        }
    }
    Ok(match operation {
        Operation::Add => numeric::add_wrapping(l, r)?,
        Operation::Subtract => numeric::sub_wrapping(l, r)?,
        Operation::Multiply => numeric::mul_wrapping(l, r)?,
        Operation::Divide | Operation::WholeDivide => numeric::div(l, r)?,
        Operation::Remainder => Arc::new(binary::<_, _, _, T>(
            l.as_primitive::<T>(),
            r.as_primitive::<T>(),
            |a, b| a % b,
        )?),
    })
}

fn decimals(operation: Operation, l: &Decimal128Array, r: &Decimal128Array) -> Result<ArrayRef> {
    let (left, right) = (l.scale(), r.scale());
    let failed = |a: i128, b: i128| {
        ArrowError::ComputeError(format!(
            "{} {} {} {}",
            shown_decimal(a, left),
            operation.symbol(),
            shown_decimal(b, right),
            if b == 0 && operation.divides() {
                "divides by zero"
            } else {
                "overflows"
            }
        ))
    };
    if operation == Operation::WholeDivide {
        let whole = try_binary::<_, _, _, Int64Type>(l, r, |a, b| {
            whole_quotient((a, left), (b, right)).ok_or_else(|| failed(a, b))
        });
        return Ok(Arc::new(whole.map_err(sentence)?));
    }
    let kind = result_type(operation, l.data_type(), r.data_type())?;
    let Some(to) = shape(&kind) else {
        return plan_err!("{kind} is no decimal");
    };
    let compute = |a, b| match operation {
        Operation::Add => to.sum((a, left), (b, right)),
        Operation::Subtract => to.difference((a, left), (b, right)),
        Operation::Multiply => to.product((a, left), (b, right)),
        Operation::Remainder => to.remainder((a, left), (b, right)),
        Operation::Divide | Operation::WholeDivide => to.quotient((a, left), (b, right)),
    };
    let result = try_binary::<_, _, _, Decimal128Type>(l, r, |a, b| {
        compute(a, b).ok_or_else(|| failed(a, b))
    });
    Ok(Arc::new(result.map_err(sentence)?.with_data_type(kind)))
}

fn shown_decimal(value: i128, scale: i8) -> String {
    let mut text = String::new();
    crate::engine::text::write_decimal(&mut text, value, scale);
    text
}

fn sentence(error: ArrowError) -> DataFusionError {
    match error {
        ArrowError::ComputeError(message) => DataFusionError::Execution(message),
        other => other.into(),
    }
}

/// The error of a kernel, with the first operands that it concerns.
fn explained(
    operation: Operation,
    l: &ArrayRef,
    r: &ArrayRef,
    error: ArrowError,
) -> DataFusionError {
    let fails = |row: &usize| {
        let (l, r) = (l.slice(*row, 1), r.slice(*row, 1));
        let result = match operation {
            Operation::Add => numeric::add(&l, &r),
            Operation::Subtract => numeric::sub(&l, &r),
            Operation::Multiply => numeric::mul(&l, &r),
            Operation::Divide | Operation::WholeDivide => numeric::div(&l, &r),
            Operation::Remainder => numeric::rem(&l, &r),
        };
        result.is_err()
    };
    let Some(row) = (0..l.len()).find(fails) else {
        return error.into();
    };
    if matches!(error, ArrowError::DivideByZero) {
        return by_zero(operation, &l.slice(row, 1));
    }
    let kind = spark(l.data_type()).map_or_else(|_| String::new(), |kind| kind.to_string());
    DataFusionError::Execution(format!(
        "{} {} {} overflows {kind}",
        shown(l, row),
        operation.symbol(),
        shown(r, row)
    ))
}

fn by_zero(operation: Operation, dividend: &ArrayRef) -> DataFusionError {
    DataFusionError::Execution(format!(
        "division by zero: {} {} 0; nullif(divisor, 0) gives null instead of this error",
        shown(dividend, 0),
        operation.symbol()
    ))
}

fn shown(array: &ArrayRef, row: usize) -> String {
    ScalarValue::try_from_array(array, row).map_or_else(|_| "?".to_owned(), |v| v.to_string())
}
