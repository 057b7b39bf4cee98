//! The types of columns that no schema declares, from the values in the files, as Spark infers them.

mod csv;
mod json;

use std::collections::{BTreeMap, HashMap};

use crate::engine::Pairs;
use crate::engine::read::csv::CsvOptions;
use crate::engine::read::files::{self, Part};
use crate::engine::read::json::JsonOptions;
use crate::engine::types::{DataType, Field, Schema};
use crate::error::{Error, Result};
use crate::location::Location;

/// The most digits that a decimal has.
const MOST_DIGITS: i32 = 38;

/// What the values of a column were so far.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    /// Nothing but null.
    Null,
    Boolean,
    Integer,
    Long,
    /// Digits and scale.
    Decimal(i32, i32),
    Double,
    Date,
    Timestamp,
    String,
    Array(Box<Seen>),
    Struct(BTreeMap<String, Seen>),
}

impl Seen {
    /// What a column is that holds both (Spark, `compatibleType` of csv and json).
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Null, one) | (one, Self::Null) => one,
            (Self::Integer, Self::Long) | (Self::Long, Self::Integer) => Self::Long,
            (Self::Date, Self::Timestamp) | (Self::Timestamp, Self::Date) => Self::Timestamp,
            (Self::Array(one), Self::Array(other)) => Self::Array(Box::new(one.or(*other))),
            (Self::Struct(one), Self::Struct(other)) => Self::Struct(union(one, other)),
            (Self::Double, number) | (number, Self::Double) if number.digits().is_some() => {
                Self::Double
            }
            (one, other) => match (one.digits(), other.digits()) {
                (Some(one), Some(other)) => wider(one, other),
                _ => Self::String,
            },
        }
    }

    /// The digits and the scale that hold every number of the type.
    fn digits(&self) -> Option<(i32, i32)> {
        match self {
            Self::Integer => Some((10, 0)),
            Self::Long => Some((20, 0)),
            Self::Decimal(digits, scale) => Some((*digits, *scale)),
            _ => None,
        }
    }

    /// The type of a column; none, if it has no place in a schema: a struct without fields and, if it is asked for, what is always null.
    fn data_type(self, drops_null: bool) -> Option<DataType> {
        Some(match self {
            Self::Null if drops_null => return None,
            Self::Null | Self::String => DataType::String,
            Self::Boolean => DataType::Boolean,
            Self::Integer => DataType::Integer,
            Self::Long => DataType::Long,
            Self::Decimal(digits, scale) => decimal(digits, scale),
            Self::Double => DataType::Double,
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Timestamp,
            Self::Array(element) => DataType::Array(Box::new(element.data_type(drops_null)?)),
            Self::Struct(fields) => {
                let fields = fields_of(fields, drops_null);
                if fields.is_empty() {
                    return None;
                }
                DataType::Struct(fields)
            }
        })
    }
}

fn union(mut one: BTreeMap<String, Seen>, other: BTreeMap<String, Seen>) -> BTreeMap<String, Seen> {
    for (name, seen) in other {
        let known = one.remove(&name).unwrap_or(Seen::Null);
        one.insert(name, known.or(seen));
    }
    one
}

/// A decimal that holds the digits of both on either side of the point, or a double.
fn wider(one: (i32, i32), other: (i32, i32)) -> Seen {
    let scale = one.1.max(other.1);
    let whole = (one.0 - one.1).max(other.0 - other.1);
    match whole + scale {
        digits if digits > MOST_DIGITS => Seen::Double,
        digits => Seen::Decimal(digits, scale),
    }
}

fn decimal(digits: i32, scale: i32) -> DataType {
    match (u8::try_from(digits), i8::try_from(scale)) {
        (Ok(digits), Ok(scale)) => DataType::Decimal(digits, scale),
        _ => DataType::Double,
    }
}

fn fields_of(fields: BTreeMap<String, Seen>, drops_null: bool) -> Vec<Field> {
    let named = fields.into_iter().filter(|(name, _)| !name.is_empty());
    let fields = named.filter_map(|(name, seen)| {
        Some(Field {
            name,
            data_type: seen.data_type(drops_null)?,
            nullable: true,
        })
    });
    fields.collect()
}

/// The columns of csv files whose types the values say.
pub(super) fn csv(location: &str, options: &CsvOptions) -> Result<Pairs> {
    let files = parts(location, &options.selection)?;
    columns(csv::infer(&files, options)?, location)
}

/// The columns of json files.
pub(super) fn json(location: &str, options: &JsonOptions) -> Result<Pairs> {
    let files = parts(location, &options.selection)?;
    columns(json::infer(&files, options)?, location)
}

/// The files at a location, each whole.
fn parts(location: &str, selection: &files::Selection) -> Result<Vec<Part>> {
    let files = files::list(&Location::resolve(location)?, selection)?;
    let whole = |path| Part {
        path,
        start: 0,
        end: u64::MAX,
    };
    Ok(files.into_iter().map(whole).collect())
}

fn columns(schema: Schema, location: &str) -> Result<Pairs> {
    if schema.fields.is_empty() {
        return Err(Error::Schema(format!(
            "no schema is declared, and there is no record at `{location}` to infer one from"
        )));
    }
    if let Some((one, other)) = alike(&schema.fields) {
        return Err(Error::Schema(format!(
            "the files at `{location}` have columns `{one}` and `{other}`, which are one name: declare a schema"
        )));
    }
    let columns = schema.fields.into_iter();
    Ok(columns
        .map(|field| (field.name, field.data_type.to_string()))
        .collect())
}

/// Two names, at any depth, that are one where case is no matter.
fn alike(fields: &[Field]) -> Option<(&str, &str)> {
    let mut seen = HashMap::new();
    let pair = fields.iter().find_map(|field| {
        let name = field.name.as_str();
        let other = seen.insert(name.to_lowercase(), name)?;
        Some((other, name))
    });
    pair.or_else(|| {
        fields
            .iter()
            .find_map(|field| alike_inside(&field.data_type))
    })
}

fn alike_inside(data_type: &DataType) -> Option<(&str, &str)> {
    match data_type {
        DataType::Struct(fields) => alike(fields),
        DataType::Array(element) => alike_inside(element),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_are_the_narrowest_that_holds_both() {
        use Seen as S;
        for (one, other, both) in [
            (S::Null, S::Date, S::Date),
            (S::Integer, S::Long, S::Long),
            (S::Long, S::Decimal(22, 0), S::Decimal(22, 0)),
            (S::Long, S::Decimal(3, 1), S::Decimal(21, 1)),
            (S::Decimal(38, 0), S::Decimal(3, 2), S::Double),
            (S::Decimal(5, 0), S::Double, S::Double),
            (S::Boolean, S::Long, S::String),
            (S::Date, S::Timestamp, S::Timestamp),
            (S::Array(Box::new(S::Null)), S::Long, S::String),
        ] {
            assert_eq!(one.clone().or(other.clone()), both, "{one:?} {other:?}");
            assert_eq!(other.or(one), both);
        }
    }
}
