//! Operators over ten times as much as they may hold: they finish, with every row, by spilling.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt as _;
use tempfile::NamedTempFile;

use super::{LEAST, Memory};
use crate::engine::boundary::Work;
use crate::{DataFrame, Join, RunSettings, Session, asc};

const ROWS: i64 = 400_000;

/// Every row twice: its number, the number's half, one of four quarters, and a text of 100 characters. In a place that the next run of the
/// tests takes again: what a static holds is never dropped.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut text = String::new();
    for row in 0..ROWS {
        // A prime that does not divide the count: every number once, in no order.
        let id = row * 100_003 % ROWS / 2;
        let _ = writeln!(text, "{id},{},q{},{id:0>100}", id / 2, id % 4);
    }
    assert!(text.len() as u64 > 10 * LEAST);
    let path = std::env::temp_dir().join("samara-memory-tests.csv");
    let file = NamedTempFile::new().unwrap();
    std::fs::write(&file, &text).unwrap();
    file.persist(&path).unwrap();
    path
});

fn session() -> Session {
    Session::new(&RunSettings {
        memory_limit: Some("1B".parse().unwrap()),
        threads: NonZeroUsize::new(2),
        ..RunSettings::default()
    })
    .unwrap()
}

fn rows(session: &Session) -> DataFrame {
    let schema = [
        ("id", "bigint"),
        ("half", "bigint"),
        ("quarter", "string"),
        ("text", "string"),
    ];
    session
        .read()
        .schema(schema)
        .csv(FILE.to_str().unwrap())
        .unwrap()
}

/// Runs a frame, looking at each batch; the bytes that were spilled.
fn run(frame: DataFrame, mut look: impl FnMut(&RecordBatch)) -> u64 {
    let session = frame.session.clone();
    session.runtime().block_on(async {
        let plan = session.physical(vec![frame.plan]).await.unwrap().remove(0);
        let merged = execute_stream(Arc::clone(&plan), session.state().task_ctx());
        let mut batches = merged.unwrap();
        while let Some(batch) = batches.next().await {
            look(&batch.unwrap());
        }
        Work::of(&plan).spilled_bytes.unwrap_or(0)
    })
}

/// The values of a column of numbers, and the bytes that were spilled.
fn numbers(frame: DataFrame, column: usize) -> (Vec<i64>, u64) {
    let mut numbers = Vec::new();
    let spilled = run(frame, |batch| {
        let column = batch.column(column).as_primitive::<Int64Type>();
        assert_eq!(column.null_count(), 0);
        numbers.extend_from_slice(column.values());
    });
    (numbers, spilled)
}

fn assert_each_once(numbers: Vec<i64>, count: i64) {
    assert_eq!(numbers.len() as i64, count);
    let different: HashSet<i64> = numbers.into_iter().collect();
    assert_eq!(different, (0..count).collect());
}

#[test]
fn a_process_without_a_limit_leaves_a_fifth_of_the_machine() {
    let mut machine = sysinfo::System::new().unwrap();
    machine.refresh_memory();
    let most = machine.total_memory() / 5 * 4;
    let pool = Memory::of_process(None, 2).pool as u64;
    assert!(LEAST <= pool && pool < most, "{pool} of {most}");
}

#[test]
fn a_sort_spills() {
    let sorted = rows(&session()).order_by([asc("text")]).unwrap();
    let (ids, spilled) = numbers(sorted, 0);
    assert!(ids.is_sorted());
    assert_eq!(ids.len() as i64, ROWS);
    assert!(spilled > 0);
}

#[test]
fn distinct_rows_spill() {
    let (ids, spilled) = numbers(rows(&session()).distinct().unwrap(), 0);
    assert_each_once(ids, ROWS / 2);
    assert!(spilled > 0);
}

#[test]
fn duplicates_by_key_spill() {
    let frame = rows(&session()).drop_duplicates(["id"]).unwrap();
    let (ids, spilled) = numbers(frame, 0);
    assert_each_once(ids, ROWS / 2);
    assert!(spilled > 0);
}

