//! The table over files and the operator that reads them: each partition on a thread of its own, a batch at a time.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::array::{BooleanArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, Time,
};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use tokio::sync::mpsc::Sender;

use crate::engine::read::columns::ColumnBuilder;
use crate::engine::read::csv::{CsvDecoder, CsvOptions};
use crate::engine::read::files::{Part, share_out};
use crate::engine::read::json::{JsonDecoder, JsonOptions, push_malformed};
use crate::engine::read::lines::{self, Line, Lines};
use crate::engine::read::typed::{self, Conform, Typed};
use crate::engine::read::{Mode, ReadError};
use crate::engine::types::{Field, Schema};

/// The name of the metric that counts the bytes read from files.
const BYTES_READ: &str = "bytes_read";

/// A batch is handed on once its lines have this many bytes, however few they are: offsets into a column's text are of 32 bits.
const BYTES_PER_BATCH: usize = 16 * 1024 * 1024;

/// How what is in a file becomes rows.
#[derive(Debug, Clone)]
pub(crate) enum Decoder {
    Csv(CsvOptions),
    Json(JsonOptions),
    Text,
    Typed(Typed),
}

impl Decoder {
    /// Whether a file is one document.
    fn reads_documents(&self) -> bool {
        matches!(self, Self::Json(options) if options.multi_line)
    }

    /// Whether a file can be read from other places than its beginning.
    fn may_cut(&self) -> bool {
        match self {
            Self::Typed(typed) => typed.may_cut(),
            _ => !self.reads_documents(),
        }
    }
}

/// Files with a declared schema, as a table.
#[derive(Debug)]
pub(crate) struct FileTable {
    files: Vec<std::path::PathBuf>,
    fields: Arc<[Field]>,
    schema: SchemaRef,
    decoder: Decoder,
}

impl FileTable {
    pub fn new(files: Vec<std::path::PathBuf>, schema: Schema, decoder: Decoder) -> Self {
        let arrow = datafusion::arrow::datatypes::Schema::new(
            schema
                .fields
                .iter()
                .map(Field::to_arrow)
                .collect::<Vec<_>>(),
        );
        Self {
            files,
            fields: schema.fields.into(),
            schema: Arc::new(arrow),
            decoder,
        }
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let readers = state.config().target_partitions();
        let mut groups = share_out(self.files.clone(), readers, self.decoder.may_cut())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        if groups.is_empty() {
            groups.push(Vec::new());
        }
        let projection = projection
            .cloned()
            .unwrap_or_else(|| (0..self.fields.len()).collect());
        let schema = Arc::new(self.schema.project(&projection)?);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(ScanExec {
            groups,
            input: Arc::new(Input {
                fields: Arc::clone(&self.fields),
                projection,
                schema,
                decoder: self.decoder.clone(),
            }),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

/// What every partition reads: which columns, and how.
#[derive(Debug)]
struct Input {
    fields: Arc<[Field]>,
    projection: Vec<usize>,
    schema: SchemaRef,
    decoder: Decoder,
}

impl Input {
    /// The columns that are wanted.
    fn projected(&self) -> impl Iterator<Item = &Field> {
        self.projection.iter().map(|index| &self.fields[*index])
    }
}

/// Reads files.
#[derive(Debug)]
pub(crate) struct ScanExec {
    groups: Vec<Vec<Part>>,
    input: Arc<Input>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    /// The bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.metrics
            .clone_inner()
            .sum_by_name(BYTES_READ)
            .map_or(0, |bytes| bytes.as_usize() as u64)
    }
}

impl DisplayAs for ScanExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "ScanExec: {} files in {} groups",
            self.groups.iter().map(Vec::len).sum::<usize>(),
            self.groups.len()
        )
    }
}

