//! Functions of arrays as well as of texts or maps, and sequences.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, BinaryArray, Int32Array, Int64Array,
    IntervalMonthDayNanoArray, StringArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{cast, concat as concatenate};
use datafusion::arrow::datatypes::{
    DataType as ArrowType, Field, Int64Type, IntervalMonthDayNano, IntervalUnit,
};
use datafusion::common::{Result, exec_err, plan_err};

use crate::engine::sql::coercion::is_text;
use crate::engine::sql::functions::array::{
    Places, element, element_of, like, list_of, lists_alike, range,
};
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::functions::map;
use crate::engine::sql::interval::Step;
use crate::engine::text::MICROS_PER_DAY;
use crate::engine::text::zone::Zone;

/// More elements than a sequence may have.
const TOO_MANY: usize = 2_147_483_632;

pub(super) fn functions() -> Vec<SparkFunction> {
    use Takes::Any;
    let f = SparkFunction::columns;
    vec![
        f("concat", &[Any], concat_field, concat)
            .repeats()
            .at_least(0)
            .with_common(all_alike),
        f(
            "reverse",
            &[Any],
            |call| Ok(call.strict(call.kind(0).clone())),
            reverse,
        )
        .with_common(text_or_list),
        f(
            "size",
            &[Any],
            |call| Ok(call.strict(ArrowType::Int32)),
            size,
        ),
        f(
            "cardinality",
            &[Any],
            |call| Ok(call.strict(ArrowType::Int32)),
            size,
        ),
        f("element_at", &[Any, Any], item_field, |args, _| {
            item(args, true)
        })
        .with_common(item_key),
        f("try_element_at", &[Any, Any], item_field, |args, _| {
            item(args, false)
        })
        .with_common(item_key),
        SparkFunction::columns_in_zone("sequence", &[Any, Any, Any], sequence_field, sequence)
            .at_least(2)
            .with_common(sequence_types),
    ]
}

/// All arrays, all bytes, or all texts.
fn all_alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let is_list = |kind: &ArrowType| matches!(kind, ArrowType::List(_));
    if types.iter().any(is_list) {
        if !types.iter().all(is_list) {
            return plan_err!("`concat` takes arrays alone, or texts alone");
        }
        return lists_alike(types);
    }
    if types.iter().any(ArrowType::is_nested) {
        return plan_err!("`concat` takes texts, bytes or arrays");
    }
    let bytes = !types.is_empty() && types.iter().all(ArrowType::is_binary);
    let common = if bytes {
        ArrowType::Binary
    } else {
        ArrowType::Utf8
    };
    Ok(vec![common; types.len()])
}

fn concat_field(call: &Call<'_>) -> Result<Field> {
    let Some(first) = call.fields.first() else {
        return Ok(Field::new(call.name, ArrowType::Utf8, false));
    };
    let ArrowType::List(element) = first.data_type() else {
        return Ok(call.strict(first.data_type().clone()));
    };
    let mut nullable = false;
    for field in call.fields {
        nullable |= element_of(field.data_type())?.is_nullable();
    }
    Ok(call.strict(list_of(element.data_type().clone(), nullable)))
}

fn concat(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    match to.data_type() {
        ArrowType::List(_) => lists(args, to.data_type()),
        ArrowType::Binary => {
            let args: Vec<_> = args.iter().map(|arg| arg.as_binary::<i32>()).collect();
            let rows = args.first().map_or(0, |arg| arg.len());
            let row = |row| {
                let there = args.iter().all(|arg| !arg.is_null(row));
                there.then(|| {
                    args.iter()
                        .flat_map(|arg| arg.value(row))
                        .copied()
                        .collect::<Vec<u8>>()
                })
            };
            let rows = (0..rows).map(row);
            Ok(Arc::new(
                rows.collect::<datafusion::arrow::array::BinaryArray>(),
            ))
        }
        _ => {
            let args: Vec<_> = args.iter().map(|arg| arg.as_string::<i32>()).collect();
            let rows = args.first().map_or(1, |arg| arg.len());
            let row = |row| {
                let there = args.iter().all(|arg| !arg.is_null(row));
                there.then(|| args.iter().map(|arg| arg.value(row)).collect::<String>())
            };
            Ok(Arc::new((0..rows).map(row).collect::<StringArray>()))
        }
    }
}

fn lists(args: &[ArrayRef], to: &ArrowType) -> Result<ArrayRef> {
    let lists: Vec<_> = args.iter().map(|arg| arg.as_list::<i32>()).collect();
    let values = lists
        .iter()
        .map(|list| like(list.values(), element_of(to)?.data_type()));
    let values = values.collect::<Result<Vec<_>>>()?;
    let all = concatenate(&values.iter().map(|values| &**values).collect::<Vec<_>>())?;
    let firsts = values.iter().scan(0, |sum, values| {
        let first = *sum;
        *sum += values.len();
        Some(first)
    });
    let firsts: Vec<usize> = firsts.collect();
    let mut result = Places::default();
    for row in 0..lists[0].len() {
        if lists.iter().any(|list| list.is_null(row)) {
            result.null();
            continue;
        }
        let each = lists.iter().zip(&firsts);
        let places =
            each.flat_map(|(list, first)| range(list, row).map(move |at| Some(first + at)));
        result.row(places);
    }
    result.of(&all, to)
}

