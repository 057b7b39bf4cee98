//! Avro files.

use std::io::BufReader;

use arrow_avro::reader::ReaderBuilder;
use datafusion::arrow::datatypes::{Fields, SchemaRef};
use datafusion::physical_plan::metrics::Count;

use crate::engine::read::files::Part;
use crate::engine::read::typed::input::{Counted, Input};
use crate::engine::read::typed::{Batches, Problem, TypedFile};

struct AvroFile {
    input: Input,
    schema: SchemaRef,
}

pub(super) fn open(part: &Part, bytes_read: Count) -> Result<Box<dyn TypedFile>, Problem> {
    let input = Input::open(&part.path, bytes_read).map_err(Problem::new)?;
    let reader = ReaderBuilder::new().build(begin(&input)?);
    let schema = reader.map_err(Problem::new)?.schema();
    Ok(Box::new(AvroFile { input, schema }))
}

fn begin(input: &Input) -> Result<BufReader<Counted>, Problem> {
    input.at(0).map_err(Problem::new)
}

impl TypedFile for AvroFile {
    fn fields(&self) -> &Fields {
        self.schema.fields()
    }

    fn read(self: Box<Self>, columns: &[usize], rows_per_batch: usize) -> Result<Batches, Problem> {
        let reader = ReaderBuilder::new()
            .with_batch_size(rows_per_batch)
            .with_projection(columns.to_vec())
            .build(begin(&self.input)?)
            .map_err(Problem::new)?;
        Ok(Box::new(reader.map(|batch| batch.map_err(Problem::new))))
    }
}
