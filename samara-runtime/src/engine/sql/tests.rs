//! Expressions as a pipeline meets them: from an expression's text to written rows. The answers are Spark 4's.

use crate::{DataFrame, Load, RunSettings, Session};

fn numbers() -> (tempfile::TempDir, DataFrame) {
    let directory = tempfile::tempdir().unwrap();
    let input = directory.path().join("numbers.csv");
    std::fs::write(
        &input,
        "7,0,2147483647,-2147483648,,2.5,12.50,9223372036854775807\n",
    )
    .unwrap();
    let reader = Session::new(&RunSettings::default())
        .unwrap()
        .read()
        .schema([
            ("i", "int"),
            ("zero", "int"),
            ("big", "int"),
            ("least", "int"),
            ("none", "int"),
            ("d", "double"),
            ("dec", "decimal(10,2)"),
            ("long", "bigint"),
        ]);
    let frame = reader.csv(&input.display().to_string()).unwrap();
    (directory, frame)
}

/// The type and the written value of an expression, or why it failed.
fn value(expression: &str) -> (String, Result<String, String>) {
    let (directory, frame) = numbers();
    let output = directory.path().join("out");
    let frame = frame
        .with_column("x", expression)
        .unwrap()
        .select(["x"])
        .unwrap();
    let kind = frame.schema().unwrap().fields[0].data_type.to_string();
    let load = frame.write().csv(&output.display().to_string());
    let written = load.and_then(Load::run);
    let text = written.map(|()| {
        let files = std::fs::read_dir(&output)
            .unwrap()
            .map(|file| file.unwrap().path());
        let data = files.filter(|path| path.extension().is_some_and(|e| e == "csv"));
        let text: String = data
            .map(|path| std::fs::read_to_string(path).unwrap())
            .collect();
        text.trim_matches(['\n', '"']).to_owned()
    });
    (kind, text.map_err(|error| error.to_string()))
}

/// That an expression has Spark's type, and is written as Spark writes its value.
fn assert_value(expression: &str, kind: &str, shown: &str) {
    let (ours, text) = value(expression);
    assert_eq!(
        (ours.as_str(), text.as_deref()),
        (kind, Ok(shown)),
        "{expression}"
    );
}

#[test]
fn an_overflow_is_an_error_that_shows_the_operands() {
    for (expression, message) in [
        ("big * 2", "2147483647 * 2 overflows int"),
        ("big + 1", "2147483647 + 1 overflows int"),
        ("least - 1", "-2147483648 - 1 overflows int"),
        ("-least", "0 - -2147483648 overflows int"),
        ("long + i", "9223372036854775807 + 7 overflows bigint"),
    ] {
        let error = value(expression).1.unwrap_err();
        assert!(error.contains(message), "{expression}: {error}");
    }
}

#[test]
fn a_division_by_zero_is_an_error_but_not_of_nothing() {
    for expression in [
        "i / 0", "i / zero", "i % 0", "i % zero", "d / 0", "d % 0", "i div 0",
    ] {
        let error = value(expression).1.unwrap_err();
        assert!(error.contains("division by zero"), "{expression}: {error}");
    }
    for expression in ["dec / 0", "dec % zero"] {
        let error = value(expression).1.unwrap_err();
        assert!(error.contains("divides by zero"), "{expression}: {error}");
    }
    for expression in ["none / 0", "none % 0", "none + 1", "i / none"] {
        assert_eq!(value(expression).1.unwrap(), "", "{expression}");
    }
}

#[test]
fn results_have_sparks_types_and_values() {
    for (expression, kind, shown) in [
        ("i + i", "int", "14"),
        ("i + 3000000000", "bigint", "3000000007"),
        ("i / 2", "double", "3.5"),
        ("-7 % 3", "int", "-1"),
        ("-7 div 2", "bigint", "-3"),
        ("i div 2 + 1", "bigint", "4"),
        ("2.00 / 3", "decimal(7,6)", "0.666667"),
        ("dec / 3", "decimal(14,6)", "4.166667"),
        ("dec * dec", "decimal(21,4)", "156.2500"),
        ("dec % 3", "decimal(3,2)", "0.50"),
        ("dec div 2", "bigint", "6"),
        ("i * 1.5", "decimal(13,1)", "10.5"),
        ("dec + d", "double", "15.0"),
        ("'3' + 1", "bigint", "4"),
        ("round(1.005D, 2)", "double", "1.01"),
        ("round(dec, 1)", "decimal(10,1)", "12.5"),
        (
            "case when i > 5 then 1 else 2.5 end",
            "decimal(11,1)",
            "1.0",
        ),
        ("coalesce(none, long)", "bigint", "9223372036854775807"),
        ("split('a,b', ',')[1]", "string", "b"),
    ] {
        assert_value(expression, kind, shown);
    }
}

