//! ORC files.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, ListArray, MapArray, RecordBatch, RecordBatchOptions,
    StructArray, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType as Arrow, Decimal128Type, Field, FieldRef, Fields, Int64Type, Schema, SchemaRef,
    TimeUnit,
};
use datafusion::arrow::error::ArrowError;
use datafusion::physical_plan::metrics::Count;
use orc_rust::ArrowReaderBuilder;
use orc_rust::projection::ProjectionMask;
use orc_rust::schema::DataType as OrcType;

use crate::engine::calendar::Calendar;
use crate::engine::problem::Problem;
use crate::engine::read::files::Part;
use crate::engine::read::typed::input::Input;
use crate::engine::read::typed::orc_footer::Footer;
use crate::engine::read::typed::{Batches, TypedFile};

struct OrcFile {
    reader: ArrowReaderBuilder<Input>,
    /// The columns as they are given.
    fields: Fields,
    is_julian: bool,
}

pub(super) fn open(part: &Part, bytes_read: Count) -> Result<Box<dyn TypedFile>, Problem> {
    let input = Input::open(&part.path, bytes_read.clone()).map_err(Problem::new)?;
    let range = usize_of(part.start)..usize_of(part.end);
    let reader = ArrowReaderBuilder::try_new(input).map_err(Problem::new)?;
    let input = Input::open(&part.path, bytes_read).map_err(Problem::new)?;
    let compression = reader.file_metadata().compression();
    let footer = Footer::read(&input, compression).map_err(Problem::new)?;
    let reader = reader.with_file_byte_range(range);
    let columns = reader.file_metadata().root_data_type().children().iter();
    let read = reader.schema();
    let types = columns.zip(read.fields());
    let fields = types.map(|(column, field)| {
        let kind = given(column.data_type(), field.data_type(), &footer);
        Field::new(field.name(), kind, true)
    });
    Ok(Box::new(OrcFile {
        fields: fields.collect(),
        reader,
        is_julian: footer.is_julian(),
    }))
}

fn usize_of(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl TypedFile for OrcFile {
    fn fields(&self) -> &Fields {
        &self.fields
    }

    fn read(self: Box<Self>, columns: &[usize], rows_per_batch: usize) -> Result<Batches, Problem> {
        let Self {
            reader,
            fields,
            is_julian,
        } = *self;
        let root = reader.file_metadata().root_data_type();
        let column_of = |index: &usize| root.children()[*index].data_type().column_index();
        let mask = ProjectionMask::roots(root, columns.iter().map(column_of));
        let reader = reader.with_projection(mask).with_batch_size(rows_per_batch);
        let read = reader.schema();
        let decoded = read
            .fields()
            .iter()
            .map(|field| Field::new(field.name(), decoded(field.data_type()), true));
        let decoded = Arc::new(Schema::new(decoded.collect::<Fields>()));
        let given = Arc::new(Schema::new(
            columns
                .iter()
                .map(|index| Arc::clone(&fields[*index]))
                .collect::<Fields>(),
        ));
        let batches = reader.with_schema(decoded).build();
        Ok(Box::new(batches.map(move |batch| {
            let batch = batch.map_err(Problem::new)?;
            restored_batch(&batch, &given, is_julian).map_err(Problem::new)
        })))
    }
}

/// The type of a column as it is given: instants where ORC has timestamps, since those of Spark are no others.
fn given(orc: &OrcType, arrow: &Arrow, footer: &Footer) -> Arrow {
    match (orc, arrow) {
        (OrcType::Long { column_index }, _) if footer.is_timestamp_ntz(*column_index) => {
            Arrow::Timestamp(TimeUnit::Microsecond, None)
        }
        (_, Arrow::Timestamp(..)) => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        (OrcType::Struct { children, .. }, Arrow::Struct(fields)) => {
            let fields = children.iter().zip(fields).map(|(child, field)| {
                let kind = given(child.data_type(), field.data_type(), footer);
                Field::new(field.name(), kind, true)
            });
            Arrow::Struct(fields.collect())
        }
        (OrcType::List { child, .. }, Arrow::List(item)) => {
            Arrow::new_list(given(child, item.data_type(), footer), true)
        }
        (OrcType::Map { key, value, .. }, Arrow::Map(entries, sorted)) => {
            let kinds = [key, value];
            let pair = with_types(entries, |index, kind| given(kinds[index], kind, footer));
            Arrow::Map(pair, *sorted)
        }
        _ => arrow.clone(),
    }
}

/// The type that a column is decoded as: a decimal number of seconds for a timestamp, which holds all that ORC does, at any depth.
fn decoded(arrow: &Arrow) -> Arrow {
    match arrow {
        Arrow::Timestamp(..) => Arrow::Decimal128(38, 9),
        Arrow::Struct(fields) => Arrow::Struct(
            fields
                .iter()
                .map(|field| with_type(field, decoded(field.data_type())))
                .collect(),
        ),
        Arrow::List(item) => Arrow::List(with_type(item, decoded(item.data_type()))),
        Arrow::Map(entries, sorted) => {
            Arrow::Map(with_types(entries, |_, kind| decoded(kind)), *sorted)
        }
        other => other.clone(),
    }
}

fn with_type(field: &FieldRef, kind: Arrow) -> FieldRef {
    Arc::new(field.as_ref().clone().with_data_type(kind))
}

/// The entries of a map, with other types for key and value.
fn with_types(entries: &FieldRef, kind: impl Fn(usize, &Arrow) -> Arrow) -> FieldRef {
    let Arrow::Struct(pair) = entries.data_type() else {
        return Arc::clone(entries);
    };
    let pair = pair.iter().enumerate();
    let pair = pair.map(|(index, field)| with_type(field, kind(index, field.data_type())));
    with_type(entries, Arrow::Struct(pair.collect()))
}

fn restored_batch(
    batch: &RecordBatch,
    schema: &SchemaRef,
    is_julian: bool,
) -> Result<RecordBatch, ArrowError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| {
        let column = restored(column, field.data_type())?;
        Ok(match is_julian {
            true => Calendar::FromOld.rebase(&column),
            false => column,
        })
    });
    let columns = columns.collect::<Result<_, ArrowError>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

