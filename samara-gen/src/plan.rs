//! The typed plan: a workflow whose ids, columns, types and options were all proved by `check`.
//!
//! Every text in it is data of the person who wrote the workflow. What a plan promises is that names resolve: an index into
//! [`Job::steps`] points to an earlier step of the same job that gives a frame. So `emit` cannot fail on it.

use std::collections::BTreeSet;

use samara::{Format, Join, SaveMode, variables};

/// A workflow, ready to be written as Rust.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The id of the workflow; its package and binary are named after it.
    pub id: String,
    /// What a person says about the workflow; may be empty.
    pub description: String,
    /// Whether the workflow runs at all. A disabled one compiles to a program that runs no job.
    pub enabled: bool,
    /// The jobs, in the order in which they run.
    pub jobs: Vec<Job>,
    /// The alert configuration that the binary carries, as JSON.
    pub alerts: Option<String>,
    /// The text that all of this came from.
    pub source: SourceFile,
}

impl Plan {
    /// The variables that locations of enabled jobs need, sorted.
    pub fn needs(&self) -> BTreeSet<&str> {
        let locations = self.steps().flat_map(Step::locations);
        locations.flat_map(variables::needed).collect()
    }

    /// The locations that enabled jobs read, each once, in their order; without those that a load before writes.
    pub fn inputs(&self) -> Vec<&str> {
        let mut written: Vec<&str> = Vec::new();
        let mut inputs = Vec::new();
        for step in self.steps() {
            match step {
                Step::Extract(extract) => {
                    let location = extract.location.as_str();
                    if !written.contains(&directory(location)) && !inputs.contains(&location) {
                        inputs.push(location);
                    }
                }
                Step::Transform(_) => {}
                Step::Load(load) => written.push(directory(&load.location)),
            }
        }
        inputs
    }

    /// The locations that enabled jobs write, each once, in their order.
    pub fn outputs(&self) -> Vec<&str> {
        let loads = self.steps().filter(|step| matches!(step, Step::Load(_)));
        let mut outputs = Vec::new();
        for location in loads.flat_map(Step::locations) {
            if !outputs.contains(&location) {
                outputs.push(location);
            }
        }
        outputs
    }

    /// The steps that run.
    fn steps(&self) -> impl Iterator<Item = &Step> {
        let jobs = self.jobs.iter().filter(|job| self.enabled && job.enabled);
        jobs.flat_map(|job| &job.steps)
    }
}

/// The location without a `/` at its end.
fn directory(location: &str) -> &str {
    location.trim_end_matches('/')
}

/// A workflow's text under its own name, kept beside the Rust that it became.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFile {
    /// The file's name, without the folder that it lies in.
    pub name: String,
    /// All of its text.
    pub text: String,
    /// `sha256:` and the SHA-256 of the file.
    pub digest: String,
}

/// One job of a workflow.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The id of the job, as the workflow spells it.
    pub id: String,
    /// What a person says about the job; may be empty.
    pub description: String,
    /// Whether the job runs. A disabled one is left out of the crate.
    pub enabled: bool,
    /// Extracts, then transforms, then loads, each in the workflow's order. Empty if the job is disabled.
    pub steps: Vec<Step>,
    /// What else happens when the job starts and ends. None if the job is disabled.
    pub hooks: Hooks,
}

/// The enabled hooks of a job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hooks {
    /// Before the job does anything.
    pub on_start: Vec<Hook>,
    /// After the job failed.
    pub on_error: Vec<Hook>,
    /// After the job succeeded.
    pub on_success: Vec<Hook>,
    /// At the end, whatever happened.
    pub on_finally: Vec<Hook>,
}

impl Hooks {
    /// Each moment's method of [`samara::Hooks`], with its hooks.
    pub fn moments(&self) -> [(&'static str, &[Hook]); 4] {
        [
            ("on_start", &self.on_start),
            ("on_error", &self.on_error),
            ("on_success", &self.on_success),
            ("on_finally", &self.on_finally),
        ]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.moments().iter().all(|(_, hooks)| hooks.is_empty())
    }
}

/// A request that is sent when a job starts or ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// The action's id, for the log.
    pub id: String,
    /// What a person says about it; may be empty.
    pub description: String,
    /// In capitals.
    pub method: String,
    /// Where the request goes; may hold variables.
    pub url: String,
    /// Name and value of each header; a value may hold variables.
    pub headers: Vec<(String, String)>,
    /// The JSON to send.
    pub payload: Option<String>,
    /// Seconds to wait for an answer.
    pub timeout: u64,
    /// How often to try again.
    pub retries: u64,
    /// Seconds to wait before that.
    pub delay: u64,
}

