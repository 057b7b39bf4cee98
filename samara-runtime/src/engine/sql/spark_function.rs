//! Functions and operators of Spark SQL that the engine has under another name, with other arguments or with other results.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Subscript,
    UnaryOperator, Value, ValueWithSpan,
};

use crate::engine::DataType;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::nested::SparkItem;

/// The engine's expression for one of Spark's, if it is another; an error is a sentence.
pub(crate) fn in_engine_terms(node: &Expr) -> Option<Result<Expr, String>> {
    match node {
        Expr::Function(function) => of_function(function),
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
        Expr::Struct { values, fields } if fields.is_empty() => {
            Some(Ok(with_names(values.clone())))
        }
        Expr::CompoundFieldAccess { root, access_chain } => Some(items(root, access_chain)),
        _ => None,
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

/// Puts arguments that are named into their places.
///
/// # Errors
///
/// A sentence, for a function whose arguments have no names, and for what only aggregates take.
pub(crate) fn by_place(function: &mut Function) -> Result<(), String> {
    let name = function.name.to_string();
    let FunctionArguments::List(list) = &mut function.args else {
        return Ok(());
    };
    let of_aggregates = list.duplicate_treatment.is_some()
        || function.filter.is_some()
        || function.null_treatment.is_some()
        || !function.within_group.is_empty();
    if of_aggregates && function.over.is_none() {
        return Err(format!(
            "`{name}` takes one row at a time: DISTINCT, FILTER, WITHIN GROUP and IGNORE NULLS are for functions of many rows"
        ));
    }
    let is_wildcard = |argument: &FunctionArg| {
        matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Wildcard))
    };
    if list.args.iter().any(is_wildcard) {
        return Err(format!("`*` cannot stand in `{name}`: name the columns"));
    }
    let is_named = |argument: &FunctionArg| matches!(argument, FunctionArg::Named { .. });
    if !list.args.iter().any(is_named) {
        return Ok(());
    }
    if name != "mask" {
        return Err(format!(
            "the arguments of `{name}` have no names: they stand in their order"
        ));
    }
    list.args = arguments_of_mask(std::mem::take(&mut list.args))?;
    Ok(())
}

/// The arguments of `mask` in their order, those that are left out as what Spark takes for them.
fn arguments_of_mask(given: Vec<FunctionArg>) -> Result<Vec<FunctionArg>, String> {
    const NAMES: [&str; 5] = ["str", "upperChar", "lowerChar", "digitChar", "otherChar"];
    let null = Expr::Value(Value::Null.with_empty_span());
    let mut places = [
        None,
        Some(string("X")),
        Some(string("x")),
        Some(string("n")),
        Some(null),
    ];
    let mut taken = [false; 5];
    for (at, argument) in given.into_iter().enumerate() {
        let (place, value) = match argument {
            FunctionArg::Named {
                name,
                arg: FunctionArgExpr::Expr(value),
                ..
            } => {
                let place = NAMES
                    .iter()
                    .position(|other| other.eq_ignore_ascii_case(&name.value));
                let unknown = || {
                    format!(
                        "`mask` has no argument `{}`; it has {}",
                        name.value,
                        NAMES.join(", ")
                    )
                };
                (place.ok_or_else(unknown)?, value)
            }
            FunctionArg::Unnamed(FunctionArgExpr::Expr(value)) if at < NAMES.len() => (at, value),
            _ => return Err("`mask` takes 1 to 5 arguments".to_owned()),
        };
        if std::mem::replace(&mut taken[place], true) {
            return Err(format!("`mask` is given `{}` twice", NAMES[place]));
        }
        places[place] = Some(value);
    }
    let all = places
        .into_iter()
        .map(|value| value.map(|value| FunctionArg::Unnamed(FunctionArgExpr::Expr(value))));
    all.collect::<Option<_>>()
        .ok_or_else(|| "`mask` needs `str`, the text".to_owned())
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

/// `LIKE` as a function with a letter of its own before what is meant as it stands.
fn with_escape(
    name: &str,
    text: &Expr,
    pattern: &Expr,
    escape: &ValueWithSpan,
) -> Result<Expr, String> {
    let escape = escape.value.clone().into_string().unwrap_or_default();
    let mut letters = escape.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Ok(like(name, text, &escaped_by(letter, pattern)?)),
        _ => Err(format!(
            "the letter of `{name}` that escapes others is a text of one letter"
        )),
    }
}

/// A pattern of LIKE with a letter of its own before what is meant as it stands: the same pattern with a backslash there.
///
/// # Errors
///
/// A sentence, if the pattern is no literal, or the letter stands before another one than `%`, `_` and itself.
pub(crate) fn escaped_by(escape: char, pattern: &Expr) -> Result<Expr, String> {
    let literal = match pattern {
        Expr::Value(pattern) => pattern.value.clone().into_string(),
        _ => None,
    };
    let Some(pattern) = literal else {
        return Err("a pattern with ESCAPE must be a literal".to_owned());
    };
    let mut letters = pattern.chars();
    let mut out = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            letter if letter == escape => match letters.next() {
                Some(next) if next == '%' || next == '_' || next == escape => {
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
    Ok(string(&out))
}
