use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// The given columns, in that order; `*` stands for all, `s.*` for all fields of a struct. A dot takes a field out of a struct: `s.a`. A name that
    /// has a dot itself stands in backticks.
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
                name => match name.strip_suffix(".*") {
                    Some(outer) => selected.extend(self.fields(outer)?),
                    None => selected.push(self.attribute(name)?),
                },
            }
        }
        self.project(selected)
    }
}