#[test]
fn what_needs_many_rows_is_refused_before_the_run() {
    for (expression, message) in [
        ("i > 0 and sum(i) > 1", "`sum` summarises many rows"),
        ("sum(i) over (order by i)", "`sum` over a window"),
        ("rank() over (partition by i)", "needs an order"),
        ("i in (select 1)", "a subquery"),
        ("exists (select 1)", "a subquery"),
        ("(select 1)", "a subquery"),
    ] {
        let error = numbers()
            .1
            .with_column("x", expression)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{expression}: {error}");
    }
    let condition = "row_number() over (order by i) = 1";
    let error = numbers().1.filter(condition).unwrap_err().to_string();
    assert!(error.contains("can stand in withColumn only"), "{error}");
}

#[test]
fn functions_take_what_spark_casts_for_them() {
    for (expression, kind, shown) in [
        ("upper(i)", "string", "7"),
        ("substring(big, 1, 3)", "string", "214"),
        (
            "concat(dec, d, timestamp'2024-01-15 10:30:45')",
            "string",
            "12.502.52024-01-15 10:30:45",
        ),
        ("date_add('2024-01-31', 1)", "date", "2024-02-01"),
        (
            "date_add(timestamp'2024-01-15 10:30:45', 1)",
            "date",
            "2024-01-16",
        ),
        ("last_day('2024-02-01')", "date", "2024-02-29"),
        ("hour('2024-01-01 05:06:07')", "int", "5"),
        ("year('2024-02-29')", "int", "2024"),
        (
            "date_format('2024-01-02', 'dd.MM.yyyy')",
            "string",
            "02.01.2024",
        ),
        ("to_date('29/02/2024', 'dd/MM/yyyy')", "date", "2024-02-29"),
        ("nullif(dec, 0)", "decimal(10,2)", "12.50"),
        (
            "regexp_replace('abc abc', '(b)c', '$1x')",
            "string",
            "abx abx",
        ),
        ("position('b', 'abc')", "int", "2"),
        ("log(2.718281828459045D)", "double", "1.0"),
        ("ln(zero)", "double", ""),
        ("sqrt(-1)", "double", "NaN"),
        ("struct(i, d).D", "double", "2.5"),
    ] {
        assert_value(expression, kind, shown);
    }
}

#[test]
fn text_is_compared_as_what_it_is_compared_with() {
    for (expression, shown) in [
        ("i = '07'", "true"),
        ("dec = '12.5'", "true"),
        (
            "date'2024-02-29' between '2024-02-01' and '2024-03-01'",
            "true",
        ),
        ("i in ('7', '8')", "true"),
        ("d > none", ""),
    ] {
        assert_eq!(value(expression).1.as_deref(), Ok(shown), "{expression}");
    }
    let (_directory, frame) = numbers();
    let error = frame.with_column("x", "i = '7x'").unwrap_err().to_string();
    assert!(error.contains("`7x` cannot be cast to bigint"), "{error}");
}

#[test]
fn what_guards_a_division_keeps_it_from_failing() {
    for condition in [
        "zero <> 0 and 10 / zero > 1",
        "not (zero = 0 or 10 / zero <= 1)",
        "case when zero <> 0 then 10 / zero > 1 else false end",
        "case when zero <> 0 then 10 / zero end > 1",
        "if(zero = 0, 0, 10 / zero) > 1",
        "10 / nullif(zero, 0) > 1",
    ] {
        let directory = tempfile::tempdir().unwrap();
        let (input, output) = (
            directory.path().join("in.csv"),
            directory.path().join("out"),
        );
        std::fs::write(&input, "0\n5\n20\n0\n2\n").unwrap();
        let reader = Session::new(&RunSettings::default()).unwrap().read();
        let frame = reader
            .schema([("zero", "int")])
            .csv(&input.display().to_string());
        let kept = frame.and_then(|frame| frame.filter(condition)).unwrap();
        let load = kept.write().csv(&output.display().to_string());
        let done = load.and_then(Load::run);
        assert!(done.is_ok(), "{condition}: {done:?}");
    }
}

