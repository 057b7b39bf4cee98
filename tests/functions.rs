//! The functions of a workflow over real files, in process: rows in, rows out.

use samara::{DataFrame, Dropna, Error, Join, Load, RunSettings, SaveMode, Session, asc, desc};

use crate::program::Workplace;

fn session() -> Session {
    Session::new(&RunSettings::default()).expect("a session")
}

/// A frame of csv text with a header.
fn csv(workplace: &Workplace, name: &str, schema: &[(&str, &str)], text: &str) -> DataFrame {
    let path = workplace.write(name, text);
    let reader = session().read().option("header", "true").schema(schema);
    reader
        .csv(path.to_str().expect("a path"))
        .expect("readable")
}

/// The rows that a frame is written as, sorted.
fn rows(workplace: &Workplace, frame: DataFrame) -> Vec<String> {
    let output = workplace.path().join("rows");
    frame
        .write()
        .mode(SaveMode::Overwrite)
        .csv(output.to_str().expect("a path"))
        .and_then(Load::run)
        .expect("writable");
    let mut rows: Vec<String> = workplace.parts("rows").lines().map(str::to_owned).collect();
    rows.sort();
    rows
}

const PEOPLE: &[(&str, &str)] = &[("id", "int"), ("name", "string"), ("team", "string")];

fn people(workplace: &Workplace) -> DataFrame {
    csv(
        workplace,
        "people.csv",
        PEOPLE,
        "id,name,team\n1,Ada,a\n2,Grace,\n3,Alan,b\n3,Alan,b\n",
    )
}

fn teams(workplace: &Workplace) -> DataFrame {
    csv(
        workplace,
        "teams.csv",
        &[("team", "string"), ("city", "string")],
        "team,city\na,Bonn\nc,Lyon\n",
    )
}

#[test]
fn select_keeps_the_order_asked_for_and_finds_names_in_any_case() {
    let workplace = Workplace::empty();
    let frame = people(&workplace).select(["NAME", "id"]).expect("columns");
    assert_eq!(frame.columns(), ["NAME", "id"]);
    assert_eq!(
        rows(&workplace, frame),
        ["Ada,1", "Alan,3", "Alan,3", "Grace,2"]
    );
}

#[test]
fn drop_ignores_a_name_that_does_not_exist() {
    let workplace = Workplace::empty();
    let frame = people(&workplace)
        .drop(["team", "nothing"])
        .expect("columns");
    assert_eq!(frame.columns(), ["id", "name"]);
}

#[test]
fn filter_keeps_the_rows_for_which_the_condition_is_true_not_those_for_which_it_is_null() {
    let workplace = Workplace::empty();
    let frame = people(&workplace)
        .filter("team <> 'b' OR ID = 100")
        .expect("a condition");
    assert_eq!(rows(&workplace, frame), ["1,Ada,a"]);
}

#[test]
fn with_column_replaces_a_column_of_that_name_in_its_place() {
    let workplace = Workplace::empty();
    let frame = people(&workplace)
        .with_column("Name", "concat(upper(name), '-', team)")
        .expect("an expression");
    assert_eq!(frame.columns(), ["id", "Name", "team"]);
    assert_eq!(
        rows(&workplace, frame),
        ["1,ADA-a,a", "2,,", "3,ALAN-b,b", "3,ALAN-b,b"]
    );
}

#[test]
fn integers_are_divided_as_doubles() {
    let workplace = Workplace::empty();
    let frame = people(&workplace)
        .with_column("half", "id / 2")
        .and_then(|frame| frame.select(["half"]))
        .expect("an expression");
    assert_eq!(rows(&workplace, frame), ["0.5", "1.0", "1.5", "1.5"]);
}

#[test]
fn drop_duplicates_keeps_one_row_a_key() {
    let workplace = Workplace::empty();
    let frame = people(&workplace).drop_duplicates(["id"]).expect("columns");
    assert_eq!(rows(&workplace, frame), ["1,Ada,a", "2,Grace,", "3,Alan,b"]);
    let frame = people(&workplace).drop_duplicates([]).expect("columns");
    assert_eq!(rows(&workplace, frame).len(), 3);
}

