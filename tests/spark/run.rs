//! Cases as workflows: checked by the compiler, and the plan run in process.

use std::num::NonZeroUsize;
use std::path::Path;

use samara::{DataFrame, Dropna, Error, Format, RunSettings, Session, asc, desc};
use samara_gen::check::check;
use samara_gen::plan::{Extract, Function, Load, Nulls, Plan, Step, Transform};
use samara_gen::source::{Document, Syntax};
use serde_json::{Value, json};

use super::Answer;
use super::case::{Case, Content};
use crate::program::Workplace;

/// Runs cases, one after the other, on one thread: a file has one header.
pub struct Runner {
    session: Session,
}

/// A session on one thread, in a time zone.
fn session(zone: Option<&str>) -> Session {
    let settings = RunSettings {
        threads: NonZeroUsize::new(1),
        session_time_zone: zone.map(|zone| zone.parse().expect("a time zone")),
        ..RunSettings::default()
    };
    Session::new(&settings).expect("a session")
}

impl Runner {
    pub fn new() -> Self {
        Self {
            session: session(None),
        }
    }

    pub fn answer(&self, case: &Case) -> Answer {
        match case.time_zone.as_deref() {
            None => self.answer_in_session(case),
            zone => Self {
                session: session(zone),
            }
            .answer_in_session(case),
        }
    }

    fn answer_in_session(&self, case: &Case) -> Answer {
        let workplace = Workplace::empty();
        let failure = |error| Answer::Failure { error };
        let plan = match plan(case, &workplace) {
            Ok(plan) => plan,
            Err(refusal) => return Answer::Refused { refusal },
        };
        let answer = match self.run(&plan) {
            Ok(schema) => Answer::Rows {
                schema,
                lines: lines(case, &workplace),
            },
            Err(error) => failure(error.to_string()),
        };
        keep(case, &workplace);
        answer
    }

    /// Runs a plan of one job with one load; the schema of what it wrote.
    fn run(&self, plan: &Plan) -> Result<Value, Error> {
        let mut frames = Vec::new();
        for step in &plan.jobs[0].steps {
            let frame = match step {
                Step::Extract(extract) => self.extract(extract)?,
                Step::Transform(transform) => transformed(transform, &frames)?,
                Step::Load(load) => {
                    let schema = self.written(load, &frames)?;
                    self.show(load)?;
                    return Ok(schema);
                }
            };
            frames.push(frame);
        }
        unreachable!("a case has a load")
    }

    /// Reads again what is no text, and writes it beside as json.
    fn show(&self, load: &Load) -> Result<(), Error> {
        let reader = self.session.read();
        let frame = match load.format {
            Format::Csv | Format::Json | Format::Text => return Ok(()),
            Format::Parquet => reader.parquet(&load.location)?,
            Format::Avro => reader.avro(&load.location)?,
            Format::Orc => reader.orc(&load.location)?,
        };
        let shown = frame.write().json(&format!("{}.shown", load.location))?;
        self.session.run([shown])
    }

    fn extract(&self, extract: &Extract) -> Result<DataFrame, Error> {
        let schema: Vec<(&str, &str)> = pairs(&extract.schema);
        let mut reader = self.session.read().schema(schema);
        for (name, value) in &extract.options {
            reader = reader.option(name, value);
        }
        match extract.format {
            Format::Csv => reader.csv(&extract.location),
            Format::Json => reader.json(&extract.location),
            Format::Text => reader.text(&extract.location),
            Format::Parquet => reader.parquet(&extract.location),
            Format::Avro => reader.avro(&extract.location),
            Format::Orc => reader.orc(&extract.location),
        }
    }

    fn written(&self, load: &Load, frames: &[DataFrame]) -> Result<Value, Error> {
        let mut writer = frames[load.upstream].clone().write().mode(load.mode);
        for (name, value) in &load.options {
            writer = writer.option(name, value);
        }
        let export = load.schema_export.as_deref().expect("a schema export");
        let writer = writer.schema_export(export);
        let load = match load.format {
            Format::Csv => writer.csv(&load.location)?,
            Format::Json => writer.json(&load.location)?,
            Format::Text => writer.text(&load.location)?,
            Format::Parquet => writer.parquet(&load.location)?,
            Format::Avro => writer.avro(&load.location)?,
            Format::Orc => writer.orc(&load.location)?,
        };
        self.session.run([load])?;
        Ok(schema(Path::new(export)))
    }
}

fn plan(case: &Case, workplace: &Workplace) -> Result<Plan, String> {
    let text = workflow(case, workplace).to_string();
    let document = Document::parse("case.json", text, Syntax::Json).expect("json");
    let checked = check(&document, None).map_err(|problems| {
        let messages = problems.iter().map(|problem| problem.message.as_str());
        messages.collect::<Vec<_>>().join("; ")
    })?;
    Ok(checked.plan)
}

