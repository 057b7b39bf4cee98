//! Json files, one object a line, as Spark's `json` source reads them.

use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::Mode;
use crate::engine::read::columns::ColumnBuilder;
use crate::engine::types::Field;

const KNOWN: [&str; 6] = [
    "mode",
    "multiLine",
    "encoding",
    "dateFormat",
    "timestampFormat",
    "primitivesAsString",
];

/// The options of the json reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct JsonOptions {
    pub mode: Mode,
}

impl JsonOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            match option.name.to_lowercase().as_str() {
                "mode" => parsed.mode = Mode::parse(&option)?,
                "multiline" | "primitivesasstring" => option.only("false")?,
                "encoding" | "charset" => option.only("UTF-8")?,
                "dateformat" => option.only("yyyy-MM-dd")?,
                "timestampformat" => {
                    return Err(option
                        .error("not supported yet: timestamps are read in Spark's default forms"));
                }
                _ => return Err(option.unknown(&KNOWN)),
            }
        }
        Ok(parsed)
    }
}

/// Decodes lines of json into columns.
pub(crate) struct JsonDecoder {
    slots: Slots,
}

impl JsonDecoder {
    pub fn new(fields: &[Field], projection: &[usize]) -> Self {
        Self {
            slots: Slots::new(projection.iter().map(|index| fields[*index].name.as_str())),
        }
    }

    /// Appends a line's records: one for an object, one for each element of an array. The error says what is wrong with a malformed record,
    /// which is appended all the same, with null for what did not parse.
    pub fn push_line(
        &self,
        line: &str,
        columns: &mut [ColumnBuilder],
        mut on_row: impl FnMut(Result<(), String>),
    ) {
        let line = line.trim();
        if line.starts_with('[')
            && let Ok(records) = serde_json::from_str::<Vec<&RawValue>>(line)
        {
            records
                .iter()
                .for_each(|record| on_row(self.push_record(record.get(), columns)));
        } else if !line.is_empty() {
            on_row(self.push_record(line, columns));
        }
    }

    fn push_record(&self, record: &str, columns: &mut [ColumnBuilder]) -> Result<(), String> {
        let Some(values) = self.slots.fill(record) else {
            columns.iter_mut().for_each(ColumnBuilder::push_null);
            return Err("the record is not a json object".to_owned());
        };
        let mut outcome = Ok(());
        for ((name, column), value) in self.slots.names.iter().zip(columns).zip(values) {
            match value {
                None => column.push_null(),
                Some(value) if column.push_json(value) => {}
                Some(value) => {
                    outcome = Err(format!("`{}` does not fit column `{name}`", value.get()))
                }
            }
        }
        outcome
    }
}

/// Finds the values of known keys in an object, without decoding any other.
pub(crate) struct Slots {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
}

impl Slots {
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        Self {
            by_name: names.iter().cloned().zip(0..).collect(),
            names,
        }
    }

    /// The raw values in the order of the names; nothing if the text is no object. Of a key that occurs twice, the last value counts.
    pub fn fill<'a>(&self, object: &'a str) -> Option<Vec<Option<&'a RawValue>>> {
        let mut deserializer = serde_json::Deserializer::from_str(object);
        let values = ObjectSeed(self).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        Some(values)
    }
}

struct ObjectSeed<'s>(&'s Slots);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![None; self.0.names.len()];
        while let Some(slot) = map.next_key_seed(KeySeed(self.0))? {
            match slot {
                Some(slot) => values[slot] = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }
}

struct KeySeed<'s>(&'s Slots);

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_name.get(key).copied())
    }
}

/// All entries of an object, in their order.
pub(crate) struct ObjectEntries<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for ObjectEntries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Entries).map(Self)
    }
}
