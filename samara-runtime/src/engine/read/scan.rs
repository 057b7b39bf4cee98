//! The table over files and the operator that reads them: each partition on a thread of its own, a batch at a time.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringBuilder,
};
use datafusion::arrow::compute::{filter_record_batch, not, nullif};
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
use crate::engine::read::files::{self, MOST_COMPRESSED, Part, Selection, share_out};
use crate::engine::read::findings::{Findings, Told, mismatch};
use crate::engine::read::json::{Found, JsonDecoder, JsonOptions, push_malformed};
use crate::engine::read::lines::{self, Flaw, Line, TextForm};
use crate::engine::read::records::Records;
use crate::engine::read::reject::{Reject, malformed};
use crate::engine::read::text::TextOptions;
use crate::engine::read::typed::{self, Conform, Declared, Typed, TypedOptions};
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
    Text(TextOptions),
    Typed(Typed, TypedOptions),
}

impl Decoder {
    /// Whether a file is one document.
    fn reads_documents(&self) -> bool {
        match self {
            Self::Csv(_) => false,
            Self::Json(options) => options.multi_line,
            Self::Text(options) => options.whole,
            Self::Typed(..) => false,
        }
    }

    /// Whether the records of a file can be told without its beginning.
    fn may_cut(&self) -> bool {
        if let Self::Typed(typed, _) = self {
            return typed.may_cut();
        }
        let over_lines = matches!(self, Self::Csv(options) if options.multi_line);
        !self.reads_documents() && !over_lines && self.form().line_end.is_seen_anywhere()
    }

    pub fn form(&self) -> &TextForm {
        match self {
            Self::Csv(options) => &options.form,
            Self::Json(options) => &options.form,
            Self::Text(options) => &options.form,
            Self::Typed(..) => &PLAIN,
        }
    }

    pub fn selection(&self) -> &Selection {
        match self {
            Self::Csv(options) => &options.selection,
            Self::Json(options) => &options.selection,
            Self::Text(options) => &options.selection,
            Self::Typed(_, options) => &options.selection,
        }
    }

    /// What keeps a line from being clean text. Of json, it is malformed then.
    fn flaw(&self, line: &Line<'_>) -> Option<Flaw> {
        match self {
            Self::Json(_) | Self::Typed(..) => None,
            Self::Csv(_) | Self::Text(_) => Flaw::of(line),
        }
    }

    fn mode(&self) -> Mode {
        match self {
            Self::Csv(options) => options.mode,
            Self::Json(options) => options.mode,
            Self::Text(_) | Self::Typed(..) => Mode::default(),
        }
    }

    /// The name of the column for the text of malformed records, if a schema has it.
    pub fn corrupt_record(&self) -> Option<&str> {
        match self {
            Self::Csv(options) => Some(&options.corrupt_record),
            Self::Json(options) => Some(&options.corrupt_record),
            Self::Text(_) | Self::Typed(..) => None,
        }
    }
}

/// The form of files that are not read as text.
static PLAIN: LazyLock<TextForm> = LazyLock::new(TextForm::default);

