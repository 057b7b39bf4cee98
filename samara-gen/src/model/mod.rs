//! The workflow format: the one place where it is written down.
//!
//! The types are what a workflow file deserializes into and what its JSON schema is made of, and the documentation of their
//! fields is what an editor shows to the workflow's author. A [`Spanned`](crate::source::Spanned) field can be pointed at by
//! a later check. Rules between fields (ids, upstreams, columns) are none of the model's business.

mod entries;
mod function;
mod hooks;
mod schema;
mod workflow;

pub use entries::Entries;
pub use function::{
    Aggregate, AggregateColumn, Aggregation, Assignment, Cast, CastColumn, ColumnList, Distinct,
    Drop, DropDuplicates, Dropna, Filter, Function, GroupAggregation, Groupby, Join, JoinType,
    NullRule, OrderColumn, Orderby, Pivot, PivotAggregation, Select, WithColumn,
};
pub use hooks::{Action, ActionType, Hooks, Retry};
pub use schema::{alert_schema, workflow_schema};
pub use workflow::{
    Config, Engine, Extract, FileKind, Format, Job, Load, Method, SaveMode, Transform, Workflow,
};

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod tests;
