//! Functions of maps and structs.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, ListArray, MapArray, StringArray,
    StructArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields};
use datafusion::common::{Result, exec_err, plan_err};

use crate::engine::sql::functions::array::{
    common_of, comparable, element_of, like, list_of, range,
};
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::functions::java_regex::Compiled;
use crate::engine::sql::functions::pattern;
use crate::engine::sql::normal::normalized;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, Array, Map, OnlyText, Text};
    let f = SparkFunction::columns;
    vec![
        f("create_map", &[Any], pairs_field, of_pairs)
            .repeats()
            .at_least(2)
            .with_common(pairs_alike),
        f(
            "map_keys",
            &[Map],
            |call| listed(call, 0),
            |args, to| parts(args, to, 0),
        ),
        f(
            "map_values",
            &[Map],
            |call| listed(call, 1),
            |args, to| parts(args, to, 1),
        ),
        f("map_entries", &[Map], entries_field, entries),
        f("map_from_arrays", &[Array, Array], arrays_field, of_arrays),
        f("map_from_entries", &[Array], of_entries_field, of_entries),
        f("map_concat", &[Map], concat_field, concatenated)
            .repeats()
            .with_common(maps_alike),
        f(
            "map_contains_key",
            &[Map, Any],
            |call| Ok(call.nullable(ArrowType::Boolean)),
            contains,
        )
        .with_common(key_alike),
        f("str_to_map", &[OnlyText, Text, Text], texts_field, of_text).at_least(1),
        f("named_struct", &[Any], struct_field, structs)
            .repeats()
            .at_least(2),
    ]
}

/// The type of a map.
pub(super) fn map_of(key: ArrowType, value: ArrowType, nullable: bool) -> ArrowType {
    let pair = Fields::from(vec![
        Field::new("key", key, false),
        Field::new("value", value, nullable),
    ]);
    ArrowType::Map(
        Arc::new(Field::new("entries", ArrowType::Struct(pair), false)),
        false,
    )
}

/// The fields of a map's keys and of its values.
pub(in crate::engine::sql) fn pair_of(map: &ArrowType) -> Result<&Fields> {
    match map {
        ArrowType::Map(entries, _) => match entries.data_type() {
            ArrowType::Struct(pair) if pair.len() == 2 => Ok(pair),
            other => plan_err!("the entries of a map are {other}"),
        },
        other => plan_err!("{other} is no map"),
    }
}

/// The field of a map's values.
pub(super) fn value_of(map: &ArrowType) -> Result<&FieldRef> {
    Ok(&pair_of(map)?[1])
}

/// A map and a key of its keys' type.
pub(super) fn key_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let pair = pair_of(&types[0])?;
    let (key, value) = (pair[0].data_type(), &pair[1]);
    if types[1].is_null() {
        return plan_err!("the key of a map is not NULL");
    }
    let Some(common) = common_of(key, &types[1]) else {
        return plan_err!("the keys of this map are {key}, this key is {}", types[1]);
    };
    let map = map_of(
        common.clone(),
        value.data_type().clone(),
        value.is_nullable(),
    );
    Ok(vec![map, common])
}

fn pairs_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    if !types.len().is_multiple_of(2) {
        return plan_err!("`map` takes keys and values by turns");
    }
    let common = |first: usize| {
        let mut each = types.iter().skip(first).step_by(2).cloned();
        let kind = each
            .next()
            .and_then(|start| each.try_fold(start, |sum, kind| common_of(&sum, &kind)));
        kind.map_or_else(
            || plan_err!("the arguments of `map` have no type in common"),
            Ok,
        )
    };
    let (key, value) = (common(0)?, common(1)?);
    Ok((0..types.len() / 2)
        .flat_map(|_| [key.clone(), value.clone()])
        .collect())
}

