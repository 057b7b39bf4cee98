//! Where operators put what memory does not hold: files without a name, which are gone when the process is, however it ends.

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::spill_file::{SpillFile, SpillWriter, TempFileFactory};
use futures::{Stream, stream};

/// How much of a file is read at once.
const CHUNK: usize = 128 * 1024;

/// Makes nameless files in one directory.
#[derive(Debug)]
pub(crate) struct SpillDirectory {
    path: PathBuf,
}

impl SpillDirectory {
    /// Makes no file yet. A file without a name is open as long as it lives, so the process may from now on have as many as the system allows.
    pub fn new(path: PathBuf) -> Self {
        // Where it does not allow more, spilling fails with the number that it does.
        let _ = rlimit::increase_nofile_limit(u64::MAX);
        Self { path }
    }

    fn failed(&self, error: io::Error) -> DataFusionError {
        let path = self.path.display();
        let text =
            format!("cannot spill to `{path}`: {error}; --spill-dir names another directory");
        DataFusionError::Execution(text)
    }
}

impl TempFileFactory for SpillDirectory {
    fn create_temp_file(&self, _description: &str) -> Result<Arc<dyn SpillFile>> {
        let file = tempfile::tempfile_in(&self.path).map_err(|error| self.failed(error))?;
        Ok(Arc::new(Nameless(Arc::new(Contents {
            file,
            size: AtomicU64::new(0),
        }))))
    }
}

/// A file that only this process can reach.
struct Nameless(Arc<Contents>);

struct Contents {
    file: File,
    size: AtomicU64,
}

impl SpillFile for Nameless {
    fn size(&self) -> Option<u64> {
        Some(self.0.size.load(Relaxed))
    }

    fn read_stream(&self) -> Result<Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>> {
        let contents = Arc::clone(&self.0);
        Ok(Box::pin(stream::try_unfold(
            (contents, 0),
            |(contents, offset)| async move {
                let chunk = contents.read(offset).await?;
                let next = offset + chunk.len() as u64;
                Ok((!chunk.is_empty()).then_some((chunk, (contents, next))))
            },
        )))
    }

    fn open_writer(&self) -> Result<Box<dyn SpillWriter>> {
        Ok(Box::new(NamelessWriter(Arc::clone(&self.0))))
    }
}

impl Contents {
    /// The bytes from an offset on; none at the end.
    async fn read(self: &Arc<Self>, offset: u64) -> Result<Bytes> {
        let contents = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let read = contents.file.read_at(&mut chunk, offset)?;
            chunk.truncate(read);
            io::Result::Ok(chunk.into())
        });
        let chunk = read
            .await
            .map_err(|error| DataFusionError::External(error.into()))?;
        chunk.map_err(DataFusionError::IoError)
    }
}

impl fmt::Debug for Nameless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nameless").finish_non_exhaustive()
    }
}

struct NamelessWriter(Arc<Contents>);

impl Write for NamelessWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = (&self.0.file).write(bytes)?;
        self.0.size.fetch_add(written as u64, Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.0.file).flush()
    }
}

impl SpillWriter for NamelessWriter {
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}
