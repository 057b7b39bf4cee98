//! A serde deserializer over nodes, which keeps places.
//!
//! An enum whose variants have content is written as `{"function_type": "select", "arguments": {…}}`; one without, as a
//! string. Either way names are matched without regard to case.

mod enums;
mod error;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Member, Node, NodeKind, Span, spanned};
use enums::EnumDeserializer;
pub(super) use error::{Error, Kind};

/// Deserializes one node and all that it holds.
#[derive(Clone, Copy)]
pub(super) struct NodeDeserializer<'de> {
    node: &'de Node,
}

impl<'de> NodeDeserializer<'de> {
    pub(super) fn new(node: &'de Node) -> Self {
        Self { node }
    }

    fn wrong_type(self, wanted: &str) -> Error {
        Error::wrong_type(wanted, self.node.description()).or_at(self.node.span)
    }

    fn here<T>(self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| error.or_at(self.node.span))
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Array(elements) => self.here(visitor.visit_seq(Elements {
                rest: elements.iter(),
            })),
            _ => Err(self.wrong_type("a list")),
        }
    }

    /// An object, of which a field is handed out first, if it is known that there is but one: by it, types are told apart.
    fn object<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Object(members) => self.here(visit_members(members, fields, visitor)),
            _ => Err(self.wrong_type("an object")),
        }
    }

    fn number<V: Visitor<'de>>(self, text: &str, visitor: V) -> Result<V::Value, Error> {
        let visited = if let Ok(number) = text.parse::<u64>() {
            visitor.visit_u64(number)
        } else if let Ok(number) = text.parse::<i64>() {
            visitor.visit_i64(number)
        } else if let Ok(number) = text.parse::<f64>() {
            visitor.visit_f64(number)
        } else {
            Err(Error::wrong_type("a number", &format!("`{text}`")))
        };
        self.here(visited)
    }

    fn whole_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Number(text) => self.number(text, visitor),
            _ => Err(self.wrong_type("a whole number")),
        }
    }
}

/// Forwards every integer type to one method.
macro_rules! whole_numbers {
    ($($method:ident)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                self.whole_number(visitor)
            }
        )*
    };
}

impl<'de> Deserializer<'de> for NodeDeserializer<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Null => self.here(visitor.visit_unit()),
            NodeKind::Bool(value) => self.here(visitor.visit_bool(*value)),
            NodeKind::Number(text) => self.number(text, visitor),
            NodeKind::String(text) => self.here(visitor.visit_borrowed_str(text)),
            NodeKind::Array(_) => self.list(visitor),
            NodeKind::Object(_) => self.object(&[], visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Bool(value) => self.here(visitor.visit_bool(*value)),
            _ => Err(self.wrong_type("`true` or `false`")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::String(text) => self.here(visitor.visit_borrowed_str(text)),
            _ => Err(self.wrong_type("a string")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.node.kind {
            NodeKind::Null => self.here(visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.object(&[], visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == spanned::NAME {
            return visitor.visit_map(SpannedAccess::new(self.node.span, self));
        }
        self.object(fields, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.here(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let access = EnumDeserializer::new(self.node, name, variants)?;
        self.here(visitor.visit_enum(access))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    whole_numbers! {
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
    }

    forward_to_deserialize_any! { i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier }
}

struct Elements<'de> {
    rest: std::slice::Iter<'de, Node>,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        self.rest
            .next()
            .map(|node| seed.deserialize(NodeDeserializer::new(node)))
            .transpose()
    }
}

/// Visits an object; an error about a field as such is placed at the field's key.
fn visit_members<'de, V: Visitor<'de>>(
    members: &'de [Member],
    fields: &'static [&'static str],
    visitor: V,
) -> Result<V::Value, Error> {
    let is_first = |member: &&Member| fields.len() == 1 && member.key == fields[0];
    let (first, rest): (Vec<&Member>, Vec<&Member>) = members.iter().partition(is_first);
    let mut access = Members {
        rest: [first, rest].concat().into_iter(),
        current: None,
    };
    let visited = visitor.visit_map(&mut access);
    visited.map_err(|error| {
        let key = match error.kind() {
            _ if !error.has_no_place() => None,
            Kind::TwiceGiven { .. } => access.current,
            Kind::UnknownField { name, .. } => members.iter().find(|member| member.key == *name),
            _ => None,
        };
        match key {
            Some(member) => error.or_at(member.key_span),
            None => error,
        }
    })
}

struct Members<'de> {
    rest: std::vec::IntoIter<&'de Member>,
    current: Option<&'de Member>,
}

impl<'de> MapAccess<'de> for &mut Members<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        self.current = self.rest.next();
        let Some(member) = self.current else {
            return Ok(None);
        };
        seed.deserialize(KeyDeserializer { member }).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        match self.current {
            Some(member) => seed.deserialize(NodeDeserializer::new(&member.value)),
            None => Err(serde::de::Error::custom(
                "a value is asked for without its key",
            )),
        }
    }
}

/// A key: a string which may be asked for its place as well.
struct KeyDeserializer<'de> {
    member: &'de Member,
}

impl<'de> Deserializer<'de> for KeyDeserializer<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor
            .visit_borrowed_str(&self.member.key)
            .map_err(|error: Error| error.or_at(self.member.key_span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if name == spanned::NAME {
            return visitor.visit_map(SpannedAccess::new(self.member.key_span, self));
        }
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Gives [`super::Spanned`] its fields: start and end of the place, and the value.
struct SpannedAccess<D> {
    span: Span,
    value: Option<D>,
    given: usize,
}

impl<D> SpannedAccess<D> {
    fn new(span: Span, value: D) -> Self {
        Self {
            span,
            value: Some(value),
            given: 0,
        }
    }
}

impl<'de, D: Deserializer<'de, Error = Error>> MapAccess<'de> for SpannedAccess<D> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let name = spanned::FIELDS.get(self.given);
        name.map(|name| seed.deserialize(BorrowedStrDeserializer::new(name)))
            .transpose()
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        self.given += 1;
        match (self.given, self.value.take()) {
            (1, value) => {
                self.value = value;
                seed.deserialize(self.span.start.into_deserializer())
            }
            (2, value) => {
                self.value = value;
                seed.deserialize(self.span.end.into_deserializer())
            }
            (_, Some(value)) => seed.deserialize(value),
            (_, None) => Err(serde::de::Error::custom("a place has no further fields")),
        }
    }
}
