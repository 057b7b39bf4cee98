//! Frames with several readers, over files that can be read once only: named pipes.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};

use flate2::Compression;
use flate2::write::GzEncoder;
use samara::{DataFrame, Error, Join, Load, Result, RunSettings, SaveMode, Session, desc};

use crate::program::Workplace;

const ROWS: usize = 30_000;

/// A pipe that gives its rows to whoever opens it first, and is gone then.
struct Pipe {
    path: PathBuf,
    writer: JoinHandle<()>,
}

impl Pipe {
    fn new(workplace: &Workplace) -> Self {
        Self::named(workplace, "orders.csv.gz", |pipe| {
            let mut compressed = GzEncoder::new(pipe, Compression::fast());
            write_rows(&mut compressed);
            compressed.finish().expect("a reader");
        })
    }

    fn plain(workplace: &Workplace) -> Self {
        Self::named(workplace, "orders.csv", |pipe| {
            write_rows(&mut BufWriter::new(pipe));
        })
    }

    fn named(workplace: &Workplace, name: &str, write: fn(File)) -> Self {
        let path = workplace.path().join(name);
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
        let at = path.clone();
        let writer = thread::spawn(move || {
            let pipe = File::options().write(true).open(&at).expect("a reader");
            fs::remove_file(&at).expect("a pipe");
            write(pipe);
        });
        Self { path, writer }
    }

    fn was_read(self) {
        self.writer.join().expect("all of it");
        assert!(!self.path.exists());
    }
}

fn write_rows(pipe: &mut impl Write) {
    for row in 0..ROWS {
        writeln!(pipe, "{row},{},q{}", row % 7, row % 4).expect("a reader");
    }
}

#[samara::step(id = "extract-orders", kind = "extract")]
fn extract(session: &Session, path: &Path) -> Result<DataFrame> {
    let reader = session
        .read()
        .schema([("id", "int"), ("shop", "int"), ("quarter", "string")]);
    reader.csv(path.to_str().expect("UTF-8"))
}

#[samara::step(id = "transform-count", kind = "transform")]
fn count(orders: DataFrame) -> Result<DataFrame> {
    orders.aggregate(["shop"], [("count", "*", "n")])
}

#[samara::step(id = "transform-join", kind = "transform")]
fn join(orders: DataFrame, counts: DataFrame) -> Result<DataFrame> {
    orders
        .join(counts, ["shop"], Join::Inner)?
        .order_by([desc("id")])
}

#[samara::step(id = "transform-pivot", kind = "transform")]
fn pivot(orders: DataFrame) -> Result<DataFrame> {
    orders.pivot(["shop"], "quarter", "count", "id")
}

#[samara::step(id = "load", kind = "load")]
fn load(frame: DataFrame, path: PathBuf) -> Result<Load> {
    frame
        .write()
        .mode(SaveMode::Overwrite)
        .csv(path.to_str().expect("UTF-8"))
}

fn session() -> Session {
    Session::new(&RunSettings::default()).expect("a session")
}

fn lines(workplace: &Workplace, name: &str) -> usize {
    workplace.parts(name).lines().count()
}

#[test]
fn a_source_of_several_loads_and_of_a_join_with_itself_is_read_once() {
    let workplace = Workplace::empty();
    let (pipe, session) = (Pipe::new(&workplace), session());
    let output = |name: &str| workplace.path().join(name);
    let orders = extract(&session, &pipe.path).expect("a plan");
    let counts = count(orders.clone()).expect("a plan");
    let joined = join(orders.clone(), counts.clone()).expect("a plan");
    let loads = [
        load(orders, output("orders")),
        load(counts, output("counts")),
        load(joined, output("joined")),
    ];
    session
        .run(loads.map(|load| load.expect("a load")))
        .expect("a run");
    pipe.was_read();
    assert_eq!(lines(&workplace, "orders"), ROWS);
    assert_eq!(lines(&workplace, "counts"), 7);
    let joined = workplace.parts("joined");
    let first = format!(
        "{},{},q{},{}",
        (ROWS - 1) % 7,
        ROWS - 1,
        (ROWS - 1) % 4,
        ROWS / 7 + 1
    );
    assert_eq!(joined.lines().count(), ROWS);
    assert!(
        joined.starts_with(&first),
        "in the order asked for, {:?}",
        joined.lines().next()
    );
}

#[test]
fn a_cached_source_of_a_pivot_and_a_load_is_read_once() {
    let workplace = Workplace::empty();
    let (pipe, session) = (Pipe::new(&workplace), session());
    let orders = extract(&session, &pipe.path)
        .and_then(DataFrame::cache)
        .expect("a plan");
    let report = pivot(orders.clone()).expect("a plan");
    let loads = [("report", report), ("orders", orders)]
        .map(|(name, frame)| load(frame, workplace.path().join(name)).expect("a load"));
    session.run(loads).expect("a run");
    pipe.was_read();
    assert_eq!(lines(&workplace, "report"), 7);
    assert_eq!(lines(&workplace, "orders"), ROWS);
}

#[test]
fn a_load_that_fails_leaves_all_outputs_of_its_run_as_they_were() {
    let workplace = Workplace::empty();
    let path = workplace.write("orders.csv", "1,1,q1\n2,2,q2\n");
    let session = session();
    let orders = extract(&session, &path).expect("a plan");
    let wrong = orders.clone().cast([("quarter", "int")]).expect("a plan");
    let loads = [("orders", orders), ("wrong", wrong)]
        .map(|(name, frame)| load(frame, workplace.path().join(name)).expect("a load"));
    let failed = session.run(loads).expect_err("no number");
    assert!(
        matches!(failed, Error::Engine(_) | Error::Step { .. }),
        "{failed}"
    );
    assert!(!workplace.path().join("orders").exists());
    assert!(!workplace.path().join("wrong").exists());
}

#[test]
fn a_pipe_that_is_not_compressed_has_no_length_and_is_read_to_its_end() {
    let workplace = Workplace::empty();
    let (pipe, session) = (Pipe::plain(&workplace), session());
    let orders = extract(&session, &pipe.path).expect("a plan");
    let load = load(orders, workplace.path().join("orders"));
    session.run([load.expect("a load")]).expect("a run");
    pipe.was_read();
    assert_eq!(lines(&workplace, "orders"), ROWS);
}
