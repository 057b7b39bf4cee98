//! Literal arguments that a function refuses whatever the rows hold: formats, zones, places and units, found when the expression is planned.

use datafusion::arrow::datatypes::DataType as ArrowType;
use datafusion::common::{Result, plan_err};

use crate::engine::sql::functions::decimal_format::DecimalFormat;
use crate::engine::sql::functions::function::Call;
use crate::engine::sql::functions::java_regex::JavaRegex;
use crate::engine::sql::functions::{date, encoding, json, pattern, printf};

/// Refuses a call with a literal for which every row fails.
pub(super) fn check(call: &Call<'_>) -> Result<()> {
    match call.name {
        "encode" | "decode" => each(call, &[1], encoding::check_charset),
        "to_binary" => each(call, &[1], encoding::check_format),
        "next_day" => each(call, &[1], date::check_weekday),
        "from_utc_timestamp" | "to_utc_timestamp" => each(call, &[1], date::check_zone),
        "convert_timezone" => each(call, &[0, 1], date::check_zone),
        "make_date" => check_parts(call, &PARTS[..3]),
        "make_timestamp" | "make_timestamp_ltz" | "make_timestamp_ntz" => {
            each(call, &[6], date::check_zone)?;
            check_parts(call, &PARTS)
        }
        "get_json_object" => each(call, &[1], json::check_path),
        "str_to_map" => each(call, &[1, 2], |text| JavaRegex::new(text).map(drop)),
        "regexp_extract" | "regexp_extract_all" => match call.text(1) {
            Some(text) => {
                let group = call.whole(2).or((call.fields.len() < 3).then_some(1));
                group.map_or(Ok(()), |group| pattern::check_group(text, group))
            }
            None => Ok(()),
        },
        "regexp_replace" => {
            is_from_one(call, 3)?;
            match (call.text(1), call.text(2)) {
                (Some(text), Some(new)) => pattern::check_replacement(text, new),
                _ => Ok(()),
            }
        }
        "format_string" | "printf" => match call.text(0) {
            Some(format) => printf::check(format, &call.fields[1..]),
            None => Ok(()),
        },
        "format_number" => each(call, &[1], |text| DecimalFormat::parse(text).map(drop)),
        "mask" => each(call, &[1, 2, 3, 4], |text| match text.chars().count() {
            1 => Ok(()),
            _ => plan_err!("`mask` writes one letter for each, not `{text}`"),
        }),
        "split_part" => is_not_zero(call, 2),
        "slice" => {
            is_not_zero(call, 1)?;
            match call.whole(2) {
                Some(length @ ..0) => {
                    plan_err!("the length of a slice is not negative; it is {length}")
                }
                _ => Ok(()),
            }
        }
        "array_insert" => is_not_zero(call, 1),
        "element_at" | "try_element_at" if matches!(call.kind(0), ArrowType::List(_)) => {
            is_not_zero(call, 1)
        }
        "bit_get" | "getbit" => match (call.whole(1), call.kind(0).primitive_width()) {
            (Some(at), Some(bytes)) if !(0..8 * bytes as i64).contains(&at) => {
                plan_err!("there is no bit {at} of {}", 8 * bytes)
            }
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Checks the texts among some arguments.
fn each(call: &Call<'_>, places: &[usize], check: fn(&str) -> Result<()>) -> Result<()> {
    let mut texts = places.iter().filter_map(|at| call.text(*at));
    texts.try_for_each(check)
}

/// The parts of a moment, and the numbers that each can be.
const PARTS: [(&str, i64, i64); 5] = [
    ("year", i64::MIN, i64::MAX),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
];

fn check_parts(call: &Call<'_>, parts: &[(&str, i64, i64)]) -> Result<()> {
    for (at, (name, least, most)) in parts.iter().enumerate() {
        if let Some(number) = call.whole(at)
            && !(*least..=*most).contains(&number)
        {
            return plan_err!("there is no {name} {number} for `{}`", call.name);
        }
    }
    Ok(())
}

fn is_not_zero(call: &Call<'_>, at: usize) -> Result<()> {
    match call.whole(at) {
        Some(0) => plan_err!(
            "argument {} of `{}` is a place from 1, or from -1 at the end; it is 0",
            at + 1,
            call.name
        ),
        _ => Ok(()),
    }
}

fn is_from_one(call: &Call<'_>, at: usize) -> Result<()> {
    match call.whole(at) {
        Some(place @ ..1) => plan_err!(
            "argument {} of `{}` is a place from 1; it is {place}",
            at + 1,
            call.name
        ),
        _ => Ok(()),
    }
}
