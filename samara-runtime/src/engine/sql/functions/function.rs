//! What a function of Spark SQL is: what it takes, what it gives, and how it computes that.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, TimeUnit};
use datafusion::common::{DFSchema, Result, ScalarValue, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TypeSignature, Volatility,
};

use crate::engine::DataType;
use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::{SparkCast, spark_type};
use crate::engine::sql::coercion::{is_text, widened};
use crate::engine::sql::functions::java_regex::{Compiled, JavaRegex};
use crate::engine::sql::functions::literals;
use crate::engine::sql::functions::value::{Builder, Column, Value};
use crate::engine::sql::session_zone::SessionZone;
use crate::engine::text::Clock;
use crate::engine::text::zone::Zone;

/// What a parameter accepts; Spark casts to it what it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    /// Text, and nothing that is cast to it.
    OnlyText,
    Binary,
    /// Text or bytes, as they are; anything else as text.
    TextOrBinary,
    Boolean,
    Int,
    Long,
    Double,
    /// Any number, as it is; a text as a double.
    Number,
    /// A whole number, as it is.
    Whole,
    Date,
    Timestamp,
    /// A timestamp with or without a zone, as it is; anything else as one with a zone.
    AnyTimestamp,
    TimestampNtz,
    Decimal(u8, i8),
    Array,
    Map,
    Any,
}

/// The arguments of a call, after their casts.
pub(super) struct Call<'a> {
    pub name: &'a str,
    pub fields: &'a [FieldRef],
    pub literals: &'a [Option<&'a ScalarValue>],
}

impl Call<'_> {
    pub fn kind(&self, at: usize) -> &ArrowType {
        self.fields[at].data_type()
    }

    /// A literal text.
    pub fn text(&self, at: usize) -> Option<&str> {
        self.literals
            .get(at)?
            .and_then(ScalarValue::try_as_str)
            .flatten()
    }

    /// A literal whole number.
    pub fn whole(&self, at: usize) -> Option<i64> {
        match (*self.literals.get(at)?)?.cast_to(&ArrowType::Int64) {
            Ok(ScalarValue::Int64(number)) if self.fields[at].data_type().is_integer() => number,
            _ => None,
        }
    }

    pub fn any_nullable(&self) -> bool {
        self.fields.iter().any(|field| field.is_nullable())
    }

    /// A result that is null where an argument is.
    pub fn strict(&self, kind: ArrowType) -> Field {
        Field::new(self.name, kind, self.any_nullable())
    }

    /// A result that may be null in any case.
    pub fn nullable(&self, kind: ArrowType) -> Field {
        Field::new(self.name, kind, true)
    }
}

