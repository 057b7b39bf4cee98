//! Formats whose files say themselves which columns they hold: parquet, avro and orc.

mod avro;
mod orc;
mod parquet;

use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::compute::{CastOptions, cast_with_options};
use datafusion::arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use datafusion::arrow::error::ArrowError;

use crate::engine::Format;
use crate::engine::option::{OptionError, OptionValue};
use crate::engine::problem::Problem;
use crate::engine::types::{DataType, Field, Schema};

pub(in crate::engine::write) use avro::{holds as avro_holds, is_name as is_name_in_avro};
pub(in crate::engine::write) use orc::holds as orc_holds;

/// How files of one of them are written.
#[derive(Debug, Clone)]
pub(super) enum TypedOptions {
    Parquet(parquet::ParquetOptions),
    Avro(avro::AvroOptions),
    Orc(orc::OrcOptions),
}

impl TypedOptions {
    pub fn parquet<'a>(
        options: impl Iterator<Item = OptionValue<'a>>,
    ) -> Result<Self, OptionError> {
        parquet::ParquetOptions::parse(options).map(Self::Parquet)
    }

    pub fn avro<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        avro::AvroOptions::parse(options).map(Self::Avro)
    }

    pub fn orc<'a>(options: impl Iterator<Item = OptionValue<'a>>) -> Result<Self, OptionError> {
        orc::OrcOptions::parse(options).map(Self::Orc)
    }

    pub fn format(&self) -> Format {
        match self {
            Self::Parquet(_) => Format::Parquet,
            Self::Avro(_) => Format::Avro,
            Self::Orc(_) => Format::Orc,
        }
    }

    /// What the name of a file ends with, its codec included, as Spark has it.
    pub fn extension(&self) -> String {
        match self {
            Self::Parquet(options) => options.extension(),
            Self::Avro(_) => ".avro".to_owned(),
            Self::Orc(options) => options.extension(),
        }
    }

    pub fn writer(&self, file: File, schema: &Schema) -> Result<Box<dyn TypedWriter>, Problem> {
        match self {
            Self::Parquet(options) => options.writer(file, schema),
            Self::Avro(options) => options.writer(file, schema),
            Self::Orc(options) => options.writer(file, schema),
        }
    }
}

/// What writes rows to one file.
pub(super) trait TypedWriter: Send {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Problem>;

    /// Writes what is left, and gives the file back.
    fn finish(self: Box<Self>) -> Result<File, Problem>;
}

/// The columns as the file holds them: every one may be null, since Spark, too, reads them so.
fn nullable(schema: &Schema) -> Schema {
    let field = |field: &Field| Field {
        name: field.name.clone(),
        data_type: nullable_type(&field.data_type),
        nullable: true,
    };
    Schema {
        fields: schema.fields.iter().map(field).collect(),
    }
}

fn nullable_type(kind: &DataType) -> DataType {
    let boxed = |kind: &DataType| Box::new(nullable_type(kind));
    match kind {
        DataType::Struct(fields) => {
            let fields = fields.clone();
            DataType::Struct(nullable(&Schema { fields }).fields)
        }
        DataType::Array(element) => DataType::Array(boxed(element)),
        DataType::Map(key, value) => DataType::Map(boxed(key), boxed(value)),
        single => single.clone(),
    }
}

fn arrow_of(schema: &Schema) -> ArrowSchema {
    ArrowSchema::new(
        schema
            .fields
            .iter()
            .map(Field::to_arrow)
            .collect::<Vec<_>>(),
    )
}

/// A batch whose columns have exactly the types of a schema. The engine has more than one type of its own for some of Spark's.
fn with_types(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Problem> {
    let checked = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(
        |(column, field)| match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast_with_options(column, field.data_type(), &checked),
        },
    );
    let columns: Vec<ArrayRef> = columns
        .collect::<Result<_, ArrowError>>()
        .map_err(Problem::new)?;
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(Problem::new)
}
