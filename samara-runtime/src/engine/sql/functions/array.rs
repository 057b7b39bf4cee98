//! Functions of arrays: elements by place or value, and arrays made of others.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, Int64Array, ListArray,
    StringArray, StructArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{SortOptions, cast, concat, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Fields, Int32Type};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result, exec_err, plan_err};

use crate::engine::DataType as T;
use crate::engine::sql::cast::{TextOf, to_text};
use crate::engine::sql::coercion::{common_type, is_text};
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::normal::normalized;
use crate::engine::text::zone::Zone;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::{Any, Array, Boolean, Int, Text};
    let f = SparkFunction::columns;
    vec![
        f("get", &[Array, Int], any_element, |args, _| {
            element(args, |index, length| {
                Ok((0..length).contains(&index).then_some(index))
            })
        }),
        f("array_size", &[Array], of_int, |args, _| lengths(args)),
        f("array_contains", &[Array, Any], contains_field, contains).with_common(element_alike),
        f(
            "array_position",
            &[Array, Any],
            |call| Ok(call.strict(ArrowType::Int64)),
            position,
        )
        .with_common(element_fits),
        f("array_append", &[Array, Any], grown, |args, to| {
            inserted(args, to, Ok)
        })
        .with_common(element_fits),
        f("array_prepend", &[Array, Any], grown, |args, to| {
            inserted(args, to, |_| Ok(0))
        })
        .with_common(element_fits),
        f("array_insert", &[Array, Int, Any], inserted_field, insert).with_common(third_fits),
        f("sort_array", &[Array, Boolean], like_first, sort_array).at_least(1),
        f("array_sort", &[Array], like_first, |args, to| {
            sorted(args, to, false, |_| false)
        }),
        f("slice", &[Array, Int, Int], like_first, slice),
        f("flatten", &[Array], flat, flatten),
        f("array_repeat", &[Any, Int], repeated_field, repeat),
        f("array_compact", &[Array], compact_field, |args, to| {
            kept(args, to, |list, _, at| !list.values().is_null(at))
        }),
        f("array_remove", &[Array, Any], like_first, remove).with_common(element_fits),
        f("array_distinct", &[Array], like_first, distinct),
        f("array_union", &[Array, Array], union_field, |args, to| {
            sets(args, to, Set::Union)
        })
        .with_common(lists_alike),
        f(
            "array_intersect",
            &[Array, Array],
            both_field,
            |args, to| sets(args, to, Set::Intersection),
        )
        .with_common(lists_alike),
        f("array_except", &[Array, Array], first_of_two, |args, to| {
            sets(args, to, Set::Difference)
        })
        .with_common(lists_alike),
        f("arrays_overlap", &[Array, Array], overlap_field, overlap).with_common(lists_alike),
        f("arrays_zip", &[Any], zipped_field, zip)
            .repeats()
            .at_least(0),
        f("array_max", &[Array], any_element, |args, _| {
            extreme(args, true)
        }),
        f("array_min", &[Array], any_element, |args, _| {
            extreme(args, false)
        }),
        SparkFunction::columns_in_zone(
            "array_join",
            &[Array, Text, Text],
            |call| Ok(call.strict(ArrowType::Utf8)),
            join,
        )
        .at_least(2)
        .with_common(texts_first),
    ]
}

/// The type of an array.
pub(super) fn list_of(element: ArrowType, nullable: bool) -> ArrowType {
    ArrowType::List(Arc::new(Field::new_list_field(element, nullable)))
}

/// The field of an array's elements.
pub(super) fn element_of(list: &ArrowType) -> Result<&FieldRef> {
    match list {
        ArrowType::List(element) => Ok(element),
        other => plan_err!("{other} is no array"),
    }
}

/// The type that holds values of both, also of arrays, maps and structs.
pub(super) fn common_of(left: &ArrowType, right: &ArrowType) -> Option<ArrowType> {
    match (left, right) {
        (ArrowType::List(l), ArrowType::List(r)) => Some(list_of(
            common_of(l.data_type(), r.data_type())?,
            l.is_nullable() || r.is_nullable(),
        )),
        (ArrowType::Struct(l), ArrowType::Struct(r)) if l.len() == r.len() => {
            let each = l.iter().zip(r).map(|(l, r)| {
                let kind = common_of(l.data_type(), r.data_type())?;
                let same = l.name().eq_ignore_ascii_case(r.name());
                let nullable = l.is_nullable() || r.is_nullable();
                same.then(|| Field::new(l.name(), kind, nullable))
            });
            Some(ArrowType::Struct(each.collect::<Option<Fields>>()?))
        }
        // A text stands beside texts only.
        (l, r) if is_text(l) != is_text(r) && !l.is_null() && !r.is_null() => None,
        _ => common_type(left, right),
    }
}

