use std::collections::HashSet;

use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// The frame without the given columns; a name that does not exist is ignored.
    ///
    /// # Errors
    ///
    /// None that a name could cause; the engine's, wrapped.
    pub fn drop<'a>(self, columns: impl AsRef<[&'a str]>) -> Result<Self> {
        self.drop_columns(columns.as_ref())
    }

    fn drop_columns(self, columns: &[&str]) -> Result<Self> {
        let dropped: HashSet<usize> = columns.iter().flat_map(|name| self.indices(name)).collect();
        let kept = self
            .all()
            .into_iter()
            .enumerate()
            .filter(|(index, _)| !dropped.contains(index));
        let kept = kept.map(|(_, column)| column).collect();
        self.project(kept)
    }
}
