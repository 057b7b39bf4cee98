use crate::engine::sql::cast::SparkCast;
use crate::engine::{DataFrame, DataType};
use crate::error::{Error, Result};

impl DataFrame {
    /// The frame with columns cast to Spark SQL types, each given as (column, type). A value that cannot be cast is an error when it is met.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::UnknownType`], and [`Error::Cast`] for types that Spark does not cast between.
    pub fn cast<'a>(self, columns: impl AsRef<[(&'a str, &'a str)]>) -> Result<Self> {
        self.cast_columns(columns.as_ref())
    }

    fn cast_columns(self, columns: &[(&str, &str)]) -> Result<Self> {
        let mut all = self.all();
        let schema = self.schema()?;
        for (name, to) in columns {
            let (_, index) = self.attribute(name)?;
            let (from, to) = (&schema.fields[index].data_type, to.parse::<DataType>()?);
            if !SparkCast::is_possible(from, &to) {
                return Err(Error::Cast {
                    column: (*name).to_owned(),
                    from: from.to_string(),
                    to: to.to_string(),
                });
            }
            // As in Spark, where this is a withColumn, the column takes the name as it is written here.
            if all[index].0.to_lowercase() == name.to_lowercase() {
                all[index].0 = (*name).to_owned();
            }
            all[index].1 = SparkCast::call(self.column(index), &to);
        }
        self.project(all)
    }
}
