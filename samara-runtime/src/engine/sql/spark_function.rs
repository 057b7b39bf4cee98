//! Functions and operators of Spark SQL that the engine has under another name, with other arguments or with other results.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, CeilFloorKind, DateTimeField, Expr, Function,
    FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    ObjectNamePart, Subscript, UnaryOperator, Value, ValueWithSpan,
};

use crate::engine::DataType;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::nested::SparkItem;

/// The engine's expression for one of Spark's, if it is another; an error is a sentence.
pub(crate) fn in_engine_terms(node: &Expr) -> Option<Result<Expr, String>> {
    match node {
        Expr::Function(function) => of_function(function),
        Expr::UnaryOp {
            op: UnaryOperator::BangNot,
            expr,
        } => Some(Ok(not((**expr).clone()))),
        Expr::UnaryOp {
            op: UnaryOperator::BitwiseNot,
            expr,
        } => Some(Ok(call("bitwise_not", vec![(**expr).clone()]))),
        Expr::UnaryOp {
            op: UnaryOperator::Plus,
            expr,
        } => Some(Ok(Expr::Nested(expr.clone()))),
        Expr::RLike {
            negated,
            expr,
            pattern,
            ..
        } => {
            let matches = call("regexp_like", vec![(**expr).clone(), (**pattern).clone()]);
            Some(Ok(if *negated { not(matches) } else { matches }))
        }
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let places = [substring_from, substring_for].into_iter().flatten();
            let arguments = std::iter::once(expr).chain(places);
            Some(Ok(call(
                "substring",
                arguments.map(|value| (**value).clone()).collect(),
            )))
        }
        Expr::Like {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: Some(escape),
        }
        | Expr::ILike {
            negated,
            any: false,
            expr,
            pattern,
            escape_char: Some(escape),
        } => {
            let name = match node {
                Expr::Like { .. } => "like",
                _ => "ilike",
            };
            let like = with_escape(name, expr, pattern, escape);
            Some(like.map(|like| if *negated { not(like) } else { like }))
        }
        Expr::Extract { field, expr, .. } => Some(Ok(call(
            "date_part",
            vec![string(&field.to_string()), (**expr).clone()],
        ))),
        Expr::Ceil { expr, field } => Some(to_scale("ceil", expr, field)),
        Expr::Floor { expr, field } => Some(to_scale("floor", expr, field)),
        Expr::Position { expr, r#in } => {
            Some(Ok(call("locate", vec![(**expr).clone(), (**r#in).clone()])))
        }
        Expr::Overlay {
            expr,
            overlay_what,
            overlay_from,
            overlay_for,
        } => {
            let arguments = [expr, overlay_what, overlay_from]
                .into_iter()
                .chain(overlay_for);
            Some(Ok(call(
                "overlay",
                arguments.map(|value| (**value).clone()).collect(),
            )))
        }
        Expr::Struct { values, fields } if fields.is_empty() => {
            Some(Ok(with_names(values.clone())))
        }
        Expr::SimilarTo { .. } => Some(Err("Spark has no SIMILAR TO; it has RLIKE".to_owned())),
        Expr::CompoundFieldAccess { root, access_chain } => Some(items(root, access_chain)),
        Expr::TypedString(typed) => {
            let kind: DataType = typed.data_type.to_string().parse().ok()?;
            let text = typed.value.value.clone().into_string()?;
            Some(Ok(call(
                SparkCast::LITERAL,
                vec![string(&text), string(&kind.to_string())],
            )))
        }
        _ => None,
    }
}

/// `ceil` or `floor`, to so many digits behind the point.
fn to_scale(name: &str, value: &Expr, field: &CeilFloorKind) -> Result<Expr, String> {
    let value = value.clone();
    match field {
        CeilFloorKind::DateTimeField(DateTimeField::NoDateTime) => Ok(call(name, vec![value])),
        CeilFloorKind::Scale(digits) => Ok(call(name, vec![value, Expr::Value(digits.clone())])),
        CeilFloorKind::DateTimeField(unit) => Err(format!(
            "Spark has no `{name}` to {unit}; it has date_trunc"
        )),
    }
}

/// `root[key].field`.
fn items(root: &Expr, path: &[AccessExpr]) -> Result<Expr, String> {
    let item = |value: Expr, access: &AccessExpr| match access {
        AccessExpr::Subscript(Subscript::Index { index }) => {
            Ok(call(SparkItem::NAME, vec![value, index.clone()]))
        }
        AccessExpr::Dot(Expr::Identifier(name)) => {
            Ok(call(SparkItem::NAME, vec![value, string(&name.value)]))
        }
        other => Err(format!("`{other}` is not supported yet")),
    };
    path.iter().try_fold(root.clone(), item)
}

fn of_function(function: &Function) -> Option<Result<Expr, String>> {
    let name = function.name.to_string();
    let arguments = plain_arguments(function)?;
    if let [value] = &arguments[..]
        && let Ok(kind) = name.parse::<DataType>()
    {
        return Some(Ok(cast(value, &kind.to_string())));
    }
    let new = match (name.as_str(), &arguments[..]) {
        ("isnull", [value]) => Expr::IsNull(Box::new(value.clone())),
        ("isnotnull", [value]) => Expr::IsNotNull(Box::new(value.clone())),
        ("if", [condition, yes, no]) => when(of_if(condition), yes.clone(), no.clone()),
        ("trim" | "ltrim" | "rtrim", [letters, text]) => {
            call(&name, vec![text.clone(), letters.clone()])
        }
        ("date_add" | "date_sub", [_, ..]) => with_first_as("date", &name, arguments),
        ("to_timestamp_ltz", [value]) => cast(value, "timestamp"),
        ("to_timestamp_ntz", [value]) => cast(value, "timestamp_ntz"),
        ("curdate" | "current_date", []) => cast(&call("now", arguments), "date"),
        ("now" | "current_timestamp", []) => cast(&call("now", arguments), "timestamp"),
        ("localtimestamp", []) => cast(&call("now", arguments), "timestamp_ntz"),
        ("convert_timezone", [zone, moment]) => {
            let own = call("current_timezone", Vec::new());
            call(&name, vec![own, zone.clone(), moment.clone()])
        }
        ("dateadd", [date, days]) => call("date_add", vec![cast(date, "date"), days.clone()]),
        ("datediff" | "date_diff", [end, start]) => {
            call(&name, vec![cast(end, "date"), cast(start, "date")])
        }
        // The planner has another function for `map`.
        ("map", []) => empty_map(),
        ("map", [_, ..]) => call("create_map", arguments),
        ("map_concat", []) => cast(&empty_map(), "map<string,string>"),
        ("arrays_zip", [_, ..]) => zipped(arguments),
        ("equal_null", [left, right]) => Expr::BinaryOp {
            left: Box::new(left.clone()),
            op: BinaryOperator::Spaceship,
            right: Box::new(right.clone()),
        },
        ("decode", [value, first, second, rest @ ..]) => decoded(value, first, second, rest),
        ("like" | "ilike", [text, pattern]) => like(&name, text, pattern),
        ("like" | "ilike", [text, pattern, Expr::Value(escape)]) => {
            return Some(with_escape(&name, text, pattern, escape));
        }
        ("div", [left, right]) => Expr::BinaryOp {
            left: Box::new(left.clone()),
            op: BinaryOperator::MyIntegerDivide,
            right: Box::new(right.clone()),
        },
        ("nvl" | "ifnull", [_, _]) => call("coalesce", arguments),
        ("nvl2", [value, yes, no]) => when(
            Expr::IsNotNull(Box::new(value.clone())),
            yes.clone(),
            no.clone(),
        ),
        ("nullif", [value, other]) => null_if_equal(value, other),
        ("isnan", [_]) => call("coalesce", vec![call("isnan", arguments), truth(false)]),
        ("sin" | "cos" | "tan" | "degrees" | "radians", [_]) => {
            with_first_as("double", &name, arguments)
        }
        ("rint", [value]) => call("rint", vec![cast(value, "double")]),
        ("zeroifnull", [value]) => call("coalesce", vec![value.clone(), number("0")]),
        ("nullifzero", [value]) => call("nullif", vec![value.clone(), number("0")]),
        ("to_date", [value]) => cast(value, "date"),
        ("to_timestamp", [value]) => cast(value, "timestamp"),
        ("try_to_date", [value]) => tried(value, "date"),
        ("try_to_timestamp", [value]) => tried(value, "timestamp"),
        _ => return None,
    };
    Some(Ok(new))
}

/// The arguments, if all of them are plain expressions.
pub(crate) fn plain_arguments(function: &Function) -> Option<Vec<Expr>> {
    let list = match &function.args {
        FunctionArguments::List(list) => list,
        // As `current_date` may be written.
        FunctionArguments::None => return Some(Vec::new()),
        FunctionArguments::Subquery(_) => return None,
    };
    let plain = |argument: &FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) => Some(value.clone()),
        _ => None,
    };
    list.args.iter().map(plain).collect()
}

/// A call of an engine's function. What replaces a node is not looked at again, so it may be the same function.
pub(crate) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: arguments
                .into_iter()
                .map(|argument| FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)))
                .collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// A text as a literal.
