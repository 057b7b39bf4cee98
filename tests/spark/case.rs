//! The case files.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A file that a case reads.
#[derive(Debug, Clone, Deserialize)]
pub struct Input {
    pub data_format: String,
    /// None, if the types are inferred.
    #[serde(default)]
    pub schema: Option<Value>,
    #[serde(default)]
    pub options: Map<String, Value>,
    /// The input in whose directory it is, if it has none of its own.
    #[serde(default, rename = "in")]
    pub within: Option<String>,
    /// What is read in the directory.
    #[serde(default)]
    pub location: Option<String>,
    #[serde(flatten)]
    pub content: Option<Content>,
}

/// What is at an input's location.
#[derive(Debug, Clone, Deserialize)]
pub enum Content {
    #[serde(rename = "text")]
    Text(String),
    /// In hexadecimal.
    #[serde(rename = "bytes")]
    Bytes(String),
    #[serde(rename = "files")]
    Files(BTreeMap<String, Content>),
    /// What stands in this file, or directory, of `files`.
    #[serde(rename = "file")]
    File(String),
}

impl Content {
    /// Writes a file, or a directory, unless it stands in one already.
    pub fn write(&self, path: &Path) {
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        match self {
            Self::Text(text) => std::fs::write(path, text).expect("a file"),
            Self::Bytes(bytes) => {
                std::fs::write(path, of_hexadecimal(bytes)).expect("a file");
            }
            Self::Files(files) => {
                std::fs::create_dir_all(path).expect("a directory");
                for (name, content) in files {
                    content.write(&path.join(name));
                }
            }
            Self::File(_) => {}
        }
    }
}

fn of_hexadecimal(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).expect("two digits"));
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).expect("a byte"))
        .collect()
}

/// Functions over inputs, and how the result is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    pub from: String,
    pub functions: Vec<Value>,
    pub data_format: String,
    /// The writer's.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Whether the order of rows counts.
    #[serde(default)]
    pub ordered: bool,
    /// The session's, if it is not UTC.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Why the answer is another one than Spark's.
    #[serde(default)]
    pub known_difference: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    inputs: BTreeMap<String, Input>,
    #[serde(default)]
    cases: Vec<Case>,
    #[serde(default)]
    expressions: Vec<String>,
    /// By the session's time zone.
    #[serde(default)]
    expressions_in: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    known_differences: Vec<Known>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Known {
    Expression {
        expression: String,
        #[serde(default)]
        time_zone: Option<String>,
        known_difference: String,
    },
    Case(Case),
}

impl Case {
    /// The cases of a file.
    pub fn of_file(path: &Path) -> Vec<Self> {
        let text = std::fs::read_to_string(path).expect("a case file");
        let file: CaseFile = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        file.cases()
    }

    /// An expression as a case that shows its value beside the column `id`.
    fn of_expression(expression: &str, time_zone: Option<&str>) -> Self {
        Self {
            name: match time_zone {
                Some(zone) => format!("{expression} in {zone}"),
                None => expression.to_owned(),
            },
            inputs: BTreeMap::new(),
            from: "typed".to_owned(),
            functions: vec![
                json!({"function_type": "withColumn", "arguments": {"col_name": "x", "col_expr": expression}}),
                json!({"function_type": "select", "arguments": {"columns": ["id", "x"]}}),
            ],
            data_format: "json".to_owned(),
            options: Map::new(),
            ordered: false,
            time_zone: time_zone.map(str::to_owned),
            known_difference: None,
        }
    }
}

impl CaseFile {
    fn cases(self) -> Vec<Case> {
        let expressions = self.expressions.iter();
        let expressions = expressions.map(|text| Case::of_expression(text, None));
        let zoned = self.expressions_in.iter().flat_map(|(zone, texts)| {
            let texts = texts.iter();
            texts.map(|text| Case::of_expression(text, Some(zone)))
        });
        let known = self.known_differences.into_iter().map(|known| match known {
            Known::Expression {
                expression,
                time_zone,
                known_difference,
            } => Case {
                known_difference: Some(known_difference),
                ..Case::of_expression(&expression, time_zone.as_deref())
            },
            Known::Case(case) => case,
        });
        let cases = self.cases.into_iter().chain(expressions).chain(zoned);
        let cases = cases.chain(known);
        cases
            .map(|mut case| {
                let shared = self.inputs.clone().into_iter();
                let own = std::mem::take(&mut case.inputs);
                case.inputs = shared.chain(own).collect();
                case
            })
            .collect()
    }
}
