use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// The given columns, in that order; `*` stands for all. A name may stand in backticks, and may be one of a field within a
    /// struct: `s.a`.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`](crate::Error::UnknownColumn) or [`Error::AmbiguousColumn`](crate::Error::AmbiguousColumn).
    pub fn select<'a>(self, columns: impl AsRef<[&'a str]>) -> Result<Self> {
        self.select_columns(columns.as_ref())
    }

    fn select_columns(self, columns: &[&str]) -> Result<Self> {
        let mut selected = Vec::new();
        for name in columns {
            match *name {
                "*" => selected.extend(self.all()),
                name => selected.push(self.attribute_value(name)?),
            }
        }
        self.project(selected)
    }
}
