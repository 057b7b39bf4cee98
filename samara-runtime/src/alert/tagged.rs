//! Objects that say by one of their fields what they are.
//!
//! Serde's own way copies such an object before it looks at the rest of it, and an error then has no place any more. Here the rest is
//! taken from the file itself, where that hands out the field first; the compiler's reader does.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// A type whose variants are told apart by a field.
pub(super) trait Tagged<'de>: Sized {
    /// The type, for messages of deserializers.
    const NAME: &'static str;
    /// The one field.
    const TAG: &'static [&'static str];
    /// What it may hold.
    const VARIANTS: &'static [&'static str];

    /// The variant of a name out of [`Self::VARIANTS`], out of the other fields.
    fn variant<D: Deserializer<'de>>(name: &str, fields: D) -> Result<Self, D::Error>;
}

pub(super) fn deserialize<'de, T: Tagged<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_struct(T::NAME, T::TAG, ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Tagged<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != T::TAG[0] {
                fields.insert(key, map.next_value()?);
                continue;
            }
            let Name { name, .. } = map.next_value::<Name<T>>()?;
            if fields.is_empty() {
                return T::variant(&name, MapAccessDeserializer::new(map));
            }
            while let Some((key, value)) = map.next_entry()? {
                fields.insert(key, value);
            }
            return T::variant(&name, Value::Object(fields).into_deserializer())
                .map_err(A::Error::custom);
        }
        Err(missing::<T, A::Error>(&fields))
    }
}

/// Without the field: one that is misspelt, or none.
fn missing<'de, T: Tagged<'de>, E: Error>(fields: &Map<String, Value>) -> E {
    let is_near =
        |key: &&String| strsim::damerau_levenshtein(key, T::TAG[0]) <= T::TAG[0].len() / 3;
    match fields.keys().find(is_near) {
        Some(misspelt) => E::unknown_field(misspelt, T::TAG),
        None => E::missing_field(T::TAG[0]),
    }
}

/// The name of a variant of `T`.
struct Name<T> {
    name: String,
    of: PhantomData<T>,
}

impl<'de, T: Tagged<'de>> Deserialize<'de> for Name<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor(PhantomData))
    }
}

struct NameVisitor<T>(PhantomData<T>);

impl<'de, T: Tagged<'de>> Visitor<'de> for NameVisitor<T> {
    type Value = Name<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Name<T>, E> {
        match T::VARIANTS.contains(&name) {
            true => Ok(Name {
                name: name.to_owned(),
                of: PhantomData,
            }),
            false => Err(E::unknown_variant(name, T::VARIANTS)),
        }
    }
}
