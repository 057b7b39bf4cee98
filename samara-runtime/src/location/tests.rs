use super::*;

fn path(text: &str) -> Result<String, LocationError> {
    Location::parse(text).map(|location| location.path().to_owned())
}

fn refusal(text: &str) -> String {
    path(text).expect_err(text).to_string()
}

#[test]
fn a_location_is_a_path_of_this_machine_as_hadoop_reads_it() {
    for (text, expected) in [
        ("data/orders", "data/orders"),
        ("/data/orders", "/data/orders"),
        ("data//orders/", "data/orders"),
        ("./data/../in/./orders", "in/orders"),
        ("../in/../../orders", "../../orders"),
        ("/../data", "/data"),
        ("in/..", "."),
        ("//data/orders", "/data/orders"),
        (" data/orders ", " data/orders "),
        ("data/a%20b.csv", "data/a%20b.csv"),
        ("data/a.csv?b#c", "data/a.csv?b#c"),
        ("~/data", "~/data"),
        ("data/10:30.csv", "data/10:30.csv"),
        ("./10:30.csv", "10:30.csv"),
        ("/a:b/c", "/a:b/c"),
    ] {
        assert_eq!(path(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_location_with_the_scheme_of_files_is_a_path_of_this_machine() {
    for text in [
        "file:/data/a%20b",
        "file:///data/a%20b",
        "FILE:///data/a%20b/",
        "File:////data//./a%20b",
        "file://localhost/data/a%20b",
    ] {
        assert_eq!(path(text).as_deref(), Ok("/data/a%20b"), "{text}");
    }
    assert_eq!(path("file:///").as_deref(), Ok("/"));
    assert_eq!(path("file://").as_deref(), Ok("/"));
}

#[test]
fn a_location_with_another_scheme_is_refused_and_the_way_out_is_named() {
    for text in [
        "s3://bucket/orders",
        "s3a:/bucket/orders",
        "gs://bucket/orders",
        "abfss://container@account.dfs.core.windows.net/orders",
        "wasbs://c@a/x",
        "hdfs://name-node:8020/orders",
        "http://example.com/orders.csv",
        "https://example.com/orders.csv",
        "ftp://h/x",
        "dbfs:/orders",
        "memory:x",
        "10:30.csv",
        "a:b.csv",
        ":orders",
        "{a:b,c}.csv",
    ] {
        let scheme = text.split(':').next().unwrap();
        let refusal = refusal(text);
        assert!(
            refusal.starts_with(&format!("`{text}`: the scheme `{scheme}` is not supported")),
            "{refusal}"
        );
        assert!(refusal.contains("`file:///data/orders`") && refusal.contains("`./`"));
    }
}

#[test]
fn a_location_that_is_nearly_one_is_refused_in_its_own_words() {
    assert_eq!(refusal(""), "a location must not be empty");
    for text in [r"C:\data\orders", "c:/data"] {
        assert!(refusal(text).contains("a path of Windows"), "{text}");
    }
    assert!(refusal("file://data/orders").contains("`file:///data/…`"));
    assert!(refusal("file:orders.csv").contains("no slash after `file:`"));
    assert!(refusal("file:").contains("no slash after `file:`"));
}

#[test]
fn what_a_text_shows_of_a_location_is_judged_before_its_variables_are_known() {
    let wrong = |text: &str, used| {
        let checked = check(text, used);
        checked.map_err(|(range, error)| (text[range].to_owned(), error.to_string()))
    };
    for (text, part) in [
        ("s3://${BUCKET}/orders", "s3:"),
        ("${DATA:-s3://bucket}/orders", "s3:"),
        ("file://data/${DAY}", "data"),
        ("file:data", "file:d"),
        ("C:/${DAY}", "C:"),
        ("${DATA}/days/[ab/x.csv", "[ab"),
        ("${DATA}/{a,b", "{a,b"),
        ("${A}x[a", "${A}x[a"),
        ("in/{a,{b}.csv", "{a,{b}.csv"),
        ("in/[b-a].csv", "[b-a].csv"),
        ("{a/x,s3://b}.csv", "s3:"),
        ("{a/x,file:/b}.csv", "{a/x,file:/b}.csv"),
    ] {
        let Err((found, message)) = wrong(text, Use::Read) else {
            panic!("{text}")
        };
        assert_eq!(found, part, "{text}: {message}");
    }
    for text in [
        "${STORE}://bucket/orders",
        "${DATA}:x",
        "file://${DATA}/orders",
        "file:${DATA}",
        "${SCHEME:-file}:///data",
        "${A}/{${B},${C}}/[${D}]*.csv",
        "${DATA:-data}/10:30.csv",
    ] {
        assert_eq!(wrong(text, Use::Read), Ok(()), "{text}");
    }
    assert_eq!(wrong("out/[a", Use::Write), Ok(()));
}

#[test]
fn braces_that_stand_for_too_many_paths_are_an_error_and_no_hang() {
    let many = "{a/,b/}".repeat(40);
    let error = check(&many, Use::Read).unwrap_err().1.to_string();
    assert!(error.contains("more than 10000 patterns"), "{error}");
    let deep = format!("{}a{}", "{".repeat(5000), "}".repeat(5000));
    let error = check(&deep, Use::Read).unwrap_err().1.to_string();
    assert!(error.contains("too deeply nested"), "{error}");
}
