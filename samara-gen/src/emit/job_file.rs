//! `src/<job>.rs`: the steps of a job, then one `run` that calls them in order.

use std::collections::BTreeMap;

use samara::{Format, Join, SaveMode};

use crate::emit::doc_comment::{doc, doc_of_markdown};
use crate::emit::hooks;
use crate::emit::layout::{Code, attribute, signature};
use crate::emit::names::Names;
use crate::emit::step_doc;
use crate::plan::{Extract, Function, Job, Load, Nulls, Step, Transform};

/// The text of a job's module.
pub fn write(job: &Job) -> String {
    let mut given = Names::of_steps();
    let names: Vec<String> = job.steps.iter().map(|step| given.give(step.id())).collect();
    let mut parts = vec![doc("//!", &job.description), imports(job)];
    parts.extend(
        job.steps
            .iter()
            .enumerate()
            .map(|(place, _)| step(job, &names, place)),
    );
    parts.push(run(job, &names));
    parts.extend(hooks::write(job, &mut given));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn imports(job: &Job) -> String {
    let functions: Vec<&Function> = job
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Transform(transform) => Some(&transform.functions),
            _ => None,
        })
        .flatten()
        .collect();
    let sorts = |wanted: bool| {
        functions.iter().any(|function| match function {
            Function::OrderBy { columns } => {
                columns.iter().any(|(_, ascending)| *ascending == wanted)
            }
            _ => false,
        })
    };
    let has = |is: fn(&Function) -> bool| functions.iter().any(|function| is(function));
    let loads = job.steps.iter().any(|step| matches!(step, Step::Load(_)));
    let uses = [
        ("DataFrame", !job.steps.is_empty()),
        (
            "Dropna",
            has(|function| matches!(function, Function::Dropna { .. })),
        ),
        ("Hook", !job.hooks.is_empty()),
        ("Hooks", !job.hooks.is_empty()),
        (
            "Join",
            has(|function| matches!(function, Function::Join { .. })),
        ),
        ("Load", loads),
        ("Result", true),
        ("SaveMode", loads),
        ("Session", true),
        ("asc", sorts(true)),
        ("desc", sorts(false)),
    ];
    let used: Vec<&str> = uses
        .iter()
        .filter(|(_, used)| *used)
        .map(|(name, _)| *name)
        .collect();
    let std = match job.hooks.is_empty() {
        true => "",
        false => "use std::time::Duration;\n\n",
    };
    format!("{std}use samara::{{{}}};\n", used.join(", "))
}

fn step(job: &Job, names: &[String], place: usize) -> String {
    let step = &job.steps[place];
    let (kind, body) = match step {
        Step::Extract(extract) => ("extract", read(extract)),
        Step::Transform(transform) => ("transform", apply(transform, names)),
        Step::Load(load) => ("load", write_frame(load, names)),
    };
    let inputs = step.inputs();
    let parameters = match step {
        Step::Extract(_) => vec!["session: &Session".to_owned()],
        _ => inputs
            .iter()
            .map(|input| format!("{}: DataFrame", names[*input]))
            .collect(),
    };
    let output = match step {
        Step::Load(_) => "Result<Load>",
        Step::Extract(_) | Step::Transform(_) => "Result<DataFrame>",
    };
    let about = doc_of_markdown("///", &step_doc::sentence(job, step));
    let id = proc_macro2::Literal::string(step.id());
    let attribute = attribute(
        "samara::step",
        &[format!("id = {id}"), format!("kind = \"{kind}\"")],
    );
    let signature = signature(&names[place], &parameters, output);
    format!(
        "{about}{attribute}\n{signature}\n    {}\n}}\n",
        body.as_tail(4)
    )
}

fn gives_frame(step: &Step) -> bool {
    !matches!(step, Step::Load(_))
}

fn read(extract: &Extract) -> Code {
    let reader = with_options(
        Code::word("session").method("read", vec![]),
        &extract.options,
    );
    let reader = match extract.schema.as_slice() {
        [] => reader,
        columns => reader.method("schema", vec![Code::pairs(columns)]),
    };
    reader.method(
        format_method(extract.format),
        vec![Code::text(&extract.location)],
    )
}