#[test]
fn groups_spill() {
    let totals = [
        ("sum", "half", "sum"),
        ("max", "text", "max"),
        ("count", "*", "count"),
    ];
    let frame = rows(&session()).aggregate(["text", "id"], totals).unwrap();
    let (sums, spilled) = numbers(frame, 2);
    assert_eq!(sums.len() as i64, ROWS / 2);
    assert_eq!(
        sums.iter().sum::<i64>(),
        (0..ROWS / 2).map(|id| id / 2 * 2).sum::<i64>()
    );
    assert!(spilled > 0);
}

#[test]
fn a_join_spills() {
    let session = session();
    let once = rows(&session).drop_duplicates(["id"]).unwrap();
    let joined = rows(&session).join(once, ["id"], Join::Inner).unwrap();
    let (ids, spilled) = numbers(joined, 0);
    assert_eq!(ids.len() as i64, ROWS);
    assert_eq!(
        ids.iter().sum::<i64>(),
        (0..ROWS / 2).map(|id| 2 * id).sum::<i64>()
    );
    assert!(spilled > 0);
}

#[test]
fn a_pivot_spills() {
    let frame = rows(&session())
        .pivot(["text", "id"], "quarter", "count", "id")
        .unwrap();
    assert_eq!(frame.columns(), ["text", "id", "q0", "q1", "q2", "q3"]);
    let (ids, spilled) = numbers(frame, 1);
    assert_each_once(ids, ROWS / 2);
    assert!(spilled > 0);
}

#[test]
fn a_cached_frame_spills_and_is_read_again() {
    let frame = rows(&session()).cache().unwrap();
    for _ in 0..2 {
        let (ids, _) = numbers(frame.clone(), 0);
        assert_eq!(ids.len() as i64, ROWS);
        assert_eq!(
            ids.iter().sum::<i64>(),
            (0..ROWS / 2).map(|id| 2 * id).sum::<i64>()
        );
    }
}

#[test]
fn what_cannot_spill_says_so_and_names_the_limit() {
    let all = [("collect_list", "text", "all")];
    let frame = rows(&session()).aggregate([], all).unwrap();
    let output = tempfile::tempdir().unwrap();
    let location = output.path().join("all");
    let failed = frame
        .write()
        .json(location.to_str().unwrap())
        .unwrap()
        .run();
    let error = failed.unwrap_err().to_string();
    assert!(error.contains("--memory-limit"), "{error}");
    assert!(!location.exists());
}

#[test]
fn nothing_of_what_was_spilled_has_a_name() {
    let directory = tempfile::tempdir().unwrap();
    let session = Session::new(&RunSettings {
        memory_limit: Some("1B".parse().unwrap()),
        spill_dir: Some(directory.path().to_owned()),
        ..RunSettings::default()
    });
    let sorted = rows(&session.unwrap()).order_by([asc("text")]).unwrap();
    let names = |path: &Path| std::fs::read_dir(path).unwrap().count();
    let spilled = run(sorted, |_| assert_eq!(names(directory.path()), 0));
    assert!(spilled > 0);
}

#[test]
fn a_directory_that_cannot_be_spilled_to_is_named() {
    let settings = RunSettings {
        memory_limit: Some("1B".parse().unwrap()),
        spill_dir: Some("/no/such/directory".into()),
        ..RunSettings::default()
    };
    let sorted = rows(&Session::new(&settings).unwrap())
        .order_by([asc("text")])
        .unwrap();
    let output = tempfile::tempdir().unwrap();
    let location = output.path().join("sorted");
    let failed = sorted
        .write()
        .csv(location.to_str().unwrap())
        .unwrap()
        .run();
    let error = failed.unwrap_err().to_string();
    assert!(
        error.contains("/no/such/directory") && error.contains("--spill-dir"),
        "{error}"
    );
}
