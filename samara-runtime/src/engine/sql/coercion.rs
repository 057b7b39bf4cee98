//! Spark's types of expressions, where the engine's differ.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields, TimeUnit};
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::common::{DFSchema, DataFusionError, Result, ScalarValue, plan_err};
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{
    Between, BinaryExpr, Case, Expr, ExprSchemable as _, Like, Operator, cast as engine_cast, lit,
};

use crate::engine::DataType;
use crate::engine::aggregates::holds_map;
use crate::engine::sql::arithmetic::spark_arithmetic;
use crate::engine::sql::cast::{SparkCast, spark_type};
use crate::engine::sql::compiled::Compiled;
use crate::engine::sql::connective::{Connective, connected};
use crate::engine::sql::declared::Declared;
use crate::engine::sql::functions::{
    arithmetic_function, is_spark_function, spark_arguments, type_name,
};
use crate::engine::sql::interval::with_interval;
use crate::engine::sql::nested::{SparkItem, with_fitting_key};
use crate::engine::sql::normal::normal;
use crate::engine::sql::nullability::with_sparks_nulls;
use crate::engine::sql::widened::Widened;
use crate::engine::sql::window::spark_window;

/// One node with Spark's types: an integer literal is an INT if it fits, arithmetic is checked, branches have one type, and text is compared as
/// what it is compared with.
///
/// # Errors
///
/// For operands that do not fit each other.
pub(crate) fn spark_types(node: Expr, schema: &DFSchema) -> Result<Transformed<Expr>> {
    let node = match node {
        Expr::Literal(value, metadata) => {
            return Ok(Transformed::yes(Expr::Literal(
                spark_literal(value),
                metadata,
            )));
        }
        Expr::Case(case) => kept_lazy(with_one_type(case, schema)?, schema)?,
        Expr::ScalarFunction(function) => of_function(function, schema)?,
        Expr::Like(like) => Expr::Like(of_texts(like, schema)?),
        Expr::WindowFunction(call) => spark_window(*call, schema)?,
        other => compared(other, schema)?,
    };
    let (node, changed) = spark_arithmetic(node, schema)?;
    check_operands(&node, schema)?;
    let node = with_sparks_nulls(node, schema)?;
    Ok(Transformed::new_transformed(node, changed))
}

const SHIFTS: [&str; 3] = ["shiftleft", "shiftright", "shiftrightunsigned"];

/// Whether an operator takes operands that the engine would cast otherwise than Spark.
fn fits(op: Operator, left: &ArrowType, right: &ArrowType) -> bool {
    use Operator as O;
    let is_interval =
        |kind: &ArrowType| matches!(kind, ArrowType::Interval(_) | ArrowType::Duration(_));
    let is_whole = |kind: &ArrowType| kind.is_integer() || kind.is_null();
    match op {
        O::BitwiseAnd | O::BitwiseOr | O::BitwiseXor => is_whole(left) && is_whole(right),
        O::Plus | O::Minus => match (left, right) {
            (ArrowType::Date32, number) | (number, ArrowType::Date32) if number.is_numeric() => {
                number.is_integer() && *number != ArrowType::Int64
            }
            (ArrowType::Null, other) | (other, ArrowType::Null) => !is_interval(other),
            _ => true,
        },
        op if is_comparison(op) => !is_interval(left) && !is_interval(right),
        _ => true,
    }
}

/// Whether an error is the engine's own, of arguments that a function of its does not take.
fn is_of_engine(error: &DataFusionError) -> bool {
    let text = error.to_string();
    text.contains("No function matches") || text.contains("failed to match any signature")
}