fn no_common(left: &ArrowType, right: &ArrowType) -> String {
    let shown = |kind: &ArrowType| {
        T::from_arrow(kind).map_or_else(|_| kind.to_string(), |kind| kind.to_string())
    };
    format!(
        "{} and {} have no type in common",
        shown(left),
        shown(right)
    )
}

/// An array and a value, both of the type that they have in common.
fn element_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    if types[1].is_null() {
        return plan_err!("the value that is looked for is NULL, which is not supported");
    }
    element_fits(types)
}

fn element_fits(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let element = element_of(&types[0])?;
    let Some(common) = common_of(element.data_type(), &types[1]) else {
        return plan_err!("{}", no_common(element.data_type(), &types[1]));
    };
    let list = list_of(common.clone(), element.is_nullable());
    Ok([list, common]
        .into_iter()
        .chain(types[2..].iter().cloned())
        .collect())
}

fn third_fits(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let fitted = element_fits(&[types[0].clone(), types[2].clone()])?;
    Ok(vec![fitted[0].clone(), types[1].clone(), fitted[1].clone()])
}

/// Arrays of one type; each keeps whether its elements may be null.
pub(super) fn lists_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let mut common = types[0].clone();
    for other in &types[1..] {
        let Some(wider) = common_of(&common, other) else {
            return plan_err!("{}", no_common(&common, other));
        };
        common = wider;
    }
    let kind = element_of(&common)?.data_type();
    let each = types.iter().map(|list| {
        let nullable = element_of(list)?.is_nullable();
        Ok(list_of(kind.clone(), nullable))
    });
    each.collect()
}

fn texts_first(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let element = element_of(&types[0])?;
    if element.data_type().is_nested() {
        return plan_err!("`array_join` takes an array of texts");
    }
    Ok(types.to_vec())
}

fn of_int(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(ArrowType::Int32))
}

fn any_element(call: &Call<'_>) -> Result<Field> {
    Ok(call.nullable(element_of(call.kind(0))?.data_type().clone()))
}

/// The first argument's type, null only where it is.
fn like_first(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(call.kind(0).clone()))
}

fn compact_field(call: &Call<'_>) -> Result<Field> {
    let element = element_of(call.kind(0))?.data_type().clone();
    Ok(call.strict(list_of(element, false)))
}

fn contains_field(call: &Call<'_>) -> Result<Field> {
    let nullable = call.any_nullable() || element_of(call.kind(0))?.is_nullable();
    Ok(Field::new(call.name, ArrowType::Boolean, nullable))
}

fn overlap_field(call: &Call<'_>) -> Result<Field> {
    let nullable = call.any_nullable()
        || element_of(call.kind(0))?.is_nullable()
        || element_of(call.kind(1))?.is_nullable();
    Ok(Field::new(call.name, ArrowType::Boolean, nullable))
}

/// An array with one more element; null only where the array is.
fn grown(call: &Call<'_>) -> Result<Field> {
    let element = element_of(call.kind(0))?;
    let nullable = element.is_nullable() || call.fields[1].is_nullable();
    let kind = list_of(element.data_type().clone(), nullable);
    Ok(Field::new(call.name, kind, call.fields[0].is_nullable()))
}

fn inserted_field(call: &Call<'_>) -> Result<Field> {
    let kind = list_of(element_of(call.kind(0))?.data_type().clone(), true);
    let nullable = call.fields[0].is_nullable() || call.fields[1].is_nullable();
    Ok(Field::new(call.name, kind, nullable))
}

fn flat(call: &Call<'_>) -> Result<Field> {
    let outer = element_of(call.kind(0))?;
    let nullable = call.any_nullable() || outer.is_nullable();
    let inner = element_of(outer.data_type())?;
    let kind = list_of(inner.data_type().clone(), inner.is_nullable());
    Ok(Field::new(call.name, kind, nullable))
}

fn repeated_field(call: &Call<'_>) -> Result<Field> {
    let kind = list_of(call.kind(0).clone(), call.fields[0].is_nullable());
    Ok(Field::new(call.name, kind, call.fields[1].is_nullable()))
}

