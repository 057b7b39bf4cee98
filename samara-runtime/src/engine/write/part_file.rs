//! The part files of an output: how they are named, and what writes the rows of one.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use datafusion::arrow::array::RecordBatch;

use crate::engine::Format;
use crate::engine::compression::FileWriter;
use crate::engine::write::typed::TypedWriter;
use crate::engine::write::{Encoder, LineEncoder, Output, WriteError};
use crate::error::Result;

/// One part file, named as Spark names them.
pub(super) struct PartFile {
    path: PathBuf,
    rows: Rows,
}

/// What writes rows.
enum Rows {
    Lines {
        encoder: LineEncoder,
        file: BufWriter<Box<dyn FileWriter>>,
        text: String,
    },
    Typed {
        format: Format,
        writer: Box<dyn TypedWriter>,
    },
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
            Encoder::Lines(encoder) => Rows::Lines {
                file: begin(file, encoder, &output.names).map_err(WriteError::io(&path))?,
                encoder: encoder.clone(),
                text: String::new(),
            },
            Encoder::Typed(options) => {
                let format = options.format();
                let writer = options.writer(file, &output.schema);
                let writer = writer.map_err(WriteError::failed(&path, format))?;
                Rows::Typed { format, writer }
            }
        };
        Ok(Self { path, rows })
    }

    pub fn write(&mut self, names: &[String], batch: &RecordBatch) -> Result<()> {
        match &mut self.rows {
            Rows::Lines {
                encoder,
                file,
                text,
            } => {
                text.clear();
                encoder.encode(names, batch, text)?;
                let written = file.write_all(text.as_bytes());
                written.map_err(WriteError::io(&self.path))?;
            }
            Rows::Typed { format, writer } => {
                let written = writer.write(batch);
                written.map_err(WriteError::failed(&self.path, *format))?;
            }
        }
        Ok(())
    }

    /// Makes sure that the file is on disk; its size in bytes.
    pub fn finish(self) -> Result<u64, WriteError> {
        let Self { path, rows } = self;
        let file = match rows {
            Rows::Lines { file, .. } => finished(file).map_err(WriteError::io(&path))?,
            Rows::Typed { format, writer } => {
                writer.finish().map_err(WriteError::failed(&path, format))?
            }
        };
        synced(&file).map_err(WriteError::io(&path))
    }
}

fn begin(
    file: File,
    encoder: &LineEncoder,
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
