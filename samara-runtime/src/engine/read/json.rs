//! Json files, one object a line, as Spark's `json` source reads them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::columns::{ColumnBuilder, Fit};
use crate::engine::read::{Mode, lenient};
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
    /// Whether a file is one document, over as many lines as it takes.
    pub multi_line: bool,
}

impl JsonOptions {
    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            match option.name.to_lowercase().as_str() {
                "mode" => parsed.mode = Mode::parse(&option)?,
                "multiline" => parsed.multi_line = option.boolean()?,
                "primitivesasstring" => option.only("false")?,
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

    /// Appends a line's records: one for an object, one for each element of an array. The error says what is wrong with a malformed one,
    /// which is appended all the same, with null for what did not parse. What follows the object or array is no matter, as in Spark.
    pub fn push_line(
        &self,
        line: &str,
        columns: &mut [ColumnBuilder],
        mut on_row: impl FnMut(Result<(), String>),
    ) {
        let line = line.trim_matches([' ', '\t', '\r', '\n']);
        if line.is_empty() {
            return;
        }
        match self.records(line) {
            Some(records) => records
                .into_iter()
                .for_each(|record| on_row(self.push_record(record, columns))),
            None => on_row(push_malformed(columns, "the record is not a json object")),
        }
    }

    /// The records of a line; nothing if one of them is no object.
    fn records<'a>(&self, line: &'a str) -> Option<Vec<Values<'a>>> {
        if line.starts_with('[') {
            let records = elements(line)?.into_iter();
            records.map(|record| self.slots.fill(record)).collect()
        } else {
            Some(vec![self.slots.fill(line)?])
        }
    }

    fn push_record(&self, values: Values, columns: &mut [ColumnBuilder]) -> Result<(), String> {
        let mut outcome = Ok(());
        for ((name, column), value) in self.slots.names.iter().zip(columns).zip(values) {
            match value {
                None => column.push_null(),
                Some(value) if column.push_json(value) == Fit::Whole => {}
                Some(value) => outcome = Err(format!("`{value}` does not fit column `{name}`")),
            }
        }
        outcome
    }
}

/// Appends a record that is null in every column.
pub(crate) fn push_malformed(columns: &mut [ColumnBuilder], why: &str) -> Result<(), String> {
    columns.iter_mut().for_each(ColumnBuilder::push_null);
    Err(why.to_owned())
}

/// The raw values of known keys.
type Values<'a> = Vec<Option<&'a str>>;

/// The raw elements of an array; nothing if the text is none.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(elements) => Some(elements.into_iter().map(RawValue::get).collect()),
        Err(_) => lenient::elements(text),
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
    pub fn fill<'a>(&self, object: &'a str) -> Option<Values<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(object);
        match ObjectSeed(self).deserialize(&mut deserializer) {
            Ok(values) => Some(values),
            Err(_) => self.fill_leniently(object),
        }
    }

    fn fill_leniently<'a>(&self, object: &'a str) -> Option<Values<'a>> {
        let mut values = vec![None; self.names.len()];
        for (key, value) in lenient::entries(object)? {
            if let Some(slot) = self.by_name.get(key.as_ref()) {
                values[*slot] = Some(value);
            }
        }
        Some(values)
    }
}