#[test]
fn each_join_gives_the_rows_that_its_name_says_and_null_keys_match_nothing() {
    let workplace = Workplace::empty();
    let unmatched = [",2,Grace,", "b,3,Alan,", "b,3,Alan,"];
    let with = |more: &[&'static str]| -> Vec<&str> {
        let mut all = [&unmatched[..], more].concat();
        all.sort_unstable();
        all
    };
    for (how, expected) in [
        (Join::Inner, vec!["a,1,Ada,Bonn"]),
        (Join::Left, with(&["a,1,Ada,Bonn"])),
        (Join::Right, vec!["a,1,Ada,Bonn", "c,,,Lyon"]),
        (Join::Full, with(&["a,1,Ada,Bonn", "c,,,Lyon"])),
        (Join::LeftSemi, vec!["a,1,Ada"]),
        (Join::LeftAnti, vec![",2,Grace", "b,3,Alan", "b,3,Alan"]),
    ] {
        let joined = people(&workplace)
            .join(teams(&workplace), ["team"], how)
            .expect("a join");
        assert_eq!(rows(&workplace, joined), expected, "{how:?}");
    }
    let crossed = people(&workplace)
        .join(
            teams(&workplace).select(["city"]).expect("city"),
            [],
            Join::Cross,
        )
        .expect("a join");
    assert_eq!(rows(&workplace, crossed).len(), 8);
}

#[test]
fn a_frame_joins_with_itself() {
    let workplace = Workplace::empty();
    let teams = teams(&workplace);
    let joined = teams
        .clone()
        .join(teams, ["team"], Join::Inner)
        .and_then(|frame| frame.select(["team"]))
        .expect("a join");
    assert_eq!(rows(&workplace, joined), ["a", "c"]);
}

#[test]
fn a_column_that_both_sides_have_is_ambiguous_only_when_it_is_named() {
    let workplace = Workplace::empty();
    let left = people(&workplace).drop_duplicates(["id"]).expect("columns");
    let joined = left
        .join(
            people(&workplace).drop_duplicates(["id"]).expect("columns"),
            ["id"],
            Join::Inner,
        )
        .expect("a join");
    assert!(
        matches!(joined.clone().select(["name"]), Err(Error::AmbiguousColumn { name }) if name == "name")
    );
    assert_eq!(
        rows(&workplace, joined.select(["id"]).expect("the key")),
        ["1", "2", "3"]
    );
}

#[test]
fn an_invalid_cast_fails_and_names_the_value() {
    let workplace = Workplace::empty();
    let frame = people(&workplace).cast([("name", "int")]).expect("a plan");
    let error = frame
        .write()
        .mode(SaveMode::Overwrite)
        .csv(workplace.path().join("x").to_str().expect("a path"))
        .and_then(Load::run)
        .unwrap_err();
    assert!(
        error.to_string().contains("cannot be cast to int"),
        "{error}"
    );
    assert!(
        !workplace.path().join("x").exists(),
        "a failed write leaves nothing"
    );
}

