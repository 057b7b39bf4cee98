//! How one run finds more than one error: what does not fit is left out, and the rest tried again.

use super::{Node, NodeKind, Span};

/// Takes the smallest part out of `node` without which the error at `place` is gone: the member whose key stands there, or the
/// innermost element of a list around it. False if there is none.
///
/// Leaving out an element cannot cause another error, since no list of the format has a length to keep.
pub(super) fn leave_out(node: &mut Node, place: Span) -> bool {
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
