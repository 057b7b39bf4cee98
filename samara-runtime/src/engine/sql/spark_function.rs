//! Functions and operators of Spark SQL that the engine has under another name, with other arguments or with other results.

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, BinaryOperator, CaseWhen, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArgumentList, FunctionArguments, Ident, ObjectName, ObjectNamePart, Subscript,
    UnaryOperator, Value,
};

use crate::engine::DataType;
use crate::engine::sql::cast::SparkCast;
use crate::engine::sql::nested::SparkItem;

/// The engine's expression for one of Spark's, if it is another; an error is a sentence.
pub(crate) fn in_engine_terms(node: &Expr) -> Option<Result<Expr, String>> {
    match node {
        Expr::Function(function) => of_function(function),
        Expr::BinaryOp {
            left,
            op: BinaryOperator::StringConcat,
            right,
        } => Some(Ok(call(
            "concat",
            vec![(**left).clone(), (**right).clone()],
        ))),
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
        Expr::Substring { .. } | Expr::Trim { .. } => Some(Ok(of_text(node.clone()))),
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

/// The same node, what it takes apart cast to text.
fn of_text(mut node: Expr) -> Expr {
    if let Expr::Substring { expr, .. } | Expr::Trim { expr, .. } = &mut node {
        **expr = cast(expr, "string");
    }
    node
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
    if name == "json_tuple" {
        let message = "`json_tuple` gives many columns, which an expression cannot: get_json_object gives one value";
        return Some(Err(message.to_owned()));
    }
    let new = match (name.as_str(), &arguments[..]) {
        ("year" | "month" | "day" | "quarter", [date]) => part(&name, date),
        ("dayofmonth", [date]) => part("day", date),
        ("dayofweek", [date]) => part("dayofweek", date),
        ("dayofyear", [date]) => part("doy", date),
        ("weekofyear", [date]) => part("week", date),
        ("isnull", [value]) => Expr::IsNull(Box::new(value.clone())),
        ("isnotnull", [value]) => Expr::IsNotNull(Box::new(value.clone())),
        ("if", [condition, yes, no]) => when(condition.clone(), yes.clone(), no.clone()),
        ("struct", [_, ..]) => with_names(arguments),
        ("rlike", [_, _]) => call("regexp_like", arguments),
        // Down, as a cast does.
        ("unix_seconds", [value]) => cast(&cast(value, "timestamp"), "bigint"),
        ("next_day", [_, day]) if !names_a_day(day) => {
            let message = "the second argument of `next_day` must be the name of a day, such as 'MO' or 'Monday'";
            return Some(Err(message.to_owned()));
        }
        ("sign", [_]) => call("signum", arguments),
        ("startswith", [_, _]) => call("starts_with", arguments),
        ("endswith", [_, _]) => call("ends_with", arguments),
        ("locate", [part, text]) => call("instr", vec![text.clone(), part.clone()]),
        ("position", [part, text]) => call("instr", vec![text.clone(), part.clone()]),
        ("replace", [text, part]) => call(&name, vec![text.clone(), part.clone(), string("")]),
        ("nullif", [value, other]) => null_if_equal(value, other),
        // The engine's own bring their arguments to one type, by rules of its own.
        ("nvl" | "ifnull", [_, _]) => call("coalesce", arguments),
        ("nvl2", [value, some, none]) => when(
            Expr::IsNotNull(Box::new(value.clone())),
            some.clone(),
            none.clone(),
        ),
        ("regexp_replace", [text, pattern, new]) => call(
            &name,
            vec![text.clone(), pattern.clone(), with_braces(new), string("g")],
        ),
        (
            "upper" | "ucase" | "lower" | "lcase" | "trim" | "ltrim" | "rtrim" | "substring"
            | "substr" | "initcap",
            [_, ..],
        ) => with_first_as("string", &name, arguments),
        ("date_add" | "date_sub" | "add_months" | "last_day" | "next_day" | "trunc", [_, ..]) => {
            with_first_as("date", &name, arguments)
        }
        ("hour" | "minute" | "second", [_]) => with_first_as("timestamp", &name, arguments),
        ("regexp_extract", [text, pattern]) => {
            call(&name, vec![text.clone(), pattern.clone(), number("1")])
        }
        ("split", [text, pattern]) => {
            call(&name, vec![text.clone(), pattern.clone(), number("-1")])
        }
        ("regexp_count", [_, _]) => cast(&call(&name, arguments), "int"),
        ("ln" | "log" | "log10" | "log2", [value]) => logarithm(&name, value),
        ("log", [base, value]) => null_unless_positive(
            base,
            null_unless_positive(value, call("log", arguments.clone())),
        ),
        ("sqrt", [value]) => square_root(value),
        ("size" | "cardinality", [value]) => when(
            Expr::IsNotNull(Box::new(value.clone())),
            call("size", arguments.clone()),
            Expr::Value(Value::Null.with_empty_span()),
        ),
        ("isnan", [_]) => call("coalesce", vec![call("isnan", arguments), truth(false)]),
        (
            "exp" | "expm1" | "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh" | "cosh"
            | "tanh" | "cbrt" | "degrees" | "radians",
            [_],
        ) => with_first_as("double", &name, arguments),
        ("rint", [value]) => call("rint", vec![cast(value, "double")]),
        ("zeroifnull", [value]) => call("coalesce", vec![value.clone(), number("0")]),
        ("nullifzero", [value]) => call("nullif", vec![value.clone(), number("0")]),
        ("positive", [value]) => value.clone(),
        ("to_date", [value]) => cast(value, "date"),
        ("to_timestamp" | "timestamp_seconds", [value]) => cast(value, "timestamp"),
        // Towards zero, as Spark does here, and not down as a cast does.
        ("unix_timestamp", [value]) => {
            let seconds = cast(&cast(value, "timestamp"), "double");
            cast(&seconds, "bigint")
        }
        ("from_unixtime", [value]) => cast(&cast(value, "timestamp"), "string"),
        ("date_trunc", [unit, value]) => call(&name, vec![unit.clone(), cast(value, "timestamp")]),
        ("date_format" | "to_date" | "to_timestamp", [value, pattern]) => {
            return Some(with_pattern(&name, value, pattern));
        }
        _ => return None,
    };
    Some(Ok(new))
}

/// Whether this is a literal by which Spark knows a day of the week, or null.
fn names_a_day(value: &Expr) -> bool {
    const DAYS: [&str; 7] = [
        "sunday",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
    ];
    let Expr::Value(literal) = value else {
        return false;
    };
    let Some(name) = literal.value.clone().into_string() else {
        return literal.value == Value::Null;
    };
    let name = name.trim().to_lowercase();
    DAYS.iter()
        .any(|day| *day == name || day[..3] == name || day[..2] == name)
}

/// The arguments, if all of them are plain expressions.
fn plain_arguments(function: &Function) -> Option<Vec<Expr>> {
    let FunctionArguments::List(list) = &function.args else {
        return None;
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

fn part(name: &str, date: &Expr) -> Expr {
    call("date_part", vec![string(name), date.clone()])
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

fn compared(value: &Expr, op: BinaryOperator) -> Expr {
    Expr::BinaryOp {
        left: Box::new(value.clone()),
        op,
        right: Box::new(number("0")),
    }
}

fn null_unless_positive(value: &Expr, result: Expr) -> Expr {
    let null = Expr::Value(Value::Null.with_empty_span());
    when(compared(value, BinaryOperator::Gt), result, null)
}

/// A logarithm is null where there is none; that of one argument is natural.
fn logarithm(name: &str, value: &Expr) -> Expr {
    let name = if name == "log" { "ln" } else { name };
    let double = cast(value, "double");
    null_unless_positive(&double, call(name, vec![double.clone()]))
}

/// The root of a negative number is NaN.
fn square_root(value: &Expr) -> Expr {
    let double = cast(value, "double");
    when(
        compared(&double, BinaryOperator::Lt),
        cast(&string("NaN"), "double"),
        call("sqrt", vec![double]),
    )
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
    let named = values.into_iter().enumerate().flat_map(|(at, value)| {
        let name = match &value {
            Expr::Identifier(name) => name.value.clone(),
            _ => format!("col{}", at + 1),
        };
        [string(&name), value]
    });
    call("named_struct", named.collect())
}

/// A replacement whose groups, as `$1`, stand in braces, so that a letter may follow.
fn with_braces(new: &Expr) -> Expr {
    let Expr::Value(value) = new else {
        return new.clone();
    };
    let Some(text) = value.value.clone().into_string() else {
        return new.clone();
    };
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        out.push(letter);
        if letter != '$' || !letters.peek().is_some_and(char::is_ascii_digit) {
            continue;
        }
        out.push('{');
        while let Some(digit) = letters.next_if(char::is_ascii_digit) {
            out.push(digit);
        }
        out.push('}');
    }
    string(&out)
}

/// A function whose last argument is a pattern of a date.
fn with_pattern(name: &str, value: &Expr, pattern: &Expr) -> Result<Expr, String> {
    let Expr::Value(literal) = pattern else {
        return Err(format!("the pattern of `{name}` must be a literal"));
    };
    let Some(pattern) = literal.value.clone().into_string() else {
        return Err(format!("the pattern of `{name}` must be a text"));
    };
    let engine = engine_pattern(&pattern)
        .ok_or_else(|| format!("the pattern `{pattern}` of `{name}` is not supported yet"))?;
    Ok(match name {
        "date_format" => call("to_char", vec![cast(value, "timestamp"), string(&engine)]),
        "to_date" => call("to_date", vec![value.clone(), string(&engine)]),
        _ => cast(
            &call("to_timestamp", vec![value.clone(), string(&engine)]),
            "timestamp",
        ),
    })
}

/// Java's pattern of a date in the terms of `strftime`; nothing, if a part of it has no equal.
fn engine_pattern(pattern: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let end = rest.find(|c| c != letter).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        match run {
            "yyyy" | "y" => out.push_str("%Y"),
            "yy" => out.push_str("%y"),
            "MM" => out.push_str("%m"),
            "M" => out.push_str("%-m"),
            "MMM" => out.push_str("%b"),
            "MMMM" => out.push_str("%B"),
            "dd" => out.push_str("%d"),
            "d" => out.push_str("%-d"),
            "HH" => out.push_str("%H"),
            "H" => out.push_str("%-H"),
            "hh" => out.push_str("%I"),
            "h" => out.push_str("%-I"),
            "mm" => out.push_str("%M"),
            "ss" => out.push_str("%S"),
            "SSS" => out.push_str("%3f"),
            "SSSSSS" => out.push_str("%6f"),
            "a" => out.push_str("%p"),
            "E" | "EE" | "EEE" => out.push_str("%a"),
            "EEEE" => out.push_str("%A"),
            "DDD" => out.push_str("%j"),
            "'" => {
                let (quoted, after) = rest.split_once('\'')?;
                out.push_str(&quoted.replace('%', "%%"));
                rest = after;
            }
            "%" => out.push_str("%%"),
            other if !letter.is_ascii_alphabetic() && letter != '\'' && letter != '%' => {
                out.push_str(other);
            }
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_patterns_are_translated_or_refused() {
        for (java, engine) in [
            ("yyyy/MM/dd", Some("%Y/%m/%d")),
            ("dd-MM-yyyy HH:mm:ss", Some("%d-%m-%Y %H:%M:%S")),
            ("EEEE, MMM d", Some("%A, %b %-d")),
            ("yyyy-MM-dd'T'HH:mm:ss.SSS", Some("%Y-%m-%dT%H:%M:%S.%3f")),
            ("QQQ", None),
            ("yyyy VV", None),
        ] {
            assert_eq!(engine_pattern(java).as_deref(), engine, "{java}");
        }
    }
}
