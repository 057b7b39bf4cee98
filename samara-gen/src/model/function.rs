//! What a transform can do with data.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use crate::source::Spanned;

/// One step of a transform.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(tag = "function_type", content = "arguments", deny_unknown_fields, transform = allow_older_names)]
pub enum Function {
    /// Keep only some columns, in a given order.
    Select(Select),
    /// Remove columns.
    Drop(Drop),
    /// Keep only the rows that meet a condition.
    Filter(Filter),
    /// Add a column, or replace one.
    WithColumn(WithColumn),
    /// Change the types of columns.
    Cast(Cast),
    /// Keep each different row once.
    Distinct(Distinct),
    /// Keep one row for each key.
    DropDuplicates(DropDuplicates),
    /// Remove rows with nulls.
    Dropna(Dropna),
    /// Add the columns of another extract or transform.
    Join(Join),
    /// Summarise groups of rows.
    Groupby(Groupby),
    /// Summarise groups of rows, or all rows.
    Aggregate(Aggregate),
    /// Sort the rows.
    Orderby(Orderby),
    /// Turn the values of one column into columns.
    Pivot(Pivot),
}

/// Which columns to keep.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The names of the columns, in the order of the result.
    pub columns: Vec<Spanned<String>>,
}

/// Which columns to remove.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// The names of the columns; one that does not exist is ignored.
    #[schemars(length(min = 1))]
    pub columns: Vec<Spanned<String>>,
}

/// Which rows to keep.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// A condition in Spark SQL, as `amount > 10 AND name IS NOT NULL`.
    pub condition: Spanned<String>,
}

/// Columns to add or to replace, one after the other.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(with = "WithColumnForms")]
pub struct WithColumn {
    /// Each column and its expression, in order.
    pub columns: Vec<Assignment>,
}

/// A column and what it becomes.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The name of the column.
    #[serde(rename = "column_name")]
    pub name: Spanned<String>,
    /// An expression in Spark SQL, as `amount * 0.2`.
    pub expression: Spanned<String>,
}

/// Both forms of `withColumn` in one, since serde keeps no places when it has to try one form after the other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithColumnFields {
    col_name: Option<Spanned<String>>,
    col_expr: Option<Spanned<String>>,
    columns: Option<Vec<Assignment>>,
}

/// The column to add or to replace.
#[derive(JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
#[expect(dead_code, reason = "only the schema is made of it")]
enum WithColumnForms {
    /// The form to use.
    One {
        /// The name of the column.
        col_name: String,
        /// An expression in Spark SQL, as `amount * 0.2`.
        col_expr: String,
    },
    /// The form of older files.
    Several {
        /// Each column and its expression, in order.
        columns: Vec<Assignment>,
    },
}

impl<'de> Deserialize<'de> for WithColumn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match WithColumnFields::deserialize(deserializer)? {
            WithColumnFields {
                col_name: Some(name),
                col_expr: Some(expression),
                columns: None,
            } => Ok(Self {
                columns: vec![Assignment { name, expression }],
            }),
            WithColumnFields {
                col_name: None,
                col_expr: None,
                columns: Some(columns),
            } => Ok(Self { columns }),
            WithColumnFields {
                columns: Some(_), ..
            } => Err(D::Error::custom(
                "`columns` stands for `col_name` and `col_expr`, not beside them",
            )),
            WithColumnFields { col_name: None, .. } => Err(D::Error::missing_field("col_name")),
            WithColumnFields { .. } => Err(D::Error::missing_field("col_expr")),
        }
    }
}

/// Which columns to convert.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// The columns and their new types.
    pub columns: Vec<CastColumn>,
}

/// A column and its new type.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CastColumn {
    /// The name of the column.
    pub column_name: Spanned<String>,
    /// A type of Spark SQL: `string`, `int`, `bigint`, `decimal(10,4)`, `timestamp`, …
    pub cast_type: Spanned<String>,
}

/// Nothing is to be said.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Distinct {}

/// The key of which one row is kept.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropDuplicates {
    /// The columns of the key; an empty list means all columns.
    pub columns: Vec<Spanned<String>>,
}

/// Which rows have too many nulls.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dropna {
    /// Whether any null is one too many, or all values have to be null.
    #[serde(default)]
    pub how: NullRule,
    /// How many values that are not null a row needs to stay; if given, `how` does not count.
    #[serde(default)]
    pub thresh: Option<Spanned<u64>>,
    /// The columns to look at; `null` means all.
    #[serde(default)]
    pub subset: Option<Vec<Spanned<String>>>,
}

/// How many nulls are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NullRule {
    /// One.
    #[default]
    Any,
    /// Nothing but nulls.
    All,
}

/// What to join, and by what.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// The extract or earlier transform on the right side.
    pub other_upstream_id: Spanned<String>,
    /// The key: one column, or several, that both sides have. They appear once in the result, first.
    pub on: ColumnList,
    /// Which rows without a partner stay. Default: `inner`, none.
    pub how: Option<Spanned<JoinType>>,
}

/// Which rows without a partner a join keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = allow_join_aliases)]
pub enum JoinType {
    /// None.
    #[default]
    Inner,
    /// Every row with every row.
    Cross,
    /// Those of both sides; also `full`, `fullouter`, `full_outer`.
    #[serde(alias = "full", alias = "fullouter", alias = "full_outer")]
    Outer,
    /// Those of the left side; also `leftouter`, `left_outer`.
    #[serde(alias = "leftouter", alias = "left_outer")]
    Left,
    /// Those of the right side; also `rightouter`, `right_outer`.
    #[serde(alias = "rightouter", alias = "right_outer")]
    Right,
    /// None, and of the others only the left side, once; also `semi`, `left_semi`.
    #[serde(alias = "semi", alias = "left_semi")]
    LeftSemi,
    /// Only rows of the left side without a partner; also `anti`, `left_anti`.
    #[serde(alias = "anti", alias = "left_anti")]
    LeftAnti,
}