fn maps_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let mut key = pair_of(&types[0])?[0].data_type().clone();
    let mut value = value_of(&types[0])?.data_type().clone();
    for map in types {
        let pair = pair_of(map)?;
        let (Some(k), Some(v)) = (
            common_of(&key, pair[0].data_type()),
            common_of(&value, pair[1].data_type()),
        ) else {
            return plan_err!("the maps of `map_concat` have no type in common");
        };
        (key, value) = (k, v);
    }
    let each = types.iter().map(|map| {
        Ok(map_of(
            key.clone(),
            value.clone(),
            value_of(map)?.is_nullable(),
        ))
    });
    each.collect()
}

fn pairs_field(call: &Call<'_>) -> Result<Field> {
    let nullable = call
        .fields
        .iter()
        .skip(1)
        .step_by(2)
        .any(|value| value.is_nullable());
    let kind = map_of(call.kind(0).clone(), call.kind(1).clone(), nullable);
    Ok(Field::new(call.name, kind, false))
}

/// The keys or the values of a map, as an array: Spark does not say of either that none is null.
fn listed(call: &Call<'_>, part: usize) -> Result<Field> {
    let kind = pair_of(call.kind(0))?[part].data_type().clone();
    Ok(call.strict(list_of(kind, true)))
}

fn entries_field(call: &Call<'_>) -> Result<Field> {
    let pair = pair_of(call.kind(0))?.clone();
    Ok(call.strict(list_of(ArrowType::Struct(pair), false)))
}

fn arrays_field(call: &Call<'_>) -> Result<Field> {
    let (keys, values) = (element_of(call.kind(0))?, element_of(call.kind(1))?);
    let kind = map_of(
        keys.data_type().clone(),
        values.data_type().clone(),
        values.is_nullable(),
    );
    Ok(call.strict(kind))
}

fn of_entries_field(call: &Call<'_>) -> Result<Field> {
    let entry = element_of(call.kind(0))?;
    let ArrowType::Struct(pair) = entry.data_type() else {
        return plan_err!("`map_from_entries` takes an array of structs of two fields");
    };
    let [key, value] = &pair[..] else {
        return plan_err!("`map_from_entries` takes an array of structs of two fields");
    };
    let kind = map_of(
        key.data_type().clone(),
        value.data_type().clone(),
        value.is_nullable(),
    );
    let nullable = call.any_nullable() || entry.is_nullable();
    Ok(Field::new(call.name, kind, nullable))
}

fn concat_field(call: &Call<'_>) -> Result<Field> {
    let pair = pair_of(call.kind(0))?;
    let mut nullable = false;
    for field in call.fields {
        nullable |= value_of(field.data_type())?.is_nullable();
    }
    Ok(call.strict(map_of(
        pair[0].data_type().clone(),
        pair[1].data_type().clone(),
        nullable,
    )))
}

fn texts_field(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(map_of(ArrowType::Utf8, ArrowType::Utf8, true)))
}

