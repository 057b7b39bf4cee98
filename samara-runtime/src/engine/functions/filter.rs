use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ExprSchemable as _;

use crate::engine::DataFrame;
use crate::engine::kept::kept;
use crate::error::{Error, Result};

impl DataFrame {
    /// The rows for which a Spark SQL condition is true.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`] if it does not parse or is not a condition, [`Error::UnknownColumn`] for a column that does not exist.
    pub fn filter(self, condition: &str) -> Result<Self> {
        let predicate = self.expression(condition)?;
        let kind = predicate.get_type(self.plan.schema())?;
        if kind != DataType::Boolean {
            let message = format!(
                "a condition must be true or false, this is {}",
                crate::DataType::from_arrow(&kind)?
            );
            return Err(Error::Expression {
                expression: condition.to_owned(),
                message,
                offset: None,
            });
        }
        let plan = kept(self.plan.clone(), predicate)?;
        Ok(self.with_plan(plan))
    }
}
