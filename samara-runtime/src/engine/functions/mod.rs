//! The functions of a workflow, a file each: methods of [`DataFrame`](crate::DataFrame).

mod aggregate;
mod attribute;
mod cast;
mod distinct;
mod drop;
mod drop_duplicates;
pub(crate) mod dropna;
mod filter;
pub(crate) mod join;
pub(crate) mod order_by;
mod pivot;
mod select;
mod with_column;

use datafusion::logical_expr::Expr;

/// Many values as one, by an operation for which it does not matter how they are grouped: an expression that is only as deep as the number of
/// values has digits in binary.
pub(crate) fn balanced(values: Vec<Expr>, operation: fn(Expr, Expr) -> Expr) -> Option<Expr> {
    let mut values = values;
    while values.len() > 1 {
        let mut rest = values.into_iter();
        values = Vec::new();
        while let Some(left) = rest.next() {
            values.push(match rest.next() {
                Some(right) => operation(left, right),
                None => left,
            });
        }
    }
    values.pop()
}