fn either(call: &Call<'_>, nullable: bool) -> Result<Field> {
    Ok(call.strict(list_of(
        element_of(call.kind(0))?.data_type().clone(),
        nullable,
    )))
}

fn union_field(call: &Call<'_>) -> Result<Field> {
    let nulls = element_of(call.kind(0))?.is_nullable() || element_of(call.kind(1))?.is_nullable();
    either(call, nulls)
}

fn both_field(call: &Call<'_>) -> Result<Field> {
    let nulls = element_of(call.kind(0))?.is_nullable() && element_of(call.kind(1))?.is_nullable();
    either(call, nulls)
}

fn first_of_two(call: &Call<'_>) -> Result<Field> {
    either(call, element_of(call.kind(0))?.is_nullable())
}

/// The places of a row's elements among the values.
pub(super) fn range(list: &ListArray, row: usize) -> Range<usize> {
    let offsets = list.value_offsets();
    let at = |offset: i32| usize::try_from(offset).unwrap_or(0);
    at(offsets[row])..at(offsets[row + 1])
}

/// Arrays as places in an array of values, collected row by row.
#[derive(Default)]
pub(super) struct Places {
    places: Vec<Option<u64>>,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl Places {
    pub fn null(&mut self) {
        self.lengths.push(0);
        self.valid.push(false);
    }

    pub fn row(&mut self, places: impl IntoIterator<Item = Option<usize>>) {
        let before = self.places.len();
        let places = places
            .into_iter()
            .map(|place| place.and_then(|place| u64::try_from(place).ok()));
        self.places.extend(places);
        self.lengths.push(self.places.len() - before);
        self.valid.push(true);
    }

    /// The arrays, of the given type.
    pub fn of(self, values: &ArrayRef, kind: &ArrowType) -> Result<ArrayRef> {
        let element = element_of(kind)?;
        let taken = take(values, &UInt64Array::from(self.places), None)?;
        let taken = like(&taken, element.data_type())?;
        Ok(Arc::new(ListArray::try_new(
            Arc::clone(element),
            OffsetBuffer::from_lengths(self.lengths),
            taken,
            Some(NullBuffer::from(self.valid)),
        )?))
    }
}

/// The same values where types differ in what may be null alone.
pub(super) fn like(values: &ArrayRef, kind: &ArrowType) -> Result<ArrayRef> {
    if values.data_type() == kind {
        Ok(Arc::clone(values))
    } else {
        Ok(cast(values, kind)?)
    }
}

/// Values in an order, and with an equality, of bytes.
pub(super) fn comparable(values: &ArrayRef, descending: bool) -> Result<Rows> {
    let values = normalized(values)?;
    let options = SortOptions {
        descending,
        nulls_first: !descending,
    };
    let field = SortField::new_with_options(values.data_type().clone(), options);
    Ok(RowConverter::new(vec![field])?.convert_columns(&[values])?)
}

fn lengths(args: &[ArrayRef]) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let length = |row| (!list.is_null(row)).then(|| list.value_length(row));
    Ok(Arc::new(
        (0..list.len()).map(length).collect::<Int32Array>(),
    ))
}

/// An element by what an index means in an array of a length.
pub(super) fn element(
    args: &[ArrayRef],
    place: impl Fn(i64, i64) -> Result<Option<i64>>,
) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let indices = args[1].as_primitive::<Int32Type>();
    let at =
        |row: usize| {
            if list.is_null(row) || indices.is_null(row) {
                return Ok(None);
            }
            let length = i64::from(list.value_length(row));
            let place = place(i64::from(indices.value(row)), length)?;
            Ok(place
                .and_then(|place| u64::try_from(place + i64::from(list.value_offsets()[row])).ok()))
        };
    let places = (0..list.len()).map(at).collect::<Result<UInt64Array>>()?;
    Ok(take(list.values(), &places, None)?)
}

/// For each row of an array and a value: whether all is there, the elements' places, and which of them equals the value.
fn found(
    args: &[ArrayRef],
    mut row: impl FnMut(&ListArray, Option<(Range<usize>, &dyn Fn(usize) -> bool)>),
) -> Result<()> {
    let (list, value) = (args[0].as_list::<i32>(), &args[1]);
    let all = concat(&[&**list.values(), &*like(value, list.values().data_type())?])?;
    let rows = comparable(&all, false)?;
    let first = list.values().len();
    for at in 0..list.len() {
        if list.is_null(at) || value.is_null(at) {
            row(list, None);
            continue;
        }
        let equals = |place: usize| rows.row(place) == rows.row(first + at);
        row(list, Some((range(list, at), &equals)));
    }
    Ok(())
}

