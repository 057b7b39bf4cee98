//! `mask`: a letter in place of each letter of one kind.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, StringArray};
use datafusion::arrow::datatypes::Field;
use datafusion::common::Result;
use regex::Regex;

use crate::engine::DataType as T;
use crate::engine::sql::functions::function::{SparkFunction, Takes};

pub(super) fn function() -> SparkFunction {
    use Takes::{OnlyText, Text};
    SparkFunction::columns(
        "mask",
        &[OnlyText, Text, Text, Text, Text],
        |call| Ok(call.nullable(T::String.to_arrow())),
        mask,
    )
    .at_least(1)
}

/// A letter for letters of one kind, which stay as they are where there is none.
fn mask(args: &[ArrayRef], _: &Field) -> Result<ArrayRef> {
    let texts: Vec<_> = args.iter().map(|arg| arg.as_string::<i32>()).collect();
    let masked = |row: usize| {
        let with = |at: usize, default: Option<char>| match texts.get(at) {
            None => default,
            Some(texts) => (!texts.is_null(row))
                .then(|| texts.value(row).chars().next())
                .flatten(),
        };
        let (upper, lower) = (with(1, Some('X')), with(2, Some('x')));
        let (digit, other) = (with(3, Some('n')), with(4, None));
        let new = |letter: char| {
            let mask = match Category::of(letter) {
                Category::Upper => upper,
                Category::Lower => lower,
                Category::Digit => digit,
                Category::Other => other,
            };
            mask.unwrap_or(letter)
        };
        (!texts[0].is_null(row)).then(|| texts[0].value(row).chars().map(new).collect::<String>())
    };
    Ok(Arc::new(
        (0..texts[0].len()).map(masked).collect::<StringArray>(),
    ))
}

/// What Java's `Character.getType` says of a letter, which is less than `char::is_uppercase` and its like take for one.
enum Category {
    Upper,
    Lower,
    Digit,
    Other,
}

impl Category {
    fn of(letter: char) -> Self {
        match letter {
            'A'..='Z' => Self::Upper,
            'a'..='z' => Self::Lower,
            '0'..='9' => Self::Digit,
            letter if letter.is_ascii() => Self::Other,
            letter => Self::beyond_ascii(letter),
        }
    }

    fn beyond_ascii(letter: char) -> Self {
        static CATEGORIES: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"(\p{Lu})|(\p{Ll})|(\p{Nd})").expect("a pattern of three classes")
        });
        let mut buffer = [0; 4];
        let found = CATEGORIES.captures(letter.encode_utf8(&mut buffer));
        let group = found.and_then(|found| (1..=3).find(|group| found.get(*group).is_some()));
        match group {
            Some(1) => Self::Upper,
            Some(2) => Self::Lower,
            Some(_) => Self::Digit,
            None => Self::Other,
        }
    }
}
