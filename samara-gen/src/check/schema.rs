//! The schema of an extract: a path, or the JSON itself.

use std::collections::HashSet;

use samara::engine::read::{self, text::VALUE};
use samara::location::{Location, Use};
use samara::{Format, Schema};

use crate::check::location;
use crate::diagnostic::{Diagnostic, code};
use crate::model::Extract;
use crate::source::{Document, Spanned, reason};

/// The columns that an extract declares, with their types; none where the files themselves say them, when they are read.
pub(super) fn check(
    document: &Document,
    extract: &Extract,
    format: Format,
    options: &[(&str, &str)],
) -> Result<Vec<(String, String)>, Diagnostic> {
    let Some(schema) = &extract.schema else {
        return match format {
            Format::Text => Ok(vec![(VALUE.to_owned(), "string".to_owned())]),
            format if !read::knows_columns(format, options) => {
                inferred(document, extract, format, options)
            }
            _ => Ok(Vec::new()),
        };
    };
    let problem = |message: String| {
        Diagnostic::error(code::SCHEMA, message).at(document.source(), schema.span, "")
    };
    if !is_json(schema) {
        location::check(document, schema, Use::Write)?;
    }
    let text = text(schema).map_err(|error| {
        problem(format!(
            "the schema `{}` cannot be read: {}",
            schema.value,
            reason(&error)
        ))
        .help(match schema.value.contains("${") {
            true => "a schema is read at build, when variables of the run have no values: write the path itself",
            false => "the path is relative to the directory that the build is started in",
        })
    })?;
    let parsed = Schema::from_json(&text).map_err(|error| problem(error.to_string()))?;
    if parsed.fields.is_empty() {
        return Err(problem("the schema has no fields".to_owned()));
    }
    let mut names = HashSet::new();
    if let Some(twice) = parsed
        .fields
        .iter()
        .find(|field| !names.insert(&field.name))
    {
        return Err(problem(format!(
            "the schema has two columns `{}`",
            twice.name
        )));
    }
    let column = |field: &samara::Field| (field.name.clone(), field.data_type.to_string());
    Ok(parsed.fields.iter().map(column).collect())
}

/// The columns that the files have that are there now. The program is made for those.
fn inferred(
    document: &Document,
    extract: &Extract,
    format: Format,
    options: &[(&str, &str)],
) -> Result<Vec<(String, String)>, Diagnostic> {
    read::infer(format, options, &extract.location.value).map_err(|error| {
        let message = format!(
            "extract `{}` has no schema, and none can be inferred: {error}",
            extract.id.value
        );
        Diagnostic::error(code::SCHEMA, message)
            .at(document.source(), extract.location.span, "read at build, to infer the schema")
            .help("have the files where the build is started, or declare `schema`: the path of a JSON file in Spark's format, or the JSON itself as a string")
    })
}

fn text(schema: &Spanned<String>) -> std::io::Result<String> {
    match is_json(schema) {
        true => Ok(schema.value.clone()),
        false => {
            let location = Location::parse(&schema.value).map_err(std::io::Error::other)?;
            std::fs::read_to_string(location.path())
        }
    }
}

fn is_json(schema: &Spanned<String>) -> bool {
    schema.value.trim_start().starts_with('{')
}