fn text_or_list(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    Ok(match &types[0] {
        list @ ArrowType::List(_) => vec![list.clone()],
        ArrowType::Binary => vec![ArrowType::Binary],
        other if other.is_nested() => {
            return plan_err!("`reverse` takes a text, a binary or an array");
        }
        _ => vec![ArrowType::Utf8],
    })
}

fn reverse(args: &[ArrayRef], to: &Field) -> Result<ArrayRef> {
    if is_text(to.data_type()) {
        let texts = args[0].as_string::<i32>().iter();
        let reversed = texts.map(|text| text.map(|text| text.chars().rev().collect::<String>()));
        return Ok(Arc::new(reversed.collect::<StringArray>()));
    }
    if *to.data_type() == ArrowType::Binary {
        let bytes = args[0].as_binary::<i32>().iter();
        let reversed =
            bytes.map(|bytes| bytes.map(|bytes| bytes.iter().rev().copied().collect::<Vec<_>>()));
        return Ok(Arc::new(reversed.collect::<BinaryArray>()));
    }
    let list = args[0].as_list::<i32>();
    let mut result = Places::default();
    for row in 0..list.len() {
        if list.is_null(row) {
            result.null();
        } else {
            result.row(range(list, row).rev().map(Some));
        }
    }
    result.of(list.values(), to.data_type())
}

/// Null for null, as under ANSI mode.
fn size(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let length = |row: usize| match args[0].data_type() {
        ArrowType::List(_) => Some(args[0].as_list::<i32>().value_length(row)),
        ArrowType::Map(..) => Some(args[0].as_map().value_length(row)),
        _ => None,
    };
    let rows = 0..args[0].len();
    let lengths = rows.map(|row| (!args[0].is_null(row)).then(|| length(row)).flatten());
    Ok(Arc::new(lengths.collect::<Int32Array>()))
}

/// The index of an array is an INT; the key of a map has its type.
fn item_key(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    match &types[0] {
        ArrowType::List(_) if types[1].is_integer() => Ok(vec![types[0].clone(), ArrowType::Int32]),
        ArrowType::Map(..) => map::key_alike(types),
        _ => plan_err!("an element is of an array, by a whole number, or of a map, by a key"),
    }
}

fn item_field(call: &Call<'_>) -> Result<Field> {
    match call.kind(0) {
        ArrowType::List(element) => Ok(call.nullable(element.data_type().clone())),
        map => Ok(call.nullable(map::value_of(map)?.data_type().clone())),
    }
}

/// An element from 1, or from -1 at the end.
fn item(args: &[ArrayRef], failing: bool) -> Result<ArrayRef> {
    if matches!(args[0].data_type(), ArrowType::Map(..)) {
        return map::values_by_key(&args[0], &args[1]);
    }
    element(args, |index, length| match index {
        0 => exec_err!("elements are counted from 1, or from -1 at the end; there is no element 0"),
        1.. if index <= length => Ok(Some(index - 1)),
        ..0 if -index <= length => Ok(Some(length + index)),
        _ if failing => exec_err!(
            "there is no element {index} in an array of {length}; try_element_at gives null for it"
        ),
        _ => Ok(None),
    })
}

/// Whole numbers have one type; days and moments are followed by an interval.
fn sequence_types(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    let interval = ArrowType::Interval(IntervalUnit::MonthDayNano);
    let common = crate::engine::sql::functions::array::common_of(&types[0], &types[1]);
    match common {
        Some(whole) if whole.is_integer() && types[1..].iter().all(ArrowType::is_integer) => {
            let step = types.get(2).map_or(whole.clone(), Clone::clone);
            let wider = crate::engine::sql::coercion::wider_integer(&whole, &step);
            Ok(vec![wider; types.len()])
        }
        Some(moment @ (ArrowType::Date32 | ArrowType::Timestamp(..)))
            if types.get(2).is_none_or(|step| *step == interval) =>
        {
            let steps = types.get(2).cloned();
            Ok([moment.clone(), moment].into_iter().chain(steps).collect())
        }
        _ => plan_err!("`sequence` takes whole numbers, or days or moments and an interval"),
    }
}

fn sequence_field(call: &Call<'_>) -> Result<Field> {
    Ok(call.strict(list_of(call.kind(0).clone(), false)))
}