/// From what was decoded to what is given.
fn restored(array: &ArrayRef, given: &Arrow) -> Result<ArrayRef, ArrowError> {
    Ok(match (array.data_type(), given) {
        (Arrow::Decimal128(..), Arrow::Timestamp(_, zone)) => {
            let nanos = array.as_primitive::<Decimal128Type>();
            let micros = nanos.try_unary::<_, Int64Type, ArrowError>(|nanos| {
                i64::try_from(nanos.div_euclid(1000)).map_err(|_| {
                    ArrowError::ComputeError(format!("no timestamp has {nanos} nanoseconds"))
                })
            })?;
            let micros =
                micros.reinterpret_cast::<datafusion::arrow::datatypes::TimestampMicrosecondType>();
            Arc::new(micros.with_timezone_opt(zone.clone()))
        }
        (Arrow::Int64, Arrow::Timestamp(_, None)) => {
            let micros = array.as_primitive::<Int64Type>().clone();
            let micros: TimestampMicrosecondArray = micros.reinterpret_cast();
            Arc::new(micros)
        }
        (Arrow::Struct(_), Arrow::Struct(fields)) => {
            Arc::new(restored_struct(array.as_struct(), fields)?)
        }
        (Arrow::List(_), Arrow::List(item)) => {
            let list = array.as_list::<i32>();
            let values = restored(list.values(), item.data_type())?;
            let (offsets, nulls) = (list.offsets().clone(), list.nulls().cloned());
            Arc::new(ListArray::try_new(
                Arc::clone(item),
                offsets,
                values,
                nulls,
            )?)
        }
        (Arrow::Map(..), Arrow::Map(entries, sorted)) => {
            let map = array.as_map();
            let Arrow::Struct(pair) = entries.data_type() else {
                return Ok(Arc::clone(array));
            };
            let pairs = restored_struct(map.entries(), pair)?;
            let (offsets, nulls) = (map.offsets().clone(), map.nulls().cloned());
            Arc::new(MapArray::try_new(
                Arc::clone(entries),
                offsets,
                pairs,
                nulls,
                *sorted,
            )?)
        }
        _ => Arc::clone(array),
    })
}

fn restored_struct(array: &StructArray, fields: &Fields) -> Result<StructArray, ArrowError> {
    let columns = array.columns().iter().zip(fields);
    let columns = columns.map(|(column, field)| restored(column, field.data_type()));
    let columns = columns.collect::<Result<_, _>>()?;
    StructArray::try_new_with_length(fields.clone(), columns, array.nulls().cloned(), array.len())
}
