//! The part files of an output: how they are named, and what writes the rows of one.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use datafusion::arrow::array::RecordBatch;

use crate::engine::compression::FileWriter;
use crate::engine::write::typed::TypedWriter;
use crate::engine::write::{Encoder, Output, WriteError};
use crate::error::Result;

/// One part file, named as Spark names them.
pub(super) struct PartFile {
    path: PathBuf,
    rows: Rows,
}

/// What writes rows.
enum Rows {
    /// As lines of text, by the encoder.
    Lines {
        file: BufWriter<Box<dyn FileWriter>>,
        text: String,
    },
    /// As values of their types.
    Typed(Box<dyn TypedWriter>),
}

impl PartFile {
    pub fn create(output: &Output, partition: usize) -> Result<Self> {
        let name = format!(
            "part-{partition:05}-{}-c000{}",
            output.write_id,
            output.encoder.extension(),
        );
        let path = output.directory.join(name);
        let file = File::create_new(&path).map_err(WriteError::io(&path))?;
        let rows = match &output.encoder {
            Encoder::Typed(options) => {
                let writer = options.writer(file, &output.schema);
                Rows::Typed(writer.map_err(|problem| options.unwritable(&path, problem))?)
            }
            encoder => Rows::Lines {
                file: begin(file, encoder, &output.names).map_err(WriteError::io(&path))?,
                text: String::new(),
            },
        };
        Ok(Self { path, rows })
    }

    pub fn write(&mut self, output: &Output, batch: &RecordBatch) -> Result<()> {
        match &mut self.rows {
            Rows::Lines { file, text } => {
                text.clear();
                output.encoder.encode(&output.names, batch, text)?;
                file.write_all(text.as_bytes())
                    .map_err(WriteError::io(&self.path))?;
            }
            Rows::Typed(writer) => writer
                .write(batch)
                .map_err(|problem| output.encoder.unwritable(&self.path, problem))?,
        }
        Ok(())
    }

    /// Makes sure that the file is on disk; its size in bytes.
    pub fn finish(self, output: &Output) -> Result<u64> {
        let Self { path, rows } = self;
        let file = match rows {
            Rows::Lines { file, .. } => finished(file).map_err(WriteError::io(&path))?,
            Rows::Typed(writer) => writer
                .finish()
                .map_err(|problem| output.encoder.unwritable(&path, problem))?,
        };
        Ok(synced(&file).map_err(WriteError::io(&path))?)
    }
}

fn begin(
    file: File,
    encoder: &Encoder,
    names: &[String],
) -> io::Result<BufWriter<Box<dyn FileWriter>>> {
    let file = encoder.compression().writer(file)?;
    let mut file = BufWriter::with_capacity(256 * 1024, file);
    file.write_all(encoder.head(names).as_bytes())?;
    Ok(file)
}

fn finished(file: BufWriter<Box<dyn FileWriter>>) -> io::Result<File> {
    file.into_inner()?.finish()
}

fn synced(file: &File) -> io::Result<u64> {
    file.sync_all()?;
    Ok(file.metadata()?.len())
}

impl Encoder {
    fn unwritable(&self, path: &Path, problem: super::typed::Problem) -> WriteError {
        WriteError::Failed {
            path: path.to_owned(),
            format: self.format().name(),
            problem: problem.to_string(),
        }
    }
}