pub(crate) fn string(text: &str) -> Expr {
    Expr::Value(Value::SingleQuotedString(text.to_owned()).with_empty_span())
}

fn truth(value: bool) -> Expr {
    Expr::Value(Value::Boolean(value).with_empty_span())
}

fn number(digits: &str) -> Expr {
    Expr::Value(Value::Number(digits.to_owned(), false).with_empty_span())
}

fn not(value: Expr) -> Expr {
    Expr::UnaryOp {
        op: UnaryOperator::Not,
        expr: Box::new(Expr::Nested(Box::new(value))),
    }
}

fn cast(value: &Expr, kind: &str) -> Expr {
    call(SparkCast::ANSI, vec![value.clone(), string(kind)])
}

fn tried(value: &Expr, kind: &str) -> Expr {
    call(SparkCast::TRYING, vec![value.clone(), string(kind)])
}

fn when(condition: Expr, yes: Expr, no: Expr) -> Expr {
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen {
            condition,
            result: yes,
        }],
        else_result: Some(Box::new(no)),
    }
}

/// A condition of `if`. To Spark both of its values count for whether it may be null, while of a CASE whose condition is `true` one does.
fn of_if(condition: &Expr) -> Expr {
    match condition {
        Expr::Value(value) if value.value == Value::Boolean(true) => {
            Expr::IsTrue(Box::new(condition.clone()))
        }
        other => other.clone(),
    }
}