impl ExecutionPlan for ScanExec {
    fn name(&self) -> &str {
        "ScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        _children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let mut stream = RecordBatchReceiverStream::builder(self.schema(), 2);
        let reader = PartitionReader {
            input: Arc::clone(&self.input),
            rows_per_batch: context.session_config().batch_size(),
            bytes_read: MetricBuilder::new(&self.metrics).counter(BYTES_READ, partition),
            busy: MetricBuilder::new(&self.metrics).elapsed_compute(partition),
            output: stream.tx(),
        };
        let parts = self.groups[partition].clone();
        stream.spawn_blocking(move || reader.read(&parts));
        Ok(stream.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Reads one partition's parts, one after the other.
struct PartitionReader {
    input: Arc<Input>,
    rows_per_batch: usize,
    bytes_read: Count,
    busy: Time,
    output: Sender<Result<RecordBatch>>,
}

/// The receiver is gone: nobody wants the rest.
struct Unwanted;

enum Stop {
    Unwanted,
    Failed(DataFusionError),
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::Failed(DataFusionError::External(Box::new(error)))
    }
}

impl From<Unwanted> for Stop {
    fn from(_: Unwanted) -> Self {
        Self::Unwanted
    }
}

impl PartitionReader {
    fn read(self, parts: &[Part]) -> Result<()> {
        let mut since = Instant::now();
        let outcome = match self.input.decoder {
            Decoder::Typed(typed) => self.read_typed(typed, parts, &mut since),
            _ => self.read_records(parts, &mut since),
        };
        self.busy.add_elapsed(since);
        match outcome {
            Ok(()) | Err(Stop::Unwanted) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        }
    }

    fn read_records(&self, parts: &[Part], since: &mut Instant) -> Result<(), Stop> {
        let mut batch = BatchBuilder::new(&self.input);
        for part in parts {
            self.read_part(part, &mut batch, since)?;
        }
        match batch.rows {
            0 => Ok(()),
            _ => self.send_records(&mut batch, since),
        }
    }

    /// Reads files that say themselves what they hold.
    fn read_typed(&self, format: Typed, parts: &[Part], since: &mut Instant) -> Result<(), Stop> {
        let wanted: Vec<&Field> = self.input.projected().collect();
        for part in parts.iter().filter(|part| part.start < part.end) {
            let failed = |problem| format.unreadable(part, problem);
            let file = format.open(part, self.bytes_read.clone())?;
            let conform = Conform::new(
                format,
                file.fields(),
                &wanted,
                Arc::clone(&self.input.schema),
            )
            .map_err(|mismatch| failed(mismatch.into()))?;
            let batches = typed::read(file, conform.columns(), self.rows_per_batch);
            for batch in batches.map_err(failed)? {
                let batch = batch.and_then(|batch| conform.apply(&batch));
                self.send(batch.map_err(failed)?, since)?;
            }
        }
        Ok(())
    }

    fn read_part(
        &self,
        part: &Part,
        batch: &mut BatchBuilder,
        since: &mut Instant,
    ) -> Result<(), Stop> {
        if self.input.decoder.reads_documents() {
            return self.read_document(part, batch, since);
        }
        let mut lines = Lines::open(part)?;
        let mut skip_header = part.start == 0
            && matches!(&self.input.decoder, Decoder::Csv(options) if options.header);
        while let Some(line) = lines.next()? {
            self.bytes_read.add(line.bytes);
            if skip_header {
                skip_header = !batch.check_header(&line.text, &part.path);
                continue;
            }
            if let Err(message) = batch.push(&line) {
                return Err(lines.malformed(message)?.into());
            }
            if batch.is_full(self.rows_per_batch) {
                self.send_records(batch, since)?;
            }
        }
        Ok(())
    }

    /// Reads a file that is one document.
    fn read_document(
        &self,
        part: &Part,
        batch: &mut BatchBuilder,
        since: &mut Instant,
    ) -> Result<(), Stop> {
        let mut text = Vec::new();
        let document = lines::document(part, &mut text)?;
        self.bytes_read.add(document.bytes);
        if batch.rows > 0 && batch.bytes + document.bytes >= BYTES_PER_BATCH {
            self.send_records(batch, since)?;
        }
        if let Err(message) = batch.push(&document) {
            return Err(ReadError::malformed(part.path.clone(), 1, message).into());
        }
        if batch.is_full(self.rows_per_batch) {
            self.send_records(batch, since)?;
        }
        Ok(())
    }

    fn send_records(&self, batch: &mut BatchBuilder, since: &mut Instant) -> Result<(), Stop> {
        self.send(batch.finish().map_err(Stop::Failed)?, since)
    }

    /// Hands a batch on. Waiting for the receiver is not work.
    fn send(&self, batch: RecordBatch, since: &mut Instant) -> Result<(), Stop> {
        self.busy.add_elapsed(*since);
        let sent = self.output.blocking_send(Ok(batch)).map_err(|_| Unwanted);
        *since = Instant::now();
        Ok(sent?)
    }
}

enum LineDecoder {
    Csv(CsvDecoder),
    Json(JsonDecoder),
    Text,
}

/// Collects rows into a batch.
struct BatchBuilder {
    decoder: LineDecoder,
    mode: Mode,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    /// The bytes of the lines that the rows came from.
    bytes: usize,
    /// Which of the rows are malformed and to be left out; empty as long as none is.
    dropped: Vec<usize>,
}

impl BatchBuilder {
    fn new(input: &Input) -> Self {
        let (decoder, mode) = match &input.decoder {
            Decoder::Csv(options) => (
                LineDecoder::Csv(CsvDecoder::new(
                    options.clone(),
                    &input.fields,
                    &input.projection,
                )),
                options.mode,
            ),
            // What says itself what it holds has no lines.
            Decoder::Text | Decoder::Typed(_) => (LineDecoder::Text, Mode::default()),
            Decoder::Json(options) => (
                LineDecoder::Json(JsonDecoder::new(&input.fields, &input.projection)),
                options.mode,
            ),
        };
        let column = |index: &usize| ColumnBuilder::new(&input.fields[*index].data_type);
        Self {
            decoder,
            mode,
            schema: Arc::clone(&input.schema),
            columns: input.projection.iter().map(column).collect(),
            rows: 0,
            bytes: 0,
            dropped: Vec::new(),
        }
    }

    /// Appends the records of a line, by the mode. The error is that of a malformed record under FAILFAST.
    fn push(&mut self, line: &Line<'_>) -> Result<(), String> {
        self.bytes += line.bytes;
        let text = line.text.as_ref();
        let Self {
            decoder,
            mode,
            columns,
            rows,
            dropped,
            ..
        } = self;
        let mut failed = None;
        let mut on_row = |outcome: Result<(), String>| {
            if let Err(message) = outcome {
                match mode {
                    Mode::Permissive => {}
                    Mode::DropMalformed => dropped.push(*rows),
                    Mode::FailFast => failed = Some(message),
                }
            }
            *rows += 1;
        };
        match decoder {
            LineDecoder::Csv(decoder) if !decoder.is_record(text) => {}
            LineDecoder::Csv(decoder) => on_row(decoder.push_line(text, columns)),
            // Only what is no UTF-8 had to be copied.
            LineDecoder::Json(_) if matches!(line.text, Cow::Owned(_)) => {
                on_row(push_malformed(columns, "the record is not UTF-8"));
            }
            LineDecoder::Json(decoder) => decoder.push_line(text, columns, on_row),
            LineDecoder::Text => {
                // Where only the rows are counted, there is no column.
                columns.iter_mut().for_each(|column| {
                    column.push_csv(text);
                });
                on_row(Ok(()));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn is_full(&self, rows_per_batch: usize) -> bool {
        self.rows >= rows_per_batch || (self.rows > 0 && self.bytes >= BYTES_PER_BATCH)
    }

    /// Whether the line is the header, and not blank or a comment before it. Warns of a header that is not the schema's.
    fn check_header(&self, line: &str, path: &Path) -> bool {
        let LineDecoder::Csv(decoder) = &self.decoder else {
            return true;
        };
        if !decoder.is_record(line) {
            return false;
        }
        if let Some((header, column)) = decoder.header_mismatch(line) {
            let path = path.display();
            tracing::warn!(
                "`{path}`: the header says `{header}` where the schema says `{column}`; columns are taken by position"
            );
        }
        true
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        if self.dropped.is_empty() {
            return Ok(batch);
        }
        let mut keep = vec![true; rows];
        self.dropped.drain(..).for_each(|row| keep[row] = false);
        Ok(filter_record_batch(&batch, &BooleanArray::from(keep))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(bytes: &[u8]) -> Line<'_> {
        Line {
            text: String::from_utf8_lossy(bytes),
            bytes: bytes.len(),
        }
    }

    #[test]
    fn a_batch_is_full_by_its_bytes_however_few_its_rows_are() {
        let mut batch = batch_builder(Decoder::Csv(CsvOptions::default()), &["a"]);
        let megabytes = "x".repeat(5 * 1024 * 1024);
        for full in [false, false, false, true] {
            batch.push(&line_of(megabytes.as_bytes())).unwrap();
            assert_eq!(batch.is_full(8192), full);
        }
        assert_eq!(batch.finish().unwrap().num_rows(), 4);
        assert!(!batch.is_full(8192));
    }

    fn batch_builder(decoder: Decoder, columns: &[&str]) -> BatchBuilder {
        let columns = columns.iter().map(|name| (*name, "string"));
        let schema = crate::engine::read::schema_of(columns).unwrap();
        let arrow: Vec<_> = schema.fields.iter().map(Field::to_arrow).collect();
        BatchBuilder::new(&Input {
            projection: (0..schema.fields.len()).collect(),
            fields: schema.fields.into(),
            schema: Arc::new(datafusion::arrow::datatypes::Schema::new(arrow)),
            decoder,
        })
    }

    #[test]
    fn the_header_is_the_first_line_that_is_neither_blank_nor_a_comment() {
        let mut options = CsvOptions::default();
        options.comment = Some(b'#');
        let batch = batch_builder(Decoder::Csv(options), &["a", "b"]);
        let is_header = |line| batch.check_header(line, Path::new("a.csv"));
        assert!(["#a,b", "", " \t"].into_iter().all(|line| !is_header(line)));
        assert!(is_header("a,b"));
    }

    #[test]
    fn a_line_of_json_that_is_no_utf8_is_a_malformed_record() {
        let mut batch = batch_builder(Decoder::Json(JsonOptions::default()), &["a"]);
        for line in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"b\"}"] {
            assert_eq!(batch.push(&line_of(line)), Ok(()));
        }
        assert_eq!(batch.finish().unwrap().column(0).null_count(), 1);
    }
}
