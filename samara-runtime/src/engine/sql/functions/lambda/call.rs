//! A call of a function that takes a function: planned from the inside out, since what a lambda's variables are depends on the values before it.

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef};
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Function, LambdaFunction, OneOrManyWithParens,
};

use crate::engine::sql::arithmetic::columnar;
use crate::engine::sql::cast::spark_type;
use crate::engine::sql::coercion::widened;
use crate::engine::sql::functions::lambda::body::{Body, Captures};
use crate::engine::sql::functions::lambda::kind::Kind;
use crate::engine::sql::functions::lambda::{arrays, maps, sort};
use crate::engine::sql::scope::Scope;
use crate::engine::sql::spark_function::plain_arguments;
use crate::error::{Result as SamaraResult, sentence};

/// Whether a call is one of a function that takes a function.
pub(in crate::engine::sql) fn is_higher_order(function: &Function) -> bool {
    match Kind::named(&function.name.to_string()) {
        Some(Kind::ArraySort) => plain_arguments(function).is_some_and(|list| list.len() > 1),
        other => other.is_some(),
    }
}

/// A call, planned.
///
/// # Errors
///
/// For arguments that it does not take; those of its arguments.
pub(in crate::engine::sql) fn higher_order(
    function: &Function,
    scope: &Scope<'_>,
    offset: Option<usize>,
) -> SamaraResult<Expr> {
    let name = function.name.to_string();
    let at_name = |error: DataFusionError| {
        let error = DataFusionError::Plan(format!("`{name}`: {}", sentence(&error)));
        scope.wrong(&error, offset)
    };
    let (kind, values, lambdas) = parts(function, &name).map_err(at_name)?;
    let values = values.into_iter().map(|value| scope.planned(value));
    let values = values.collect::<SamaraResult<Vec<_>>>()?;
    let (values, types) = of_types(kind, values, scope).map_err(at_name)?;
    let variables = kind.variable_fields(&types).map_err(at_name)?;
    let mut captures = Captures::default();
    let mut planned = Vec::new();
    for (place, (lambda, fields)) in lambdas.into_iter().zip(&variables).enumerate() {
        let (variables, body, gives) = lambda.planned(fields, scope)?;
        let body = match kind.must_give(place, &types) {
            Some(must) => given(kind, body, &gives, &must).map_err(at_name)?,
            None => body,
        };
        let body = captures.of(body, &variables, scope).map_err(at_name)?;
        planned.push((body, variables));
    }
    let bodies = planned
        .into_iter()
        .map(|(body, variables)| Body::new(body, &captures.fields, &variables, scope));
    let bodies = bodies.collect::<Result<Vec<_>>>().map_err(at_name)?;
    let call = ScalarUDF::from(HigherOrder::new(kind, bodies));
    Ok(call.call([values, captures.values].concat()))
}

/// A function as an argument: a lambda, or an expression without variables.
struct Lambda {
    names: Option<Vec<String>>,
    body: SqlExpr,
}

/// The values of a call, and its functions.
fn parts(function: &Function, name: &str) -> Result<(Kind, Vec<SqlExpr>, Vec<Lambda>)> {
    let (Some(kind), Some(arguments)) = (Kind::named(name), plain_arguments(function)) else {
        return plan_err!("it takes plain arguments");
    };
    let (count, most) = (kind.values(), kind.variables().len());
    if arguments.len() <= count || arguments.len() > count + most {
        return plan_err!("it takes {} arguments, not {}", count + 1, arguments.len());
    }
    let mut values = arguments;
    let functions = values.split_off(count);
    if values
        .iter()
        .any(|value| matches!(value, SqlExpr::Lambda(_)))
    {
        return plan_err!("its function comes behind its values");
    }
    let lambdas = functions.into_iter().zip(kind.variables());
    let lambdas = lambdas.map(|(function, counts)| Lambda::of(function, counts));
    Ok((kind, values, lambdas.collect::<Result<_>>()?))
}

impl Lambda {
    fn of(function: SqlExpr, counts: &[usize]) -> Result<Self> {
        let SqlExpr::Lambda(LambdaFunction { params, body, .. }) = function else {
            return Ok(Self {
                names: None,
                body: function,
            });
        };
        let params = match params {
            OneOrManyWithParens::One(one) => vec![one],
            OneOrManyWithParens::Many(many) if many.len() == 1 => {
                return plan_err!("the one variable of its function stands without parentheses");
            }
            OneOrManyWithParens::Many(many) => many,
        };
        let names: Vec<String> = params.into_iter().map(|param| param.name.value).collect();
        if !counts.contains(&names.len()) {
            let counts: Vec<String> = counts.iter().map(usize::to_string).collect();
            return plan_err!(
                "its function has {} variables, not {}",
                counts.join(" or "),
                names.len()
            );
        }
        let lower: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        if (1..lower.len()).any(|at| lower[..at].contains(&lower[at])) {
            return plan_err!("two variables of its function have one name");
        }
        Ok(Self {
            names: Some(names),
            body: *body,
        })
    }

