//! `greatest` and `least`, which leave nulls out; of equal values, the first.

use std::cmp::Ordering;

use datafusion::arrow::array::{Array as _, ArrayRef, UInt64Array};
use datafusion::arrow::compute::{concat, take};
use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, plan_err};

use crate::engine::aggregates::holds_map;
use crate::engine::sql::coercion::{common_type, is_text};
use crate::engine::sql::functions::array::{comparable, like};
use crate::engine::sql::functions::function::{Call, SparkFunction, Takes};
use crate::engine::sql::nullability::check_names;

pub(super) fn functions() -> Vec<SparkFunction> {
    let of = |name, body| {
        SparkFunction::columns(name, &[Takes::Any], field, body)
            .repeats()
            .at_least(2)
            .with_common(alike)
    };
    vec![
        of("greatest", |args, to| extreme(args, to, Ordering::Greater)),
        of("least", |args, to| extreme(args, to, Ordering::Less)),
    ]
}

fn alike(types: &[ArrowType]) -> Result<Vec<ArrowType>> {
    check_names(types)?;
    // Spark casts a text beside a number in other functions, not in these.
    let texts = types.iter().filter(|kind| is_text(kind)).count();
    let nulls = types.iter().filter(|kind| kind.is_null()).count();
    if texts > 0 && texts + nulls < types.len() {
        return plan_err!("strings are not compared with other values; cast them");
    }
    let mut rest = types[1..].iter();
    match rest.try_fold(types[0].clone(), |sum, kind| common_type(&sum, kind)) {
        Some(kind) if holds_map(&kind) => plan_err!("maps cannot be compared"),
        Some(kind) => Ok(vec![kind; types.len()]),
        None => plan_err!("the values to compare have no type in common"),
    }
}

fn field(call: &Call<'_>) -> Result<Field> {
    let nullable = call.fields.iter().all(|field| field.is_nullable());
    Ok(Field::new(call.name, call.kind(0).clone(), nullable))
}

fn extreme(args: &[ArrayRef], to: &Field, wanted: Ordering) -> Result<ArrayRef> {
    let columns = args.iter().map(|column| like(column, to.data_type()));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let columns: Vec<_> = columns.iter().map(|column| &**column).collect();
    let all = concat(&columns)?;
    let rows = comparable(&all, false)?;
    let length = args[0].len();
    let place = |row: usize| {
        let there = (0..args.len()).map(|column| column * length + row);
        let there = there.filter(|at| all.is_valid(*at));
        let found = there.reduce(|best, next| {
            let order = rows.row(next).cmp(&rows.row(best));
            if order == wanted { next } else { best }
        });
        found.and_then(|at| u64::try_from(at).ok())
    };
    let places: UInt64Array = (0..length).map(place).collect();
    Ok(take(&all, &places, None)?)
}
