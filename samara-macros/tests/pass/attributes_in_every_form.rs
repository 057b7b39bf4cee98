#![deny(warnings)]

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use samara::entry::block_on;

#[derive(Debug, Clone)]
struct Filter {
    column: String,
    limit: Option<u64>,
}

#[samara::step(attributes(table, limit, ratio, is_new, letter, cow))]
fn values(table: &str, limit: u64, ratio: f32, is_new: bool, letter: char, cow: Cow<'_, str>) {
    assert_eq!(
        (table, limit, ratio, is_new, letter, &*cow),
        ("t", 1, 0.5, true, 'c', "cow")
    );
}

#[samara::step(attributes(host, port, none = None::<&str>, first = rows.first()))]
fn options(host: Option<&str>, port: Option<&mut u16>, rows: &[String]) {
    assert!(host.is_none() && port.is_none() && rows.is_empty());
}

#[samara::step(attributes(%text, ?filter, path = %path.display(), debug = ?(1, 2),))]
fn formatted(text: impl std::fmt::Display, filter: &Filter, path: &Path) -> String {
    format!("{text}{}{}", filter.column, path.display())
}

#[samara::step(attributes(
    db.system.name = "postgres",
    db.namespace = filter.column,
    db.type = %filter.column,
    "db.limit" = filter.limit,
    "a sentence" = ?filter,
    constant = 2 * 3 + 1,
    text = "text",
    block = { let n = filter.limit; n.map(|n| n + 1) },
    called = filter.column.to_uppercase(),
    condition = if filter.limit.is_some() { 1 } else { 2 },
))]
fn keys(filter: &Filter) -> &str {
    &filter.column
}

#[samara::step(attributes(rows = rows.len(), first = rows[0], ?filter, path = %path.display()))]
fn moved(rows: Vec<String>, filter: Filter, path: PathBuf) -> (Vec<String>, Filter, PathBuf) {
    (rows, filter, path)
}

#[samara::step(attributes(rows = rows.len(), name, filter.column = filter.column, path = %path.display()))]
async fn async_moved(rows: Vec<String>, name: String, filter: Filter, path: PathBuf) -> usize {
    let taken = (rows, name, filter, path);
    std::future::ready(()).await;
    taken.0.len()
}

#[samara::step(attributes(rows = rows.len()))]
fn changed(rows: &mut Vec<u64>) -> &mut u64 {
    rows.push(1);
    &mut rows[0]
}

#[samara::step(attributes(n = *n, len = texts.iter().map(|text| text.len()).sum::<usize>()))]
async fn only_in_attributes(n: &u64, texts: &[&str]) {}

#[samara::step(attributes())]
fn none() {}

fn main() {
    values("t", 1, 0.5, true, 'c', "cow".into());
    options(None, None, &[]);
    let filter = Filter {
        column: "c".to_owned(),
        limit: None,
    };
    assert_eq!(formatted(1, &filter, Path::new("p")), "1cp");
    assert_eq!(keys(&filter), "c");
    assert_eq!(moved(vec![], filter.clone(), "p".into()).2, Path::new("p"));
    assert_eq!(
        block_on(async_moved(vec![], String::new(), filter, "p".into())),
        0
    );
    assert_eq!(changed(&mut vec![]), &1);
    block_on(only_in_attributes(&1, &["a"]));
    none();
}
