//! Json files, one object a line, as Spark's `json` source reads them.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::engine::option::{OptionError, OptionValue};
use crate::engine::read::charset::Charset;
use crate::engine::read::columns::{ColumnBuilder, Fit, ValueRules};
use crate::engine::read::files::{self, Selection};
use crate::engine::read::lenient::{self, Dialect};
use crate::engine::read::lines::{LineEnd, TextForm};
use crate::engine::read::reject::{Reject, misfit};
use crate::engine::read::{CORRUPT_RECORD, Mode};
use crate::engine::text::times::{self, Side};
use crate::engine::text::zone::Zone;
use crate::engine::types::Field;

const KNOWN: [&str; 17] = [
    "mode",
    "columnNameOfCorruptRecord",
    "multiLine",
    "lineSep",
    "encoding",
    "allowComments",
    "allowSingleQuotes",
    "allowUnquotedFieldNames",
    "allowNumericLeadingZeros",
    "allowNonNumericNumbers",
    "allowBackslashEscapingAnyCharacter",
    "allowUnquotedControlChars",
    "primitivesAsString",
    "prefersDecimal",
    "inferTimestamp",
    "dropFieldIfAllNull",
    "samplingRatio",
];

/// The options of the json reader.
#[derive(Debug, Clone)]
pub(crate) struct JsonOptions {
    pub mode: Mode,
    /// The column for the text of records that are malformed, if the schema has it.
    pub corrupt_record: String,
    /// Whether a file is one document, over as many lines as it takes.
    pub multi_line: bool,
    pub form: TextForm,
    pub rules: ValueRules,
    pub inference: Inference,
    pub selection: Selection,
}

/// What the types of values say about columns that no schema declares.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inference {
    pub primitives_as_string: bool,
    pub prefers_decimal: bool,
    pub timestamps: bool,
    pub drops_all_null: bool,
}

impl Default for JsonOptions {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            corrupt_record: CORRUPT_RECORD.to_owned(),
            multi_line: false,
            form: TextForm::default(),
            rules: ValueRules::default(),
            inference: Inference::default(),
            selection: Selection::default(),
        }
    }
}

impl JsonOptions {
    /// Times without an option that says their zone are in the session's.
    pub fn in_session(mut self, zone: Zone) -> Self {
        self.rules.times.in_session(zone);
        self.selection.in_zone(self.rules.times.zone());
        self
    }

    pub fn parse<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        let mut parsed = Self::default();
        for option in options {
            if !parsed.take(&option)? {
                return Err(
                    option.unknown(&[&KNOWN[..], &times::OPTIONS, &files::OPTIONS].concat())
                );
            }
        }
        parsed.check_encoding()?;
        Ok(parsed)
    }

    /// Spark reads lines of another encoding only where it is told what ends them.
    fn check_encoding(&self) -> Result<(), OptionError> {
        let is_utf8 = self.form.charset == Charset::Utf8;
        if is_utf8 || self.multi_line || self.form.line_end != LineEnd::Any {
            return Ok(());
        }
        let encoding = OptionValue {
            name: "encoding",
            value: "",
        };
        Err(encoding.error("lines of another encoding than UTF-8 need a `lineSep`, as in Spark"))
    }

    /// Takes an option, if it is one.
    fn take(&mut self, option: &OptionValue<'_>) -> Result<bool, OptionError> {
        let json = &mut self.rules.json;
        let inference = &mut self.inference;
        match option.name.to_lowercase().as_str() {
            "mode" => self.mode = Mode::parse(option)?,
            "columnnameofcorruptrecord" => self.corrupt_record = option.value.to_owned(),
            "multiline" => self.multi_line = option.boolean()?,
            "linesep" => self.form.line_end = option.line_end()?,
            "encoding" | "charset" => self.form.charset = Charset::parse(option)?,
            "allowcomments" => json.comments = option.boolean()?,
            "allowsinglequotes" => json.single_quotes = option.boolean()?,
            "allowunquotedfieldnames" => json.unquoted_names = option.boolean()?,
            "allownumericleadingzeros" => json.leading_zeros = option.boolean()?,
            "allownonnumericnumbers" => json.numbers_by_name = option.boolean()?,
            "allowbackslashescapinganycharacter" => json.any_escape = option.boolean()?,
            "allowunquotedcontrolchars" => json.control_characters = option.boolean()?,
            "primitivesasstring" => inference.primitives_as_string = option.boolean()?,
            "prefersdecimal" => inference.prefers_decimal = option.boolean()?,
            "infertimestamp" => inference.timestamps = option.boolean()?,
            "dropfieldifallnull" => inference.drops_all_null = option.boolean()?,
            "samplingratio" => return Err(option.no_sampling()),
            _ => {
                return Ok(
                    self.rules.times.take(option, Side::Reader)? || self.selection.take(option)?
                );
            }
        }
        Ok(true)
    }
}

/// Decodes lines of json into columns.
pub(crate) struct JsonDecoder {
    /// The columns that are read, and after them the others that are declared.
    slots: Slots,
    rules: ValueRules,
    found: RefCell<Found>,
}

/// Which columns the records have so far.
#[derive(Debug, Default)]
pub(crate) enum Found {
    #[default]
    Nothing,
    /// One that is declared.
    Declared,
    /// None that is declared: the keys of the first record.
    Others(Vec<String>),
}