/// Files with a declared schema, as a table.
#[derive(Debug)]
pub(crate) struct FileTable {
    files: Vec<std::path::PathBuf>,
    fields: Arc<[Field]>,
    schema: SchemaRef,
    decoder: Decoder,
    /// What was told of the findings in the files.
    told: Arc<Told>,
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
            told: Arc::default(),
        }
    }

    /// What a read of some of the columns would fail by, as far as the files say it before their rows are read.
    pub fn faults(&self, projection: Option<&[usize]>) -> Vec<ReadError> {
        let all: Vec<usize> = (0..self.fields.len()).collect();
        let projection = projection.unwrap_or(&all);
        let columns = Columns::new(&self.fields, projection, self.decoder.corrupt_record());
        if columns.are_corrupt_alone() {
            return vec![ReadError::CorruptAlone];
        }
        let Decoder::Typed(format, options) = &self.decoder else {
            return Vec::new();
        };
        let Ok(schema) = self.schema.project(projection) else {
            return Vec::new();
        };
        let schema = Arc::new(schema);
        let fault = |path: &std::path::PathBuf| {
            let part = Part {
                path: path.clone(),
                start: 0,
                end: u64::MAX,
            };
            if !files::has_content(path) {
                return None;
            }
            // Whether it can be opened was looked at where the extract was made.
            let file = format.open(&part, Count::new()).ok()?;
            let declared = columns.declared(options);
            let conform = Conform::new(*format, file.fields(), declared, Arc::clone(&schema));
            let mismatch = conform.err()?;
            Some(format.unreadable(&part, mismatch.into()))
        };
        self.files.iter().filter_map(fault).collect()
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
        let columns = Columns::new(&self.fields, &projection, self.decoder.corrupt_record());
        if columns.are_corrupt_alone() {
            return Err(DataFusionError::External(Box::new(ReadError::CorruptAlone)));
        }
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(groups.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(ScanExec {
            groups,
            input: Arc::new(Input {
                columns,
                schema,
                decoder: self.decoder.clone(),
            }),
            findings: Arc::new(Findings::new(self.decoder.mode(), Arc::clone(&self.told))),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

/// What every partition reads: which columns, and how.
#[derive(Debug)]
struct Input {
    columns: Columns,
    schema: SchemaRef,
    decoder: Decoder,
}

/// The columns that files hold, which of them are read, and where the text of malformed records goes.
#[derive(Debug)]
pub(super) struct Columns {
    pub fields: Vec<Field>,
    projection: Vec<usize>,
    /// The place among the columns that are read.
    corrupt: Option<usize>,
}

impl Columns {
    pub fn new(all: &[Field], projection: &[usize], corrupt_name: Option<&str>) -> Self {
        let corrupt = all
            .iter()
            .position(|field| Some(field.name.as_str()) == corrupt_name);
        let is_held = |index: &usize| Some(*index) != corrupt;
        let in_file = |index: usize| index - usize::from(corrupt.is_some_and(|at| at < index));
        let held = (0..all.len()).filter(is_held);
        let read = projection.iter().copied().filter(is_held);
        Self {
            fields: held.map(|index| all[index].clone()).collect(),
            projection: read.map(in_file).collect(),
            corrupt: projection.iter().position(|index| !is_held(index)),
        }
    }

    fn declared(&self, options: &TypedOptions) -> Declared<'_> {
        Declared {
            fields: &self.fields,
            projection: &self.projection,
            by_position: options.by_position,
        }
    }

    /// Whether there is no other column to tell a malformed record by. (Spark refuses this as well.)
    fn are_corrupt_alone(&self) -> bool {
        self.corrupt.is_some() && self.projection.is_empty()
    }
}

/// Reads files.
#[derive(Debug)]
pub(crate) struct ScanExec {
    groups: Vec<Vec<Part>>,
    input: Arc<Input>,
    findings: Arc<Findings>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ScanExec {
    /// About how many bytes of text there are to read.
    pub fn text_size(&self) -> u64 {
        let size: u64 = self.groups.iter().flatten().map(Part::text_size).sum();
        match self.input.decoder {
            Decoder::Typed(..) => size.saturating_mul(MOST_COMPRESSED),
            _ => size,
        }
    }

    /// The bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.metrics
            .clone_inner()
            .sum_by_name(BYTES_READ)
            .map_or(0, |bytes| bytes.as_usize() as u64)
    }

    /// What was found so far that a person should know of.
    pub fn findings(&self) -> &Arc<Findings> {
        &self.findings
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
            findings: Arc::clone(&self.findings),
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
    findings: Arc<Findings>,
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
        let outcome = match &self.input.decoder {
            Decoder::Typed(typed, options) => self.read_typed(*typed, options, parts, &mut since),
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
            self.note_columns(part, &mut batch);
        }
        match batch.rows {
            0 => Ok(()),
            _ => self.send_records(&mut batch, since),
        }
    }

    /// Reads files that say themselves what they hold.
    fn read_typed(
        &self,
        format: Typed,
        options: &TypedOptions,
        parts: &[Part],
        since: &mut Instant,
    ) -> Result<(), Stop> {
        let declared = self.input.columns.declared(options);
        for part in parts.iter().filter(|part| part.start < part.end) {
            let failed = |problem| format.unreadable(part, problem);
            let file = format.open(part, self.bytes_read.clone())?;
            let conform = Conform::new(
                format,
                file.fields(),
                declared,
                Arc::clone(&self.input.schema),
            )
            .map_err(|mismatch| failed(mismatch.into()))?;
            let mut rows = 0;
            let batches = typed::read(file, conform.columns(), self.rows_per_batch);
            for batch in batches.map_err(failed)? {
                let batch = batch.and_then(|batch| conform.apply(&batch));
                let batch = batch.map_err(failed)?;
                rows += batch.num_rows();
                self.send(batch, since)?;
            }
            if let Some(found) = conform.unmatched().filter(|_| rows > 0) {
                self.findings.note_mismatch(&part.path, found.to_owned());
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
        let decoder = &self.input.decoder;
        if decoder.reads_documents() {
            return self.read_document(part, batch, since);
        }
        let (quotes, mut skip_header) = match decoder {
            Decoder::Csv(options) => (
                Some(options).filter(|options| options.multi_line),
                options.header && part.start == 0,
            ),
            _ => (None, false),
        };
        let mut records = Records::open(part, decoder.form(), quotes)?;
        while let Some(record) = records.next()? {
            self.bytes_read.add(record.bytes);
            let flaw = decoder.flaw(&record);
            if skip_header {
                skip_header = !batch.check_header(&record.text, &part.path)?;
                self.note_flaw(flaw, part, || records.line())?;
                continue;
            }
            let pushed = batch.push(&record);
            self.note_flaw(flaw, part, || records.line())?;
            if let Some(reason) = pushed.failure {
                return Err(malformed(&part.path, records.line()?, reason).into());
            }
            if let Some(reason) = pushed.reason
                && self.findings.rejected.add(pushed.rejected)
            {
                let first = malformed(&part.path, records.line()?, reason);
                self.findings.rejected.set_first(first);
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
        let document = lines::document(part, self.input.decoder.form(), &mut text)?;
        self.bytes_read.add(document.bytes);
        if document.bytes == 0 {
            return Ok(());
        }
        if batch.rows > 0 && batch.bytes + document.bytes >= BYTES_PER_BATCH {
            self.send_records(batch, since)?;
        }
        self.note_flaw(self.input.decoder.flaw(&document), part, || Ok(1))?;
        let pushed = batch.push(&document);
        if let Some(reason) = pushed.failure {
            return Err(malformed(&part.path, 1, reason).into());
        }
        if let Some(reason) = pushed.reason
            && self.findings.rejected.add(pushed.rejected)
        {
            let first = malformed(&part.path, 1, reason);
            self.findings.rejected.set_first(first);
        }
        if batch.is_full(self.rows_per_batch) {
            self.send_records(batch, since)?;
        }
        Ok(())
    }

    /// Counts a record that is not clean text.
    fn note_flaw(
        &self,
        flaw: Option<Flaw>,
        part: &Part,
        line: impl FnOnce() -> Result<u64, ReadError>,
    ) -> Result<(), ReadError> {
        if let Some(flaw) = flaw
            && self.findings.undecodable.add(1)
        {
            let why = flaw.explained(self.input.decoder.form().charset);
            let first = malformed(&part.path, line()?, why);
            self.findings.undecodable.set_first(first);
        }
        Ok(())
    }

    /// Notes whether a part has one of the declared columns, if its records have names for them.
    fn note_columns(&self, part: &Part, batch: &mut BatchBuilder) {
        let LineDecoder::Json(decoder) = &mut batch.decoder else {
            return;
        };
        match decoder.take_found() {
            Found::Nothing => {}
            Found::Declared => self.findings.note_match(&part.path),
            Found::Others(keys) => {
                let declared = self.input.columns.fields.iter();
                let declared = declared.map(|field| field.name.as_str());
                let found = mismatch(keys.iter().map(String::as_str), declared);
                self.findings.note_mismatch(&part.path, found);
            }
        }
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
    Csv(Box<CsvDecoder>),
    Json(Box<JsonDecoder>),
    Text,
}

impl LineDecoder {
    /// A line without the end that it may have in csv.
    fn record<'a>(&self, line: &'a str) -> &'a str {
        match self {
            Self::Csv(decoder) => line.strip_suffix(decoder.newline()).unwrap_or(line),
            Self::Json(_) | Self::Text => line,
        }
    }
}

/// What became of the records of a line.
#[derive(Debug, Default, PartialEq)]
struct Pushed {
    /// How many of them are malformed.
    rejected: u64,
    /// What is wrong with the first of those.
    reason: Option<String>,
    /// What is wrong with the one that the read fails by.
    failure: Option<String>,
}

/// Collects rows into a batch.
struct BatchBuilder {
    decoder: LineDecoder,
    mode: Mode,
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    /// The column for the text of malformed records, and its place.
    corrupt: Option<(usize, StringBuilder)>,
    rows: usize,
    /// The bytes of the lines that the rows came from.
    bytes: usize,
    /// Which of the rows are malformed and to be left out; empty as long as none is.
    dropped: Vec<usize>,
    /// Which of the rows are null in every column, whatever was pushed.
    void: Vec<usize>,
}

impl BatchBuilder {
    fn new(input: &Input) -> Self {
        let Columns {
            fields,
            projection,
            corrupt,
        } = &input.columns;
        let decoder = match &input.decoder {
            Decoder::Csv(options) => {
                let decoder = CsvDecoder::new(options.clone(), fields, projection);
                LineDecoder::Csv(Box::new(decoder))
            }
            Decoder::Json(options) => {
                let decoder = JsonDecoder::new(options.rules.clone(), fields, projection);
                LineDecoder::Json(Box::new(decoder))
            }
            // What says itself what it holds has no lines.
            Decoder::Text(_) | Decoder::Typed(..) => LineDecoder::Text,
        };
        let column = |index: &usize| ColumnBuilder::new(&fields[*index].data_type);
        Self {
            decoder,
            mode: input.decoder.mode(),
            schema: Arc::clone(&input.schema),
            columns: projection.iter().map(column).collect(),
            corrupt: corrupt.map(|at| (at, StringBuilder::new())),
            rows: 0,
            bytes: 0,
            dropped: Vec::new(),
            void: Vec::new(),
        }
    }

    /// Appends the records of a line, by the mode.
    fn push(&mut self, line: &Line<'_>) -> Pushed {
        self.bytes += line.bytes;
        let text = line.text.as_ref();
        let record = self.decoder.record(text);
        let mut pushed = Pushed::default();
        let Self {
            decoder,
            mode,
            columns,
            corrupt,
            rows,
            dropped,
            void,
            ..
        } = self;
        let mut on_row = |outcome: Result<(), Reject>| {
            let is_malformed = outcome.is_err();
            if let Err(reject) = outcome {
                let fails = *mode == Mode::FailFast || matches!(reject, Reject::Fatal(_));
                match mode {
                    Mode::DropMalformed => dropped.push(*rows),
                    _ if matches!(reject, Reject::Record(_)) => void.push(*rows),
                    _ => {}
                }
                pushed.rejected += 1;
                let reason = reject.reason();
                if fails {
                    pushed.failure.get_or_insert(reason);
                } else {
                    pushed.reason.get_or_insert(reason);
                }
            }
            if let Some((_, texts)) = corrupt {
                texts.append_option(is_malformed.then_some(record));
            }
            *rows += 1;
        };
        match decoder {
            LineDecoder::Csv(decoder) if !decoder.is_record(text) => {}
            LineDecoder::Csv(decoder) => on_row(decoder.push_line(text, columns)),
            LineDecoder::Json(_) if line.is_broken => {
                on_row(push_malformed(columns, "the record is not UTF-8"));
            }
            LineDecoder::Json(decoder) => decoder.push_line(text, columns, on_row),
            LineDecoder::Text => {
                // Where only the rows are counted, there is no column.
                columns.iter_mut().for_each(|column| column.push_text(text));
                on_row(Ok(()));
            }
        }
        pushed
    }

    fn is_full(&self, rows_per_batch: usize) -> bool {
        self.rows >= rows_per_batch || (self.rows > 0 && self.bytes >= BYTES_PER_BATCH)
    }

    /// Whether the line is the header, and not blank or a comment before it. Warns of a header that is not the schema's, or refuses it.
    fn check_header(&self, line: &str, path: &Path) -> Result<bool, ReadError> {
        match &self.decoder {
            LineDecoder::Csv(decoder) => decoder.check_header(line, path),
            LineDecoder::Json(_) | LineDecoder::Text => Ok(true),
        }
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let mut columns: Vec<ArrayRef> =
            self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        if !self.void.is_empty() {
            let void = marked(rows, &mut self.void);
            for column in &mut columns {
                *column = nullif(column, &void)?;
            }
        }
        if let Some((at, texts)) = &mut self.corrupt {
            columns.insert(*at, Arc::new(texts.finish()));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        if self.dropped.is_empty() {
            return Ok(batch);
        }
        let keep = not(&marked(rows, &mut self.dropped))?;
        Ok(filter_record_batch(&batch, &keep)?)
    }
}

/// True for some of the rows, which are taken.
fn marked(rows: usize, some: &mut Vec<usize>) -> BooleanArray {
    let mut marks = vec![false; rows];
    some.drain(..).for_each(|row| marks[row] = true);
    BooleanArray::from(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(bytes: &[u8]) -> Line<'_> {
        Line {
            text: String::from_utf8_lossy(bytes),
            bytes: bytes.len(),
            has_end: true,
            ends_otherwise: false,
            is_broken: std::str::from_utf8(bytes).is_err(),
        }
    }

    #[test]
    fn a_batch_is_full_by_its_bytes_however_few_its_rows_are() {
        let mut batch = batch_builder(Decoder::Csv(CsvOptions::default()), &["a"]);
        let megabytes = "x".repeat(5 * 1024 * 1024);
        for full in [false, false, false, true] {
            assert_eq!(
                batch.push(&line_of(megabytes.as_bytes())),
                Pushed::default()
            );
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
            columns: Columns::new(
                &schema.fields,
                &(0..schema.fields.len()).collect::<Vec<_>>(),
                None,
            ),
            schema: Arc::new(datafusion::arrow::datatypes::Schema::new(arrow)),
            decoder,
        })
    }

    #[test]
    fn the_header_is_the_first_line_that_is_neither_blank_nor_a_comment() {
        let mut options = CsvOptions::default();
        options.comment = Some(b'#');
        let batch = batch_builder(Decoder::Csv(options), &["a", "b"]);
        let is_header = |line| batch.check_header(line, Path::new("a.csv")).unwrap();
        assert!(["#a,b", "", " \t"].into_iter().all(|line| !is_header(line)));
        assert!(is_header("a,b"));
    }

    #[test]
    fn a_line_of_json_that_is_no_utf8_is_a_malformed_record() {
        let mut batch = batch_builder(Decoder::Json(JsonOptions::default()), &["a"]);
        for line in [&b"{\"a\":\"\xff\"}"[..], b"{\"a\":\"b\"}"] {
            assert_eq!(batch.push(&line_of(line)).failure, None);
        }
        assert_eq!(batch.finish().unwrap().column(0).null_count(), 1);
    }
}