fn write_frame(load: &Load, names: &[String]) -> Code {
    let writer = Code::word(&names[load.upstream]).method("write", vec![]);
    let mode = Code::word(format!("SaveMode::{}", mode_variant(load.mode)));
    let mut writer = with_options(writer, &load.options).method("mode", vec![mode]);
    if let Some(path) = &load.schema_export {
        writer = writer.method("schema_export", vec![Code::text(path)]);
    }
    writer.method(format_method(load.format), vec![Code::text(&load.location)])
}

fn with_options(code: Code, options: &[(String, String)]) -> Code {
    options.iter().fold(code, |code, (name, value)| {
        code.method("option", vec![Code::text(name), Code::text(value)])
    })
}

/// The functions as one chain: each but the last hands its frame on by `?`.
fn apply(transform: &Transform, names: &[String]) -> Code {
    let joined = transform
        .functions
        .iter()
        .filter_map(|function| match function {
            Function::Join { other, .. } => Some(*other),
            _ => None,
        });
    let mut frames = Frames::read_by(std::iter::once(transform.upstream).chain(joined), names);
    let frame = frames.next(transform.upstream);
    let Some((last, others)) = transform.functions.split_last() else {
        return Code::Call("Ok".to_owned(), vec![frame]);
    };
    let frame = others.iter().fold(frame, |frame, function| {
        call(frame, function, &mut frames).question()
    });
    call(frame, last, &mut frames)
}

fn call(frame: Code, function: &Function, frames: &mut Frames) -> Code {
    let (method, arguments) = match function {
        Function::Select { columns } => ("select", vec![Code::texts(columns)]),
        Function::Drop { columns } => ("drop", vec![Code::texts(columns)]),
        Function::Filter { condition } => ("filter", vec![Code::text(condition)]),
        Function::WithColumn { name, expression } => (
            "with_column",
            vec![Code::text(name), Code::text(expression)],
        ),
        Function::Cast { columns } => ("cast", vec![Code::pairs(columns)]),
        Function::DropDuplicates { columns } => ("drop_duplicates", vec![Code::texts(columns)]),
        Function::Distinct => ("distinct", vec![]),
        Function::Dropna { rule, subset } => ("dropna", vec![nulls(*rule, subset.as_deref())]),
        Function::Aggregate { keys, aggregates } => (
            "aggregate",
            vec![Code::texts(keys), Code::triples(aggregates)],
        ),
        Function::OrderBy { columns } => ("order_by", vec![order(columns)]),
        Function::Pivot {
            keys,
            pivot,
            function,
            values,
        } => (
            "pivot",
            vec![
                Code::texts(keys),
                Code::text(pivot),
                Code::text(function),
                Code::text(values),
            ],
        ),
        Function::Join { other, on, how } => {
            let how = Code::word(format!("Join::{}", join_variant(*how)));
            ("join", vec![frames.next(*other), Code::texts(on), how])
        }
    };
    frame.method(method, arguments)
}

fn nulls(rule: Nulls, subset: Option<&[String]>) -> Code {
    let rule = match rule {
        Nulls::Any => Code::Call("Dropna::any".to_owned(), vec![]),
        Nulls::All => Code::Call("Dropna::all".to_owned(), vec![]),
        Nulls::Thresh(values) => Code::Call(
            "Dropna::thresh".to_owned(),
            vec![Code::word(values.to_string())],
        ),
    };
    match subset {
        Some(columns) => rule.method("subset", vec![Code::texts(columns)]),
        None => rule,
    }
}

fn order(columns: &[(String, bool)]) -> Code {
    let column = |(name, ascending): &(String, bool)| {
        Code::Call(direction(*ascending).to_owned(), vec![Code::text(name)])
    };
    Code::Array(columns.iter().map(column).collect())
}

fn direction(ascending: bool) -> &'static str {
    if ascending { "asc" } else { "desc" }
}

/// The frames that a body reads: a clone of each, but at its last read the frame itself.
struct Frames<'a> {
    names: &'a [String],
    reads_left: BTreeMap<usize, usize>,
}

