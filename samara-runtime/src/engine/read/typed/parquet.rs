//! Parquet files.

use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType as Arrow, FieldRef, Fields, Schema, SchemaRef, TimeUnit,
};
use datafusion::arrow::error::ArrowError;
use datafusion::datasource::physical_plan::parquet::Int96Coercer;
use datafusion::physical_plan::metrics::Count;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{ConvertedType, LogicalType, Type as PhysicalType};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};

use crate::engine::calendar::Calendar;
use crate::engine::problem::Problem;
use crate::engine::read::files::Part;
use crate::engine::read::typed::input::Input;
use crate::engine::read::typed::{Batches, TypedFile};

struct ParquetFile {
    input: Input,
    metadata: ArrowReaderMetadata,
    /// The columns as they are given.
    fields: Fields,
    /// The row groups that begin in the part.
    row_groups: Vec<usize>,
    old: OldCalendar,
}

pub(super) fn open(part: &Part, bytes_read: Count) -> Result<Box<dyn TypedFile>, Problem> {
    let input = Input::open(&part.path, bytes_read).map_err(Problem::new)?;
    // What Arrow's own writer says of its types beside the file's schema, Spark does not read.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&input, options.clone()).map_err(Problem::new)?;
    let schema = as_spark_reads(metadata.parquet_schema(), metadata.schema());
    let metadata = Arc::clone(metadata.metadata());
    let metadata = ArrowReaderMetadata::try_new(metadata, options.with_schema(schema));
    let metadata = metadata.map_err(Problem::new)?;
    let old = OldCalendar::of(&metadata)?;
    let starts = metadata.metadata().row_groups().iter().map(|group| {
        let first = group
            .columns()
            .iter()
            .map(|column| column.byte_range().0)
            .min();
        first.unwrap_or_default()
    });
    let row_groups = starts
        .enumerate()
        .filter(|(_, start)| (part.start..part.end).contains(start));
    let fields = metadata.schema().fields().iter();
    let mut leaves = metadata.parquet_schema().columns().iter();
    let fields = fields.map(|field| with_type(field, given(field.data_type(), &mut leaves)));
    Ok(Box::new(ParquetFile {
        fields: fields.collect(),
        row_groups: row_groups.map(|(index, _)| index).collect(),
        input,
        metadata,
        old,
    }))
}

/// A batch has about so many bytes at most, if rows are as wide as they are on average: offsets into a column's text are of 32 bits.
const BYTES_PER_BATCH: i64 = 64 * 1024 * 1024;

impl ParquetFile {
    /// How many rows a batch may have, by the width of those in the widest row group.
    fn rows_in_memory(&self) -> usize {
        let groups = self.metadata.metadata().row_groups().iter();
        let width = groups
            .map(|group| group.total_byte_size() / group.num_rows().max(1))
            .max();
        let rows = BYTES_PER_BATCH / width.unwrap_or_default().max(1);
        usize::try_from(rows).unwrap_or_default().max(1)
    }
}

/// Timestamps of 96 bits are instants, in microseconds that reach as far as Spark's; names of enums are texts.
fn as_spark_reads(parquet: &SchemaDescriptor, schema: &SchemaRef) -> SchemaRef {
    let instants = Int96Coercer::new(parquet, schema, &TimeUnit::Microsecond)
        .with_timezone(Some("UTC".into()))
        .coerce();
    let schema = instants.map_or_else(|| Arc::clone(schema), Arc::new);
    let enums = parquet
        .root_schema()
        .get_fields()
        .iter()
        .zip(schema.fields());
    let fields = enums.map(|(parquet, field)| match is_enum(parquet) {
        true => Arc::new(field.as_ref().clone().with_data_type(Arrow::Utf8)),
        false => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Fields>()))
}

fn is_enum(parquet: &parquet::schema::types::Type) -> bool {
    let info = parquet.get_basic_info();
    matches!(info.logical_type_ref(), Some(LogicalType::Enum))
        || info.converted_type() == ConvertedType::ENUM
}

impl TypedFile for ParquetFile {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn read(self: Box<Self>, columns: &[usize], rows_per_batch: usize) -> Result<Batches, Problem> {
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns.iter().copied());
        let rows_per_batch = rows_per_batch.min(self.rows_in_memory());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.input, self.metadata)
            .with_projection(mask)
            .with_row_groups(self.row_groups)
            .with_batch_size(rows_per_batch)
            .build()
            .map_err(Problem::new)?;
        let (old, given) = (self.old, self.fields);
        Ok(Box::new(reader.map(move |batch| {
            let batch = batch.map_err(Problem::new)?;
            let batch = old
                .rebased(batch)
                .and_then(|batch| as_given(&batch, &given));
            batch.map_err(Problem::new)
        })))
    }
}