fn contains(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let mut answers = Vec::new();
    found(args, |list, row| {
        answers.push(row.and_then(|(mut places, equals)| {
            let any_null = places.clone().any(|place| list.values().is_null(place));
            let found = places.any(equals);
            (found || !any_null).then_some(found)
        }));
    })?;
    Ok(Arc::new(BooleanArray::from(answers)))
}

fn position(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let mut answers = Vec::new();
    found(args, |_, row| {
        answers.push(row.map(|(mut places, equals)| {
            let at = places
                .position(equals)
                .and_then(|at| i64::try_from(at + 1).ok());
            at.unwrap_or(0)
        }));
    })?;
    Ok(Arc::new(Int64Array::from(answers)))
}

fn remove(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let mut result = Places::default();
    found(args, |_, row| match row {
        Some((places, equals)) => {
            result.row(places.filter(|place| !equals(*place)).map(Some));
        }
        None => result.null(),
    })?;
    result.of(args[0].as_list::<i32>().values(), to.data_type())
}

/// The elements that a test keeps.
fn kept(
    args: &[ArrayRef],
    to: &Field,
    keeps: impl Fn(&ListArray, usize, usize) -> bool,
) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let mut result = Places::default();
    for row in 0..list.len() {
        if list.is_null(row) {
            result.null();
        } else {
            let places = range(list, row).filter(|at| keeps(list, row, *at));
            result.row(places.map(Some));
        }
    }
    result.of(list.values(), to.data_type())
}

/// The second argument as one more element, at a place of an array of a length.
fn inserted(
    args: &[ArrayRef],
    to: &Field,
    place: impl Fn(usize) -> Result<usize>,
) -> Result<ArrayRef> {
    let (list, value) = (args[0].as_list::<i32>(), &args[1]);
    let all = concat(&[&**list.values(), &*like(value, list.values().data_type())?])?;
    let first = list.values().len();
    let mut result = Places::default();
    for row in 0..list.len() {
        if list.is_null(row) {
            result.null();
            continue;
        }
        let elements = range(list, row);
        let middle = elements.start + place(elements.len())?;
        let behind = middle..elements.end;
        let places = (elements.start..middle).chain([first + row]).chain(behind);
        result.row(places.map(Some));
    }
    result.of(&all, to.data_type())
}

/// `array_insert`: behind the ends, nulls fill what lies between.
fn insert(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let (list, value) = (args[0].as_list::<i32>(), &args[2]);
    let indices = args[1].as_primitive::<Int32Type>();
    let all = concat(&[&**list.values(), &*like(value, list.values().data_type())?])?;
    let first = list.values().len();
    let mut result = Places::default();
    for row in 0..list.len() {
        if list.is_null(row) || indices.is_null(row) {
            result.null();
            continue;
        }
        let index = indices.value(row);
        if index == 0 {
            return exec_err!(
                "places in an array are from 1, or from -1 at its end; this one is 0"
            );
        }
        let mut places: Vec<Option<usize>> = range(list, row).map(Some).collect();
        let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX) - 1;
        if index > 0 {
            let at = from_end;
            places.resize(places.len().max(at), None);
            places.insert(at, Some(first + row));
        } else {
            let missing = from_end.saturating_sub(places.len());
            places.splice(0..0, std::iter::repeat_n(None, missing));
            places.insert(places.len() - from_end, Some(first + row));
        }
        result.row(places);
    }
    result.of(&all, to.data_type())
}

fn sort_array(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let ascending = args.get(1).map(|arg| arg.as_boolean().clone());
    sorted(args, to, true, |row| {
        ascending
            .as_ref()
            .is_some_and(|ascending| !ascending.value(row))
    })
}

/// Elements in order. Nulls are the least, or stand at the end.
fn sorted(
    args: &[ArrayRef],
    to: &Field,
    nulls_are_least: bool,
    descends: impl Fn(usize) -> bool,
) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let rows = comparable(list.values(), false)?;
    let mut result = Places::default();
    for row in 0..list.len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            result.null();
            continue;
        }
        let is_null = |place: &usize| list.values().is_null(*place);
        let (nulls, mut places): (Vec<usize>, Vec<usize>) = range(list, row).partition(is_null);
        let descends = descends(row);
        places.sort_by(|a, b| {
            let order = rows.row(*a).cmp(&rows.row(*b));
            if descends { order.reverse() } else { order }
        });
        let all: Vec<usize> = if nulls_are_least && !descends {
            nulls.into_iter().chain(places).collect()
        } else {
            places.into_iter().chain(nulls).collect()
        };
        result.row(all.into_iter().map(Some));
    }
    result.of(list.values(), to.data_type())
}