impl<'a> Frames<'a> {
    fn read_by(reads: impl Iterator<Item = usize>, names: &'a [String]) -> Frames<'a> {
        let mut reads_left = BTreeMap::new();
        for step in reads {
            *reads_left.entry(step).or_insert(0) += 1;
        }
        Frames { names, reads_left }
    }

    fn next(&mut self, step: usize) -> Code {
        let frame = Code::word(&self.names[step]);
        let left = self.reads_left.entry(step).or_insert(1);
        *left = left.saturating_sub(1);
        if *left > 0 {
            frame.method("clone", vec![])
        } else {
            frame
        }
    }

    fn is_read(&self, step: usize) -> bool {
        self.reads_left.contains_key(&step)
    }
}

fn run(job: &Job, names: &[String]) -> String {
    let mut frames = Frames::read_by(job.steps.iter().flat_map(Step::inputs), names);
    let mut lines: Vec<String> = Vec::new();
    let mut loads: Vec<Code> = Vec::new();
    let cached = read_by_a_pivot_and_others(job);
    for (place, step) in job.steps.iter().enumerate() {
        let call = call_of_step(step, &names[place], &mut frames).question();
        let is_load = !gives_frame(step);
        let is_used = is_load || frames.is_read(place);
        let unused = if is_used { "" } else { "_" };
        lines.push(call.as_let(&format!("{unused}{}", names[place]), 4));
        if is_load {
            loads.push(Code::word(&names[place]));
        } else if cached[place] {
            let cache = "DataFrame::cache".to_owned();
            let cached = Code::Call(cache, vec![Code::word(&names[place])]);
            lines.push(cached.question().as_let(&names[place], 4));
        }
    }
    let session = match job.steps.is_empty() {
        true => "_session",
        false => "session",
    };
    lines.push(match loads.is_empty() {
        true => "Ok(())".to_owned(),
        false => Code::word("session")
            .method("run", vec![Code::Array(loads)])
            .as_tail(4),
    });
    let body = lines.join("\n    ");
    format!("/// Runs the job.\npub fn run({session}: &Session) -> Result<()> {{\n    {body}\n}}\n")
}

/// For each step, whether a pivot looks its values up in the step's rows, which others read, too: loads that run together share their work, a
/// pivot comes before them.
fn read_by_a_pivot_and_others(job: &Job) -> Vec<bool> {
    let mut readers = vec![0_usize; job.steps.len()];
    let mut feeds_a_pivot = vec![false; job.steps.len()];
    // A step reads earlier ones only.
    for (place, step) in job.steps.iter().enumerate().rev() {
        for input in step.inputs() {
            readers[input] += 1;
            feeds_a_pivot[input] |= pivots(step) || feeds_a_pivot[place];
        }
    }
    let both = readers.into_iter().zip(feeds_a_pivot);
    both.map(|(readers, feeds)| readers > 1 && feeds).collect()
}

fn pivots(step: &Step) -> bool {
    matches!(step, Step::Transform(transform) if transform.functions.iter().any(|function| matches!(function, Function::Pivot { .. })))
}

fn call_of_step(step: &Step, name: &str, frames: &mut Frames) -> Code {
    let arguments = match step {
        Step::Extract(_) => vec![Code::word("session")],
        _ => step
            .inputs()
            .into_iter()
            .map(|input| frames.next(input))
            .collect(),
    };
    Code::Call(name.to_owned(), arguments)
}

fn format_method(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Text => "text",
        Format::Parquet => "parquet",
        Format::Avro => "avro",
        Format::Orc => "orc",
    }
}

fn join_variant(how: Join) -> &'static str {
    match how {
        Join::Inner => "Inner",
        Join::Cross => "Cross",
        Join::Full => "Full",
        Join::Left => "Left",
        Join::Right => "Right",
        Join::LeftSemi => "LeftSemi",
        Join::LeftAnti => "LeftAnti",
    }
}

fn mode_variant(mode: SaveMode) -> &'static str {
    match mode {
        SaveMode::Overwrite => "Overwrite",
        SaveMode::Append => "Append",
        SaveMode::Ignore => "Ignore",
        SaveMode::ErrorIfExists => "ErrorIfExists",
    }
}