enum Gives {
    Kind(DataType),
    LikeFirst,
    Of(fn(&Call<'_>) -> Result<Field>),
}

enum Body {
    /// Called for rows without a null.
    Rows(fn(&Row<'_>) -> Result<Value>),
    /// Called with whole columns, and with what the result has to be.
    Columns(fn(&[ArrayRef], &Field) -> Result<ArrayRef>),
    /// And with the session's time zone.
    ColumnsInZone(fn(&[ArrayRef], &Field, Zone) -> Result<ArrayRef>),
}

/// The types that arguments are cast to.
type Common = fn(&[ArrowType]) -> Result<Vec<ArrowType>>;

/// A function of Spark SQL.
pub(crate) struct SparkFunction {
    name: &'static str,
    takes: &'static [Takes],
    at_least: usize,
    repeats: bool,
    common: Option<Common>,
    gives: Gives,
    may_be_null: bool,
    /// The argument that is a regular expression.
    pattern: Option<usize>,
    body: Body,
    signature: Signature,
}

impl SparkFunction {
    fn of(name: &'static str, takes: &'static [Takes], gives: Gives, body: Body) -> Self {
        Self {
            name,
            takes,
            at_least: takes.len(),
            repeats: false,
            common: None,
            gives,
            may_be_null: false,
            pattern: None,
            body,
            signature: any_arguments(Volatility::Immutable),
        }
    }

    /// A function of rows, null where an argument is.
    pub(super) fn rows(
        name: &'static str,
        takes: &'static [Takes],
        gives: DataType,
        body: fn(&Row<'_>) -> Result<Value>,
    ) -> Self {
        Self::of(name, takes, Gives::Kind(gives), Body::Rows(body))
    }

    /// A function of rows whose result has the type of its first argument.
    pub(super) fn like_first(
        name: &'static str,
        takes: &'static [Takes],
        body: fn(&Row<'_>) -> Result<Value>,
    ) -> Self {
        Self::of(name, takes, Gives::LikeFirst, Body::Rows(body))
    }

    /// A function of rows whose type depends on its arguments.
    pub(super) fn typed_rows(
        name: &'static str,
        takes: &'static [Takes],
        gives: fn(&Call<'_>) -> Result<Field>,
        body: fn(&Row<'_>) -> Result<Value>,
    ) -> Self {
        Self::of(name, takes, Gives::Of(gives), Body::Rows(body))
    }

    /// A function of columns.
    pub(super) fn columns(
        name: &'static str,
        takes: &'static [Takes],
        gives: fn(&Call<'_>) -> Result<Field>,
        body: fn(&[ArrayRef], &Field) -> Result<ArrayRef>,
    ) -> Self {
        Self::of(name, takes, Gives::Of(gives), Body::Columns(body))
    }

    /// A function of columns that depends on the session's time zone.
    pub(super) fn columns_in_zone(
        name: &'static str,
        takes: &'static [Takes],
        gives: fn(&Call<'_>) -> Result<Field>,
        body: fn(&[ArrayRef], &Field, Zone) -> Result<ArrayRef>,
    ) -> Self {
        Self::of(name, takes, Gives::Of(gives), Body::ColumnsInZone(body))
    }

    /// The parameters behind the first `count` may be left out.
    pub(super) fn at_least(mut self, count: usize) -> Self {
        self.at_least = count;
        self
    }

    /// The last parameter may come any number of times.
    pub(super) fn repeats(mut self) -> Self {
        self.repeats = true;
        self
    }

    /// The result may be null although no argument is.
    pub(super) fn may_be_null(mut self) -> Self {
        self.may_be_null = true;
        self
    }

    /// That argument is a regular expression: one that is a literal is looked at before there are rows.
    pub(super) fn with_pattern(mut self, at: usize) -> Self {
        self.pattern = Some(at);
        self
    }

    /// The types that its arguments must have together.
    pub(super) fn with_common(mut self, common: Common) -> Self {
        self.common = Some(common);
        self
    }

    /// Another value with each row.
    pub(super) fn volatile(mut self) -> Self {
        self.signature = any_arguments(Volatility::Volatile);
        self
    }

    fn parameter(&self, at: usize) -> Option<Takes> {
        let last = self.takes.last().filter(|_| self.repeats);
        self.takes.get(at).or(last).copied()
    }

    /// The arguments of a call, as they are behind Spark's casts.
    fn cast_fields(&self, arguments: &[FieldRef]) -> Result<Vec<FieldRef>> {
        let types = arguments.iter().map(|field| field.data_type().clone());
        let targets = self.argument_types(&types.collect::<Vec<_>>())?;
        let fields = arguments.iter().zip(targets).map(|(field, to)| {
            let lossy = is_text(field.data_type()) && !is_text(&to) && to != ArrowType::Binary;
            let nullable = field.is_nullable() || lossy;
            Arc::new(Field::new(field.name(), to, nullable)) as FieldRef
        });
        Ok(fields.collect())
    }

    fn argument_types(&self, types: &[ArrowType]) -> Result<Vec<ArrowType>> {
        let most = if self.repeats {
            usize::MAX
        } else {
            self.takes.len()
        };
        if types.len() < self.at_least || types.len() > most {
            return plan_err!("{}", arity(self.name, self.at_least, most, types.len()));
        }
        let each = types.iter().enumerate().map(|(at, kind)| {
            let takes = self.parameter(at).unwrap_or(Takes::Any);
            let Some(target) = implicit(kind, takes) else {
                let shown = spark_type(kind)?;
                return plan_err!(
                    "argument {} of `{}` is {shown}, which it does not take",
                    at + 1,
                    self.name.trim_start_matches("spark_")
                );
            };
            Ok(target)
        });
        let each = each.collect::<Result<Vec<_>>>()?;
        match self.common {
            Some(common) => common(&each),
            None => Ok(each),
        }
    }
}

/// Arguments are looked at where their types are known.
fn any_arguments(volatility: Volatility) -> Signature {
    Signature::one_of(
        vec![TypeSignature::Nullary, TypeSignature::VariadicAny],
        volatility,
    )
}

fn arity(name: &str, least: usize, most: usize, given: usize) -> String {
    let takes = match most {
        usize::MAX => format!("at least {least}"),
        most if most == least => most.to_string(),
        most => format!("{least} to {most}"),
    };
    let arguments = match takes.as_str() {
        "1" | "at least 1" => "argument",
        _ => "arguments",
    };
    // The planner has another function for `map`, so ours has another name.
    let name = match name {
        "create_map" => "map",
        name => name,
    };
    format!("`{name}` takes {takes} {arguments}, not {given}")
}

/// The call with its arguments cast as Spark casts them, if it is one of ours.
///
/// # Errors
///
/// For arguments that it does not take.
pub(crate) fn spark_arguments(
    mut function: ScalarFunction,
    schema: &DFSchema,
) -> Result<ScalarFunction> {
    let Some(spark) = function.func.inner().downcast_ref::<SparkFunction>() else {
        return Ok(function);
    };
    let types = function
        .args
        .iter()
        .map(|value| value.get_type(schema))
        .collect::<Result<Vec<_>>>()?;
    let targets = spark.argument_types(&types)?;
    for ((value, from), to) in function.args.iter_mut().zip(&types).zip(&targets) {
        *value = argument(value, from, to)?;
    }
    Ok(function)
}

/// Refuses a call of a function of ours with a literal for which every row fails.
pub(crate) fn check_literals(function: &ScalarFunction, schema: &DFSchema) -> Result<()> {
    let Some(spark) = function.func.inner().downcast_ref::<SparkFunction>() else {
        return Ok(());
    };
    let fields = function.args.iter().map(|value| value.to_field(schema));
    let fields = fields.map(|field| Ok(field?.1));
    let fields = spark.cast_fields(&fields.collect::<Result<Vec<_>>>()?)?;
    let literals = function.args.iter().map(|value| match value {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    });
    let call = Call {
        name: spark.name,
        fields: &fields,
        literals: &literals.collect::<Vec<_>>(),
    };
    literals::check(&call)?;
    let pattern = spark.pattern.and_then(|at| call.text(at));
    pattern.map_or(Ok(()), |pattern| JavaRegex::new(pattern).map(drop))
}

/// An argument cast as Spark casts it; a literal whole number stays a literal.
fn argument(value: &Expr, from: &ArrowType, to: &ArrowType) -> Result<Expr> {
    let is_literal = matches!(value, Expr::Literal(..)) && from.is_integer() && to.is_integer();
    if from == to || from.is_null() || from.is_nested() || is_literal {
        return widened(value, from, to);
    }
    Ok(SparkCast::call(value.clone(), &spark_type(to)?))
}

/// Whether this is a function of ours, which some values may fail.
pub(crate) fn is_spark_function(function: &ScalarUDF) -> bool {
    function.inner().downcast_ref::<SparkFunction>().is_some()
}

/// The type that Spark's `AnsiTypeCoercion` casts an argument to.
fn implicit(from: &ArrowType, takes: Takes) -> Option<ArrowType> {
    use ArrowType as A;
    let stamp = |zone: Option<&str>| A::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    let text = is_text(from);
    let moment = matches!(from, A::Date32 | A::Timestamp(..));
    let to = match takes {
        Takes::Any => return Some(if text { A::Utf8 } else { from.clone() }),
        Takes::Array if from.is_null() => return Some(A::new_list(A::Null, true)),
        Takes::Array => return matches!(from, A::List(_)).then(|| from.clone()),
        Takes::Map => return matches!(from, A::Map(..) | A::Null).then(|| from.clone()),
        Takes::Number if from.is_numeric() => return Some(from.clone()),
        Takes::Whole if from.is_integer() => return Some(from.clone()),
        Takes::TextOrBinary if *from == A::Binary => return Some(A::Binary),
        Takes::Text | Takes::OnlyText | Takes::TextOrBinary => A::Utf8,
        Takes::Binary => A::Binary,
        Takes::Boolean => A::Boolean,
        Takes::Int => A::Int32,
        Takes::Long | Takes::Whole => A::Int64,
        Takes::Double | Takes::Number => A::Float64,
        Takes::Date => A::Date32,
        Takes::AnyTimestamp if matches!(from, A::Timestamp(..)) => return Some(from.clone()),
        Takes::Timestamp | Takes::AnyTimestamp => stamp(Some("UTC")),
        Takes::TimestampNtz => stamp(None),
        Takes::Decimal(precision, scale) => A::Decimal128(precision, scale),
    };
    let casts = text
        || from.is_null()
        || *from == to
        || match takes {
            Takes::Text | Takes::TextOrBinary => !from.is_nested(),
            Takes::Whole => false,
            Takes::Date | Takes::Timestamp | Takes::AnyTimestamp | Takes::TimestampNtz => moment,
            _ => to.is_numeric() && from.is_numeric(),
        };
    casts.then_some(to)
}

impl ScalarUDFImpl for SparkFunction {
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
        let fields = self.cast_fields(args.arg_fields)?;
        let call = Call {
            name: self.name,
            fields: &fields,
            literals: args.scalar_arguments,
        };
        let field = match &self.gives {
            Gives::Kind(kind) => call.strict(kind.to_arrow()),
            Gives::LikeFirst => call.strict(call.kind(0).clone()),
            Gives::Of(gives) => gives(&call)?,
        };
        let nullable = field.is_nullable() || self.may_be_null;
        Ok(Arc::new(field.with_nullable(nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_scalar = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
        let scalars = !args.args.is_empty() && args.args.iter().all(is_scalar);
        let rows = if scalars { 1 } else { args.number_rows };
        let arrays = args
            .args
            .iter()
            .map(|value| value.to_array(rows))
            .collect::<Result<Vec<_>>>()?;
        let result = match self.body {
            Body::Columns(body) => body(&arrays, &args.return_field)?,
            Body::ColumnsInZone(body) => body(
                &arrays,
                &args.return_field,
                SessionZone::of(&args.config_options),
            )?,
            Body::Rows(body) => each_row(&arrays, rows, &args, body)?,
        };
        if scalars {
            columnar(result, &args.args)
        } else {
            Ok(ColumnarValue::Array(result))
        }
    }
}

fn each_row(
    arrays: &[ArrayRef],
    rows: usize,
    args: &ScalarFunctionArgs,
    body: fn(&Row<'_>) -> Result<Value>,
) -> Result<ArrayRef> {
    let kind = args.return_field.data_type();
    let zone = SessionZone::of(&args.config_options);
    let arrays = arrays
        .iter()
        .map(Column::plain)
        .collect::<Result<Vec<_>>>()?;
    let columns = arrays.iter().map(Column::of).collect::<Result<Vec<_>>>()?;
    let mut builder = Builder::of(kind, rows)?;
    let patterns = RefCell::default();
    for at in 0..rows {
        let value = if arrays.iter().any(|array| array.is_null(at)) {
            Value::Null
        } else {
            body(&Row {
                columns: &columns,
                at,
                patterns: &patterns,
                zone,
                zone_name: SessionZone::name(&args.config_options),
            })?
        };
        builder.push(value)?;
    }
    builder.finish(kind)
}

/// The arguments of one row, none of which is null.
pub(super) struct Row<'a> {
    columns: &'a [Column<'a>],
    at: usize,
    patterns: &'a RefCell<Compiled>,
    zone: Zone,
    zone_name: &'a str,
}

impl<'a> Row<'a> {
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    pub fn text(&self, column: usize) -> &'a str {
        self.columns[column].text(self.at)
    }

    /// An argument that may be left out.
    pub fn text_or(&self, column: usize, default: &'a str) -> &'a str {
        if column < self.len() {
            self.text(column)
        } else {
            default
        }
    }

    pub fn bytes(&self, column: usize) -> &'a [u8] {
        self.columns[column].bytes(self.at)
    }

    pub fn is_text(&self, column: usize) -> bool {
        matches!(self.columns[column], Column::Text(_))
    }

    pub fn truth(&self, column: usize) -> bool {
        self.columns[column].truth(self.at)
    }

    /// A whole number of any width, a date's days, a moment's microseconds.
    pub fn whole(&self, column: usize) -> i64 {
        self.columns[column].whole(self.at)
    }

    pub fn int(&self, column: usize) -> i32 {
        // The column has the type INT or DATE, so this keeps the value.
        i32::try_from(self.whole(column)).unwrap_or(i32::MAX)
    }

    pub fn int_or(&self, column: usize, default: i32) -> i32 {
        if column < self.len() {
            self.int(column)
        } else {
            default
        }
    }

    pub fn double(&self, column: usize) -> f64 {
        self.columns[column].double(self.at)
    }

    /// A decimal's digits and its scale.
    pub fn decimal(&self, column: usize) -> (i128, i8) {
        self.columns[column].decimal(self.at)
    }

    pub fn column(&self, column: usize) -> &Column<'a> {
        &self.columns[column]
    }

    /// The number of the row.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The session's time zone.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    /// The name of the session's time zone, as it was given.
    pub fn zone_name(&self) -> &'a str {
        self.zone_name
    }

    /// What clocks show at a moment: those of the session's zone, unless the moment has none.
    pub fn clock(&self, column: usize) -> Clock {
        let micros = self.whole(column);
        if self.columns[column].is_instant() {
            self.zone.clock(micros)
        } else {
            Clock::of_utc(micros)
        }
    }

    /// A regular expression of Java's.
    ///
    /// # Errors
    ///
    /// For one that is none, or that cannot be given Java's meaning.
    pub fn pattern(&self, column: usize) -> Result<JavaRegex> {
        self.patterns.borrow_mut().get(self.text(column))
    }
}

impl std::fmt::Debug for SparkFunction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SparkFunction").field(&self.name).finish()
    }
}

impl PartialEq for SparkFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SparkFunction {}

impl Hash for SparkFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_arguments_is_told_with_its_noun() {
        for (least, most, expected) in [
            (1, 1, "`f` takes 1 argument, not 0"),
            (2, 2, "`f` takes 2 arguments, not 0"),
            (0, 1, "`f` takes 0 to 1 arguments, not 0"),
            (1, usize::MAX, "`f` takes at least 1 argument, not 0"),
            (2, usize::MAX, "`f` takes at least 2 arguments, not 0"),
        ] {
            assert_eq!(arity("f", least, most, 0), expected);
        }
    }
}