/// How often a call stands for its first argument: the engine's expression for it has that more than once.
pub(crate) fn copies(function: &Function) -> usize {
    let arguments = match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    };
    match function.name.to_string().as_str() {
        "nullif" => 2,
        "decode" => (arguments.saturating_sub(1) / 2).max(1),
        _ => 1,
    }
}

fn empty_map() -> Expr {
    let none = || call("array", Vec::new());
    call("map_from_arrays", vec![none(), none()])
}

fn null_if_equal(value: &Expr, other: &Expr) -> Expr {
    let equal = Expr::BinaryOp {
        left: Box::new(value.clone()),
        op: BinaryOperator::Eq,
        right: Box::new(other.clone()),
    };
    when(
        equal,
        Expr::Value(Value::Null.with_empty_span()),
        value.clone(),
    )
}

/// The same function, its first argument cast.
fn with_first_as(kind: &str, name: &str, mut arguments: Vec<Expr>) -> Expr {
    if let Some(first) = arguments.first_mut() {
        *first = cast(first, kind);
    }
    call(name, arguments)
}

/// `struct(…)` with the names that Spark gives its fields: those of columns, or `col1`, `col2`, …
fn with_names(values: Vec<Expr>) -> Expr {
    let named = values
        .into_iter()
        .enumerate()
        .flat_map(|(at, value)| match value {
            Expr::Named { expr, name } => [string(&name.value), *expr],
            Expr::Identifier(ref name) => [string(&name.value), value],
            other => [string(&format!("col{}", at + 1)), other],
        });
    call("named_struct", named.collect())
}

/// `arrays_zip(…)` with the names that Spark gives the fields: those of columns, or the places from 0.
fn zipped(values: Vec<Expr>) -> Expr {
    let named = values
        .into_iter()
        .enumerate()
        .flat_map(|(at, value)| match value {
            Expr::Named { expr, name } => [string(&name.value), *expr],
            Expr::Identifier(ref name) => [string(&name.value), value],
            other => [string(&at.to_string()), other],
        });
    call("arrays_zip", named.collect())
}

/// `decode(value, search, result, …, default)`: the result of the first search that equals the value, where nulls are equal.
fn decoded(value: &Expr, first: &Expr, second: &Expr, rest: &[Expr]) -> Expr {
    let all: Vec<&Expr> = [first, second].into_iter().chain(rest).collect();
    let (pairs, default) = all.as_chunks::<2>();
    let conditions = pairs.iter().map(|[search, result]| CaseWhen {
        condition: Expr::BinaryOp {
            left: Box::new(value.clone()),
            op: BinaryOperator::Spaceship,
            right: Box::new((*search).clone()),
        },
        result: (*result).clone(),
    });
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: conditions.collect(),
        else_result: default.first().map(|default| Box::new((*default).clone())),
    }
}

/// `like` and `ilike` as functions.
fn like(name: &str, text: &Expr, pattern: &Expr) -> Expr {
    let (expr, pattern) = (Box::new(text.clone()), Box::new(pattern.clone()));
    let (negated, any, escape_char) = (false, false, None);
    if name == "like" {
        Expr::Like {
            negated,
            any,
            expr,
            pattern,
            escape_char,
        }
    } else {
        Expr::ILike {
            negated,
            any,
            expr,
            pattern,
            escape_char,
        }
    }
}

/// `LIKE` with a letter of its own before what is meant as it stands: the same pattern with a backslash there.
fn with_escape(
    name: &str,
    text: &Expr,
    pattern: &Expr,
    escape: &ValueWithSpan,
) -> Result<Expr, String> {
    let literal = |value: &ValueWithSpan| value.value.clone().into_string();
    let pattern = match pattern {
        Expr::Value(pattern) => literal(pattern),
        _ => None,
    };
    let (Some(pattern), Some(escape)) = (pattern, literal(escape)) else {
        return Err("a pattern with ESCAPE must be a literal".to_owned());
    };
    let mut letters = pattern.chars();
    let mut out = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            letter if escape.starts_with(letter) => match letters.next() {
                Some(next) if next == '%' || next == '_' || escape.starts_with(next) => {
                    out.push('\\');
                    out.push(next);
                }
                _ => {
                    return Err(format!(
                        "`{escape}` in a pattern stands before `%`, `_` or itself"
                    ));
                }
            },
            '\\' => out.push_str("\\\\"),
            other => out.push(other),
        }
    }
    Ok(like(name, text, &string(&out)))
}