struct ObjectSeed<'s>(&'s Slots);

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = Values<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = Values<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![None; self.0.names.len()];
        while let Some(slot) = map.next_key_seed(KeySeed(self.0))? {
            match slot {
                Some(slot) => values[slot] = Some(map.next_value::<&RawValue>()?.get()),
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

/// All entries of an object, in their order; nothing if the text is none.
pub(crate) fn entries(text: &str) -> Option<Vec<(Cow<'_, str>, &str)>> {
    match serde_json::from_str::<StrictEntries>(text) {
        Ok(StrictEntries(entries)) => Some(entries),
        Err(_) => lenient::entries(text),
    }
}

struct StrictEntries<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for StrictEntries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(Cow<'de, str>, &'de str)>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    entries.push((Cow::Owned(key), value.get()));
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(Entries).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, RecordBatch};
    use datafusion::arrow::util::pretty::pretty_format_batches;

    use super::*;
    use crate::engine::read::schema_of;

    /// The rows that lines become, columns by `,`, and whether every record was well formed.
    fn read(columns: &[(&str, &str)], line: &str) -> (Vec<String>, bool) {
        let fields = schema_of(columns.iter().copied()).unwrap().fields;
        let all: Vec<usize> = (0..fields.len()).collect();
        let decoder = JsonDecoder::new(&fields, &all);
        let mut builders: Vec<_> = fields
            .iter()
            .map(|field| ColumnBuilder::new(&field.data_type))
            .collect();
        let mut well_formed = true;
        decoder.push_line(line, &mut builders, |outcome| {
            well_formed &= outcome.is_ok()
        });
        let arrays = builders.iter_mut().map(ColumnBuilder::finish);
        let named = fields.iter().zip(arrays);
        let named = named.map(|(field, array): (_, ArrayRef)| (field.name.clone(), array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(named).unwrap();
        let shown = pretty_format_batches(std::slice::from_ref(&batch))
            .unwrap()
            .to_string();
        let rows = shown.lines().skip(3).take(batch.num_rows());
        let cells = |row: &str| {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            cells.join(",")
        };
        (rows.map(cells).collect(), well_formed)
    }

    fn id_x_s(line: &str) -> (Vec<String>, bool) {
        read(&[("id", "int"), ("x", "double"), ("s", "string")], line)
    }

    #[test]
    fn what_jackson_takes_beyond_the_standard_is_read() {
        for (line, row) in [
            (r#"{"id":1,"x":NaN}"#, "1,NaN,"),
            (r#"{"id":1,"x":-INF}"#, "1,-inf,"),
            (r#"{"id":1,"x":"+INF"}"#, "1,inf,"),
            (r#"{"id":1,"x":-0}"#, "1,0.0,"),
            ("{'id':1,'s':'a\"b'}", "1,,a\"b"),
            (r#"{"id":1} x"#, "1,,"),
            (r#"{"id":1}{"id":2}"#, "1,,"),
            (r#"{"id":1,"s":"a\ude00b"}"#, "1,,a?b"),
            (r#"{"id":1,"id":2}"#, "2,,"),
            (r#"{"id":1,"s":1.50}"#, "1,,1.50"),
            (r#"{"id":1,"s":{"a": [1, 2.0]}}"#, r#"1,,{"a": [1, 2.0]}"#),
            ("{'id':1,'s':{'a': 'b'}}", "1,,{'a': 'b'}"),
        ] {
            assert_eq!(id_x_s(line), (vec![row.to_owned()], true), "{line}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_null_and_leaves_the_others() {
        for (line, row) in [
            (r#"{"id":"1","s":"a"}"#, ",,a"),
            (r#"{"id":"","s":"a"}"#, ",,a"),
            (r#"{"id":1.0,"s":"a"}"#, ",,a"),
            (r#"{"id":1e3,"s":"a"}"#, ",,a"),
            (r#"{"id":2147483648,"s":"a"}"#, ",,a"),
            (r#"{"id":NaN,"x":1,"s":NaN}"#, ",1.0,NaN"),
            (r#"{"id":1,"x":"INF"}"#, "1,,"),
            (r#"{"id":1,"x":"1.5"}"#, "1,,"),
            (r#"{"id":1"#, ",,"),
            (r#"{"id":1,"y":foo,"s":"a"}"#, ",,"),
        ] {
            assert_eq!(id_x_s(line), (vec![row.to_owned()], false), "{line}");
        }
    }

    #[test]
    fn an_array_of_objects_is_a_record_for_each() {
        let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            id_x_s(r#"[{"id":1},{"id":NaN}] ,"#),
            (rows(&["1,,", ",,"]), false)
        );
        assert_eq!(id_x_s("[]"), (rows(&[]), true));
        assert_eq!(id_x_s(r#"[{"id":1},2]"#), (rows(&[",,"]), false));
        assert_eq!(id_x_s(" "), (rows(&[]), true));
    }

    #[test]
    fn nested_values_are_kept_as_far_as_spark_keeps_them() {
        for (kind, value, cell, well_formed) in [
            ("array<int>", r#"[1,"x"]"#, "", false),
            ("array<int>", "[null,1]", "[, 1]", true),
            ("struct<p:int>", r#"{"p":"x"}"#, "{p: }", false),
            (
                "array<struct<p:int>>",
                r#"[{"p":1},{"p":"x"}]"#,
                "[{p: 1}, {p: }]",
                false,
            ),
            ("map<string,int>", r#"{"p":"x","q":2}"#, "", false),
            ("map<string,int>", "{'q':2}", "{q: 2}", true),
            ("tinyint", "128", "-128", true),
            ("decimal(10,2)", r#""1,234.5""#, "1234.50", true),
            ("decimal(10,2)", r#"" 1 ""#, "", false),
            ("boolean", r#""true""#, "", false),
            ("date", r#""1""#, "1970-01-02", true),
            ("timestamp_ntz", r#""2024-01-15T10:30:00Z""#, "", false),
        ] {
            let (rows, whole) = read(
                &[("b", kind), ("c", "int")],
                &format!(r#"{{"b":{value},"c":9}}"#),
            );
            assert_eq!(
                (rows.join(";"), whole),
                (format!("{cell},9"), well_formed),
                "{kind} {value}"
            );
        }
    }
}