/// Refuses operands that do not fit their operator, in Spark's names of types.
fn check_operands(node: &Expr, schema: &DFSchema) -> Result<()> {
    let shown = |value: &Expr| shown_type(&value.get_type(schema)?);
    let is_condition = |value: &Expr| {
        let kind = value.get_type(schema)?;
        Ok::<_, DataFusionError>(matches!(kind, ArrowType::Boolean | ArrowType::Null))
    };
    match node {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            let (l, r) = (left.get_type(schema)?, right.get_type(schema)?);
            let of_interval = [&l, &r]
                .into_iter()
                .any(|kind| matches!(kind, ArrowType::Interval(_)));
            match node.get_type(schema).is_err() || !fits(*op, &l, &r) {
                true if of_interval => plan_err!(
                    "`{op}` of {} and {} is not supported yet: an interval is added to a date or a timestamp, or subtracted",
                    shown(left)?,
                    shown(right)?
                ),
                true => plan_err!(
                    "`{op}` does not take {} and {}",
                    shown(left)?,
                    shown(right)?
                ),
                false => Ok(()),
            }
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if SHIFTS.contains(&func.name()) => {
            for value in args {
                let kind = value.get_type(schema)?;
                if !kind.is_integer() && !kind.is_null() {
                    return plan_err!("a shift takes whole numbers, and this is {}", shown(value)?);
                }
            }
            Ok(())
        }
        Expr::ScalarFunction(function) => match node.get_type(schema) {
            Err(error) if is_of_engine(&error) => {
                let types = function
                    .args
                    .iter()
                    .map(shown)
                    .collect::<Result<Vec<_>>>()?;
                let name = function.name();
                plan_err!("`{name}` does not take ({})", types.join(", "))
            }
            _ => Ok(()),
        },
        Expr::Not(value) if !is_condition(value)? => {
            plan_err!("NOT takes a boolean, and this is {}", shown(value)?)
        }
        Expr::Case(Case {
            expr: None,
            when_then_expr: branches,
            ..
        }) => {
            for (condition, _) in branches {
                if !is_condition(condition)? {
                    let shown = shown(condition)?;
                    return plan_err!("a condition is a boolean, and this is {shown}");
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn spark_literal(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Int64(Some(long)) => match i32::try_from(long) {
            Ok(int) => ScalarValue::Int32(Some(int)),
            Err(_) => ScalarValue::Int64(Some(long)),
        },
        ScalarValue::UInt64(Some(large)) => {
            let digits = u8::try_from(large.max(1).ilog10() + 1).unwrap_or(20);
            ScalarValue::Decimal128(Some(i128::from(large)), digits, 0)
        }
        ScalarValue::Decimal128(Some(unscaled), precision, scale @ ..0) => {
            let factor = 10_i128.checked_pow(u32::from(scale.unsigned_abs()));
            let whole = factor.and_then(|factor| unscaled.checked_mul(factor));
            let digits = precision.saturating_add(scale.unsigned_abs()).min(38);
            ScalarValue::Decimal128(whole, digits, 0)
        }
        other => other,
    }
}

fn of_function(function: ScalarFunction, schema: &DFSchema) -> Result<Expr> {
    if let Some(arithmetic) = arithmetic_function(&function, schema)? {
        return Ok(arithmetic);
    }
    if let Some(name) = type_name(&function, schema)? {
        return Ok(name);
    }
    if let Some(connective) = Connective::named(function.func.name()) {
        return connected(connective, function.args, may_fail, schema);
    }
    let function = with_bytes_of_texts(function, schema)?;
    let mut function = spark_arguments(function, schema)?;
    cast_texts(&mut function, schema)?;
    cast_shifted(&mut function, schema)?;
    let arguments = match function.func.name() {
        SparkCast::LITERAL => return SparkCast::literal(&function.args),
        SparkCast::ANSI | SparkCast::TRYING => {
            return without_text_between(function, schema);
        }
        SparkItem::NAME => return Ok(Expr::ScalarFunction(with_fitting_key(function, schema)?)),
        "coalesce" | "array" | "make_array" => &mut function.args[..],
        _ => return Ok(Expr::ScalarFunction(function)),
    };
    unify(arguments.iter_mut().collect(), schema)?;
    Ok(Expr::ScalarFunction(function))
}

/// Casts texts among the arguments of functions of the engine's own, which takes them for no numbers.
fn cast_texts(function: &mut ScalarFunction, schema: &DFSchema) -> Result<()> {
    use ArrowType::{Date32, Float64, Int32};
    let (first, rest) = match function.func.name() {
        "abs" | "cot" | "csc" | "isnan" | "nanvl" | "negative" | "sec" => (Float64, Float64),
        "factorial" | "shiftleft" | "shiftright" | "shiftrightunsigned" => (Int32, Int32),
        "date_add" | "date_sub" => (Date32, Int32),
        _ => return Ok(()),
    };
    for (at, value) in function.args.iter_mut().enumerate() {
        let kind = value.get_type(schema)?;
        if is_text(&kind) {
            *value = widened(value, &kind, if at == 0 { &first } else { &rest })?;
        }
    }
    Ok(())
}

/// Casts the numbers of a shift: a bigint is shifted, but not shifted by.
fn cast_shifted(function: &mut ScalarFunction, schema: &DFSchema) -> Result<()> {
    if !SHIFTS.contains(&function.func.name()) {
        return Ok(());
    }
    for (at, value) in function.args.iter_mut().enumerate() {
        let kind = value.get_type(schema)?;
        let is_too_long = at == 1 && kind == ArrowType::Int64;
        if is_too_long || kind.is_floating() || kind.is_decimal() {
            *value = SparkCast::call(std::mem::take(value), &spark_type(&ArrowType::Int32)?);
        }
    }
    Ok(())
}

/// Functions that look at nothing but the bytes of a text.
const OF_BYTES: [&str; 15] = [
    "base64",
    "bit_length",
    "crc32",
    "hash",
    "hex",
    "is_valid_utf8",
    "make_valid_utf8",
    "md5",
    "octet_length",
    "sha",
    "sha1",
    "sha2",
    "try_validate_utf8",
    "validate_utf8",
    "xxhash64",
];

/// Such a function of a binary that is cast to a text, of the binary: a text here is UTF-8, whereas Spark's keeps all bytes.
fn with_bytes_of_texts(mut function: ScalarFunction, schema: &DFSchema) -> Result<ScalarFunction> {
    if OF_BYTES.contains(&function.func.name()) {
        for value in &mut function.args {
            if let Some(bytes) = SparkCast::bytes_of_text(value, schema)? {
                *value = bytes;
            }
        }
    }
    Ok(function)
}

/// The cast of a binary to a text and back, which keeps all bytes.
fn without_text_between(cast: ScalarFunction, schema: &DFSchema) -> Result<Expr> {
    let [value, _] = &cast.args[..] else {
        return Ok(Expr::ScalarFunction(cast));
    };
    match SparkCast::bytes_of_text(value, schema)? {
        Some(bytes) if SparkCast::is_to(&cast, &DataType::Binary) => Ok(bytes),
        _ => Ok(Expr::ScalarFunction(cast)),
    }
}

/// LIKE of texts: Spark casts to text what is none.
fn of_texts(mut like: Like, schema: &DFSchema) -> Result<Like> {
    check_escapes(&like)?;
    for side in [&mut like.expr, &mut like.pattern] {
        let kind = side.get_type(schema)?;
        if !is_text(&kind) && !kind.is_null() && !kind.is_nested() {
            **side = SparkCast::call(std::mem::take(&mut **side), &DataType::String);
        }
    }
    Ok(like)
}

fn with_one_type(mut case: Case, schema: &DFSchema) -> Result<Case> {
    let results = case.when_then_expr.iter_mut().map(|(_, then)| &mut **then);
    let results = results.chain(case.else_expr.iter_mut().map(|value| &mut **value));
    unify(results.collect(), schema)?;
    if let Some(operand) = &mut case.expr {
        let conditions = case.when_then_expr.iter_mut().map(|(when, _)| &mut **when);
        let operands = std::iter::once(&mut **operand).chain(conditions);
        comparable(operands.collect(), schema)?;
    }
    Ok(case)
}

/// Casts values to the one type that Spark gives them; leaves them alone where there is none.
///
/// # Errors
///
/// For values that have no type.
pub(crate) fn unify(values: Vec<&mut Expr>, schema: &DFSchema) -> Result<()> {
    let types = values
        .iter()
        .map(|value| value.get_type(schema))
        .collect::<Result<Vec<_>>>()?;
    check_alike(&types)?;
    let mut all = types.iter().cloned().map(Some);
    let first = all.next().flatten();
    let Some(common) = all.fold(first, |sum, kind| common_type(&sum?, &kind?)) else {
        return Ok(());
    };
    for (value, from) in values.into_iter().zip(&types) {
        *value = widened(value, from, &common)?;
    }
    Ok(())
}

/// Refuses types of which two have no values in common: those of the engine's that Spark keeps apart.
fn check_alike(types: &[ArrowType]) -> Result<()> {
    let is_simple = |kind: &ArrowType| !kind.is_nested() && !kind.is_binary();
    for pair in types.windows(2) {
        let (left, right) = (&pair[0], &pair[1]);
        let is_mixed =
            is_simple(left) != is_simple(right) && !left.is_binary() && !right.is_binary();
        let apart = is_mixed || is_simple(left) && is_simple(right);
        if apart && common_type(left, right).is_none() {
            return plan_err!(
                "{} and {} have no type in common: cast one of them",
                shown_type(left)?,
                shown_type(right)?
            );
        }
    }
    Ok(())
}

/// Spark's name of a type.
fn shown_type(kind: &ArrowType) -> Result<String> {
    match kind {
        ArrowType::Interval(_) | ArrowType::Duration(_) => Ok("interval".to_owned()),
        kind => Ok(spark_type(kind)?.to_string()),
    }
}

/// Casts values to one type, in the form in which they are compared.
///
/// # Errors
///
/// For maps, which have no order.
pub(crate) fn comparable(mut values: Vec<&mut Expr>, schema: &DFSchema) -> Result<()> {
    unify(
        values.iter_mut().map(|value| &mut **value).collect(),
        schema,
    )?;
    let first = values.first().map(|value| value.get_type(schema));
    let first = first.transpose()?.unwrap_or(ArrowType::Null);
    for value in values {
        let kind = value.get_type(schema)?;
        if kind.is_nested() && !has_shape_of(&first, &kind) {
            return plan_err!(
                "{} and {} cannot be compared",
                spark_type(&first)?,
                spark_type(&kind)?
            );
        }
        if holds_map(&kind) {
            return plan_err!(
                "maps cannot be compared, and this is {}",
                spark_type(&kind)?
            );
        }
        if !matches!(value, Expr::Literal(..)) {
            *value = normal(std::mem::take(value), &kind);
        }
        if kind.is_nested() {
            // A part that the optimizer computes would have a type that says of fewer members that they may be null.
            let nullable = value.nullable(schema)?;
            *value = Declared::call(std::mem::take(value), kind, nullable);
        }
    }
    Ok(())
}

/// The type that holds values of both, as Spark's `AnsiTypeCoercion` finds it.
pub(crate) fn common_type(left: &ArrowType, right: &ArrowType) -> Option<ArrowType> {
    use ArrowType as A;
    Some(match (left, right) {
        (l, r) if l == r => l.clone(),
        (A::Null, other) | (other, A::Null) => other.clone(),
        (l, r) if is_text(l) && is_text(r) => A::Utf8,
        (text, A::Binary) | (A::Binary, text) if is_text(text) => A::Binary,
        (text, other) | (other, text) if is_text(text) => text_beside(other)?,
        (l, r) if l.is_floating() && r.is_numeric() => A::Float64,
        (l, r) if l.is_numeric() && r.is_floating() => A::Float64,
        (l, r) if l.is_integer() && r.is_integer() => wider_integer(l, r),
        (A::Date32, A::Timestamp(..)) => right.clone(),
        (A::Timestamp(..), A::Date32) => left.clone(),
        (A::List(l), A::List(r)) => A::List(common_member(l, r)?),
        (A::Struct(l), A::Struct(r)) if are_alike(l, r) => {
            let members = l.iter().zip(r).map(|(l, r)| common_member(l, r));
            A::Struct(members.collect::<Option<_>>()?)
        }
        (A::Timestamp(_, zone), A::Timestamp(_, other)) => {
            A::Timestamp(TimeUnit::Microsecond, zone.clone().or(other.clone()))
        }
        (l, r) => {
            let ((p1, s1), (p2, s2)) = (digits(l)?, digits(r)?);
            let scale = s1.max(s2);
            let whole = (i16::from(p1) - i16::from(s1)).max(i16::from(p2) - i16::from(s2));
            // Where 38 digits are too few, those of the fraction go.
            let excess = (whole + i16::from(scale) - 38).max(0);
            let scale = i8::try_from((i16::from(scale) - excess).max(0)).ok()?;
            let precision = u8::try_from((whole + i16::from(scale)).min(38)).ok()?;
            A::Decimal128(precision, scale)
        }
    })
}

/// Whether structs have a type in common: members of the same names, or of the same types.
fn are_alike(left: &Fields, right: &Fields) -> bool {
    let mut pairs = left.iter().zip(right);
    let names = |(l, r): (&FieldRef, &FieldRef)| l.name().eq_ignore_ascii_case(r.name());
    let types = |(l, r): (&FieldRef, &FieldRef)| has_shape_of(l.data_type(), r.data_type());
    left.len() == right.len() && (pairs.clone().all(names) || pairs.all(types))
}

/// Whether types are the same but for names and nulls.
fn has_shape_of(left: &ArrowType, right: &ArrowType) -> bool {
    match (left, right) {
        (ArrowType::List(l), ArrowType::List(r)) => has_shape_of(l.data_type(), r.data_type()),
        (ArrowType::Struct(l), ArrowType::Struct(r)) => {
            let mut pairs = l.iter().zip(r);
            l.len() == r.len() && pairs.all(|(l, r)| has_shape_of(l.data_type(), r.data_type()))
        }
        (l, r) => l == r,
    }
}

/// The field within a type that holds values of both.
fn common_member(left: &FieldRef, right: &FieldRef) -> Option<FieldRef> {
    let kind = common_type(left.data_type(), right.data_type())?;
    let nullable = left.is_nullable() || right.is_nullable();
    Some(Arc::new(Field::new(left.name(), kind, nullable)))
}

/// The precision and the scale of the decimals that hold a type's values.
fn digits(kind: &ArrowType) -> Option<(u8, i8)> {
    Some(match kind {
        ArrowType::Int8 => (3, 0),
        ArrowType::Int16 => (5, 0),
        ArrowType::Int32 => (10, 0),
        ArrowType::Int64 => (20, 0),
        ArrowType::Decimal128(precision, scale) => (*precision, *scale),
        _ => return None,
    })
}

/// Whether this is one of the engine's kinds of strings.
pub(crate) fn is_text(kind: &ArrowType) -> bool {
    matches!(
        kind,
        ArrowType::Utf8 | ArrowType::LargeUtf8 | ArrowType::Utf8View
    )
}

/// The type that a text is cast to beside another type; nothing, if it stays text.
pub(crate) fn text_beside(other: &ArrowType) -> Option<ArrowType> {
    match other {
        number if number.is_integer() => Some(ArrowType::Int64),
        number if number.is_numeric() => Some(ArrowType::Float64),
        ArrowType::Boolean | ArrowType::Date32 | ArrowType::Timestamp(..) => Some(other.clone()),
        _ => None,
    }
}

/// The wider of two types of whole numbers.
pub(crate) fn wider_integer(l: &ArrowType, r: &ArrowType) -> ArrowType {
    if l.primitive_width() >= r.primitive_width() {
        l.clone()
    } else {
        r.clone()
    }
}

/// A value cast to the wider type that an expression needs.
///
/// # Errors
///
/// For a type that Spark does not have.
pub(crate) fn widened(value: &Expr, from: &ArrowType, to: &ArrowType) -> Result<Expr> {
    if from == to {
        return Ok(value.clone());
    }
    let has_own_cast = |kind: &ArrowType| {
        is_text(kind)
            || matches!(
                kind,
                ArrowType::Decimal128(..) | ArrowType::Date32 | ArrowType::Timestamp(..)
            )
    };
    if has_own_cast(from) {
        return Ok(SparkCast::call(value.clone(), &spark_type(to)?));
    }
    if from.is_nested() && to.is_nested() {
        return Ok(Widened::call(value.clone(), to.clone()));
    }
    match value {
        Expr::Literal(literal, metadata) => {
            Ok(Expr::Literal(literal.cast_to(to)?, metadata.clone()))
        }
        other => Ok(engine_cast(other.clone(), to.clone())),
    }
}

/// A comparison whose sides have one type.
fn compared(node: Expr, schema: &DFSchema) -> Result<Expr> {
    match node {
        Expr::BinaryExpr(mut binary) if is_comparison(binary.op) => {
            comparable(vec![&mut *binary.left, &mut *binary.right], schema)?;
            Ok(Expr::BinaryExpr(binary))
        }
        Expr::BinaryExpr(mut binary) if is_bitwise(binary.op) => {
            let is_text =
                |value: &Expr| Ok::<_, DataFusionError>(is_text(&value.get_type(schema)?));
            if is_text(&binary.left)? || is_text(&binary.right)? {
                unify(vec![&mut *binary.left, &mut *binary.right], schema)?;
            }
            Ok(Expr::BinaryExpr(binary))
        }
        Expr::BinaryExpr(BinaryExpr {
            ref left,
            op: Operator::Minus,
            ref right,
        }) if is_moment(left, schema)? && is_moment(right, schema)? => {
            plan_err!(
                "the difference of two moments is an interval, which is not supported yet; datediff counts days"
            )
        }
        Expr::BinaryExpr(binary) => {
            Ok(with_interval(&binary, schema)?.unwrap_or(Expr::BinaryExpr(binary)))
        }
        Expr::Between(Between {
            mut expr,
            negated,
            mut low,
            mut high,
        }) => {
            comparable(vec![&mut *expr, &mut *low, &mut *high], schema)?;
            Ok(Expr::Between(Between {
                expr,
                negated,
                low,
                high,
            }))
        }
        Expr::InList(InList {
            mut expr,
            mut list,
            negated,
        }) => {
            let all = std::iter::once(&mut *expr).chain(&mut list);
            comparable(all.collect(), schema)?;
            Ok(Expr::InList(InList {
                expr,
                list,
                negated,
            }))
        }
        // By the engine's own operators these are nullable in the rows, though not in the plan.
        Expr::IsTrue(value) => or_else(*value, false, schema),
        Expr::IsNotTrue(value) => Ok(!or_else(*value, false, schema)?),
        Expr::IsFalse(value) => Ok(!or_else(*value, true, schema)?),
        Expr::IsNotFalse(value) => or_else(*value, true, schema),
        other => Ok(other),
    }
}

/// A truth, or another one where it is null.
fn or_else(value: Expr, other: bool, schema: &DFSchema) -> Result<Expr> {
    let kind = value.get_type(schema)?;
    match kind {
        ArrowType::Boolean | ArrowType::Null | ArrowType::Utf8 => {
            Ok(coalesce(vec![value, lit(other)]))
        }
        _ => plan_err!(
            "IS TRUE and IS FALSE are asked of a condition, and this is {}",
            spark_type(&kind)?
        ),
    }
}

/// Whether an expression holds a cast or arithmetic, which some values fail.
fn may_fail(value: &Expr) -> Result<bool> {
    value.exists(|node| {
        Ok(matches!(node, Expr::ScalarFunction(function)
            if function.func.name().starts_with("spark_")
                || Compiled::is(&function.func)
                || is_spark_function(&function.func)))
    })
}

/// A CASE of conditions as a comparison of numbers: the optimizer turns the former into `and` and `or`, which compute all sides.
fn kept_lazy(mut case: Case, schema: &DFSchema) -> Result<Expr> {
    let whole = Expr::Case(case.clone());
    if whole.get_type(schema)? != ArrowType::Boolean || !may_fail(&whole)? {
        return Ok(whole);
    }
    let number = |value: &mut Box<Expr>| {
        **value = engine_cast(std::mem::take(&mut **value), ArrowType::Int32);
    };
    let results = case.when_then_expr.iter_mut().map(|(_, then)| then);
    results.chain(case.else_expr.iter_mut()).for_each(number);
    Ok(Expr::Case(case).eq(lit(1_i32)))
}

fn is_moment(value: &Expr, schema: &DFSchema) -> Result<bool> {
    let kind = value.get_type(schema)?;
    Ok(matches!(kind, ArrowType::Date32 | ArrowType::Timestamp(..)))
}

/// Refuses a pattern in which the escape character stands before anything but a wildcard or itself, as Spark does.
fn check_escapes(like: &Like) -> Result<()> {
    let Expr::Literal(pattern, _) = &*like.pattern else {
        return Ok(());
    };
    let text = pattern.try_as_str().flatten().unwrap_or_default();
    let escape = like.escape_char.unwrap_or('\\');
    let mut letters = text.chars();
    while letters.any(|letter| letter == escape) {
        if !letters
            .next()
            .is_some_and(|next| "_%".contains(next) || next == escape)
        {
            return plan_err!(
                "in the pattern `{text}` of LIKE, `{escape}` stands before a letter that needs no escape, or at the end"
            );
        }
    }
    Ok(())
}

fn is_bitwise(operator: Operator) -> bool {
    use Operator as O;
    matches!(operator, O::BitwiseAnd | O::BitwiseOr | O::BitwiseXor)
}

fn is_comparison(operator: Operator) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::Eq
            | O::NotEq
            | O::Lt
            | O::LtEq
            | O::Gt
            | O::GtEq
            | O::IsDistinctFrom
            | O::IsNotDistinctFrom
    )
}
