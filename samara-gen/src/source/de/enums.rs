//! Enums: a name, and for some of them content beside it.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, VariantAccess, Visitor};

use super::error::{Error, Kind};
use super::{NodeDeserializer, NodeKind};
use crate::diagnostic::nearest;
use crate::source::Node;

/// The enum whose variants have content.
const WITH_CONTENT: &str = "Function";
/// The key that names the variant.
const TAG: &str = "function_type";
/// The key that holds its content.
const CONTENT: &str = "arguments";

/// An enum's variant, resolved.
pub(super) struct EnumDeserializer<'de> {
    variant: &'static str,
    node: &'de Node,
}

impl<'de> EnumDeserializer<'de> {
    /// Finds the variant that `node` names, either by a string or by [`TAG`].
    pub(super) fn new(
        node: &'de Node,
        enum_name: &str,
        variants: &'static [&'static str],
    ) -> Result<Self, Error> {
        let name = match &node.kind {
            NodeKind::Object(_) if enum_name == WITH_CONTENT => tag(node)?,
            _ if enum_name == WITH_CONTENT => {
                return Err(NodeDeserializer::new(node).wrong_type("an object"));
            }
            NodeKind::String(_) => node,
            _ => return Err(NodeDeserializer::new(node).wrong_type("a string")),
        };
        let text = name
            .as_str()
            .ok_or_else(|| NodeDeserializer::new(name).wrong_type("a string"))?;
        let variant = variants
            .iter()
            .find(|variant| variant.eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                let what = spaced(enum_name);
                Error::new(Kind::UnknownName {
                    what,
                    name: text.to_owned(),
                    known: variants,
                })
                .or_at(name.span)
            })?;
        Ok(Self { variant, node })
    }
}

/// The name in an object, of which every key is checked first.
fn tag(node: &Node) -> Result<&Node, Error> {
    const KNOWN: &[&str] = &[TAG, CONTENT];
    if let Some(member) = node
        .members()
        .iter()
        .find(|member| !KNOWN.contains(&member.key.as_str()))
    {
        let name = member.key.clone();
        let is_misspelt = nearest(&name, KNOWN.iter().copied()).is_some();
        let unknown = match node.get(TAG).is_some() && node.get(CONTENT).is_none() && !is_misspelt {
            true => Kind::Beside { name },
            false => Kind::UnknownField { name, known: KNOWN },
        };
        return Err(Error::new(unknown).or_at(member.key_span));
    }
    node.get(TAG)
        .ok_or_else(|| Error::new(Kind::MissingField { name: TAG }).or_at(node.span))
}

/// `SaveMode` as `save mode`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

impl<'de> EnumAccess<'de> for EnumDeserializer<'de> {
    type Error = Error;
    type Variant = Content<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'de>), Error> {
        let variant = seed.deserialize(StrDeserializer::<Error>::new(self.variant))?;
        Ok((variant, Content { node: self.node }))
    }
}

/// What stands beside a variant's name.
pub(super) struct Content<'de> {
    node: &'de Node,
}

impl<'de> Content<'de> {
    fn required(&self) -> Result<NodeDeserializer<'de>, Error> {
        let missing = || Error::new(Kind::MissingField { name: CONTENT }).or_at(self.node.span);
        self.node
            .get(CONTENT)
            .map(NodeDeserializer::new)
            .ok_or_else(missing)
    }
}

impl<'de> VariantAccess<'de> for Content<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.node.get(CONTENT) {
            Some(content) if content.members().is_empty() => Ok(()),
            Some(content) => Err(NodeDeserializer::new(content).wrong_type("no arguments")),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.required()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _length: usize, visitor: V) -> Result<V::Value, Error> {
        self.required()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.required()?.deserialize_map(visitor)
    }
}
