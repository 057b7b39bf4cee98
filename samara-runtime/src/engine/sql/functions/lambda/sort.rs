//! `array_sort` with a function that compares.
//!
//! What a function says need not be an order: of nulls it often says that neither comes first. So elements are compared as Java compares them, and where
//! that is not done here, a function that contradicts itself is an error.

use std::cmp::Ordering;
use std::sync::Arc;

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, UInt64Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType as ArrowType, Int32Type};
use datafusion::arrow::row::{RowConverter, Rows, SortField};
use datafusion::common::{Result, exec_err};

use crate::engine::sql::functions::array::{Places, range};
use crate::engine::sql::functions::lambda::arrays::number;
use crate::engine::sql::functions::lambda::body::Body;

/// Java sorts shorter arrays by inserting one element after the other.
const INSERTED: usize = 32;
/// How many elements are compared with each other.
const MOST: usize = 10_000;
/// How many comparisons are made at once.
const AT_ONCE: usize = 1 << 16;

pub(super) fn sorted(
    list: &ArrayRef,
    captures: &[ArrayRef],
    body: &Body,
    to: &ArrowType,
) -> Result<ArrayRef> {
    let lists = list.as_list::<i32>();
    let mut result = Places::default();
    for row in 0..lists.len() {
        if lists.is_null(row) {
            result.null();
            continue;
        }
        let places = range(lists, row);
        let first = places.start;
        let elements = lists.values().slice(first, places.len());
        let comparisons = Comparisons::of(row, &elements, captures, body)?;
        let order = comparisons.order()?;
        result.row(order.into_iter().map(|at| Some(first + at)));
    }
    result.of(lists.values(), to)
}

/// What the function says of each two elements of an array.
struct Comparisons {
    length: usize,
    orders: Vec<Option<Ordering>>,
    /// Elements that are the same in every bit, and so need no order.
    values: Option<Rows>,
}

impl Comparisons {
    fn of(row: usize, elements: &ArrayRef, captures: &[ArrayRef], body: &Body) -> Result<Self> {
        let length = elements.len();
        if length > MOST {
            return exec_err!(
                "array_sort with a function takes at most {MOST} elements, not {length}"
            );
        }
        let mut orders = Vec::new();
        let pairs = if length < 2 { 0 } else { length * length };
        for first in (0..pairs).step_by(AT_ONCE) {
            let some = first..pairs.min(first + AT_ONCE);
            let side = |place: fn(usize, usize) -> usize| {
                let places = some.clone().map(|pair| Some(number(place(pair, length))));
                take(elements, &places.collect::<UInt64Array>(), None)
            };
            let variables = [
                side(|pair, length| pair / length)?,
                side(|pair, length| pair % length)?,
            ];
            let rows = UInt64Array::from(vec![number(row); some.len()]);
            let given = body.values(captures, &rows, &variables)?;
            let given = given.as_primitive::<Int32Type>().iter();
            orders.extend(given.map(|given| given.map(|sign| sign.cmp(&0))));
        }
        Ok(Self {
            length,
            orders,
            values: bits(elements).ok(),
        })
    }

    fn order_of(&self, one: usize, other: usize) -> Result<Ordering> {
        match self.orders[one * self.length + other] {
            Some(order) => Ok(order),
            None => exec_err!(
                "the function that compares for array_sort gave null; it has to give a number"
            ),
        }
    }

    fn order(&self) -> Result<Vec<usize>> {
        match self.length {
            0 | 1 => Ok((0..self.length).collect()),
            short if short < INSERTED => self.inserted(),
            _ => self.merged(),
        }
    }

    /// As Java's `TimSort.binarySort` behind `countRunAndMakeAscending`.
    fn inserted(&self) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.length).collect();
        let mut run = 2;
        let descends = self.order_of(1, 0)?.is_lt();
        while run < self.length && self.order_of(run, run - 1)?.is_lt() == descends {
            run += 1;
        }
        if descends {
            order[..run].reverse();
        }
        for next in run..self.length {
            let (mut low, mut high) = (0, next);
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.order_of(next, order[middle])?.is_lt() {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            order[low..=next].rotate_right(1);
        }
        Ok(order)
    }

    /// Any way to sort gives the same, if the function is an order.
    fn merged(&self) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = (0..self.length).collect();
        let before = order.iter().map(|one| self.those_before(*one));
        let before = before.collect::<Result<Vec<usize>>>()?;
        // This keeps the order of those that are equal.
        order.sort_by_key(|at| before[*at]);
        for (at, one) in order.iter().enumerate() {
            for other in &order[at + 1..] {
                let expected = before[*one].cmp(&before[*other]);
                let found = (self.order_of(*one, *other)?, self.order_of(*other, *one)?);
                if !self.is_same(*one, *other) && found != (expected, expected.reverse()) {
                    return exec_err!(
                        "the function that compares for array_sort contradicts itself, in an array of {} elements: \
                         it has to say -1 of two elements, and 1 of them the other way round",
                        self.length
                    );
                }
            }
        }
        Ok(order)
    }

    /// How many elements come before one.
    fn those_before(&self, one: usize) -> Result<usize> {
        let mut others = (0..self.length).filter(|other| !self.is_same(one, *other));
        others.try_fold(0, |sum, other| {
            Ok(sum + usize::from(self.order_of(one, other)?.is_gt()))
        })
    }

    fn is_same(&self, one: usize, other: usize) -> bool {
        let same = |rows: &Rows| rows.row(one) == rows.row(other);
        one == other || self.values.as_ref().is_some_and(same)
    }
}

/// Values as bytes, which are equal where the values are the same.
fn bits(values: &ArrayRef) -> Result<Rows> {
    let field = SortField::new(values.data_type().clone());
    Ok(RowConverter::new(vec![field])?.convert_columns(&[Arc::clone(values)])?)
}
