//! Functions of arrays that take a function.

use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int32Array, ListArray, UInt64Array,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{interleave, take};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result;

use crate::engine::sql::declared::retyped;
use crate::engine::sql::functions::array::{Places, element_of, range};
use crate::engine::sql::functions::lambda::body::Body;

/// Elements of many rows, one behind the other.
#[derive(Default)]
pub(super) struct Elements {
    pub rows: Vec<u64>,
    pub places: Vec<Option<u64>>,
    pub indices: Vec<i32>,
}

impl Elements {
    /// All elements of the arrays that are not null.
    fn of(list: &ListArray) -> Self {
        let mut all = Self::default();
        for row in (0..list.len()).filter(|row| list.is_valid(*row)) {
            for (index, place) in range(list, row).enumerate() {
                all.push(row, Some(place), index);
            }
        }
        all
    }

    pub fn push(&mut self, row: usize, place: Option<usize>, index: usize) {
        self.rows.push(number(row));
        self.places.push(place.map(number));
        self.indices.push(i32::try_from(index).unwrap_or(i32::MAX));
    }

    /// What a function of an element and its index gives for each.
    fn values(&self, list: &ListArray, captures: &[ArrayRef], body: &Body) -> Result<ArrayRef> {
        let elements = take(list.values(), &UInt64Array::from(self.places.clone()), None)?;
        let indices: ArrayRef = Arc::new(Int32Array::from(self.indices.clone()));
        let rows = UInt64Array::from(self.rows.clone());
        body.values(captures, &rows, &[elements, indices])
    }
}

