use datafusion::logical_expr::ExprSchemable as _;

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
        for (name, to) in columns {
            let (_, value) = self.attribute(name)?;
            let from = DataType::from_arrow(&value.get_type(self.plan.schema())?)?;
            let to = to.parse::<DataType>()?;
            if !SparkCast::is_possible(&from, &to) {
                return Err(Error::Cast {
                    column: (*name).to_owned(),
                    from: from.to_string(),
                    to: to.to_string(),
                });
            }
            // As in Spark, where this is a withColumn: the value is that of the attribute, the column has the name as it is written here.
            let cast = ((*name).to_owned(), SparkCast::call(value, &to));
            let lower = name.to_lowercase();
            let same = all
                .iter()
                .filter(|(other, _)| other.to_lowercase() == lower)
                .count();
            match same {
                0 => all.push(cast),
                _ => {
                    let same = all
                        .iter_mut()
                        .filter(|(other, _)| other.to_lowercase() == lower);
                    same.for_each(|column| *column = cast.clone());
                }
            }
        }
        self.project(all)
    }
}