/// What a schema, which knows no aliases, has to be told of [`JoinType`].
const JOIN_ALIASES: &[&str] = &[
    "full",
    "fullouter",
    "full_outer",
    "leftouter",
    "left_outer",
    "rightouter",
    "right_outer",
    "semi",
    "left_semi",
    "anti",
    "left_anti",
];

/// Columns: the name of one as a string, or a list of names.
#[derive(Debug, Clone, PartialEq, JsonSchema)]
#[schemars(with = "ColumnListForms")]
pub struct ColumnList(pub Vec<Spanned<String>>);

/// One column, or a list of columns.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the schema is made of it")]
enum ColumnListForms {
    /// One column.
    One(String),
    /// Several columns.
    Several(Vec<String>),
}

/// [`ColumnList`] before the only name in it has got its place.
enum OneOrSeveral {
    One(String),
    Several(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for ColumnList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, span } = Spanned::deserialize(deserializer)?;
        Ok(match value {
            OneOrSeveral::One(name) => Self(vec![Spanned::new(name, span)]),
            OneOrSeveral::Several(names) => Self(names),
        })
    }
}

impl<'de> Deserialize<'de> for OneOrSeveral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveralVisitor)
    }
}

struct OneOrSeveralVisitor;

impl<'de> Visitor<'de> for OneOrSeveralVisitor {
    type Value = OneOrSeveral;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a column's name, or a list of such names")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(OneOrSeveral::One(name.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(sequence)).map(OneOrSeveral::Several)
    }
}

/// How to group, and what to compute of each group.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Groupby {
    /// The columns whose values make a group.
    #[schemars(length(min = 1))]
    pub group_columns: Vec<Spanned<String>>,
    /// What to compute.
    #[schemars(length(min = 1))]
    pub aggregations: Vec<Spanned<GroupAggregation>>,
}

/// One column of a group's summary.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAggregation {
    /// How to compute it.
    pub function: Spanned<Aggregation>,
    /// The column that it is computed of; `count` may do without and then counts rows.
    #[serde(default)]
    pub input_column: Option<Spanned<String>>,
    /// The name of the new column.
    pub output_column: Spanned<String>,
}

/// How to compute one value of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aggregation {
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The mean: another name of `avg`.
    Mean,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// How many values are not null; without a column, how many rows there are.
    Count,
    /// The first value.
    First,
    /// The last value.
    Last,
    /// The standard deviation of a sample.
    Stddev,
    /// The variance of a sample.
    Variance,
}

impl Aggregation {
    /// As a workflow has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Mean => "mean",
            Self::Min => "min",
            Self::Max => "max",
            Self::Count => "count",
            Self::First => "first",
            Self::Last => "last",
            Self::Stddev => "stddev",
            Self::Variance => "variance",
        }
    }
}

/// How to group, if at all, and what to compute.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aggregate {
    /// The columns whose values make a group; `null` or an empty list puts all rows into one.
    #[serde(default)]
    pub group_by_columns: Option<Vec<Spanned<String>>>,
    /// What to compute.
    pub aggregate_columns: Vec<Spanned<AggregateColumn>>,
}

/// One column of the summary.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateColumn {
    /// The column that it is computed of.
    pub column_name: Spanned<String>,
    /// Any aggregate function of Spark that takes one column.
    pub function: Spanned<String>,
    /// The name of the new column.
    pub alias: Spanned<String>,
}

/// By what to sort.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Orderby {
    /// The columns, the most important first.
    #[schemars(length(min = 1))]
    pub columns: Vec<OrderColumn>,
}

/// A column to sort by.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderColumn {
    /// The name of the column.
    pub column_name: Spanned<String>,
    /// Whether small values come first, and nulls before them; otherwise nulls come last.
    #[serde(default = "ascending")]
    pub ascending: bool,
}

fn ascending() -> bool {
    true
}

/// Which values become columns, and of what.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pivot {
    /// The columns whose values make a row.
    pub group_by: Vec<Spanned<String>>,
    /// The column whose values, sorted, become the new columns.
    pub pivot_column: Spanned<String>,
    /// The column that the new columns' values are computed of.
    pub values_column: Spanned<String>,
    /// How to compute them.
    pub agg_func: Spanned<PivotAggregation>,
}

/// How to compute a value of a pivot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PivotAggregation {
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The greatest value.
    Max,
    /// The least value.
    Min,
    /// How many values are not null.
    Count,
    /// The first value.
    First,
}

impl PivotAggregation {
    /// As a workflow has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Min => "min",
            Self::Count => "count",
            Self::First => "first",
        }
    }
}

/// Lets the schema accept the names of functions as older files write them, without capitals.
fn allow_older_names(schema: &mut Schema) {
    let forms = schema
        .get_mut("oneOf")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for name in forms.filter_map(|form| form.pointer_mut("/properties/function_type")) {
        let Some(current) = name.get("const").and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        let older = current.to_lowercase();
        if older != current {
            *name = json!({ "type": "string", "enum": [current, older] });
        }
    }
}

fn allow_join_aliases(schema: &mut Schema) {
    if let Some(forms) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        forms.push(json!({ "description": "Other names of these.", "type": "string", "enum": JOIN_ALIASES }));
    }
}
