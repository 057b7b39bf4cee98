//! Generated cases against what Spark answered: how they differ, by kind.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::Value;

use super::case::Case;
use super::run::Runner;
use super::{Answer, difference, files, recorded};

/// How an answer relates to Spark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    Same,
    BothFail,
    /// The same rows; what is said of nulls differs.
    Nullability,
    /// The same rows; types or names differ.
    Schema,
    /// The same rows, but for the digits with which a double is written.
    DigitsOfText,
    /// The same rows, but for what follows the twelfth digit of a double.
    LastDigits,
    /// The same rows, but for what follows the sixth digit, that of a float.
    DigitsOfFloat,
    /// Refused at build, where Spark has an answer.
    Refused,
    /// Fails, or panics, where Spark has an answer.
    OnlyWeFail,
    OnlySparkFails,
    Rows,
}

impl Relation {
    pub fn agrees(self) -> bool {
        matches!(self, Self::Same | Self::BothFail)
    }

    fn between(ours: &Answer, spark: &Answer) -> Self {
        let (schema, lines, spark_schema, spark_lines) = match (ours, spark) {
            (Answer::Rows { .. }, Answer::Failure { .. }) => return Self::OnlySparkFails,
            (_, Answer::Failure { .. }) => return Self::BothFail,
            (Answer::Refused { .. }, _) => return Self::Refused,
            (
                Answer::Rows { schema, lines },
                Answer::Rows {
                    schema: spark_schema,
                    lines: spark_lines,
                },
            ) => (schema, lines, spark_schema, spark_lines),
            _ => return Self::OnlyWeFail,
        };
        let alike = |digits| rounded(lines, digits) == rounded(spark_lines, digits);
        match lines == spark_lines {
            true if schema == spark_schema => Self::Same,
            true if without_nulls(schema) == without_nulls(spark_schema) => Self::Nullability,
            true => Self::Schema,
            false if alike(17) => Self::DigitsOfText,
            false if alike(12) => Self::LastDigits,
            false if alike(6) => Self::DigitsOfFloat,
            false => Self::Rows,
        }
    }
}

/// Lines whose numbers with a fraction have so many digits.
fn rounded(lines: &[String], digits: usize) -> Vec<String> {
    let mut lines: Vec<String> = lines
        .iter()
        .map(|line| rounded_line(line, digits))
        .collect();
    lines.sort();
    lines
}

fn rounded_line(line: &str, digits: usize) -> String {
    let of_number = |c: char| c.is_ascii_digit() || "+-.E".contains(c);
    let mut text = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c| !of_number(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        match run.parse::<f64>() {
            Ok(number) if run.contains(['.', 'E']) => {
                let _ = write!(text, "{number:.*e}", digits - 1);
            }
            _ => text.push_str(run),
        }
        let start = after.find(of_number).unwrap_or(after.len());
        text.push_str(&after[..start]);
        rest = &after[start..];
    }
    text
}

/// A schema in which everything may be null.
fn without_nulls(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let is_nullability =
                    ["nullable", "containsNull", "valueContainsNull"].contains(&name.as_str());
                (
                    name.clone(),
                    if is_nullability {
                        Value::Bool(true)
                    } else {
                        without_nulls(value)
                    },
                )
            });
            Value::Object(members.collect())
        }
        Value::Array(values) => values.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

/// The cases of a directory by their relation to Spark's answer, each with what differs.
pub fn relations(directory: &Path) -> BTreeMap<Relation, Vec<String>> {
    let runner = Runner::new();
    let mut found: BTreeMap<Relation, Vec<String>> = BTreeMap::new();
    for file in files(directory) {
        let recorded = recorded(directory, &file);
        for case in Case::of_file(&directory.join("cases").join(&file)) {
            let spark = &recorded[&case.name];
            let ours = answer(&runner, &case);
            let text = match Relation::between(&ours, spark) {
                relation if relation.agrees() => case.name.clone(),
                _ => difference(&case, &ours, spark) + &made_of(&case),
            };
            found
                .entry(Relation::between(&ours, spark))
                .or_default()
                .push(text);
        }
    }
    found
}

fn answer(runner: &Runner, case: &Case) -> Answer {
    let answer = catch_unwind(AssertUnwindSafe(|| runner.answer(case)));
    answer.unwrap_or_else(|_| Answer::Failure {
        error: "a panic".to_owned(),
    })
}

/// The functions of a case, a line each.
fn made_of(case: &Case) -> String {
    let functions = case.functions.iter();
    functions
        .map(|function| {
            let name = function["function_type"].as_str().unwrap_or_default();
            format!("    {name} {}\n", function["arguments"])
        })
        .collect()
}