fn slice(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let (starts, lengths) = (
        args[1].as_primitive::<Int32Type>(),
        args[2].as_primitive::<Int32Type>(),
    );
    let mut result = Places::default();
    for row in 0..list.len() {
        if args.iter().any(|arg| arg.is_null(row)) {
            result.null();
            continue;
        }
        let (start, length) = (starts.value(row), lengths.value(row));
        let Ok(length) = usize::try_from(length) else {
            return exec_err!("the length of a slice is not negative; it is {length}");
        };
        let elements = range(list, row);
        let skipped = match start {
            0 => return exec_err!("a slice begins at 1, or at -1 at the end; not at 0"),
            1.. => usize::try_from(start - 1).ok(),
            _ => elements
                .len()
                .checked_sub(usize::try_from(start.unsigned_abs()).unwrap_or(usize::MAX)),
        };
        let places = skipped.map(|skipped| elements.skip(skipped).take(length));
        result.row(places.into_iter().flatten().map(Some));
    }
    result.of(list.values(), to.data_type())
}

/// Null where the outer array is, or holds a null.
fn flatten(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let outer = args[0].as_list::<i32>();
    let inner = outer.values().as_list::<i32>();
    let mut result = Places::default();
    for row in 0..outer.len() {
        let lists = range(outer, row);
        if outer.is_null(row) || lists.clone().any(|list| inner.is_null(list)) {
            result.null();
        } else {
            result.row(lists.flat_map(|list| range(inner, list)).map(Some));
        }
    }
    result.of(inner.values(), to.data_type())
}

fn repeat(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let counts = args[1].as_primitive::<Int32Type>();
    let mut result = Places::default();
    for row in 0..counts.len() {
        if counts.is_null(row) {
            result.null();
        } else {
            let count = usize::try_from(counts.value(row)).unwrap_or(0);
            result.row(std::iter::repeat_n(Some(row), count));
        }
    }
    result.of(&args[0], to.data_type())
}

fn distinct(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let values = normalized(list.values())?;
    let rows = comparable(&values, false)?;
    let mut result = Places::default();
    for row in 0..list.len() {
        if list.is_null(row) {
            result.null();
            continue;
        }
        let mut seen = HashSet::new();
        let new = range(list, row).filter(|at| seen.insert(rows.row(*at)));
        result.row(new.map(Some));
    }
    result.of(&values, to.data_type())
}

#[derive(Clone, Copy, PartialEq)]
enum Set {
    Union,
    Intersection,
    Difference,
}

/// Arrays as sets, in the order of their elements.
fn sets(args: &[ArrayRef], to: &Field, set: Set) -> Result<ArrayRef> {
    let (left, right) = (args[0].as_list::<i32>(), args[1].as_list::<i32>());
    let all = normalized(&concat(&[&**left.values(), &**right.values()])?)?;
    let rows = comparable(&all, false)?;
    let first = left.values().len();
    let mut result = Places::default();
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            result.null();
            continue;
        }
        let of_right = || range(right, row).map(|at| first + at);
        let others: HashSet<_> = of_right().map(|at| rows.row(at)).collect();
        let mut seen = HashSet::new();
        let mut places: Vec<usize> = range(left, row).collect();
        match set {
            Set::Union => places.extend(of_right()),
            Set::Intersection => places.retain(|at| others.contains(&rows.row(*at))),
            Set::Difference => places.retain(|at| !others.contains(&rows.row(*at))),
        }
        places.retain(|at| seen.insert(rows.row(*at)));
        result.row(places.into_iter().map(Some));
    }
    result.of(&all, to.data_type())
}