/// The type of a column as it is given, of which these are the leaves. One that no value was ever written to has the logical type unknown: to
/// Spark it is of its physical type, an integer, or void if that is boolean.
fn given<'a>(arrow: &Arrow, leaves: &mut impl Iterator<Item = &'a ColumnDescPtr>) -> Arrow {
    match arrow {
        Arrow::Struct(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|field| with_type(field, given(field.data_type(), leaves)));
            Arrow::Struct(fields.collect())
        }
        Arrow::List(item) => Arrow::List(with_type(item, given(item.data_type(), leaves))),
        Arrow::LargeList(item) => {
            Arrow::LargeList(with_type(item, given(item.data_type(), leaves)))
        }
        Arrow::Map(entries, sorted) => Arrow::Map(
            with_type(entries, given(entries.data_type(), leaves)),
            *sorted,
        ),
        leaf => {
            let is_unknown = |column: &&ColumnDescPtr| {
                let is_boolean = column.physical_type() == PhysicalType::BOOLEAN;
                is_boolean && column.logical_type_ref() == Some(&LogicalType::Unknown)
            };
            match (leaf, leaves.next().filter(is_unknown)) {
                (_, Some(_)) => Arrow::Null,
                (Arrow::Null, None) => Arrow::Int32,
                (leaf, None) => leaf.clone(),
            }
        }
    }
}

fn with_type(field: &FieldRef, kind: Arrow) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// The columns that have no type somewhere as the file gives them: as integers, or void.
fn as_given(batch: &RecordBatch, given: &Fields) -> Result<RecordBatch, ArrowError> {
    let found = batch.schema();
    let columns = found.fields().iter().zip(batch.columns());
    let columns = columns.map(|(found, column)| match given.find(found.name()) {
        Some((_, given)) if has_null(found.data_type()) => cast(column, given.data_type()),
        _ => Ok(Arc::clone(column)),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let fields = found.fields().iter().zip(&columns);
    let fields = fields.map(|(field, column)| with_type(field, column.data_type().clone()));
    let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options)
}

/// Whether there is no type somewhere.
fn has_null(arrow: &Arrow) -> bool {
    match arrow {
        Arrow::Null => true,
        Arrow::Struct(fields) => fields.iter().any(|field| has_null(field.data_type())),
        Arrow::List(inner) | Arrow::LargeList(inner) | Arrow::Map(inner, _) => {
            has_null(inner.data_type())
        }
        _ => false,
    }
}

/// Whether a file counts days of long ago as Spark 2 did.
#[derive(Debug, Clone, Copy)]
struct OldCalendar(bool);

impl OldCalendar {
    /// # Errors
    ///
    /// If only some of its columns do, or in a time zone whose own history would have to be known.
    fn of(metadata: &ArrowReaderMetadata) -> Result<Self, Problem> {
        let pairs = metadata.metadata().file_metadata().key_value_metadata();
        let value = |key: &str| {
            let mut pairs = pairs.into_iter().flatten();
            let pair = pairs.find(|pair| pair.key == key)?;
            Some(pair.value.clone().unwrap_or_default())
        };
        let by_spark_2 = value("org.apache.spark.version").is_some_and(|it| it.as_str() < "3");
        let is_old = by_spark_2 || value("org.apache.spark.legacyDateTime").is_some();
        let is_int96_old = by_spark_2 || value("org.apache.spark.legacyINT96").is_some();
        let mut columns = metadata.parquet_schema().columns().iter();
        let has_int96 = columns.any(|column| column.physical_type() == PhysicalType::INT96);
        let zone = value("org.apache.spark.timeZone").unwrap_or_default();
        if has_int96 && is_old != is_int96_old {
            let message = "some of its columns are in the calendar of Spark 2, which is not supported: have Spark write it again";
            return Err(Problem::new(message));
        }
        if is_old && !["", "UTC", "Etc/UTC", "Z", "GMT"].contains(&zone.as_str()) {
            let message = format!(
                "it is in the calendar of Spark 2 and the time zone `{zone}`, which is not supported: have Spark write it again"
            );
            return Err(Problem::new(message));
        }
        Ok(Self(is_old))
    }

    fn rebased(self, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        if !self.0 {
            return Ok(batch);
        }
        let columns = batch.columns().iter();
        let columns = columns
            .map(|column| Calendar::FromOld.rebase(column))
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(batch.schema(), columns, &options)
    }
}
