//! Functions of maps that take a function.

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, MapArray, UInt64Array};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::Result;

use crate::engine::sql::functions::array::comparable;
use crate::engine::sql::functions::lambda::arrays::number;
use crate::engine::sql::functions::lambda::body::Body;
use crate::engine::sql::functions::map::{Maps, places_of};

/// The entries of the maps that are not null: their rows, and their places.
fn entries(map: &MapArray) -> (UInt64Array, Vec<usize>) {
    let rows = (0..map.len()).filter(|row| map.is_valid(*row));
    let all = rows.flat_map(|row| places_of(map, row).map(move |place| (number(row), place)));
    let (rows, places): (Vec<u64>, Vec<usize>) = all.unzip();
    (UInt64Array::from(rows), places)
}

/// What a function of a key and its value gives for each entry.
fn values(map: &MapArray, captures: &[ArrayRef], body: &Body) -> Result<ArrayRef> {
    let (rows, places) = entries(map);
    let places: UInt64Array = places
        .into_iter()
        .map(|place| Some(number(place)))
        .collect();
    let pair = [map.keys(), map.values()].map(|side| take(side, &places, None));
    let [keys, held] = pair;
    body.values(captures, &rows, &[keys?, held?])
}

/// Maps with other keys, or with other values.
pub(super) fn transform(
    map: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
    keys: bool,
) -> Result<ArrayRef> {
    let map = map.as_map();
    let made = values(map, captures, body)?;
    let mut result = Maps::default();
    let mut next = 0;
    for row in 0..map.len() {
        if map.is_null(row) {
            result.null();
            continue;
        }
        let pairs = places_of(map, row).zip(next..);
        let pairs = pairs.map(|(old, new)| {
            if keys {
                (new, Some(old))
            } else {
                (old, Some(new))
            }
        });
        result.row(pairs.collect::<Vec<_>>());
        next += places_of(map, row).len();
    }
    match keys {
        true => result.of(&made, map.values(), to),
        false => result.of(map.keys(), &made, to),
    }
}

pub(super) fn filter(
    map: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let map = map.as_map();
    let truths = values(map, captures, body)?;
    let mut truths = truths.as_boolean().iter();
    let mut kept = Maps::default();
    for row in 0..map.len() {
        if map.is_null(row) {
            kept.null();
            continue;
        }
        let places = places_of(map, row).filter(|_| truths.next().flatten() == Some(true));
        kept.row(places.map(|place| (place, Some(place))).collect::<Vec<_>>());
    }
    kept.of(map.keys(), map.values(), to)
}

/// The keys of the first map, and then those that the second one alone has.
pub(super) fn zip_with(
    maps: &[ArrayRef],
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let (left, right) = (maps[0].as_map(), maps[1].as_map());
    let keys = concat(&[&**left.keys(), &**right.keys()])?;
    let compared = comparable(&keys, false)?;
    let behind = left.keys().len();
    let mut result = Maps::default();
    let mut zipped = Zipped::default();
    for row in 0..left.len() {
        if left.is_null(row) || right.is_null(row) {
            result.null();
            continue;
        }
        let (l, r) = (places_of(left, row), places_of(right, row));
        let equal = |one: usize, other: usize| compared.row(one) == compared.row(behind + other);
        let before = zipped.keys.len();
        for place in l.clone() {
            let other = r.clone().find(|other| equal(place, *other));
            zipped.push(row, place, Some(place), other);
        }
        for place in r.filter(|other| !l.clone().any(|one| equal(one, *other))) {
            zipped.push(row, behind + place, None, Some(place));
        }
        let new = before..zipped.keys.len();
        let pairs = new.map(|at| (at, Some(at)));
        result.row(pairs);
    }
    let keys = take(&keys, &UInt64Array::from(zipped.keys), None)?;
    let sides = [
        take(left.values(), &UInt64Array::from(zipped.left), None)?,
        take(right.values(), &UInt64Array::from(zipped.right), None)?,
    ];
    let [one, other] = sides;
    let variables = [std::sync::Arc::clone(&keys), one, other];
    let made = body.values(captures, &UInt64Array::from(zipped.rows), &variables)?;
    result.of(&keys, &made, to)
}

/// The keys of two maps: for each its row, its place, and the places of its values.
#[derive(Default)]
struct Zipped {
    rows: Vec<u64>,
    keys: Vec<u64>,
    left: Vec<Option<u64>>,
    right: Vec<Option<u64>>,
}

impl Zipped {
    fn push(&mut self, row: usize, key: usize, left: Option<usize>, right: Option<usize>) {
        self.rows.push(number(row));
        self.keys.push(number(key));
        self.left.push(left.map(number));
        self.right.push(right.map(number));
    }
}
