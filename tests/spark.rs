//! Cases with answers that Spark itself gave: `tests/spark/README.md` says where they come from.

mod avro;
mod case;
mod differential;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use serde::Deserialize;
use serde_json::Value;

use case::Case;
use run::Runner;

/// What Spark, or we, made of a case.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Answer {
    Rows {
        schema: Value,
        lines: Vec<String>,
    },
    /// Never Spark's: what our build refuses.
    Refused {
        refusal: String,
    },
    Failure {
        error: String,
    },
}

impl Answer {
    /// Errors agree if there is one: its words are each program's own.
    fn agrees_with(&self, spark: &Self) -> bool {
        match (self, spark) {
            (Self::Failure { .. } | Self::Refused { .. }, Self::Failure { .. }) => true,
            (
                Self::Rows { schema, lines },
                Self::Rows {
                    schema: spark_schema,
                    lines: spark_lines,
                },
            ) => schema == spark_schema && lines == spark_lines,
            _ => false,
        }
    }

    fn parts(&self) -> Vec<String> {
        match self {
            Self::Refused { refusal } => vec![format!("refuses: {refusal}")],
            Self::Failure { error } => vec![format!("fails: {error}")],
            Self::Rows { schema, lines } => {
                let fields = schema["fields"].as_array().into_iter().flatten();
                let schema = fields.map(|field| format!("schema {field}"));
                let lines = lines.iter().map(|line| format!("row {line:?}"));
                schema.chain(lines).collect()
            }
        }
    }
}

fn directory() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/spark"))
}

/// The names of the case files, and of their recordings.
fn files(directory: &Path) -> Vec<OsString> {
    let entries = std::fs::read_dir(directory.join("cases")).expect("the directory of cases");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    names
}

fn cases(file: &OsStr) -> Vec<Case> {
    Case::of_file(&directory().join("cases").join(file))
}

fn recorded(directory: &Path, file: &OsStr) -> BTreeMap<String, Answer> {
    let path = directory.join("recorded").join(file);
    let text = std::fs::read_to_string(path).expect("the recording of a case file");
    serde_json::from_str(&text).expect("recorded answers")
}

/// What only one of the two has.
fn difference(case: &Case, ours: &Answer, spark: &Answer) -> String {
    let (ours, spark) = (ours.parts(), spark.parts());
    let mut text = format!("{}\n", case.name);
    let only = |these: &[String], those: &[String]| -> Vec<String> {
        let lines = these.iter().filter(|line| !those.contains(line));
        lines.cloned().collect()
    };
    let (of_spark, of_ours) = (only(&spark, &ours), only(&ours, &spark));
    for line in &of_spark {
        let _ = writeln!(text, "  spark  {line}");
    }
    for line in &of_ours {
        let _ = writeln!(text, "  samara {line}");
    }
    if of_spark.is_empty() && of_ours.is_empty() {
        let _ = writeln!(
            text,
            "  the order, or how often a line comes: {spark:?} {ours:?}"
        );
    }
    text
}

/// A line for each case of a file whose answer is not as the file says.
fn differing(runner: &Runner, file: &OsStr) -> Vec<String> {
    let recorded = recorded(directory(), file);
    let answered = cases(file).into_iter().filter_map(|case| {
        let spark = recorded.get(&case.name)?;
        let ours = runner.answer(&case);
        match (&case.known_difference, ours.agrees_with(spark)) {
            (None, false) => Some(difference(&case, &ours, spark)),
            (Some(why), true) => Some(format!("{}\n  agrees now; it said: {why}\n", case.name)),
            _ => None,
        }
    });
    answered.collect()
}

#[test]
fn every_case_gives_the_rows_and_the_schema_that_spark_gave() {
    let files = Mutex::new(files(directory()));
    let next = || files.lock().expect("no worker panicked").pop();
    let work = || {
        let runner = Runner::new();
        let files = std::iter::from_fn(next);
        files.flat_map(|file| differing(&runner, &file)).collect()
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let differing: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let differing = workers.into_iter().map(|worker| worker.join());
        differing
            .flat_map(|differing: Result<Vec<_>, _>| differing.expect("no worker panicked"))
            .collect()
    });
    assert!(
        differing.is_empty(),
        "{} cases differ\n\n{}",
        differing.len(),
        differing.join("\n")
    );
}

#[test]
fn every_case_is_recorded_once_and_every_recording_has_its_case() {
    for file in files(directory()) {
        let cases = cases(&file);
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(
            names.len(),
            cases.len(),
            "two cases of one name in {file:?}"
        );
        let recorded = recorded(directory(), &file);
        let recorded: BTreeSet<&str> = recorded.keys().map(String::as_str).collect();
        assert_eq!(
            names, recorded,
            "run tests/spark/record.py again for {file:?}"
        );
    }
}

/// `tests/spark/README.md` says how to generate and record a directory.
#[test]
#[ignore = "needs SAMARA_SPARK_CASES, a directory of generated cases with Spark's answers"]
fn generated_cases_give_what_spark_gave() {
    let directory = std::env::var_os("SAMARA_SPARK_CASES").expect("SAMARA_SPARK_CASES");
    let found = differential::relations(Path::new(&directory));
    for (relation, cases) in &found {
        if !relation.agrees() {
            println!("\n# {relation:?}\n\n{}", cases.join("\n"));
        }
    }
    for (relation, cases) in &found {
        println!("{relation:?}: {}", cases.len());
    }
    assert!(found.keys().all(|relation| relation.agrees()));
}

/// The functions that docs/functions.md calls supported; a test of the runtime holds it to the code.
fn supported() -> Vec<String> {
    let path = directory().join("../../docs/functions.md");
    let text = std::fs::read_to_string(path).expect("the documentation of functions");
    let (_, rest) = text.split_once("## Supported").expect("what is supported");
    let (table, _) = rest.split_once("\nSome take less").expect("its end");
    let names = table.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

/// Whether a text has a call of a function.
fn calls(text: &str, function: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(&format!("{function}(")).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    })
}

#[test]
fn every_function_that_is_documented_as_supported_gives_sparks_answer_to_some_case() {
    let agreeing: Vec<String> = files(directory())
        .iter()
        .flat_map(|file| {
            let recorded = recorded(directory(), file);
            let cases = cases(file).into_iter();
            let agreeing = cases.filter(move |case| {
                let answer = recorded.get(&case.name);
                case.known_difference.is_none() && matches!(answer, Some(Answer::Rows { .. }))
            });
            agreeing.map(|case| case.name)
        })
        .collect();
    let functions = supported().into_iter();
    let missing: Vec<String> = functions
        .filter(|function| !agreeing.iter().any(|case| calls(case, function)))
        .collect();
    assert_eq!(missing, Vec::<String>::new());
}