fn sequence(args: &[ArrayRef], to: &Field, zone: Zone) -> Result<ArrayRef> {
    let element = element_of(to.data_type())?;
    let (starts, stops) = (as_longs(&args[0])?, as_longs(&args[1])?);
    let (starts, stops) = (
        starts.as_primitive::<Int64Type>(),
        stops.as_primitive::<Int64Type>(),
    );
    let steps = args.get(2).map(Steps::of).transpose()?;
    let zone = match element.data_type() {
        ArrowType::Timestamp(_, Some(_)) => zone,
        _ => Zone::UTC,
    };
    let (mut values, mut lengths, mut valid) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..starts.len() {
        let there = args.iter().all(|arg| !arg.is_null(row));
        let before = values.len();
        if there {
            let (start, stop) = (starts.value(row), stops.value(row));
            match &steps {
                Some(Steps::Intervals(steps)) => {
                    let step = steps.value(row);
                    moments([start, stop], step, element.data_type(), zone, &mut values)?;
                }
                Some(Steps::Numbers(steps)) => {
                    numbers(start, stop, steps.value(row), &mut values)?;
                }
                None if matches!(element.data_type(), ArrowType::Timestamp(..)) => {
                    let days = if start <= stop { 1 } else { -1 };
                    let step = IntervalMonthDayNano::new(0, days, 0);
                    moments([start, stop], step, element.data_type(), zone, &mut values)?;
                }
                None => numbers(start, stop, if start <= stop { 1 } else { -1 }, &mut values)?,
            }
        }
        lengths.push(values.len() - before);
        valid.push(there);
    }
    let values = from_longs(values, element.data_type())?;
    Ok(Arc::new(datafusion::arrow::array::ListArray::try_new(
        Arc::clone(element),
        OffsetBuffer::from_lengths(lengths),
        values,
        Some(NullBuffer::from(valid)),
    )?))
}

enum Steps {
    Numbers(Int64Array),
    Intervals(IntervalMonthDayNanoArray),
}

impl Steps {
    fn of(steps: &ArrayRef) -> Result<Self> {
        Ok(match steps.data_type() {
            ArrowType::Interval(_) => Self::Intervals(steps.as_primitive().clone()),
            _ => Self::Numbers(as_longs(steps)?.as_primitive().clone()),
        })
    }
}

/// Whole numbers, days since 1970, or microseconds since 1970.
fn as_longs(values: &ArrayRef) -> Result<ArrayRef> {
    let plain = match values.data_type() {
        ArrowType::Date32 => cast(values, &ArrowType::Int32)?,
        _ => Arc::clone(values),
    };
    Ok(cast(&plain, &ArrowType::Int64)?)
}

fn from_longs(values: Vec<i64>, kind: &ArrowType) -> Result<ArrayRef> {
    let values: ArrayRef = Arc::new(Int64Array::from(values));
    Ok(match kind {
        ArrowType::Date32 => cast(&cast(&values, &ArrowType::Int32)?, kind)?,
        _ => cast(&values, kind)?,
    })
}

fn numbers(start: i64, stop: i64, step: i64, out: &mut Vec<i64>) -> Result<()> {
    let (from, to, by) = (i128::from(start), i128::from(stop), i128::from(step));
    let goes = (by > 0 && from <= to) || (by < 0 && from >= to) || (by == 0 && from == to);
    if !goes {
        return exec_err!("no sequence goes from {start} to {stop} by {step}");
    }
    let count = if by == 0 { 1 } else { (to - from) / by + 1 };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > TOO_MANY {
        return exec_err!("a sequence from {start} to {stop} by {step} is too long");
    }
    let mut next = from;
    for _ in 0..count {
        // Each lies between start and stop.
        out.push(i64::try_from(next).unwrap_or(stop));
        next += by;
    }
    Ok(())
}

/// Days or moments from one to another. Months and days are counted from the first, by the clocks of the zone, so that a month's end stays one.
fn moments(
    [start, stop]: [i64; 2],
    step: IntervalMonthDayNano,
    kind: &ArrowType,
    zone: Zone,
    out: &mut Vec<i64>,
) -> Result<()> {
    let unit = if *kind == ArrowType::Date32 {
        MICROS_PER_DAY
    } else {
        1
    };
    let step = Step::of(step);
    let total = step.days * MICROS_PER_DAY + step.micros;
    if step.months == 0 && (step.days == 0 || unit != 1) {
        if total % unit != 0 {
            return exec_err!("a sequence of days goes by whole days");
        }
        return numbers(start, stop, total / unit, out);
    }
    let grows = step.months > 0 || total > 0;
    if (grows && start > stop) || (!grows && start < stop) {
        return exec_err!("no sequence goes from the first to the last by this interval");
    }
    for count in 0..i64::try_from(TOO_MANY).unwrap_or(i64::MAX) {
        let next = step
            .times(count)
            .after(start * unit, zone)?
            .div_euclid(unit);
        if (grows && next > stop) || (!grows && next < stop) {
            break;
        }
        out.push(next);
    }
    Ok(())
}