/// Null, if nothing is in both but a null is in one and the other is not empty.
fn overlap(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let (left, right) = (args[0].as_list::<i32>(), args[1].as_list::<i32>());
    let all = concat(&[&**left.values(), &**right.values()])?;
    let rows = comparable(&all, false)?;
    let first = left.values().len();
    let answer = |row: usize| {
        if left.is_null(row) || right.is_null(row) {
            return None;
        }
        let (l, r) = (range(left, row), range(right, row));
        if l.is_empty() || r.is_empty() {
            return Some(false);
        }
        let there = |at: &usize| !all.is_null(*at);
        let both = l.clone().chain(r.clone().map(|at| first + at));
        let others: HashSet<_> = r
            .map(|at| first + at)
            .filter(there)
            .map(|at| rows.row(at))
            .collect();
        let found = l.filter(there).any(|at| others.contains(&rows.row(at)));
        let any_null = both.into_iter().any(|at| !there(&at));
        (found || !any_null).then_some(found)
    };
    Ok(Arc::new(
        (0..left.len()).map(answer).collect::<BooleanArray>(),
    ))
}

/// Names and arrays by turns; the structs have the names.
fn zipped_field(call: &Call<'_>) -> Result<Field> {
    let pairs = (0..call.fields.len() / 2).map(|pair| {
        let Some(name) = call.text(2 * pair) else {
            return plan_err!("the name of a field is a literal");
        };
        let element = element_of(call.kind(2 * pair + 1))?;
        Ok(Field::new(name, element.data_type().clone(), true))
    });
    let fields = pairs.collect::<Result<Fields>>()?;
    Ok(call.strict(list_of(ArrowType::Struct(fields), false)))
}

fn zip(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    let element = element_of(to.data_type())?;
    let ArrowType::Struct(fields) = element.data_type() else {
        return plan_err!("arrays are zipped to structs");
    };
    let lists: Vec<&ListArray> = args
        .iter()
        .skip(1)
        .step_by(2)
        .map(|arg| arg.as_list())
        .collect();
    let rows = lists.first().map_or(0, |list| list.len());
    let mut places: Vec<Vec<Option<u64>>> = vec![Vec::new(); lists.len()];
    let (mut lengths, mut valid) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let is_there = lists.iter().all(|list| !list.is_null(row));
        let longest = lists
            .iter()
            .map(|list| range(list, row).len())
            .max()
            .unwrap_or(0);
        let length = if is_there { longest } else { 0 };
        for (list, places) in lists.iter().zip(&mut places) {
            let elements = range(list, row);
            let at =
                |at: usize| (at < elements.len()).then(|| u64::try_from(elements.start + at).ok());
            places.extend((0..length).map(|place| at(place).flatten()));
        }
        lengths.push(length);
        valid.push(is_there);
    }
    let columns = lists.iter().zip(places).zip(fields);
    let columns = columns.map(|((list, places), field)| {
        like(
            &take(list.values(), &UInt64Array::from(places), None)?,
            field.data_type(),
        )
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let structs = StructArray::try_new(fields.clone(), columns, None)?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(element),
        OffsetBuffer::from_lengths(lengths),
        Arc::new(structs),
        Some(NullBuffer::from(valid)),
    )?))
}

/// The greatest or the least element that is not null.
fn extreme(args: &[ArrayRef], greatest: bool) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let rows = comparable(list.values(), false)?;
    let place = |row: usize| {
        if list.is_null(row) {
            return None;
        }
        let there = range(list, row).filter(|at| !list.values().is_null(*at));
        let beats = if greatest {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        // Of equal ones, as zeros of both signs are, the first.
        let better = |best: usize, at: usize| match rows.row(at).cmp(&rows.row(best)) == beats {
            true => at,
            false => best,
        };
        there.reduce(better).and_then(|at| u64::try_from(at).ok())
    };
    let places: UInt64Array = (0..list.len()).map(place).collect();
    Ok(take(list.values(), &places, None)?)
}

fn join(args: &[ArrayRef], _: &Field, zone: Zone) -> Result<ArrayRef> {
    let list = args[0].as_list::<i32>();
    let values = to_text(list.values(), TextOf::Cast(zone))?;
    let texts = |at: usize| args.get(at).map(|arg| arg.as_string::<i32>());
    let (separators, instead) = (texts(1), texts(2));
    let text = |row: usize| {
        if args.iter().any(|arg| arg.is_null(row)) {
            return None;
        }
        let separator = separators.map_or("", |texts| texts.value(row));
        let instead = instead.map(|texts| texts.value(row));
        let each = range(list, row).filter_map(|at| {
            if values.is_null(at) {
                instead
            } else {
                Some(values.value(at))
            }
        });
        Some(each.collect::<Vec<_>>().join(separator))
    };
    Ok(Arc::new((0..list.len()).map(text).collect::<StringArray>()))
}