/// Maps, collected row by row as places among keys and values.
#[derive(Default)]
pub(super) struct Maps {
    keys: Vec<u64>,
    values: Vec<Option<u64>>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Maps {
    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub fn row(&mut self, pairs: impl IntoIterator<Item = (usize, Option<usize>)>) {
        let before = self.keys.len();
        // A place in an array fits 64 bits.
        let place = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
        for (key, value) in pairs {
            self.keys.push(place(key));
            self.values.push(value.map(place));
        }
        self.lengths.push(self.keys.len() - before);
        self.valid.push(true);
    }

    /// The maps; a key is not null, and comes once in a map.
    pub fn of(self, keys: &ArrayRef, values: &ArrayRef, kind: &ArrowType) -> Result<ArrayRef> {
        let pair = pair_of(kind)?;
        let keys = take(keys, &UInt64Array::from(self.keys), None)?;
        let values = take(values, &UInt64Array::from(self.values), None)?;
        if keys.null_count() > 0 || (keys.data_type().is_null() && !keys.is_empty()) {
            return exec_err!("the key of a map is null");
        }
        let rows = comparable(&keys, false)?;
        let mut first = 0;
        for length in &self.lengths {
            let mut seen = HashSet::new();
            if let Some(twice) = (first..first + length).find(|at| !seen.insert(rows.row(*at))) {
                let shown = datafusion::common::ScalarValue::try_from_array(&keys, twice)?;
                return exec_err!("the key {shown} comes twice in a map");
            }
            first += length;
        }
        let keys = like(&keys, pair[0].data_type())?;
        let values = like(&values, pair[1].data_type())?;
        let entries = StructArray::try_new(pair.clone(), vec![keys, values], None)?;
        let ArrowType::Map(field, sorted) = kind else {
            return plan_err!("{kind} is no map");
        };
        Ok(Arc::new(MapArray::try_new(
            Arc::clone(field),
            OffsetBuffer::from_lengths(self.lengths),
            entries,
            Some(NullBuffer::from(self.valid)),
            *sorted,
        )?))
    }
}

fn of_pairs(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let part = |first: usize| -> Result<ArrayRef> {
        let arrays: Vec<_> = args
            .iter()
            .skip(first)
            .step_by(2)
            .map(|arg| &**arg)
            .collect();
        Ok(concat(&arrays)?)
    };
    let (keys, values) = (part(0)?, part(1)?);
    let rows = args[0].len();
    let mut maps = Maps::default();
    for row in 0..rows {
        maps.row((0..args.len() / 2).map(|pair| (pair * rows + row, Some(pair * rows + row))));
    }
    maps.of(&keys, &values, to.data_type())
}

fn parts(args: &[ArrayRef], to: &Field, part: usize) -> Result<ArrayRef> {
    let map = args[0].as_map();
    let element = element_of(to.data_type())?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(element),
        map.offsets().clone(),
        like(map.entries().column(part), element.data_type())?,
        map.nulls().cloned(),
    )?))
}

fn entries(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let map = args[0].as_map();
    let structs: ArrayRef = Arc::new(map.entries().clone());
    let element = element_of(to.data_type())?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(element),
        map.offsets().clone(),
        like(&structs, element.data_type())?,
        map.nulls().cloned(),
    )?))
}

fn of_arrays(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let (keys, values) = (args[0].as_list::<i32>(), args[1].as_list::<i32>());
    let mut maps = Maps::default();
    for row in 0..keys.len() {
        if keys.is_null(row) || values.is_null(row) {
            maps.null();
            continue;
        }
        let (k, v) = (range(keys, row), range(values, row));
        if k.len() != v.len() {
            return exec_err!("a map of {} keys and {} values", k.len(), v.len());
        }
        maps.row(k.zip(v.map(Some)));
    }
    maps.of(keys.values(), values.values(), to.data_type())
}

fn of_entries(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let structs = list.values().as_struct();
    let mut maps = Maps::default();
    for row in 0..list.len() {
        if list.is_null(row) || range(list, row).any(|at| structs.is_null(at)) {
            maps.null();
        } else {
            maps.row(range(list, row).map(|at| (at, Some(at))));
        }
    }
    let keys = normalized(structs.column(0))?;
    maps.of(&keys, structs.column(1), to.data_type())
}

fn concatenated(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let maps: Vec<&MapArray> = args.iter().map(|arg| arg.as_map()).collect();
    let part = |part: usize| -> Result<ArrayRef> {
        let arrays: Vec<_> = maps
            .iter()
            .map(|map| &**map.entries().column(part))
            .collect();
        Ok(concat(&arrays)?)
    };
    let (keys, values) = (normalized(&part(0)?)?, part(1)?);
    let mut result = Maps::default();
    for row in 0..maps[0].len() {
        if maps.iter().any(|map| map.is_null(row)) {
            result.null();
            continue;
        }
        let mut first = 0;
        let mut places = Vec::new();
        for map in &maps {
            places.extend(places_of(map, row).map(|at| (first + at, Some(first + at))));
            first += map.entries().len();
        }
        result.row(places);
    }
    result.of(&keys, &values, to.data_type())
}

