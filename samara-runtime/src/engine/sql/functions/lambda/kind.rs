//! The functions that take a function, by what they take and what they give.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType as ArrowType, Field};
use datafusion::common::{Result, plan_err};

use crate::engine::sql::cast::spark_type;
use crate::engine::sql::functions::array::{common_of, element_of, list_of};
use crate::engine::sql::functions::map::{map_of, pair_of};

/// A function of Spark's that takes a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Transform,
    Filter,
    Exists,
    ForAll,
    Aggregate,
    ZipWith,
    TransformKeys,
    TransformValues,
    MapFilter,
    MapZipWith,
    ArraySort,
}

impl Kind {
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "transform" => Self::Transform,
            "filter" => Self::Filter,
            "exists" => Self::Exists,
            "forall" => Self::ForAll,
            "aggregate" | "reduce" => Self::Aggregate,
            "zip_with" => Self::ZipWith,
            "transform_keys" => Self::TransformKeys,
            "transform_values" => Self::TransformValues,
            "map_filter" => Self::MapFilter,
            "map_zip_with" => Self::MapZipWith,
            "array_sort" => Self::ArraySort,
            _ => return None,
        })
    }

    /// How many values come before the functions.
    pub fn values(self) -> usize {
        match self {
            Self::Aggregate | Self::ZipWith | Self::MapZipWith => 2,
            _ => 1,
        }
    }

    /// For each of its functions, how many variables it may have; those behind the first may be left out.
    pub fn variables(self) -> &'static [&'static [usize]] {
        match self {
            Self::Transform | Self::Filter => &[&[1, 2]],
            Self::Exists | Self::ForAll => &[&[1]],
            Self::Aggregate => &[&[2], &[1]],
            Self::MapZipWith => &[&[3]],
            _ => &[&[2]],
        }
    }

    /// The types that its values are cast to.
    ///
    /// # Errors
    ///
    /// For values that it does not take.
    pub fn values_as(self, types: &[ArrowType]) -> Result<Vec<ArrowType>> {
        for kind in &types[..if self == Self::Aggregate {
            1
        } else {
            types.len()
        }] {
            let fits = match self {
                Self::TransformKeys
                | Self::TransformValues
                | Self::MapFilter
                | Self::MapZipWith => {
                    matches!(kind, ArrowType::Map(..))
                }
                _ => matches!(kind, ArrowType::List(_)),
            };
            if !fits {
                return plan_err!("it does not take a value of type {}", spark_type(kind)?);
            }
        }
        match types {
            [left, right] if self == Self::MapZipWith => one_key(left, right),
            _ => Ok(types.to_vec()),
        }
    }

    /// The fields of the variables of each of its functions, given those of its values.
    pub fn variable_fields(self, values: &[ArrowType]) -> Result<Vec<Vec<Field>>> {
        let place = Field::new("", ArrowType::Int32, false);
        let nullable = |kind: &ArrowType| Field::new("", kind.clone(), true);
        let pair = |at: usize| pair_of(&values[at]);
        let element = |at: usize| {
            Ok::<_, datafusion::common::DataFusionError>(element_of(&values[at])?.as_ref().clone())
        };
        Ok(match self {
            Self::Transform | Self::Filter => vec![vec![element(0)?, place]],
            Self::Exists | Self::ForAll => vec![vec![element(0)?]],
            Self::ArraySort => vec![vec![element(0)?, element(0)?]],
            Self::Aggregate => {
                let sum = nullable(&values[1]);
                vec![vec![sum.clone(), element(0)?], vec![sum]]
            }
            Self::ZipWith => {
                let (left, right) = (element(0)?, element(1)?);
                vec![vec![
                    nullable(left.data_type()),
                    nullable(right.data_type()),
                ]]
            }
            Self::TransformKeys | Self::TransformValues | Self::MapFilter => {
                vec![
                    pair(0)?
                        .iter()
                        .map(|field| field.as_ref().clone())
                        .collect(),
                ]
            }
            Self::MapZipWith => {
                let sides = [pair(0)?, pair(1)?].map(|pair| nullable(pair[1].data_type()));
                let key = pair(0)?[0].as_ref().clone();
                vec![std::iter::once(key).chain(sides).collect()]
            }
        })
    }

    /// The type that a function of its has to give; nothing, if it may give any.
    pub fn must_give(self, lambda: usize, values: &[ArrowType]) -> Option<ArrowType> {
        match (self, lambda) {
            (Self::Filter | Self::Exists | Self::ForAll | Self::MapFilter, _) => {
                Some(ArrowType::Boolean)
            }
            (Self::ArraySort, _) => Some(ArrowType::Int32),
            (Self::Aggregate, 0) => Some(values[1].clone()),
            _ => None,
        }
    }

    /// Its own type, given its values and what its last function gives.
    pub fn gives(self, values: &[Arc<Field>], last: &Field) -> Result<Field> {
        let first = values[0].data_type();
        let null = values[0].is_nullable();
        let any_null = values.iter().any(|value| value.is_nullable());
        let (made, holds_null) = (last.data_type().clone(), last.is_nullable());
        let (kind, nullable) = match self {
            Self::Transform => (list_of(made, holds_null), null),
            Self::ZipWith => (list_of(made, holds_null), any_null),
            Self::Filter | Self::ArraySort | Self::MapFilter => (first.clone(), null),
            Self::Exists | Self::ForAll => (ArrowType::Boolean, null || holds_null),
            Self::Aggregate => (made, null || holds_null),
            Self::TransformKeys => {
                let value = &pair_of(first)?[1];
                (
                    map_of(made, value.data_type().clone(), value.is_nullable()),
                    null,
                )
            }
            Self::TransformValues => {
                let key = pair_of(first)?[0].data_type().clone();
                (map_of(key, made, holds_null), null)
            }
            Self::MapZipWith => {
                let key = pair_of(first)?[0].data_type().clone();
                (map_of(key, made, holds_null), any_null)
            }
        };
        Ok(Field::new("", kind, nullable))
    }
}

/// Two maps whose keys are of one type.
fn one_key(left: &ArrowType, right: &ArrowType) -> Result<Vec<ArrowType>> {
    let (l, r) = (pair_of(left)?, pair_of(right)?);
    let Some(key) = common_of(l[0].data_type(), r[0].data_type()) else {
        return plan_err!(
            "the keys of the two maps are of type {} and {}, which have no type in common",
            spark_type(l[0].data_type())?,
            spark_type(r[0].data_type())?
        );
    };
    let with_key = [l, r].map(|pair| {
        let value = &pair[1];
        map_of(key.clone(), value.data_type().clone(), value.is_nullable())
    });
    Ok(with_key.to_vec())
}