impl JsonDecoder {
    pub fn new(rules: ValueRules, fields: &[Field], projection: &[usize]) -> Self {
        let others = (0..fields.len()).filter(|index| !projection.contains(index));
        let names = projection.iter().copied().chain(others);
        Self {
            slots: Slots::new(names.map(|index| fields[index].name.as_str())),
            rules,
            found: RefCell::default(),
        }
    }

    /// Which columns the records had since it was asked last.
    pub fn take_found(&mut self) -> Found {
        self.found.take()
    }

    /// Appends a line's records: one for an object, one for each element of an array. The error says what is wrong with a malformed one,
    /// which is appended all the same, with null for what did not parse. What follows the object or array is no matter, as in Spark.
    pub fn push_line(
        &self,
        line: &str,
        columns: &mut [ColumnBuilder],
        mut on_row: impl FnMut(Result<(), Reject>),
    ) {
        let line = line.trim_matches([' ', '\t', '\r', '\n']);
        if lenient::is_blank(line, self.rules.json) {
            return;
        }
        let records = self
            .records(line)
            .filter(|_| !lenient::has_broken_key(line, self.rules.json));
        match records {
            Some(records) => {
                self.note_found(line, &records);
                self.push_records(records, columns, on_row);
            }
            None => on_row(push_malformed(columns, "the record is not a json object")),
        }
    }

    fn note_found(&self, line: &str, records: &[Values]) {
        let mut found = self.found.borrow_mut();
        if matches!(*found, Found::Declared) {
            return;
        }
        if records.iter().flatten().any(Option::is_some) {
            *found = Found::Declared;
        } else if matches!(*found, Found::Nothing) && !records.is_empty() {
            *found = Found::Others(self.keys(line));
        }
    }

    /// The keys of the first record of a line.
    fn keys(&self, line: &str) -> Vec<String> {
        let dialect = self.rules.json;
        let first = match line.starts_with('[') {
            true => elements(line, dialect).and_then(|elements| elements.first().copied()),
            false => Some(line),
        };
        let entries = first.and_then(|record| entries(record, dialect));
        let keys = entries.into_iter().flatten();
        keys.map(|(key, _)| key.into_owned()).collect()
    }

    /// The records of a line; nothing if one of them is no object.
    fn records<'a>(&self, line: &'a str) -> Option<Vec<Values<'a>>> {
        let dialect = self.rules.json;
        if lenient::is_too_deep(line, dialect) {
            return None;
        }
        if line.starts_with('[') {
            let records = elements(line, dialect)?.into_iter();
            records
                .map(|record| self.slots.fill(record, dialect))
                .collect()
        } else {
            Some(vec![self.slots.fill(line, dialect)?])
        }
    }

    /// Appends the records of a line. If one of them is malformed, so are all.
    fn push_records(
        &self,
        records: Vec<Values>,
        columns: &mut [ColumnBuilder],
        mut on_row: impl FnMut(Result<(), Reject>),
    ) {
        let records = records.into_iter();
        let outcomes: Vec<_> = records
            .map(|record| self.push_record(record, columns))
            .collect();
        let worst = outcomes.iter().find_map(|outcome| outcome.clone().err());
        for outcome in outcomes {
            on_row(match &worst {
                Some(worst) => outcome.and_then(|()| Err(Reject::Fields(worst.clone().reason()))),
                None => outcome,
            });
        }
    }

    fn push_record(&self, values: Values, columns: &mut [ColumnBuilder]) -> Result<(), Reject> {
        let mut outcome = Ok(());
        for ((name, column), value) in self.slots.names.iter().zip(columns).zip(values) {
            let Some(value) = value else {
                column.push_null();
                continue;
            };
            match column.push_json(value, &self.rules) {
                Fit::Whole => {}
                Fit::Never => outcome = Err(Reject::Record(misfit(name))),
                Fit::Partly | Fit::Not if outcome.is_ok() => {
                    outcome = Err(Reject::Fields(misfit(name)));
                }
                Fit::Partly | Fit::Not => {}
            }
        }
        outcome
    }
}

/// Appends a record that is null in every column.
pub(crate) fn push_malformed(columns: &mut [ColumnBuilder], why: &str) -> Result<(), Reject> {
    columns.iter_mut().for_each(ColumnBuilder::push_null);
    Err(Reject::Fields(why.to_owned()))
}

/// The raw values of known keys.
type Values<'a> = Vec<Option<&'a str>>;

/// The raw elements of an array; nothing if the text is none.
pub(crate) fn elements(text: &str, dialect: Dialect) -> Option<Vec<&str>> {
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(elements) => Some(elements.into_iter().map(RawValue::get).collect()),
        Err(_) => lenient::elements(text, dialect),
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
    pub fn fill<'a>(&self, object: &'a str, dialect: Dialect) -> Option<Values<'a>> {
        let mut deserializer = serde_json::Deserializer::from_str(object);
        match ObjectSeed(self).deserialize(&mut deserializer) {
            Ok(values) => Some(values),
            Err(_) => self.fill_leniently(object, dialect),
        }
    }

    fn fill_leniently<'a>(&self, object: &'a str, dialect: Dialect) -> Option<Values<'a>> {
        let mut values = vec![None; self.names.len()];
        for (key, value) in lenient::entries(object, dialect)? {
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
pub(crate) fn entries(text: &str, dialect: Dialect) -> Option<Vec<(Cow<'_, str>, &str)>> {
    match serde_json::from_str::<StrictEntries>(text) {
        Ok(StrictEntries(entries)) => Some(entries),
        Err(_) => lenient::entries(text, dialect),
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
        let decoder = JsonDecoder::new(ValueRules::default(), &fields, &all);
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