pub(super) fn places_of(map: &MapArray, row: usize) -> std::ops::Range<usize> {
    let offsets = map.value_offsets();
    let at = |offset: i32| usize::try_from(offset).unwrap_or(0);
    at(offsets[row])..at(offsets[row + 1])
}

/// For each row, the place of the entry whose key equals the given one.
fn found(map: &ArrayRef, key: &ArrayRef) -> Result<Vec<Option<u64>>> {
    let map = map.as_map();
    let all = concat(&[&**map.keys(), &*like(key, map.keys().data_type())?])?;
    let rows = comparable(&all, false)?;
    let first = map.keys().len();
    let place = |row: usize| {
        if map.is_null(row) || key.is_null(row) {
            return None;
        }
        let found = places_of(map, row).find(|at| rows.row(*at) == rows.row(first + row));
        found.and_then(|at| u64::try_from(at).ok())
    };
    Ok((0..map.len()).map(place).collect())
}

/// The values of keys, null where a map has no such key.
pub(in crate::engine::sql) fn values_by_key(map: &ArrayRef, key: &ArrayRef) -> Result<ArrayRef> {
    let places = found(map, key)?;
    Ok(take(
        map.as_map().values(),
        &UInt64Array::from(places),
        None,
    )?)
}

fn contains(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let places = found(&args[0], &args[1])?.into_iter().enumerate();
    let answers = places.map(|(row, place)| {
        let there = !args[0].is_null(row) && !args[1].is_null(row);
        there.then_some(place.is_some())
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

/// Pairs are parted by the first pattern, keys and values by the second.
fn of_text(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let texts = |at: usize| args.get(at).map(|arg| arg.as_string::<i32>());
    let mut between = (Compiled::default(), Compiled::default());
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut maps = Maps::default();
    for row in 0..args[0].len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            maps.null();
            continue;
        }
        let value = |at: usize, default| texts(at).map_or(default, |texts| texts.value(row));
        let pairs = between.0.get(value(1, ","))?;
        let sides = between.1.get(value(2, ":"))?;
        let before = keys.len();
        for pair in pattern::parts(value(0, ""), &pairs, -1) {
            let mut sides = pattern::parts(&pair, &sides, 2).into_iter();
            keys.push(sides.next().unwrap_or_default());
            values.push(sides.next());
        }
        maps.row((before..keys.len()).map(|at| (at, Some(at))));
    }
    let keys: ArrayRef = Arc::new(StringArray::from(keys));
    let values: ArrayRef = Arc::new(StringArray::from(values));
    maps.of(&keys, &values, to.data_type())
}

/// Names, which are literals, and values by turns.
fn struct_field(call: &Call<'_>) -> Result<Field> {
    if !call.fields.len().is_multiple_of(2) {
        return plan_err!("`named_struct` takes names and values by turns");
    }
    let fields = (0..call.fields.len() / 2).map(|pair| {
        let Some(name) = call.text(2 * pair) else {
            return plan_err!("the name of a field is a literal");
        };
        let value = &call.fields[2 * pair + 1];
        Ok(Field::new(
            name,
            value.data_type().clone(),
            value.is_nullable(),
        ))
    });
    let fields = fields.collect::<Result<Fields>>()?;
    Ok(Field::new(call.name, ArrowType::Struct(fields), false))
}

fn structs(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let ArrowType::Struct(fields) = to.data_type() else {
        return plan_err!("`named_struct` gives a struct");
    };
    let columns = args.iter().skip(1).step_by(2).zip(fields);
    let columns = columns.map(|(values, field)| like(values, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(StructArray::try_new(
        fields.clone(),
        columns,
        None,
    )?))
}
