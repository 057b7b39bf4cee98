//! What the compiler has to say about a file, in a person's words and at its place.

pub mod code;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
    normalize_untrusted_str,
};

use crate::source::{SourceText, Span};

/// The longest stretch of a line that is underlined.
const LONGEST_UNDERLINE: usize = 80;

/// How many columns labels may be apart to be shown in one view; a file without line breaks has them by the thousand.
const WIDEST_VIEW: usize = 100;

/// How bad a diagnostic is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Nothing can be built.
    Error,
    /// The build goes on.
    Warning,
}

/// One finding: a sentence, the places that it is about, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnostic {
    /// One of [`code`]'s.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The places that it is about; the first primary one gives `path:line:column`.
    pub labels: Vec<Label>,
    /// What the author may do about it.
    pub help: Option<String>,
}

/// A place in a file, and what is to be said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// The file.
    pub source: Arc<SourceText>,
    /// The place in it; `None` stands for the file as a whole.
    pub span: Option<Span>,
    /// What is written at the underline; may be empty.
    pub text: String,
    /// Whether the error is here; other labels say where something comes from.
    pub primary: bool,
}

/// Whether a rendered diagnostic holds terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Plain text.
    #[default]
    Never,
    /// ANSI escapes.
    Always,
}

impl Diagnostic {
    /// An error, as yet without a place.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            help: None,
        }
    }

    /// A warning, as yet without a place.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Adds the place where the error is.
    #[must_use]
    pub fn at(self, source: &Arc<SourceText>, span: Span, text: impl Into<String>) -> Self {
        self.label(source, Some(span), text, true)
    }

    /// Adds a place that explains the error.
    #[must_use]
    pub fn see(self, source: &Arc<SourceText>, span: Span, text: impl Into<String>) -> Self {
        self.label(source, Some(span), text, false)
    }

    /// Says that the error is about a file as a whole.
    #[must_use]
    pub fn in_file(self, source: &Arc<SourceText>) -> Self {
        self.label(source, None, "", true)
    }

    /// Adds what the author may do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds "did you mean" if one of `candidates` is close to `name`.
    #[must_use]
    pub fn suggest<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, candidates) {
            Some(candidate) => self.help(format!("did you mean `{candidate}`?")),
            None => self,
        }
    }

    /// The diagnostic as a person reads it: the sentence, the lines concerned with the places underlined, and the help.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let help = self
            .help
            .as_deref()
            .map(|help| Level::HELP.message(normalize_untrusted_str(help)));
        let group = Group::with_title(level.primary_title(self.message.as_str()).id(self.code))
            .elements(self.views().iter().map(View::element))
            .elements(help);
        renderer.render(&[group])
    }

    fn label(
        mut self,
        source: &Arc<SourceText>,
        span: Option<Span>,
        text: impl Into<String>,
        primary: bool,
    ) -> Self {
        self.labels.push(Label {
            source: Arc::clone(source),
            span,
            text: text.into(),
            primary,
        });
        self
    }

    fn main_label(&self) -> Option<&Label> {
        self.labels
            .iter()
            .find(|label| label.primary)
            .or(self.labels.first())
    }

    /// The labels in groups that can be shown side by side, that of the error first.
    fn views(&self) -> Vec<View<'_>> {
        let mut views: Vec<View<'_>> = Vec::new();
        for label in self.main_label().into_iter().chain(self.other_labels()) {
            let columns = label.columns();
            match views
                .iter_mut()
                .find(|view| view.has_room_for(label, &columns))
            {
                Some(view) => view.add(label, columns),
                None => views.push(View {
                    source: &label.source,
                    labels: vec![label],
                    columns,
                }),
            }
        }
        views
    }

    fn other_labels(&self) -> impl Iterator<Item = &Label> {
        let main = self.main_label();
        self.labels
            .iter()
            .filter(move |label| !main.is_some_and(|main| std::ptr::eq(main, *label)))
    }
}

/// Labels of one file that are near enough to each other to fit a screen.
struct View<'a> {
    source: &'a SourceText,
    labels: Vec<&'a Label>,
    columns: Option<Range<usize>>,
}

impl<'a> View<'a> {
    fn has_room_for(&self, label: &Label, columns: &Option<Range<usize>>) -> bool {
        *self.source == *label.source
            && match (&self.columns, columns) {
                (Some(own), Some(new)) => {
                    own.end.max(new.end) - own.start.min(new.start) <= WIDEST_VIEW
                }
                _ => true,
            }
    }

    fn add(&mut self, label: &'a Label, columns: Option<Range<usize>>) {
        self.labels.push(label);
        self.columns = match (self.columns.take(), columns) {
            (Some(own), Some(new)) => Some(own.start.min(new.start)..own.end.max(new.end)),
            (own, new) => own.or(new),
        };
    }

    fn element(&self) -> Element<'a> {
        let annotations: Vec<_> = self
            .labels
            .iter()
            .filter_map(|label| label.annotation())
            .collect();
        if annotations.is_empty() {
            return Origin::path(self.source.path()).into();
        }
        Snippet::source(self.source.text())
            .path(self.source.path())
            .annotations(annotations)
            .into()
    }
}

impl Label {
    fn annotation(&self) -> Option<Annotation<'_>> {
        let kind = if self.primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let text = (!self.text.is_empty()).then_some(self.text.as_str());
        Some(
            kind.span(underlined(self.source.text(), self.span?))
                .label(text),
        )
    }

    /// From which column of its line to which it is underlined.
    fn columns(&self) -> Option<Range<usize>> {
        let range = underlined(self.source.text(), self.span?);
        let start = self.source.position(range.start).column;
        Some(start..start + self.source.text()[range].chars().count())
    }
}

/// One line, for logs and for `?`: `job.json:3:5: error[S0201]: unknown field `shema``.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(label) = self.main_label() {
            write!(f, "{}:", label.source.path())?;
            if let Some(span) = label.span {
                write!(f, "{}:", label.source.position(span.start))?;
            }
            write!(f, " ")?;
        }
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}]: {}", self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// The candidate that an author who wrote `name` probably meant.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&name, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= name.chars().count().max(candidate.chars().count()) / 3
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The part of `span` that is worth underlining: never more than one line, and of a long object only its bracket.
fn underlined(text: &str, span: Span) -> Range<usize> {
    let start = floor_boundary(text, span.start);
    let end = floor_boundary(text, span.end).max(start);
    let whole = &text[start..end];
    let line = whole.lines().next().unwrap_or_default();
    let is_container = whole.starts_with(['{', '[']);
    let fits = line.len() == whole.len() && line.chars().count() <= LONGEST_UNDERLINE;
    let length = match (fits, is_container) {
        (true, _) => whole.len(),
        (false, true) => 1,
        (false, false) => line
            .chars()
            .take(LONGEST_UNDERLINE)
            .map(char::len_utf8)
            .sum(),
    };
    start..start + length
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len()))
        .rev()
        .find(|offset| text.is_char_boundary(*offset))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests;