    /// The fields of its variables, by their names in the plan, its body, and the type of that.
    fn planned(
        self,
        fields: &[Field],
        scope: &Scope<'_>,
    ) -> SamaraResult<(Vec<FieldRef>, Expr, ArrowType)> {
        let names = self.names.unwrap_or_default();
        let variables = names.into_iter().zip(fields).enumerate();
        let variables = variables.map(|(place, (name, field))| {
            let field = scope.variable(&name, place, field);
            (name, field)
        });
        let variables: Vec<_> = variables.collect();
        let fields = variables.iter().map(|(_, field)| Arc::clone(field));
        let fields = fields.collect();
        let wrong = |error| scope.wrong(&error, None);
        let within = scope.within(variables).map_err(wrong)?;
        let body = within.planned(self.body)?;
        let kind = body.get_type(&within.schema).map_err(wrong)?;
        Ok((fields, body, kind))
    }
}

/// The values, cast to what the function takes, and their types.
fn of_types(
    kind: Kind,
    values: Vec<Expr>,
    scope: &Scope<'_>,
) -> Result<(Vec<Expr>, Vec<ArrowType>)> {
    let types = values.iter().map(|value| value.get_type(&scope.schema));
    let types = types.collect::<Result<Vec<_>>>()?;
    let targets = kind.values_as(&types)?;
    let cast = values.iter().zip(types.iter().zip(&targets));
    let cast = cast.map(|(value, (from, to))| widened(value, from, to));
    Ok((cast.collect::<Result<_>>()?, targets))
}

/// The body, if it gives what it has to; NULL is of any type, but says nothing of an order.
fn given(kind: Kind, body: Expr, gives: &ArrowType, must: &ArrowType) -> Result<Expr> {
    if gives.is_null() && kind != Kind::ArraySort {
        return widened(&body, gives, must);
    }
    match same_but_for_nulls(gives, must) {
        true => Ok(body),
        false => plan_err!(
            "its function has to give a value of type {}, and this one's is of type {}",
            spark_type(must)?,
            spark_type(gives)?
        ),
    }
}

/// Whether two types differ at most in where nulls may be, and in the names of fields.
fn same_but_for_nulls(left: &ArrowType, right: &ArrowType) -> bool {
    let same = |l: &FieldRef, r: &FieldRef| same_but_for_nulls(l.data_type(), r.data_type());
    match (left, right) {
        (ArrowType::List(l), ArrowType::List(r)) | (ArrowType::Map(l, _), ArrowType::Map(r, _)) => {
            same(l, r)
        }
        (ArrowType::Struct(l), ArrowType::Struct(r)) => {
            l.len() == r.len() && l.iter().zip(r).all(|(l, r)| same(l, r))
        }
        (left, right) => left == right,
    }
}

/// A function of values, of functions, and of what those capture.
#[derive(Debug, PartialEq, Eq, Hash)]
struct HigherOrder {
    kind: Kind,
    bodies: Vec<Body>,
    signature: Signature,
}

impl HigherOrder {
    fn new(kind: Kind, bodies: Vec<Body>) -> Self {
        let volatility = match bodies.iter().any(Body::is_volatile) {
            true => Volatility::Volatile,
            false => Volatility::Immutable,
        };
        Self {
            kind,
            bodies,
            signature: Signature::new(TypeSignature::VariadicAny, volatility),
        }
    }
}

impl ScalarUDFImpl for HigherOrder {
    /// As what may fail begins.
    fn name(&self) -> &str {
        "spark_higher_order"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        plan_err!("the type of a function of functions depends on its arguments")
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let values = &args.arg_fields[..self.kind.values()];
        let field = match (self.kind, &self.bodies[..]) {
            (Kind::Aggregate, [_]) => {
                let sum = values[1].as_ref().clone().with_nullable(true);
                self.kind.gives(values, &sum)?
            }
            (_, [.., last]) => self.kind.gives(values, &last.field)?,
            (_, []) => return plan_err!("a function of functions needs one"),
        };
        Ok(Arc::new(field.with_name(self.name())))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let each_row = self.signature.volatility == Volatility::Volatile;
        let arrays = match each_row {
            true => args
                .args
                .iter()
                .map(|value| value.to_array(args.number_rows))
                .collect::<Result<_>>()?,
            false => ColumnarValue::values_to_arrays(&args.args)?,
        };
        let (values, captures) = arrays.split_at(self.kind.values());
        let to = args.return_field.data_type();
        let result = computed(self.kind, values, captures, &self.bodies, to)?;
        match each_row {
            true => Ok(ColumnarValue::Array(result)),
            false => columnar(result, &args.args),
        }
    }
}

fn computed(
    kind: Kind,
    values: &[ArrayRef],
    captures: &[ArrayRef],
    bodies: &[Body],
    to: &ArrowType,
) -> Result<ArrayRef> {
    let body = &bodies[0];
    match kind {
        Kind::Transform => arrays::transform(&values[0], captures, body, to),
        Kind::Filter => arrays::filter(&values[0], captures, body, to),
        Kind::Exists => arrays::any(&values[0], captures, body, true),
        Kind::ForAll => arrays::any(&values[0], captures, body, false),
        Kind::Aggregate => arrays::aggregate(values, captures, bodies, to),
        Kind::ZipWith => arrays::zip_with(values, captures, body, to),
        Kind::ArraySort => sort::sorted(&values[0], captures, body, to),
        Kind::TransformKeys => maps::transform(&values[0], captures, body, to, true),
        Kind::TransformValues => maps::transform(&values[0], captures, body, to, false),
        Kind::MapFilter => maps::filter(&values[0], captures, body, to),
        Kind::MapZipWith => maps::zip_with(values, captures, body, to),
    }
}
