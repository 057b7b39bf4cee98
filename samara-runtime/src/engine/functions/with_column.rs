use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// The frame with one column added, or replaced where one of that name exists, by a Spark SQL expression.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`](crate::Error::Expression) if it does not parse or fit, [`Error::UnknownColumn`](crate::Error::UnknownColumn) for a
    /// column that does not exist.
    pub fn with_column(self, name: &str, expression: &str) -> Result<Self> {
        let value = self.windowed_expression(expression)?;
        let mut columns = self.all();
        match self.indices(name)[..] {
            [] => columns.push((name.to_owned(), value)),
            ref replaced => {
                for index in replaced {
                    columns[*index] = (name.to_owned(), value.clone());
                }
            }
        }
        self.project(columns)
    }
}