/// One step of a job: it becomes one function.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Reads files into a frame.
    Extract(Extract),
    /// Makes a frame from frames.
    Transform(Transform),
    /// Writes a frame to files.
    Load(Load),
}

impl Step {
    /// The step's id, as the workflow spells it.
    pub fn id(&self) -> &str {
        match self {
            Step::Extract(extract) => &extract.id,
            Step::Transform(transform) => &transform.id,
            Step::Load(load) => &load.id,
        }
    }

    /// The places of files that it names, in which there may be variables.
    fn locations(&self) -> Vec<&str> {
        match self {
            Step::Extract(extract) => vec![&extract.location],
            Step::Transform(_) => Vec::new(),
            Step::Load(load) => {
                let export = load.schema_export.as_deref();
                [load.location.as_str()].into_iter().chain(export).collect()
            }
        }
    }

    /// The steps whose frames this one reads, in the order of its parameters, each named once.
    pub fn inputs(&self) -> Vec<usize> {
        let upstream = match self {
            Step::Extract(_) => return Vec::new(),
            Step::Transform(transform) => transform.upstream,
            Step::Load(load) => load.upstream,
        };
        let mut inputs = vec![upstream];
        if let Step::Transform(transform) = self {
            for function in &transform.functions {
                if let Function::Join { other, .. } = function
                    && !inputs.contains(other)
                {
                    inputs.push(*other);
                }
            }
        }
        inputs
    }
}

/// A step that reads files.
#[derive(Debug, Clone, PartialEq)]
pub struct Extract {
    /// The step's id.
    pub id: String,
    /// What the files hold.
    pub format: Format,
    /// A file, a directory or a glob, relative to the working directory of the run.
    pub location: String,
    /// Name and Spark type of each column.
    pub schema: Vec<(String, String)>,
    /// Reader options, in the workflow's order.
    pub options: Vec<(String, String)>,
}

/// A step that makes a frame from frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Transform {
    /// The step's id.
    pub id: String,
    /// The step whose frame the functions start from: an index into [`Job::steps`].
    pub upstream: usize,
    /// What is done to it, in order.
    pub functions: Vec<Function>,
}

/// One function of a transform.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    /// Keeps these columns, in this order.
    Select {
        /// The names of the columns.
        columns: Vec<String>,
    },
    /// Leaves these columns out; a name that does not exist is ignored.
    Drop {
        /// The names of the columns.
        columns: Vec<String>,
    },
    /// Keeps the rows for which a condition holds.
    Filter {
        /// A Spark SQL boolean expression.
        condition: String,
    },
    /// Adds or replaces one column.
    WithColumn {
        /// The name of the column.
        name: String,
        /// A Spark SQL expression.
        expression: String,
    },
    /// Changes the types of columns.
    Cast {
        /// Name and new Spark type of each.
        columns: Vec<(String, String)>,
    },
    /// Keeps one row per key; no columns means all columns.
    DropDuplicates {
        /// The columns that make the key.
        columns: Vec<String>,
    },
    /// Keeps each different row once.
    Distinct,
    /// Removes rows with too many nulls.
    Dropna {
        /// How many are too many.
        rule: Nulls,
        /// The columns to look at; none means all.
        subset: Option<Vec<String>>,
    },
    /// Summarises groups of rows; no keys means all rows.
    Aggregate {
        /// The columns whose values make a group.
        keys: Vec<String>,
        /// The columns of the summary: function, column (`*` for rows) and new name.
        aggregates: Vec<[String; 3]>,
    },
    /// Sorts the rows.
    OrderBy {
        /// The columns, and whether each ascends.
        columns: Vec<(String, bool)>,
    },
    /// Turns the values of a column into columns.
    Pivot {
        /// The columns whose values make a row.
        keys: Vec<String>,
        /// The column whose values become columns.
        pivot: String,
        /// The function of the values.
        function: String,
        /// The column of the values.
        values: String,
    },
    /// Joins another step's frame by columns of the same name.
    Join {
        /// The other step: an index into [`Job::steps`].
        other: usize,
        /// The key columns.
        on: Vec<String>,
        /// Which rows are kept.
        how: Join,
    },
}

/// How many nulls in a row are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// One.
    Any,
    /// Nothing but nulls.
    All,
    /// So many that fewer values than this are left.
    Thresh(u64),
}

/// A step that writes files.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The step's id.
    pub id: String,
    /// The step whose frame is written: an index into [`Job::steps`].
    pub upstream: usize,
    /// What the files shall hold.
    pub format: Format,
    /// The directory to write, relative to the working directory of the run.
    pub location: String,
    /// What happens to what is there already.
    pub mode: SaveMode,
    /// Writer options, in the workflow's order.
    pub options: Vec<(String, String)>,
    /// Where the output's schema goes, as Spark's JSON.
    pub schema_export: Option<String>,
}
