use crate::engine::DataFrame;
use crate::error::Result;

impl DataFrame {
    /// Every different row once.
    ///
    /// # Errors
    ///
    /// None that a frame of this library gives rise to.
    pub fn distinct(self) -> Result<Self> {
        self.drop_duplicates([])
    }
}
