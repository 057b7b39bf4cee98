//! How one run finds more than one error: what does not fit is mended or left out, and the rest tried again.

use std::sync::Arc;

use super::de::{Error, Kind};
use super::{Member, Node, NodeKind, SourceText, Span};
use crate::diagnostic::{Diagnostic, nearest};

/// The errors of a value so far, and the value without them.
pub(super) struct Recovery<'a> {
    source: &'a Arc<SourceText>,
    /// The value as it stands in the file, to show places in.
    whole: &'a Node,
    rest: Node,
    diagnostics: Vec<Diagnostic>,
    unknown: Vec<Unknown>,
}

/// A field that was left out since its object has no such field.
struct Unknown {
    object: Span,
    member: Member,
    /// Which of the diagnostics says so.
    diagnostic: usize,
}

impl<'a> Recovery<'a> {
    pub fn new(source: &'a Arc<SourceText>, whole: &'a Node) -> Self {
        Self {
            source,
            whole,
            rest: whole.clone(),
            diagnostics: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// What is left to be tried.
    pub fn rest(&self) -> &Node {
        &self.rest
    }

    pub fn diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// How many errors there are.
    pub fn count(&self) -> usize {
        self.diagnostics.len()
    }

    /// Notes an error, and takes it out of the value. False if that cannot be done.
    pub fn note(&mut self, error: Error) -> bool {
        let place = error.place(self.whole.span);
        match error.kind() {
            Kind::UnknownField { name, known } => {
                let (name, known) = (name.clone(), *known);
                self.unknown_field(error, place, &name, known)
            }
            Kind::MissingField { name } => {
                let name = *name;
                self.missing_field(error, place, name)
            }
            // Without `arguments` there is nothing to be said of the function.
            Kind::Beside { .. } => {
                self.add(error, place);
                let object = object_of(&mut self.rest, place).map(|object| object.span);
                object.is_some_and(|object| leave_out(&mut self.rest, object))
            }
            _ => {
                self.add(error, self.shown(place));
                self.look_for_dash(place);
                leave_out(&mut self.rest, place)
            }
        }
    }

    fn add(&mut self, error: Error, place: Span) {
        let diagnostic = error.into_diagnostic(self.source, place);
        self.diagnostics.push(diagnostic);
    }

    /// In YAML, `-id: a` is an object with a key, and most likely meant to be an element of a list.
    fn look_for_dash(&mut self, place: Span) {
        let members = self.whole.within(place).map(Node::members);
        let key = members
            .and_then(|members| members.first())
            .map(|member| &member.key);
        if let (Some(diagnostic), Some(key)) = (self.diagnostics.last_mut(), key)
            && key.starts_with('-')
        {
            let name = key.trim_start_matches('-');
            diagnostic.help = Some(format!("a space is missing after the dash: `- {name}`"));
        }
    }

    /// A field that is misspelt gets its right name, so that neither its value goes unchecked nor the right field is missing.
    fn unknown_field(
        &mut self,
        error: Error,
        place: Span,
        name: &str,
        known: &'static [&'static str],
    ) -> bool {
        let Some(object) = object_of(&mut self.rest, place) else {
            self.add(error, place);
            return leave_out(&mut self.rest, place);
        };
        let span = object.span;
        let NodeKind::Object(members) = &mut object.kind else {
            return false;
        };
        let given = |name: &&str| members.iter().any(|member| member.key == **name);
        let free = known.iter().copied().filter(|name| !given(name));
        let meant = nearest(name, free);
        let index = members.iter().position(|member| member.key_span == place);
        let Some(index) = index else {
            return false;
        };
        match meant {
            Some(meant) => members[index].key = meant.to_owned(),
            None => self.unknown.push(Unknown {
                object: span,
                member: members.remove(index),
                diagnostic: self.diagnostics.len(),
            }),
        }
        self.add(error, place);
        true
    }

    /// A field that is missing where another is unknown is most likely that one.
    fn missing_field(&mut self, error: Error, place: Span, name: &'static str) -> bool {
        let unknown = self
            .unknown
            .iter()
            .position(|unknown| unknown.object == place);
        let object = node_at(&mut self.rest, place);
        if let (Some(index), Some(object)) = (unknown, object)
            && let NodeKind::Object(members) = &mut object.kind
        {
            let mut unknown = self.unknown.remove(index);
            let help = format!("`{name}` is missing here: did you mean that?");
            self.diagnostics[unknown.diagnostic].help = Some(help);
            unknown.member.key = name.to_owned();
            members.push(unknown.member);
            return true;
        }
        self.add(error, self.beside(place));
        leave_out(&mut self.rest, place)
    }

    /// Where an error of a value is shown. An object or a list of several lines, and a value that is left empty, is best known by its key.
    fn shown(&self, place: Span) -> Span {
        let text = self.source.text();
        let is_long = text
            .get(place.range())
            .is_some_and(|text| text.contains('\n') && text.starts_with(['{', '[']));
        match member_of(self.whole, place) {
            Some(member) if place.start == place.end || is_long => member.key_span,
            _ => place,
        }
    }

    /// Where a field is missing: the name of its object, or else what the object begins with.
    fn beside(&self, object: Span) -> Span {
        let Some(found) = self.whole.within(object) else {
            return object;
        };
        let members = found.members();
        let id = members.iter().find(|member| member.key == "id");
        match id.or(members.first()) {
            Some(member) if is_scalar(&member.value) => {
                Span::new(member.key_span.start, member.value.span.end)
            }
            Some(member) => member.key_span,
            None => self.shown(object),
        }
    }
}

fn is_scalar(node: &Node) -> bool {
    !matches!(node.kind, NodeKind::Array(_) | NodeKind::Object(_))
}

fn children(node: &Node) -> impl Iterator<Item = &Node> {
    let values = node.members().iter().map(|member| &member.value);
    values.chain(node.elements())
}

/// The member whose value stands at a place.
fn member_of(node: &Node, place: Span) -> Option<&Member> {
    let mut found = node;
    loop {
        if let Some(member) = found
            .members()
            .iter()
            .find(|member| member.value.span == place)
        {
            return Some(member);
        }
        found = children(found).find(|child| child.span.contains(place))?;
    }
}

/// The value at a place.
fn node_at(node: &mut Node, place: Span) -> Option<&mut Node> {
    let mut found = node;
    while found.span != place {
        found = child_with(found, |child| child.span.contains(place))?;
    }
    Some(found)
}

/// The object that has its key at a place.
fn object_of(node: &mut Node, key: Span) -> Option<&mut Node> {
    let mut found = node;
    while !found.members().iter().any(|member| member.key_span == key) {
        found = child_with(found, |child| child.span.contains(key))?;
    }
    Some(found)
}

fn child_with(node: &mut Node, is_it: impl Fn(&Node) -> bool) -> Option<&mut Node> {
    match &mut node.kind {
        NodeKind::Object(members) => {
            let values = members.iter_mut().map(|member| &mut member.value);
            values.into_iter().find(|value| is_it(value))
        }
        NodeKind::Array(elements) => elements.iter_mut().find(|element| is_it(element)),
        _ => None,
    }
}

/// Takes the smallest part out of `node` without which the error at `place` is gone: the member whose key stands there, or the
/// innermost element of a list around it. False if there is none.
///
/// Leaving out an element cannot cause another error, since no list of the format has a length to keep.
fn leave_out(node: &mut Node, place: Span) -> bool {
    match &mut node.kind {
        NodeKind::Object(members) => {
            if let Some(index) = members.iter().position(|member| member.key_span == place) {
                members.remove(index);
                return true;
            }
            let around = members
                .iter_mut()
                .find(|member| member.value.span.contains(place));
            around.is_some_and(|member| leave_out(&mut member.value, place))
        }
        NodeKind::Array(elements) => {
            let Some(index) = elements
                .iter()
                .position(|element| element.span.contains(place))
            else {
                return false;
            };
            if !leave_out(&mut elements[index], place) {
                elements.remove(index);
            }
            true
        }
        _ => false,
    }
}