/// A place in an array, which fits 64 bits.
pub(super) fn number(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

/// How many elements each array has; a null has none.
fn lengths(list: &ListArray) -> Vec<usize> {
    let length = |row| {
        if list.is_valid(row) {
            range(list, row).len()
        } else {
            0
        }
    };
    (0..list.len()).map(length).collect()
}

pub(super) fn transform(
    list: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let list = list.as_list::<i32>();
    let values = Elements::of(list).values(list, captures, body)?;
    listed(&values, lengths(list), list.nulls().cloned(), to)
}

/// Values as arrays of the given lengths.
fn listed(
    values: &ArrayRef,
    lengths: Vec<usize>,
    nulls: Option<NullBuffer>,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let element = element_of(to)?;
    Ok(Arc::new(ListArray::try_new(
        Arc::clone(element),
        OffsetBuffer::from_lengths(lengths),
        retyped(values, element.data_type())?,
        nulls,
    )?))
}

pub(super) fn filter(
    list: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let lists = list.as_list::<i32>();
    let truths = Elements::of(lists).values(lists, captures, body)?;
    let mut truths = truths.as_boolean().iter();
    let mut kept = Places::default();
    for row in 0..lists.len() {
        if lists.is_null(row) {
            kept.null();
            continue;
        }
        // Each element has its truth, in the same order.
        let places = range(lists, row).filter(|_| truths.next().flatten() == Some(true));
        kept.row(places.map(Some).collect::<Vec<_>>());
    }
    kept.of(lists.values(), to)
}

/// Whether a function is true of any element; with `sought` false, whether it is false of none.
pub(super) fn any(
    list: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    sought: bool,
) -> Result<ArrayRef> {
    let lists = list.as_list::<i32>();
    let Ok(truths) = Elements::of(lists).values(lists, captures, body) else {
        return one_by_one(lists, captures, body, sought);
    };
    let mut truths = truths.as_boolean().iter();
    let answer = |row: usize| {
        let of_row: Vec<Option<bool>> = truths.by_ref().take(lengths_of(lists, row)).collect();
        lists
            .is_valid(row)
            .then(|| decided(&of_row, sought))
            .flatten()
    };
    Ok(Arc::new(
        (0..lists.len()).map(answer).collect::<BooleanArray>(),
    ))
}

fn lengths_of(list: &ListArray, row: usize) -> usize {
    if list.is_valid(row) {
        range(list, row).len()
    } else {
        0
    }
}

/// Null decides nothing: it is the answer where no other element decides.
fn decided(truths: &[Option<bool>], sought: bool) -> Option<bool> {
    if truths.contains(&Some(sought)) {
        return Some(sought);
    }
    (!truths.contains(&None)).then_some(!sought)
}

/// The same, where the function fails for some element: Spark does not look at those behind the one that decides.
fn one_by_one(
    lists: &ListArray,
    captures: &[ArrayRef],
    body: &Body,
    sought: bool,
) -> Result<ArrayRef> {
    let answer = |row: usize| {
        if lists.is_null(row) {
            return Ok(None);
        }
        let mut truths = Vec::new();
        for (index, place) in range(lists, row).enumerate() {
            let mut element = Elements::default();
            element.push(row, Some(place), index);
            let truth = element.values(lists, captures, body)?;
            let truth = truth.as_boolean().iter().next().flatten();
            truths.push(truth);
            if truth == Some(sought) {
                break;
            }
        }
        Ok(decided(&truths, sought))
    };
    let answers = (0..lists.len()).map(answer);
    Ok(Arc::new(answers.collect::<Result<BooleanArray>>()?))
}

pub(super) fn zip_with(
    lists: &[ArrayRef],
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let (left, right) = (lists[0].as_list::<i32>(), lists[1].as_list::<i32>());
    let nulls = NullBuffer::union(left.nulls(), right.nulls());
    let is_there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    let (mut l, mut r) = (Elements::default(), Elements::default());
    let mut lengths = Vec::new();
    for row in 0..left.len() {
        let both = [range(left, row), range(right, row)];
        let length = if is_there(row) {
            both[0].len().max(both[1].len())
        } else {
            0
        };
        let [first, second] = both;
        for index in 0..length {
            l.push(row, nth(&first, index), index);
            r.push(row, nth(&second, index), index);
        }
        lengths.push(length);
    }
    let elements = take(left.values(), &UInt64Array::from(l.places), None)?;
    let others = take(right.values(), &UInt64Array::from(r.places), None)?;
    let values = body.values(captures, &UInt64Array::from(l.rows), &[elements, others])?;
    listed(&values, lengths, nulls, to)
}

fn nth(range: &Range<usize>, index: usize) -> Option<usize> {
    range.clone().nth(index)
}

/// The elements of all arrays are merged at once, place by place.
pub(super) fn aggregate(
    values: &[ArrayRef],
    captures: &[ArrayRef],
    bodies: &[Body],
    to: &ArrowType,
) -> Result<ArrayRef> {
    let list = values[0].as_list::<i32>();
    let lengths = lengths(list);
    // The rows that are not through, and what they have come to.
    let mut rows: Vec<usize> = (0..list.len()).collect();
    let mut sums = Arc::clone(&values[1]);
    let mut through: Vec<ArrayRef> = Vec::new();
    let mut ends = vec![(0, 0); list.len()];
    for index in 0.. {
        let (on, off): (Vec<_>, Vec<_>) = rows
            .iter()
            .enumerate()
            .partition(|(_, row)| lengths[**row] > index);
        for (at, row) in &off {
            ends[**row] = (through.len(), *at);
        }
        if !off.is_empty() {
            through.push(Arc::clone(&sums));
        }
        if on.is_empty() {
            break;
        }
        let here: UInt64Array = on.iter().map(|(at, _)| Some(number(*at))).collect();
        let remaining = on.iter().map(|(_, row)| **row).collect::<Vec<_>>();
        let mut elements = Elements::default();
        for row in &remaining {
            elements.push(*row, Some(range(list, *row).start + index), index);
        }
        let next = take(list.values(), &UInt64Array::from(elements.places), None)?;
        let before = take(&sums, &here, None)?;
        let merged =
            bodies[0].values(captures, &UInt64Array::from(elements.rows), &[before, next])?;
        sums = retyped(&merged, values[1].data_type())?;
        rows = remaining;
    }
    let through: Vec<&dyn datafusion::arrow::array::Array> =
        through.iter().map(|sums| &**sums).collect();
    let sums = match through.is_empty() {
        true => Arc::clone(&values[1]),
        false => interleave(&through, &ends)?,
    };
    finished(&sums, list, captures, bodies.get(1), to)
}

/// What the last function makes of each sum; null where the array is.
fn finished(
    sums: &ArrayRef,
    list: &ListArray,
    captures: &[ArrayRef],
    finish: Option<&Body>,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let there: Vec<usize> = (0..list.len()).filter(|row| list.is_valid(*row)).collect();
    let rows: UInt64Array = there.iter().map(|row| Some(number(*row))).collect();
    let sums = take(sums, &rows, None)?;
    let results = match finish {
        Some(finish) => finish.values(captures, &rows, &[sums])?,
        None => sums,
    };
    let mut next = 0..;
    let places = (0..list.len()).map(|row| list.is_valid(row).then(|| next.next()).flatten());
    retyped(&take(&results, &places.collect::<UInt64Array>(), None)?, to)
}
