use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// Every different row once.
    ///
    /// # Errors
    ///
    /// [`Error::Expression`](crate::Error::Expression) for a column of maps, which cannot be compared.
    pub fn distinct(self) -> Result<Self> {
        self.drop_duplicates([])
    }
}