#[test]
fn a_field_that_does_not_parse_is_null_drops_its_row_or_fails_the_read_by_the_mode() {
    let workplace = Workplace::empty();
    let path = workplace.write("bad.csv", "1,a\nx,b\n3,c,extra\n4\n");
    let read = |mode: &str| {
        let reader = session()
            .read()
            .option("mode", mode)
            .schema([("id", "int"), ("name", "string")]);
        reader
            .csv(path.to_str().expect("a path"))
            .expect("readable")
    };
    assert_eq!(
        rows(&workplace, read("PERMISSIVE")),
        [",b", "1,a", "3,c", "4,"]
    );
    assert_eq!(rows(&workplace, read("DROPMALFORMED")), ["1,a"]);
    let failed = read("FAILFAST")
        .write()
        .mode(SaveMode::Overwrite)
        .csv(workplace.path().join("y").to_str().expect("a path"))
        .and_then(Load::run);
    let error = failed.unwrap_err().to_string();
    assert!(
        error.contains("bad.csv") && error.contains("line 2") && error.contains("column `id`"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_gone_when_it_is_read_is_an_error_that_names_it() {
    let workplace = Workplace::empty();
    let people = people(&workplace);
    std::fs::remove_file(workplace.path().join("people.csv")).expect("it was there");
    let output = workplace.path().join("y");
    let written = people.write().csv(output.to_str().expect("a path"));
    let error = written.unwrap_err().to_string();
    assert!(error.contains("people.csv"), "{error}");
    assert!(!output.exists());
}

#[test]
fn a_file_is_planned_when_it_is_read() {
    let workplace = Workplace::empty();
    let path = workplace.write("in.csv", "1\n2\n");
    let schema = [("id", "int")];
    let frame = session().read().schema(schema);
    let frame = frame.csv(path.to_str().expect("a path")).expect("readable");
    std::fs::write(&path, "1\n2\n3\n").expect("written");
    assert_eq!(rows(&workplace, frame), ["1", "2", "3"]);
}

#[test]
fn a_very_long_line_is_one_record() {
    let workplace = Workplace::empty();
    let long = "x".repeat(20 * 1024 * 1024);
    let path = workplace.write("in.csv", &format!("a,1\n{long},2\nb,3\n"));
    let schema = [("name", "string"), ("id", "int")];
    let frame = session().read().schema(schema);
    let frame = frame.csv(path.to_str().expect("a path")).expect("readable");
    let lengths = frame.with_column("name", "length(name)").expect("a length");
    assert_eq!(rows(&workplace, lengths), ["1,1", "1,3", "20971520,2"]);
}

#[test]
fn json_comes_back_as_it_was_written_nested_values_and_all() {
    let workplace = Workplace::empty();
    let lines = [
        r#"{"id":1,"tags":["a","b"],"address":{"city":"Bonn","zip":53111},"scores":{"x":1.5}}"#,
        r#"{"id":2,"tags":[],"address":{"city":"Lyon"}}"#,
        r#"{"id":12345678901,"price":0.10}"#,
    ];
    let path = workplace.write("in.json", &lines.join("\n"));
    let schema = [
        ("id", "bigint"),
        ("tags", "array<string>"),
        ("address", "struct<city:string,zip:int>"),
        ("scores", "map<string,double>"),
        ("price", "decimal(20,2)"),
    ];
    let frame = session()
        .read()
        .schema(schema)
        .json(path.to_str().expect("a path"))
        .expect("readable");
    let output = workplace.path().join("out");
    frame
        .write()
        .json(output.to_str().expect("a path"))
        .and_then(Load::run)
        .expect("writable");
    assert_eq!(workplace.parts("out").lines().collect::<Vec<_>>(), lines);
}

const SALES: &[(&str, &str)] = &[
    ("shop", "string"),
    ("quarter", "int"),
    ("amount", "bigint"),
    ("share", "double"),
];

fn sales(workplace: &Workplace) -> DataFrame {
    csv(
        workplace,
        "sales.csv",
        SALES,
        "shop,quarter,amount,share\nb,1,10,0.5\na,1,20,NaN\na,2,,\na,1,5,-0.0\n,2,7,0.0\n",
    )
}

#[test]
fn dropna_counts_nan_as_null() {
    let workplace = Workplace::empty();
    let kept = |nulls| {
        rows(
            &workplace,
            sales(&workplace).dropna(nulls).expect("columns"),
        )
        .len()
    };
    assert_eq!(kept(Dropna::any()), 2);
    assert_eq!(kept(Dropna::all()), 5);
    assert_eq!(kept(Dropna::thresh(3)), 4);
    assert_eq!(kept(Dropna::any().subset(["SHARE"])), 3);
    assert_eq!(kept(Dropna::all().subset(["amount", "share"])), 4);
}

#[test]
fn an_aggregate_has_a_row_for_each_key_and_spark_s_types() {
    let workplace = Workplace::empty();
    let totals = sales(&workplace)
        .aggregate(
            ["shop"],
            [
                ("sum", "amount", "total"),
                ("AVG", "amount", "mean"),
                ("count", "*", "rows"),
                ("count", "amount", "known"),
            ],
        )
        .expect("columns");
    let types: Vec<String> = totals
        .schema()
        .expect("types")
        .fields
        .iter()
        .map(|field| format!("{} {} {}", field.name, field.data_type, field.nullable))
        .collect();
    let expected = [
        "shop string true",
        "total bigint true",
        "mean double true",
        "rows bigint false",
        "known bigint false",
    ];
    assert_eq!(types, expected);
    assert_eq!(
        rows(&workplace, totals),
        [",7,7.0,1,1", "a,25,12.5,3,2", "b,10,10.0,1,1"]
    );
}

#[test]
fn keys_of_both_zeros_are_one_key() {
    let workplace = Workplace::empty();
    let groups = sales(&workplace).aggregate(["share"], [("count", "*", "rows")]);
    let counted = rows(&workplace, groups.expect("columns"));
    assert_eq!(counted, [",1", "0.0,2", "0.5,1", "NaN,1"]);
}

#[test]
fn without_a_key_there_is_one_row_even_of_nothing() {
    let workplace = Workplace::empty();
    let none = sales(&workplace)
        .filter("quarter = 9")
        .expect("a condition");
    let total = none.aggregate([], [("sum", "amount", "total"), ("count", "*", "rows")]);
    assert_eq!(rows(&workplace, total.expect("columns")), [",0"]);
}

#[test]
fn a_sum_that_no_bigint_can_hold_is_an_error() {
    let workplace = Workplace::empty();
    let large = csv(
        &workplace,
        "large.csv",
        &[("n", "bigint")],
        "n\n9223372036854775807\n1\n",
    );
    let sum = large.aggregate([], [("sum", "n", "sum")]).expect("columns");
    let path = workplace.path().join("sum");
    let written = sum.write().json(path.to_str().expect("a path"));
    let error = written
        .and_then(Load::run)
        .expect_err("too large")
        .to_string();
    assert!(error.contains("does not fit bigint"), "{error}");
}

#[test]
fn rows_are_written_in_the_order_asked_for() {
    let workplace = Workplace::empty();
    let sorted = sales(&workplace)
        .order_by([asc("shop"), desc("amount")])
        .and_then(|frame| frame.with_column("double", "amount * 2"))
        .and_then(|frame| frame.select(["shop", "amount"]));
    let output = workplace.path().join("sorted");
    let sorted = sorted.expect("columns").write();
    sorted
        .csv(output.to_str().expect("a path"))
        .and_then(Load::run)
        .expect("writable");
    assert_eq!(workplace.parts("sorted"), ",7\na,20\na,5\na,\nb,10\n");
}

#[test]
fn a_pivot_has_a_column_for_each_value_in_order_and_null_where_nothing_is() {
    let workplace = Workplace::empty();
    let by_quarter = sales(&workplace).pivot(["shop"], "quarter", "count", "amount");
    let by_quarter = by_quarter.expect("columns");
    assert_eq!(by_quarter.columns(), ["shop", "1", "2"]);
    assert_eq!(rows(&workplace, by_quarter), [",,1", "a,2,0", "b,1,"]);
}

#[test]
fn a_json_file_may_be_one_document_over_many_lines() {
    let workplace = Workplace::empty();
    let people = workplace.path().join("people");
    std::fs::create_dir(&people).expect("a directory");
    workplace.write(
        "people/1.json",
        "\u{feff}[\n  {\"id\": 1,\n \"name\": \"Ada\"},\n {\"id\": 2}]\n",
    );
    workplace.write("people/2.json", "{\n\"name\": \"Alan\",\n\n\"id\": 3\n}");
    workplace.write("people/3.json", "");
    let reader = session()
        .read()
        .option("multiLine", "true")
        .schema([("id", "int"), ("name", "string")]);
    let frame = reader
        .json(people.to_str().expect("a path"))
        .expect("readable");
    assert_eq!(rows(&workplace, frame), ["1,Ada", "2,", "3,Alan"]);
}

#[test]
fn what_is_written_compressed_is_read_again() {
    let codecs = [
        ("gzip", "csv.gz"),
        ("BZIP2", "csv.bz2"),
        ("zstd", "csv.zst"),
        ("deflate", "csv.deflate"),
        ("none", "csv"),
    ];
    for (codec, extension) in codecs {
        let workplace = Workplace::empty();
        let path = workplace.path().join("people");
        let path = path.to_str().expect("a path");
        let writer = people(&workplace).write().option("compression", codec);
        writer.csv(path).and_then(Load::run).expect("writable");
        let parts = std::fs::read_dir(path).expect("a directory");
        let names = parts.map(|part| part.expect("an entry").file_name().into_string());
        let names: Vec<String> = names.map(|name| name.expect("UTF-8")).collect();
        let is_part = |name: &String| name.ends_with(&format!("-c000.{extension}"));
        assert!(names.iter().any(is_part), "{codec}: {names:?}");
        let read = session().read().schema(PEOPLE).csv(path).expect("readable");
        let expected = rows(&workplace, people(&workplace));
        assert_eq!(rows(&workplace, read), expected, "{codec}");
    }
}

#[test]
fn a_compressed_file_that_is_cut_short_fails_the_step() {
    let workplace = Workplace::empty();
    let path = workplace.path().join("people");
    let path = path.to_str().expect("a path");
    let writer = people(&workplace).write().option("compression", "gzip");
    writer.csv(path).and_then(Load::run).expect("writable");
    for part in std::fs::read_dir(path).expect("a directory") {
        let part = part.expect("an entry").path();
        if part.extension().is_some_and(|extension| extension == "gz") {
            let bytes = std::fs::read(&part).expect("a file");
            std::fs::write(&part, &bytes[..bytes.len() / 2]).expect("a file");
        }
    }
    let read = session().read().schema(PEOPLE).csv(path).expect("readable");
    let output = workplace.path().join("rows");
    let failed = read.write().csv(output.to_str().expect("a path"));
    let error = failed
        .and_then(Load::run)
        .expect_err("half a file")
        .to_string();
    assert!(error.contains("csv.gz"), "{error}");
    assert!(!output.exists());
}

#[test]
fn a_text_file_is_one_column_of_its_lines_both_ways() {
    let workplace = Workplace::empty();
    let log = workplace.write("app.log", "first\r\n\n  third, \"x\"");
    let lines = session().read().text(log.to_str().expect("a path"));
    let lines = lines.expect("readable");
    assert_eq!(lines.columns(), ["value"]);
    let output = workplace.path().join("lines");
    let writer = lines.clone().write().mode(SaveMode::Overwrite);
    writer
        .text(output.to_str().expect("a path"))
        .and_then(Load::run)
        .expect("writable");
    assert_eq!(workplace.parts("lines"), "first\n\n  third, \"x\"\n");

    let counted = lines.clone().aggregate([], [("count", "*", "n")]);
    assert_eq!(rows(&workplace, counted.expect("columns")), ["3"]);
    let wide = lines.with_column("n", "1").expect("an expression");
    let refused = wide.write().text(output.to_str().expect("a path"));
    let error = refused.expect_err("two columns").to_string();
    assert!(error.contains("one column of strings"), "{error}");
}

#[test]
fn csv_without_a_schema_is_strings_named_by_the_header() {
    let workplace = Workplace::empty();
    let path = workplace.write("people.csv", "\nid,Name\n1,Ada\n2,\n");
    let path = path.to_str().expect("a path");
    let reader = || session().read().option("header", "true");
    let people = reader().csv(path).expect("readable");
    assert_eq!(people.columns(), ["id", "Name"]);
    assert_eq!(rows(&workplace, people), ["1,Ada", "2,"]);

    let unnamed = session().read().csv(path).expect("readable");
    assert_eq!(unnamed.columns(), ["_c0", "_c1"]);
    let inferred = reader().option("inferSchema", "true").csv(path);
    let schema = inferred.expect("readable").schema().expect("a schema");
    assert_eq!(schema.fields[0].data_type.to_string(), "int");
}
