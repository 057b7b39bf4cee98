//! The file as a whole, workflows, jobs, and what they read and write.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Entries, Function, Hooks};
use crate::source::Spanned;

/// A Samara file: a workflow, the alerts about it, or both.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The JSON schema that an editor checks this file against.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// What to run.
    pub workflow: Option<Spanned<Workflow>>,
    /// Whom to tell when it fails; its own schema describes it.
    pub alert: Option<Spanned<Value>>,
}

/// Jobs that run one after the other; the first that fails ends the run.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// The workflow's name, which the compiled program gets too.
    pub id: Spanned<String>,
    /// What the workflow is for.
    #[serde(default)]
    pub description: String,
    /// The workflow's version, such as `1.4.0`, which the compiled program and its telemetry name. Samara on Spark has no such field.
    pub version: Option<String>,
    /// Whether the workflow does anything at all.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// The jobs, in the order in which they run.
    pub jobs: Vec<Spanned<Job>>,
}

/// Reads, transforms and writes data.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// The job's name.
    pub id: Spanned<String>,
    /// What the job is for.
    #[serde(default)]
    pub description: String,
    /// Whether the job runs; a disabled job is skipped.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// What runs the job. Both names mean the same engine, with the semantics of Spark.
    #[serde(default)]
    pub engine_type: Engine,
    /// What the job reads.
    #[serde(default)]
    pub extracts: Vec<Spanned<Extract>>,
    /// What it does with the data; each transform may use extracts and earlier transforms.
    #[serde(default)]
    pub transforms: Vec<Spanned<Transform>>,
    /// What it writes.
    #[serde(default)]
    pub loads: Vec<Spanned<Load>>,
    /// What else happens when the job starts and ends.
    #[serde(default)]
    pub hooks: Hooks,
}

/// What runs a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The name in files written for Samara on Spark.
    #[default]
    Spark,
    /// The name of the engine that runs the job.
    Datafusion,
}

/// Reads data from files.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extract {
    /// The name by which transforms and loads refer to the data; unique in its job.
    pub id: Spanned<String>,
    /// Where the data is; only files so far.
    #[serde(default)]
    pub extract_type: FileKind,
    /// Whether the data is read once, or as it arrives. Default: `batch`.
    pub method: Option<Spanned<Method>>,
    /// The format of the files.
    pub data_format: Spanned<Format>,
    /// A file, a directory of files, or a glob, relative to the directory in which the program runs.
    pub location: Spanned<String>,
    /// The data's columns and types: a path to a JSON file in Spark's form, or that JSON itself as a string. Empty: found out from the data.
    #[serde(default, deserialize_with = "unless_empty")]
    pub schema: Option<Spanned<String>>,
    /// How to read the format, as the options of Spark's reader: `header`, `sep`, `nullValue`, …
    #[serde(default)]
    pub options: Entries<Value>,
}

/// Makes one data set out of another, step by step.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Transform {
    /// The name by which later transforms and loads refer to the result; unique in its job.
    pub id: Spanned<String>,
    /// The extract or earlier transform whose data is transformed.
    pub upstream_id: Spanned<String>,
    /// Settings of the engine for this transform.
    #[serde(default)]
    pub options: Entries<Value>,
    /// What to do, in this order.
    pub functions: Vec<Spanned<Function>>,
}

/// Writes data into a directory of files.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// The load's name; unique in its job.
    pub id: Spanned<String>,
    /// The extract or transform whose data is written.
    pub upstream_id: Spanned<String>,
    /// Where the data goes; only files so far.
    #[serde(default)]
    pub load_type: FileKind,
    /// Whether the data is written once, or as it arrives. Default: `batch`.
    pub method: Option<Spanned<Method>>,
    /// The format of the files.
    pub data_format: Spanned<Format>,
    /// The directory to write, relative to the directory in which the program runs.
    pub location: Spanned<String>,
    /// What to do if the directory has data already.
    pub mode: Spanned<SaveMode>,
    /// A path for the JSON description of the columns that were written. Empty: none is written.
    #[serde(default, deserialize_with = "unless_empty")]
    pub schema_export: Option<Spanned<String>>,
    /// How to write the format, as the options of Spark's writer: `header`, `sep`, `compression`, …
    #[serde(default)]
    pub options: Entries<Value>,
}

/// Where data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// In files.
    #[default]
    File,
}

/// When data is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// All at once.
    #[default]
    Batch,
    /// As it arrives.
    Streaming,
}

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON object a line; with `multiLine`, one document a file.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Apache Avro.
    Avro,
    /// Apache ORC.
    Orc,
    /// Lines of text, in one column `value`.
    Text,
}

/// What to do if there is data already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SaveMode {
    /// Replace it.
    Overwrite,
    /// Add to it.
    Append,
    /// Leave it, and write nothing.
    Ignore,
    /// Fail.
    Error,
    /// Fail: another name of `error`.
    ErrorIfExists,
}

/// What has no `enabled` is.
pub(super) fn enabled() -> bool {
    true
}

/// In these fields an empty string says as much as no field at all.
fn unless_empty<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Spanned<String>>, D::Error> {
    let text = Option::<Spanned<String>>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.value.is_empty()))
}