#[test]
fn a_name_that_a_lambda_does_not_know_is_shown_where_it_stands() {
    let frame = Session::new(&RunSettings::default())
        .unwrap()
        .empty([("list", "array<int>"), ("other", "int")])
        .unwrap();
    let expression = "transform(list, x -> x + othr)";
    let error = frame.clone().with_column("y", expression).unwrap_err();
    let crate::Error::UnknownColumn { name, offset, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((name.as_str(), *offset), ("othr", expression.find("othr")));
    for (expression, says) in [
        (
            "transform(other, x -> x)",
            "`transform`: it does not take a value of type int",
        ),
        ("transform(list, (x, y, z) -> x)", "1 or 2 variables, not 3"),
        (
            "filter(list, x -> x + 1)",
            "has to give a value of type boolean, and this one's is of type int",
        ),
        (
            "upper(x -> x)",
            "a lambda has its place in a function that takes one",
        ),
    ] {
        let error = frame.clone().with_column("y", expression).unwrap_err();
        assert!(error.to_string().contains(says), "{expression}: {error}");
    }
}

/// Words of parsers and of the engine, which no user has to know.
const JARGON: [&str; 22] = [
    "No infix parser",
    "Expected:",
    "found:",
    "EOF",
    "Ident",
    "DataFusion",
    "sql parser",
    "Schema error",
    "not implemented",
    "Internal error",
    "Execution error",
    "Utf8",
    "Int32",
    "Int64",
    "Float64",
    "Decimal128",
    "Date32",
    "Timestamp(",
    "MonthDayNano",
    "coerc",
    "Candidate",
    "spark_",
];

/// Each text with a token cut off, left out, doubled or put in.
fn broken(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let joined = |words: &[&str]| words.join(" ");
    let mut all: Vec<String> = text
        .char_indices()
        .map(|(at, _)| text[..at].to_owned())
        .collect();
    for at in 0..words.len() {
        let (before, after) = words.split_at(at);
        all.push(joined(&[before, &after[1..]].concat()));
        all.push(joined(&[before, &after[..1], after].concat()));
        for stray in [
            "(", ")", "[", "]", "{", ",", "'", "`", "+", "*", "<<", "=", "and", "not", "then",
            "1.5", "'x'", "?", ":x", "@", ";", "->", "=>", "is", "in", "between", "like", "case",
            "interval", "day", "é", "struct<", "null",
        ] {
            all.push(joined(&[before, &[stray], after].concat()));
        }
    }
    all
}

#[test]
fn no_message_about_a_broken_expression_speaks_of_the_parser_or_the_engine() {
    let session = Session::new(&RunSettings::default()).unwrap();
    let frame = session
        .empty([
            ("i", "int"),
            ("t", "string"),
            ("o", "boolean"),
            ("day", "date"),
            ("at", "timestamp"),
            ("list", "array<int>"),
            ("m", "map<string,int>"),
            ("s", "struct<a:int>"),
        ])
        .unwrap();
    let mut tried = 0;
    for text in [
        "case when i > 1 then upper ( t ) else 'b' end",
        "t like any ( 'a%' , n ) or not i between 1 and 5",
        "cast ( i as decimal ( 10 , 2 ) ) * 2 + list [ 0 ]",
        "at + interval 1 day 2 hours > timestamp '2024-01-01'",
        "dateadd ( month , 1 , day ) is not null and o <=> true",
        "trim ( both 'x' from t ) || s . a :: string",
        "transform ( list , x -> x << 1 ) [ i ] & m [ 'k' ]",
        "i in ( 1 , -2L , 3.5BD ) is distinct from true",
        "if ( o , date '2024-01-01' , day ) - 1",
        "row_number ( ) over ( partition by t order by i desc nulls last )",
    ] {
        for broken in broken(text) {
            let Err(error) = frame.clone().with_column("x", &broken) else {
                continue;
            };
            tried += 1;
            let crate::Error::Expression { message, .. } = error else {
                continue;
            };
            let word = JARGON.iter().find(|word| message.contains(**word));
            assert_eq!(word, None, "{broken}\n{message}");
        }
    }
    assert!(tried > 1000, "{tried}");
}

#[test]
fn a_constant_that_always_fails_is_refused_before_there_are_rows_at_its_place() {
    let (_directory, frame) = numbers();
    for (expression, place) in [
        ("i + 1 / 0", "1 / 0"),
        ("i > 'abc'", "'abc'"),
        ("i in (1, 'x')", "'x')"),
        ("cast('2024-13-45' as date)", "'2024-13-45' as date)"),
        ("case when i > 'x' then 1 end", "'x' then 1 end"),
        ("coalesce(i, 0) = int('no')", "'no')"),
        (
            "i > 1 and make_date(2024, 13, i) is null",
            "make_date(2024, 13, i) is null",
        ),
        ("1 + regexp_count(string(i), '[')", "'[')"),
    ] {
        let error = frame.clone().with_column("x", expression).unwrap_err();
        let crate::Error::Expression { offset, .. } = error else {
            panic!("{expression}: {error}");
        };
        assert_eq!(
            offset.map(|at| &expression[at..]),
            Some(place),
            "{expression}"
        );
        let condition = format!("({expression}) is not null");
        assert!(frame.clone().filter(&condition).is_err(), "{condition}");
    }
}

#[test]
fn a_constant_that_fails_where_no_row_may_come_is_not_refused() {
    let (_directory, frame) = numbers();
    for expression in [
        "case when false then 1 / 0 end",
        "case when i > 5 then 1 / 0 else 0 end",
        "if(i > 5, 1 / 0, 0)",
        "false AND 1 / 0 > 1",
        "true OR 1 / 0 > 1",
        "coalesce(i, 1 / 0)",
        "try_divide(1, 0)",
        "try_cast('x' as int)",
        "i / 0",
        "date'2024-01-31' + 2",
        "sec(0)",
        "if(i > 9, make_date(2024, 13, 1), null)",
        "case when i > 9 then format_number(i, 'x.y.z') end",
        "case when i > 9 then from_utc_timestamp(now(), 'Nowhere/Zone') end",
        "coalesce(i, regexp_count('a', '['))",
        "if(false, element_at(array(1), 0), 1)",
    ] {
        frame.clone().with_column("x", expression).unwrap();
    }
    let no_row_comes = "if(i > 9, make_date(2024, 13, 1), date'2024-01-01')";
    assert_value(no_row_comes, "date", "2024-01-01");
    assert_value("if(i > 9, regexp_count('a', '['), 1)", "int", "1");
}

#[test]
fn numbers_of_a_shift_are_cast_to_int() {
    assert_value("i << 1.0", "int", "14");
    assert_value("1 << 2L", "int", "4");
    assert_value("2.5D << 1", "int", "4");
    assert!(value("1 << long").1.is_err());
}

#[test]
fn a_wrong_argument_is_told_in_the_words_of_the_text() {
    let (_directory, frame) = numbers();
    for (expression, says) in [
        (
            "1 is not true",
            "IS TRUE and IS FALSE are asked of a condition, and this is int",
        ),
        ("map('a')", "`map` takes at least 2 arguments, not 1"),
        ("upper()", "`upper` takes 1 argument, not 0"),
    ] {
        let error = frame.clone().with_column("y", expression).unwrap_err();
        assert!(error.to_string().contains(says), "{expression}: {error}");
    }
}

#[test]
fn a_literal_knows_moments_by_a_name() {
    for (expression, kind, shown) in [
        ("date'epoch'", "date", "1970-01-01"),
        (
            "date' Tomorrow ' = date_add(current_date(), 1)",
            "boolean",
            "true",
        ),
        ("date'yesterday' < date'now'", "boolean", "true"),
        ("date(timestamp'today') = current_date()", "boolean", "true"),
        ("timestamp'EPOCH'", "timestamp", "1970-01-01T00:00:00.000Z"),
        (
            "timestamp_ntz'epoch'",
            "timestamp_ntz",
            "1970-01-01T00:00:00.000",
        ),
        (
            "timestamp_ltz'now' > timestamp'2024-01-01'",
            "boolean",
            "true",
        ),
    ] {
        assert_value(expression, kind, shown);
    }
}

#[test]
fn a_message_about_a_pattern_does_not_draw_it() {
    let (_directory, frame) = numbers();
    let error = frame
        .with_column("x", "regexp_count('a', '[')")
        .unwrap_err();
    let says = "`[` is no regular expression: unclosed character class";
    assert!(error.to_string().contains(says), "{error}");
}

#[test]
fn a_suggestion_is_a_misspelt_name_and_never_another_function() {
    let (_directory, frame) = numbers();
    for (expression, message, suggests) in [
        ("max_by(i, d)", "not supported yet", false),
        ("nope(1)", "Spark has no function `nope`", false),
        ("uper('a')", "did you mean `upper`?", true),
        ("and(true, false)", "an operator here", false),
    ] {
        let error = frame.clone().with_column("x", expression).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(message), "{expression}: {error}");
        assert_eq!(error.contains("did you mean"), suggests, "{error}");
    }
}
