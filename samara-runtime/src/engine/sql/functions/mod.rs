//! Spark's library of scalar functions.

mod array;
pub(crate) mod catalog;
mod collection;
mod condition;
mod date;
mod decimal_format;
mod elementary;
mod encoding;
mod extreme;
mod fdlibm;
mod function;
mod hash;
mod initcap;
mod java_regex;
mod json;
pub(in crate::engine::sql) mod lambda;
mod literals;
pub(in crate::engine::sql) mod map;
mod mask;
mod number;
mod number_format;
mod pattern;
mod printf;
mod text;
mod trying;
mod url;
mod value;

use datafusion::logical_expr::ScalarUDF;

pub(crate) use condition::type_name;
pub(crate) use date::{TIMESTAMP_ADD, TIMESTAMP_DIFF};
pub(crate) use function::{check_literals, is_spark_function, spark_arguments};
pub(crate) use trying::arithmetic_function;

/// The functions that stand in for the engine's, or that it does not have.
pub(crate) fn functions() -> Vec<ScalarUDF> {
    let groups = [
        array::functions(),
        collection::functions(),
        condition::functions(),
        date::functions(),
        elementary::functions(),
        encoding::functions(),
        extreme::functions(),
        hash::functions(),
        json::functions(),
        map::functions(),
        number::functions(),
        number_format::functions(),
        pattern::functions(),
        printf::functions(),
        text::functions(),
        url::functions(),
    ];
    let own = groups.into_iter().flatten().map(ScalarUDF::from);
    own.chain(trying::functions()).collect()
}