/// The workflow of a case: its inputs, one transform, one load.
fn workflow(case: &Case, workplace: &Workplace) -> Value {
    let path = |name: &str| workplace.path().join(name).display().to_string();
    let inputs = case.inputs.iter();
    let extracts = inputs.map(|(id, input)| {
        let location = match &input.content {
            Some(Content::File(name)) => super::directory().join("files").join(name),
            _ => {
                let name = input.within.as_ref().unwrap_or(id);
                workplace.path().join(format!("{name}.{}", input.data_format))
            }
        };
        if let Some(content) = &input.content {
            content.write(&location);
        }
        let location = match &input.location {
            // As a text: a path drops the slash at the end.
            Some(inside) => format!("{}/{inside}", location.display()),
            None => location.display().to_string(),
        };
        let schema = input.schema.as_ref().map(Value::to_string);
        json!({
            "id": id, "extract_type": "file", "data_format": input.data_format, "location": location,
            "schema": schema.unwrap_or_default(), "options": input.options,
        })
    });
    let extracts: Vec<Value> = extracts.collect();
    let transform =
        json!({"id": "transform", "upstream_id": case.from, "functions": case.functions});
    let load = json!({
        "id": "load", "upstream_id": "transform", "load_type": "file", "data_format": case.data_format,
        "location": path("output"), "mode": "overwrite", "options": case.options, "schema_export": path("schema.json"),
    });
    let job =
        json!({"id": "job", "extracts": extracts, "transforms": [transform], "loads": [load]});
    json!({"workflow": {"id": "case", "jobs": [job]}})
}

fn transformed(transform: &Transform, frames: &[DataFrame]) -> Result<DataFrame, Error> {
    let input = frames[transform.upstream].clone();
    let functions = transform.functions.iter();
    functions
        .into_iter()
        .try_fold(input, |frame, function| apply(frame, function, frames))
}

fn apply(frame: DataFrame, function: &Function, frames: &[DataFrame]) -> Result<DataFrame, Error> {
    match function {
        Function::Select { columns } => frame.select(texts(columns)),
        Function::Drop { columns } => frame.drop(texts(columns)),
        Function::Filter { condition } => frame.filter(condition),
        Function::WithColumn { name, expression } => frame.with_column(name, expression),
        Function::Cast { columns } => frame.cast(pairs(columns)),
        Function::DropDuplicates { columns } => frame.drop_duplicates(texts(columns)),
        Function::Distinct => frame.distinct(),
        Function::Dropna { rule, subset } => frame.dropna(dropna(*rule, subset.as_deref())),
        Function::Aggregate { keys, aggregates } => {
            let aggregates = aggregates.iter();
            let aggregates: Vec<_> = aggregates
                .map(|[function, column, name]| (function.as_str(), column.as_str(), name.as_str()))
                .collect();
            frame.aggregate(texts(keys), aggregates)
        }
        Function::OrderBy { columns } => {
            let columns = columns.iter();
            let columns: Vec<_> = columns
                .map(|(name, ascending)| if *ascending { asc(name) } else { desc(name) })
                .collect();
            frame.order_by(columns)
        }
        Function::Pivot {
            keys,
            pivot,
            function,
            values,
        } => frame.pivot(texts(keys), pivot, function, values),
        Function::Join { other, on, how } => frame.join(frames[*other].clone(), texts(on), *how),
    }
}

fn dropna(rule: Nulls, subset: Option<&[String]>) -> Dropna {
    let nulls = match rule {
        Nulls::Any => Dropna::any(),
        Nulls::All => Dropna::all(),
        Nulls::Thresh(values) => Dropna::thresh(values),
    };
    match subset {
        Some(columns) => nulls.subset(texts(columns)),
        None => nulls,
    }
}

/// Keeps the files that a case wrote in the directory `SAMARA_SPARK_OUTPUT`, for `read_back.py`.
fn keep(case: &Case, workplace: &Workplace) {
    if let Some(directory) = std::env::var_os("SAMARA_SPARK_OUTPUT") {
        let kept = Path::new(&directory).join(case.name.replace('/', "_"));
        // A case that failed wrote none.
        let _ = std::fs::rename(workplace.path().join("output"), kept);
    }
}

fn schema(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("the schema");
    serde_json::from_str(&text).expect("json")
}

fn lines(case: &Case, workplace: &Workplace) -> Vec<String> {
    let is_text = matches!(case.data_format.as_str(), "csv" | "json" | "text");
    let text = workplace.parts(if is_text { "output" } else { "output.shown" });
    if text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    if !case.ordered {
        lines.sort();
    }
    lines
}

fn texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

fn pairs(values: &[(String, String)]) -> Vec<(&str, &str)> {
    let values = values.iter();
    values
        .map(|(one, other)| (one.as_str(), other.as_str()))
        .collect()
}
