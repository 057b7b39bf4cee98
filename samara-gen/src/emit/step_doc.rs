//! Says in a sentence what a step does, from the facts of the plan.

use samara::{Format, Join, SaveMode};

use crate::emit::doc_comment::code;
use crate::plan::{Function, Job, Load, Step, Transform};

/// More columns than this are counted, not named.
const NAMED_COLUMNS: usize = 3;

/// One sentence of Markdown about a step.
pub fn sentence(job: &Job, step: &Step) -> String {
    match step {
        Step::Extract(extract) => format!(
            "Reads {} from {}.",
            format_name(extract.format),
            code(&extract.location)
        ),
        Step::Transform(transform) => transform_sentence(job, transform),
        Step::Load(load) => load_sentence(load),
    }
}

fn transform_sentence(job: &Job, transform: &Transform) -> String {
    let mut phrases: Vec<String> = Vec::new();
    for function in &transform.functions {
        let phrase = phrase(job, function);
        if phrases.last() != Some(&phrase) {
            phrases.push(phrase);
        }
    }
    let Some(last) = phrases.pop() else {
        return "Hands the rows on as they are.".to_owned();
    };
    let sentence = match phrases.is_empty() {
        true => last,
        false => format!("{}, then {last}", phrases.join(", ")),
    };
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!(
        "{}{}.",
        first.map(String::from).unwrap_or_default(),
        letters.as_str()
    )
}

fn phrase(job: &Job, function: &Function) -> String {
    match function {
        Function::Select { columns } => format!("selects {}", columns_phrase(columns)),
        Function::Drop { columns } => format!("drops {}", columns_phrase(columns)),
        Function::Filter { .. } => "filters the rows".to_owned(),
        Function::WithColumn { name, .. } => format!("computes {}", code(name)),
        Function::Cast { columns } => {
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            format!("casts {}", columns_phrase(&names))
        }
        Function::DropDuplicates { columns } if columns.is_empty() => {
            "drops duplicate rows".to_owned()
        }
        Function::DropDuplicates { columns } => {
            format!("drops duplicates by {}", columns_phrase(columns))
        }
        Function::Distinct => "drops duplicate rows".to_owned(),
        Function::Dropna { .. } => "drops rows with nulls".to_owned(),
        Function::Aggregate { keys, .. } if keys.is_empty() => "summarises all rows".to_owned(),
        Function::Aggregate { keys, .. } => format!("summarises by {}", columns_phrase(keys)),
        Function::OrderBy { columns } => {
            let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
            format!("sorts by {}", columns_phrase(&names))
        }
        Function::Pivot { keys, pivot, .. } => {
            format!("pivots {} by {}", code(pivot), columns_phrase(keys))
        }
        Function::Join { other, on, how } => join_phrase(job.steps[*other].id(), on, *how),
    }
}

fn join_phrase(other: &str, on: &[String], how: Join) -> String {
    let kind = match how {
        Join::Inner => "joins",
        Join::Cross => "cross joins",
        Join::Full => "full joins",
        Join::Left => "left joins",
        Join::Right => "right joins",
        Join::LeftSemi => "semi joins",
        Join::LeftAnti => "anti joins",
    };
    match on {
        [] => format!("{kind} {}", code(other)),
        on => format!("{kind} {} on {}", code(other), columns_phrase(on)),
    }
}

fn columns_phrase(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| code(name)).collect();
    match names.as_slice() {
        [] => "no columns".to_owned(),
        [only] => only.clone(),
        [others @ .., last] if names.len() <= NAMED_COLUMNS => {
            format!("{} and {last}", others.join(", "))
        }
        _ => format!("{} columns", names.len()),
    }
}

fn load_sentence(load: &Load) -> String {
    let existing = match load.mode {
        SaveMode::Overwrite => "replacing what is there",
        SaveMode::Append => "beside what is there",
        SaveMode::Ignore => "unless something is there",
        SaveMode::ErrorIfExists => "where nothing may be yet",
    };
    format!(
        "Writes {} to {}, {existing}.",
        format_name(load.format),
        code(&load.location)
    )
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Json => "json",
        Format::Text => "text",
        Format::Parquet => "parquet",
        Format::Avro => "avro",
        Format::Orc => "ORC",
    }
}
