//! Spark's `regexp_extract` and `split`.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, AsArray as _, ListArray, StringArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Int32Type};
use datafusion::common::{DataFusionError, Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;

use crate::engine::DataType;
use crate::engine::sql::arithmetic::columnar;

/// A function of a text, a pattern and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    /// A group of the first match, from 0; an empty text where nothing matches.
    Extract,
    /// The parts between matches, at most as many as the number says, if that is more than 0.
    Split,
}

/// `regexp_extract(text, pattern, group)` and `split(text, pattern, limit)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct SparkRegexp {
    kind: Kind,
    signature: Signature,
}

impl SparkRegexp {
    /// `regexp_extract`.
    pub fn extract() -> Self {
        Self::new(Kind::Extract)
    }

    /// `split`.
    pub fn split() -> Self {
        Self::new(Kind::Split)
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            signature: Signature::any(3, Volatility::Immutable),
        }
    }
}

impl ScalarUDFImpl for SparkRegexp {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Extract => "regexp_extract",
            Kind::Split => "split",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[ArrowType]) -> Result<ArrowType> {
        Ok(match self.kind {
            Kind::Extract => ArrowType::Utf8,
            Kind::Split => DataType::Array(Box::new(DataType::String)).to_arrow(),
        })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let nullable = args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(
            self.name(),
            self.return_type(&[])?,
            nullable,
        )))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let texts = cast(&arrays[0], &ArrowType::Utf8)?;
        let patterns = cast(&arrays[1], &ArrowType::Utf8)?;
        let numbers = cast(&arrays[2], &ArrowType::Int32)?;
        let (texts, patterns) = (texts.as_string::<i32>(), patterns.as_string::<i32>());
        let numbers = numbers.as_primitive::<Int32Type>();
        let mut compiled = Compiled::default();
        let rows = texts.iter().zip(patterns).zip(numbers);
        let rows = rows.map(|row| match row {
            ((Some(text), Some(pattern)), Some(number)) => {
                Ok(Some((text, compiled.get(pattern)?, number)))
            }
            _ => Ok(None),
        });
        let result: ArrayRef = match self.kind {
            Kind::Extract => Arc::new(rows.map(extracted).collect::<Result<StringArray>>()?),
            Kind::Split => lists(rows.map(parts).collect::<Result<_>>()?)?,
        };
        columnar(result, &args.args)
    }
}

type Row<'a> = Result<Option<(&'a str, Regex, i32)>>;

fn extracted(row: Row<'_>) -> Result<Option<String>> {
    let Some((text, pattern, group)) = row? else {
        return Ok(None);
    };
    let group = usize::try_from(group).unwrap_or(usize::MAX);
    if group >= pattern.captures_len() {
        return exec_err!("`{pattern}` has no group {group}");
    }
    let found = pattern.captures(text).and_then(|found| found.get(group));
    Ok(Some(found.map_or_else(String::new, |found| {
        found.as_str().to_owned()
    })))
}

fn parts(row: Row<'_>) -> Result<Option<Vec<String>>> {
    let Some((text, pattern, limit)) = row? else {
        return Ok(None);
    };
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let limit = limit.unwrap_or(usize::MAX);
    if pattern.as_str().is_empty() && !text.is_empty() {
        return Ok(Some(letters(text, limit)));
    }
    let parts = pattern.splitn(text, limit);
    Ok(Some(parts.map(str::to_owned).collect()))
}

/// The letters of a text; the last part has those that are left.
fn letters(text: &str, limit: usize) -> Vec<String> {
    let mut parts: Vec<String> = text.chars().map(String::from).collect();
    if parts.len() > limit {
        let rest = parts.split_off(limit - 1).concat();
        parts.push(rest);
    }
    parts
}

fn lists(rows: Vec<Option<Vec<String>>>) -> Result<ArrayRef> {
    let ArrowType::List(element) = DataType::Array(Box::new(DataType::String)).to_arrow() else {
        return plan_err!("an array is a list");
    };
    let lengths = rows.iter().map(|row| row.as_ref().map_or(0, Vec::len));
    let offsets = OffsetBuffer::from_lengths(lengths);
    let nulls: NullBuffer = rows.iter().map(Option::is_some).collect();
    let values: StringArray = rows.into_iter().flatten().flatten().map(Some).collect();
    Ok(Arc::new(ListArray::try_new(
        element,
        offsets,
        Arc::new(values),
        Some(nulls),
    )?))
}

/// The pattern that was compiled last: most columns have one.
#[derive(Default)]
struct Compiled(Option<(String, Regex)>);

impl Compiled {
    fn get(&mut self, pattern: &str) -> Result<Regex> {
        if let Some((text, regex)) = &self.0
            && text == pattern
        {
            return Ok(regex.clone());
        }
        let regex = Regex::new(pattern).map_err(|error| {
            DataFusionError::Execution(format!("`{pattern}` is no regular expression: {error}"))
        })?;
        self.0 = Some((pattern.to_owned(), regex.clone()));
        Ok(regex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, pattern: &str, limit: i32) -> Vec<String> {
        let row = Ok(Some((text, Regex::new(pattern).unwrap(), limit)));
        parts(row).unwrap().unwrap()
    }

    #[test]
    fn a_text_is_split_as_java_splits_it() {
        assert_eq!(split("a,b,,", ",", -1), ["a", "b", "", ""]);
        assert_eq!(split("a1b2c", "[0-9]", -1), ["a", "b", "c"]);
        assert_eq!(split("a,b,c", ",", 2), ["a", "b,c"]);
        assert_eq!(split("abc", "", -1), ["a", "b", "c"]);
        assert_eq!(split("", ",", -1), [""]);
    }

    #[test]
    fn what_does_not_match_is_an_empty_text_and_a_group_that_is_not_there_an_error() {
        let extract = |pattern: &str, group| {
            extracted(Ok(Some(("x123y", Regex::new(pattern).unwrap(), group))))
        };
        assert_eq!(extract(r"(\d+)", 1).unwrap().unwrap(), "123");
        assert_eq!(extract("(z)", 1).unwrap().unwrap(), "");
        let error = extract("x", 1).unwrap_err().to_string();
        assert!(error.contains("`x` has no group 1"), "{error}");
    }
}
